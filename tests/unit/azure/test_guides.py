"""The guides name only commands, files and settings that exist."""

import json
import os
import re
import subprocess
from importlib.util import find_spec

import pytest
from pydantic import SecretStr

from shared.books import OnecBooks
from shared.onec import names
from shared.onec.mapping import VAT
from shared.routes import Route
from shared.setting_values import name_in_vault
from tests.unit.azure.templates import AZURE, ROOT, STAGES, environment, template

GUIDES = [AZURE / "README.md", AZURE / "ALERTS.md", *sorted((ROOT / "infra" / "onec").glob("GUIDE.*.md"))]
IDS = [path.name for path in GUIDES]
TEXTS = {path.name: path.read_text(encoding="utf-8") for path in GUIDES}
TARGETS = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), flags=re.MULTILINE))


@pytest.mark.parametrize("guide", IDS)
def test_every_module_that_is_run_exists(guide: str) -> None:
    for module in re.findall(r"python -m ([\w.]+)", TEXTS[guide]):
        assert module == "pytest" or runs(module), module


def runs(module: str) -> bool:
    """Whether there is such a command: a package with a __main__, or a module that runs itself."""
    path = ROOT / module.replace(".", "/")
    if path.is_dir():
        return find_spec(f"{module}.__main__") is not None
    return 'if __name__ == "__main__"' in path.with_suffix(".py").read_text(encoding="utf-8")


@pytest.mark.parametrize("guide", IDS)
def test_every_option_of_ours_exists(guide: str) -> None:
    for module, option in re.findall(r"python -m (infra\.\w+)`? (?:with |\()?`?(--[a-z-]+)", TEXTS[guide]):
        path = ROOT / module.replace(".", "/")
        source = (path / "__main__.py" if path.is_dir() else path.with_suffix(".py")).read_text(encoding="utf-8")
        assert f'"{option}"' in source, f"{module} {option}"


@pytest.mark.parametrize("guide", IDS)
def test_every_make_target_exists(guide: str) -> None:
    assert set(re.findall(r"`make ([a-z]+)", TEXTS[guide])) <= TARGETS


@pytest.mark.parametrize("guide", IDS)
def test_every_file_exists(guide: str) -> None:
    for path in re.findall(r"`((?:infra|shared|tests)/[\w./-]+)`", TEXTS[guide]):
        assert (ROOT / path).exists(), path


def test_every_value_that_azd_is_asked_for_is_an_output() -> None:
    asked = set(re.findall(r"azd env get-value (\w+)", TEXTS["README.md"]))

    assert asked
    assert asked <= set(template("main.bicep").declared("outputs"))


def test_names_of_secrets_in_the_guide_are_names_that_the_settings_take() -> None:
    named = re.findall(r"keyvault:([\w-]+)", TEXTS["README.md"])

    assert "onec-password" in named
    for name in named:
        assert name_in_vault(SecretStr(f"keyvault:{name}")) == name


def test_sizes_in_the_guide_are_fields_of_the_environments() -> None:
    known = json.dumps(environment(STAGES[0])["platform"])
    for name in re.findall(
        r"`(network\.\w+|entra\.\w+|lanes|\w+InstanceCount|\w+Concurrency|allowed\w+)`", TEXTS["README.md"]
    ):
        assert f'"{name.rpartition(".")[2]}"' in known, name


@pytest.mark.parametrize("stage", STAGES)
def test_the_guide_prepares_the_routes_for_a_dry_run(stage: str) -> None:
    (command,) = re.findall(r"^export ROUTES=.*$", TEXTS["README.md"], flags=re.MULTILINE)
    routes = environment(stage)["settings"]["ROUTES"]
    for separators in ((",", ":"), (", ", ": ")):
        given = {"ROUTES": json.dumps(routes, ensure_ascii=False, separators=separators), "PATH": os.environ["PATH"]}
        shell = ["bash", "-c", f'{command}; printf %s "$ROUTES"']
        done = subprocess.run(shell, env=given, check=True, capture_output=True, text=True)  # noqa: S603 -- our own line

        assert json.loads(done.stdout) == [route | {"paused": False, "start_date": "2026-01-01"} for route in routes]


def test_every_resource_that_a_command_of_the_guide_names_is_in_the_templates() -> None:
    (rule,) = re.findall(r"authorization-rule keys list [^)]*--name (\w+)", TEXTS["README.md"])

    assert template("modules/servicebus.bicep").declared("resources")["dataverse"]["config"]["config"]["name"] == rule


def test_where_a_browser_is_answered_401_the_guide_says_how_it_signs_in() -> None:
    text = template("modules/entra.bicep").text

    assert "unauthenticatedClientAction: 'Return401'" in text
    assert "clientSecretSettingName" not in text
    for words in ("/.auth/login/aad`", "/.auth/login/aad/callback`", "*ID tokens*"):
        assert words in TEXTS["README.md"]


def test_the_figures_of_the_cost_estimate_follow_from_its_formula() -> None:
    text = TEXTS["README.md"]
    every = re.findall(r"every: '(\w+)'", template("alerts.bicep").text)
    alerts = sum(1.50 if pause == "PT5M" else 0.50 for pause in every)
    assert text.count(f"${alerts:.2f}") == 2
    timers = 2 * (8_640 * 2 + 720 * 5 + 30 * 60)
    for documents in (1_000, 100_000):
        memory_time = 19 * documents + timers
        executions = 5.5 * documents + 8_640 + 720 + 30
        paid_time = max(0.0, memory_time - 100_000) * 0.000026
        paid_executions = max(0.0, executions - 250_000) / 1e6 * 0.40
        for figure in (
            f"{memory_time:,} GB-s: ${paid_time:.2f}".removesuffix(".00"),
            f"{executions:,.0f}: ${paid_executions:.2f}".removesuffix(".00"),
            f"${0.0135 * 730:.2f}",
        ):
            assert figure in text, figure


@pytest.mark.parametrize("guide", [name for name in IDS if name.startswith("GUIDE")])
def test_the_administrator_of_1c_is_asked_to_publish_exactly_what_the_connector_reads(guide: str) -> None:
    listed = set(re.findall(r"`((?:Catalog|Document|InformationRegister|AccumulationRegister)_\w+)`", TEXTS[guide]))
    # A row of a tabular section comes with its document.
    entities = {name for name in {*names.NAMES, names.RATES, names.WAREHOUSES} if "_" not in name.partition("_")[2]}
    entities |= {names.PAID.removesuffix("_RecordType")}
    entities |= {name.rpartition("_")[0] for name in {names.PAYMENT_ROWS, names.CASH_ROWS, names.CARD_ROWS}}

    assert listed == entities


@pytest.mark.parametrize("guide", [name for name in IDS if name.startswith("GUIDE")])
def test_the_administrator_of_1c_learns_every_vat_value_and_no_other(guide: str) -> None:
    assert set(re.findall(r"`(НДС\d+|БезНДС)`", TEXTS[guide])) == set(VAT.values())


def test_both_languages_say_the_same() -> None:
    russian, english = TEXTS["GUIDE.ru.md"], TEXTS["GUIDE.en.md"]

    assert re.findall("^(#+) ", russian, flags=re.MULTILINE) == re.findall("^(#+) ", english, flags=re.MULTILINE)
    # Code is the same in both but for the placeholders of an address.
    code = {name: set(re.findall(r"`([^`\n]+)`", text)) for name, text in (("ru", russian), ("en", english))}
    assert {text for text in code["ru"] ^ code["en"] if not text.startswith("https://")} == set()


def test_fields_of_a_route_in_the_guide_exist() -> None:
    known = {*OnecBooks.model_fields, *Route.model_fields}
    for field in re.findall(r"^\| ((?:`\w+`(?:, )?)+) \|", TEXTS["GUIDE.en.md"], flags=re.MULTILINE):
        assert set(re.findall(r"`(\w+)`", field)) <= known, field
