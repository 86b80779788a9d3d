"""``python -m infra.onec`` against bases in which one thing each is not as the bridge needs it."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from typing import Any

import httpx
import pytest
from pydantic import SecretStr

from infra.findings import Outcome
from infra.local.onec import server
from infra.local.serving import ServeOptions, listen
from infra.onec.__main__ import run
from infra.onec.set_up import NO_RATE, Base, set_up
from shared.errors import Refused
from shared.http import Http
from shared.refusals import refusal
from tests.integration.setup.conftest import faults_of


class Watched(Base):
    """A base, and what lies behind it."""

    origin = ""

    async def state(self) -> Any:
        """Give everything the base holds."""
        async with httpx.AsyncClient() as client:
            return (await client.get(f"{self.origin}/_local/state")).json()


class Lacking(Watched):
    """A base in whose interface a catalog was not ticked, and whose release lacks a property."""

    async def metadata(self) -> bytes:
        whole = await super().metadata()
        whole = whole.replace('Name="Catalog_Валюты"'.encode(), 'Name="Catalog_Другие"'.encode())
        return whole.replace('"ЭтоУниверсальныйДокумент"'.encode(), '"ЭтоДругое"'.encode())


class Old(Watched):
    """A base of a release that does not know the rate of 2026 and refuses what its enumeration does not have."""

    async def rows(self, entity: str, *, where: str, **more: Any) -> list[Any]:
        if "НДС22" in where or NO_RATE in where:
            raise Refused(refusal("accounting_refused", message="Значение не найдено"))
        return await super().rows(entity, where=where, **more)


@pytest.fixture
async def start() -> AsyncIterator[Callable[..., Awaitable[Watched]]]:
    """Start bases with settings of their own."""
    async with AsyncExitStack() as stack:

        async def one(kind: type[Watched] = Watched, **settings: str) -> Watched:
            service = server.create(ServeOptions(settings=settings))
            runner, url = await listen(service)
            stack.push_async_callback(runner.cleanup)
            line: Any = service.announce(url)
            made = kind(Http("1C"), line["url"], line["username"], SecretStr(line["password"]))
            made.origin = url
            stack.push_async_callback(made.close)
            return made

        yield one


async def test_a_base_as_it_must_be_is_left_as_it_was(start: Callable[..., Awaitable[Watched]]) -> None:
    base = await start()
    before = await base.state()
    for check in (False, False, True):
        findings = await set_up(base, (), check=check)
        assert {each.outcome for each in findings} == {Outcome.RIGHT}, faults_of(findings)
        assert await base.state() == before, "the probe is taken away again"


async def test_what_is_not_published_is_named_with_where_to_tick_it(start: Callable[..., Awaitable[Watched]]) -> None:
    findings = await set_up(await start(Lacking), (), check=True)
    said = [(each.result.ru, each.remedy.ru) for each in findings if each.outcome is Outcome.WRONG]
    assert any(what == "нет Catalog_Валюты" and "Состав" in remedy for what, remedy in said)
    assert any("ЭтоУниверсальныйДокумент" in what and "релиз" in remedy for what, remedy in said)


async def test_a_vat_rate_that_the_base_does_not_know_is_named(start: Callable[..., Awaitable[Watched]]) -> None:
    wrong = faults_of(await set_up(await start(Old), (), check=True))
    assert wrong == {"VAT rates": "the base does not know НДС22 update the release of 1C"}


async def test_a_missing_right_is_named(start: Callable[..., Awaitable[Watched]]) -> None:
    base = await start(denied="Document_СчетНаОплатуПокупателю")
    wrong = faults_of(await set_up(base, (), check=True))
    assert "Document_СчетНаОплатуПокупателю" in wrong["rights of the user"]
    assert "give the right" in wrong["rights of the user"]


async def test_a_base_that_chooses_its_own_keys_is_found_and_left_clean(
    start: Callable[..., Awaitable[Watched]],
) -> None:
    base = await start(client_ref_key="false")
    before = await base.state()
    wrong = faults_of(await set_up(base, (), check=False))
    assert "the base chose another key" in wrong["a chosen Ref_Key is honoured"]
    assert await base.state() == before


async def test_the_command_says_what_is_not_set_and_quotes_no_password(
    start: Callable[..., Awaitable[Watched]], capsys: pytest.CaptureFixture[str]
) -> None:
    base = await start()
    settings = {"ONEC_URL": f"{base.origin}/base/odata/standard.odata", "ONEC_USERNAME": "ОбменCRM"}
    assert await run({}, check=True) == 2
    assert await run({**settings, "ONEC_PASSWORD": "not-the-word"}, check=True) == 1
    said = capsys.readouterr().out
    assert "not set: ONEC_URL" in said
    assert "ONEC_PASSWORD) is wrong" in said
    assert "not-the-word" not in said
