"""``python -m infra.doctor`` over all systems: what is wrong is named with what to do, and no secret is printed."""

import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest

from infra.doctor.__main__ import run
from infra.local.onec import server as onec
from infra.local.sapb1 import server as sapb1
from infra.local.serving import ServeOptions, listen
from tests import builders
from tests.integration.host.processes import serving
from tests.integration.setup.conftest import Bare
from tests.unit.files import kit


@pytest.fixture
async def environment(bare: Bare, tmp_path: Path) -> AsyncIterator[dict[str, str]]:
    """The app's settings for local servers; nothing was set up yet."""
    line: Any = bare.organization.line
    async with AsyncExitStack() as stack:
        broker = await stack.enter_async_context(serving("servicebus", log=tmp_path / "broker.log"))
        lines: dict[str, Any] = {}
        for name, module in (("onec", onec), ("sapb1", sapb1)):
            service = module.create(ServeOptions())
            runner, url = await listen(service)
            stack.push_async_callback(runner.cleanup)
            lines[name] = service.announce(url)
        yield builders.environment(
            builders.onec_route(),
            builders.sapb1_route(business_unit=str(builders.OTHER_ORGANIZATION)),
            DATAVERSE_URL=line["url"],
            DATAVERSE_TOKEN_URL=line["token_url"],
            DATAVERSE_CLIENT_ID=line["client_id"],
            DATAVERSE_CLIENT_SECRET=line["client_secret"],
            DATAVERSE_ORGANIZATION_ID=line["organization_id"],
            ServiceBusConnection=broker["connection_string"],
            ONEC_URL=lines["onec"]["url"],
            ONEC_USERNAME=lines["onec"]["username"],
            ONEC_PASSWORD=lines["onec"]["password"],
            SAPB1_URL=lines["sapb1"]["url"],
            SAPB1_COMPANY=lines["sapb1"]["company"],
            SAPB1_USERNAME=lines["sapb1"]["username"],
            SAPB1_PASSWORD=lines["sapb1"]["password"],
        )


def rows(text: str) -> list[str]:
    return text.splitlines()[2:]


async def test_what_is_not_set_up_is_named_system_by_system(
    environment: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert await run(environment) == 1
    said = capsys.readouterr().out
    assert {row.split("  ")[0] for row in rows(said)} >= {"app", "Service Bus", "Dataverse", "1C", "SAP Business One"}
    assert any("has not been assigned any roles" in row or "lacks a right" in row for row in rows(said))
    assert any("@ACX_CLAIM" in row and "missing" in row and "python -m infra.sapb1" in row for row in rows(said))
    for secret in ("DATAVERSE_CLIENT_SECRET", "ONEC_PASSWORD", "SAPB1_PASSWORD", "ServiceBusConnection"):
        assert environment[secret] not in said


async def test_a_wrong_setting_and_an_unreachable_broker_are_named_in_russian(
    environment: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert await run(environment | {"LANES": "many", "LANGUAGE": "ru", "ServiceBusConnection": "nonsense"}) == 1
    said = capsys.readouterr().out
    assert "Что делать" in said
    assert "LANES" in said
    assert "исправить настройку приложения" in said


async def test_a_system_that_only_files_are_handed_out_for_is_not_looked_at(
    environment: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    routes = json.dumps([kit.onec(), builders.sapb1_route()])
    given = {name: value for name, value in environment.items() if not name.startswith("ONEC_")}
    await run(given | {"ROUTES": routes})
    said = capsys.readouterr().out
    systems = {row.split("  ")[0] for row in rows(said)}
    assert "SAP Business One" in systems
    assert "1C" not in systems, "the app has no connection to it and needs none"
