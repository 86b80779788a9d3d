"""The app's settings reach the environment of a command as they stand, whatever is in them."""

import json
import os
import subprocess
import sys

import pytest

from infra.azure.exports import exports
from tests.unit.azure.templates import ROOT

_PRINT = "import json, os; print(json.dumps({n: os.environ[n] for n in ('ROUTES', 'ONEC_PASSWORD', 'LANES')}))"
HOSTILE = """[{"name": "ru", "text": "it's $(touch /tmp/x) `id` \\"quoted\\" \\n; ООО «Ромашка»"}]"""


def listed(**settings: str) -> str:
    return json.dumps([{"name": name, "slotSetting": False, "value": value} for name, value in settings.items()])


def test_a_shell_takes_every_value_as_it_stands() -> None:
    given = listed(ROUTES=HOSTILE, ONEC_PASSWORD="keyvault:onec-password", LANES="4")
    script = f'. <({sys.executable} -m infra.azure.exports) && exec {sys.executable} -c "{_PRINT}"'
    options = {"cwd": ROOT, "env": {"PATH": os.environ["PATH"]}, "input": given, "capture_output": True, "text": True}
    done = subprocess.run(["bash", "-c", script], **options, check=True, timeout=30)  # type: ignore[call-overload]  # noqa: S603, S607 -- our own command; the types of ** are lost
    assert json.loads(done.stdout) == {"ROUTES": HOSTILE, "ONEC_PASSWORD": "keyvault:onec-password", "LANES": "4"}


def test_what_is_of_use_in_azure_alone_is_left_out() -> None:
    text = exports(
        listed(
            AzureWebJobsStorage__accountName="x",
            FUNCTIONS_WORKER_RUNTIME="python",
            AZURE_CLIENT_ID="x",
            ServiceBusConnection__credential="managedidentity",
            ServiceBusConnection__fullyQualifiedNamespace="sb-bridge.servicebus.windows.net",
        )
    )
    assert text == "export ServiceBusConnection__fullyQualifiedNamespace=sb-bridge.servicebus.windows.net\n"


@pytest.mark.parametrize("text", ["", "ERROR: not found", '{"name": "A"}', '[{"name": "A"}]', '["A"]', "7"])
def test_what_is_no_list_of_settings_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="az functionapp config appsettings list"):
        exports(text)
