"""Whoever only looks (the operations page, a dry run) must not lock the user by trying a refused log-in again."""

from collections.abc import AsyncIterator
from types import SimpleNamespace
from typing import Any, NoReturn

import pytest

from shared.dataverse.reading import Reader
from shared.dataverse.sales import INVOICE
from shared.errors import BridgeError, CredentialsRefused
from shared.rehearsal.rehearse import Rehearser, Rows
from shared.wiring import Wiring
from tests.builders import NOW, environment, invoice_row, settings
from tests.unit.core.fakes import FakeDataverse, clock


class Refusing:
    """An accounting system with another password."""

    def __init__(self) -> None:
        self.tried = 0

    async def ping(self) -> NoReturn:
        self.tried += 1
        raise CredentialsRefused("1C: the user name or the password (ONEC_USERNAME, ONEC_PASSWORD) is wrong")

    async def export(self, *_: object) -> NoReturn:
        await self.ping()

    async def close(self) -> None:
        """Nothing."""


async def test_a_page_that_is_loaded_again_and_again_tries_once(monkeypatch: pytest.MonkeyPatch) -> None:
    system, wiring, said = Refusing(), Wiring(environment()), list[str]()
    monkeypatch.setattr(wiring, "_onec_system", lambda: system)

    for _ in range(5):
        with pytest.raises(BridgeError) as caught:
            await wiring.reach("onec")
        said.append(str(caught.value))

    assert system.tried == 1
    assert "ONEC_PASSWORD" in said[0]
    assert said[1:] == ["1C: the log-in was refused a moment ago, and is not tried again yet"] * 4


async def test_a_dry_run_of_a_period_tries_once() -> None:
    given, dataverse, system = settings(), FakeDataverse(), Refusing()
    connection: Any = SimpleNamespace(begin=lambda _: None, calls=[])
    stage: Any = (system, connection)

    async def pages() -> AsyncIterator[Rows]:
        yield [invoice_row(number=number) for number in range(1, 6)]

    rehearser = Rehearser(
        given, Reader(dataverse, given), {"onec": lambda: stage}, Wiring(environment())._looking, clock(NOW)
    )
    seen = [each async for each in rehearser.documents(INVOICE, pages())]

    assert [each.verdict for each in seen] == ["unknown"] * 5
    assert system.tried == 1
