"""What the journal says of documents that export itself could not handle: they wait, why, and until when."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

import pytest

from shared.bus import CHANGES, RESULTS
from shared.dataverse import journal
from shared.dataverse.journal import STATE_VALUES
from shared.dataverse.sales import INVOICE as INVOICES
from shared.errors import Misconfigured, Unavailable
from shared.export import Export
from shared.messages import Reference, State
from shared.writeback import Writeback
from tests.builders import (
    INVOICE,
    NOW,
    UNIT_EU,
    UNIT_RU,
    invoice_row,
    journal_columns,
    onec_route,
    record_id,
    reference,
    settings,
)
from tests.unit.core.fakes import FakeDataverse, MemoryBus, clock, incoming

WRONG_COLUMN = Misconfigured("Dataverse: no column “acx_taxrat”")


class Broken(FakeDataverse):
    """Answers everything but what it is told to fail at."""

    def __init__(self, *invoices: dict[str, Any]) -> None:
        super().__init__(*invoices)
        self.whole: Exception | None = None
        """what reading whole documents raises"""
        self.heads: Exception | None = None
        self.bindings: Exception | None = None

    async def rows(self, path: str, query: Mapping[str, str]) -> list[dict[str, Any]]:
        """Fail at one kind of reading."""
        whole = "transactioncurrencyid(" in query.get("$expand", "")
        failure = self.bindings if path == journal.SET else self.whole if whole else self.heads
        if failure is not None and path != "organizations":
            raise failure
        return await super().rows(path, query)


class Bench:
    """An export step with what it talks to."""

    def __init__(self, *invoices: dict[str, Any]) -> None:
        self.bus, self.dataverse = MemoryBus(), Broken(*invoices)
        self.settings = settings(onec_route(business_unit=str(UNIT_RU)))
        self.step = Export(self.settings, self.dataverse, self.bus, clock(NOW))

    async def handle(self, *references: Reference) -> None:
        """Settle a batch."""
        await self.step.handle([incoming(CHANGES, each, f"m{n}") for n, each in enumerate(references)])

    async def told(self) -> dict[str, dict[str, Any]]:
        """Let the journal be written; give it."""
        step = Writeback(self.settings, self.dataverse, MemoryBus(), clock(NOW))
        self.dataverse.whole = self.dataverse.heads = self.dataverse.bindings = None
        await step.handle([incoming(RESULTS, each.body, "r") for each in self.bus.on(RESULTS)])
        return self.dataverse.journal


def is_told(row: dict[str, Any], cause: str) -> bool:
    """Whether a journal row says that the document waits, why, and until when."""
    assert row["acx_state"] == STATE_VALUES[State.RETRYING]
    assert row["acx_nextattempton"] > journal.stamp(NOW)
    assert row["acx_attempts"] == 1
    return cause in row["acx_message"] and "Nobody has to do anything" in row["acx_message"]


@pytest.mark.parametrize(
    ("failure", "cause"), [(WRONG_COLUMN, "acx_taxrat"), (KeyError("a bug"), "unexpected KeyError")]
)
async def test_what_can_not_be_read_whole_says_so_in_the_journal(failure: Exception, cause: str) -> None:
    bench = Bench(invoice_row(number=1), invoice_row(number=2))
    bench.dataverse.whole = failure
    await bench.handle(reference(record_id(1), message_id="a"), reference(record_id(2), message_id="b"))
    assert [(each.id, each.attempt) for each in bench.bus.references()] == [(record_id(1), 1), (record_id(2), 1)]
    rows = await bench.told()
    assert sorted(rows) == [f"onec:invoice:{record_id(number)}" for number in (1, 2)]
    assert all(is_told(row, cause) for row in rows.values())


async def test_while_dataverse_is_away_it_is_not_asked_again_and_the_cause_travels() -> None:
    bench = Bench(invoice_row())
    bench.dataverse.whole = Unavailable("Dataverse", "503", 60.0)
    await bench.handle(reference())
    assert bench.bus.on(RESULTS) == []
    assert bench.dataverse.queries == []
    assert [each.cause for each in bench.bus.references()] == ["retry: Dataverse: 503"]


async def test_where_the_heads_can_not_be_read_either_the_references_are_safe() -> None:
    bench = Bench(invoice_row())
    bench.dataverse.whole = bench.dataverse.heads = WRONG_COLUMN
    await bench.handle(reference())
    assert len(bench.bus.references()) == 1
    assert bench.bus.on(RESULTS) == []


async def test_what_is_no_concern_of_the_journal_is_not_told() -> None:
    bench = Bench(
        invoice_row(number=1, statuscode=1),
        invoice_row(number=2, statecode=3, statuscode=100003),
        invoice_row(number=3, _owningbusinessunit_value=str(UNIT_EU)),
    )
    bench.dataverse.whole = WRONG_COLUMN
    await bench.handle(*(reference(record_id(number), message_id=str(number)) for number in (1, 2, 3, 4)))
    assert len(bench.bus.references()) == 4
    assert bench.bus.on(RESULTS) == []


async def test_a_bug_in_one_document_is_told_of_it_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    bench = Bench(invoice_row(number=1), invoice_row(number=2))
    real = Export.__init__.__globals__["decide"]

    def decide(table: Any, row: dict[str, Any], *more: Any) -> Any:
        if UUID(row["invoiceid"]) == record_id(1):
            raise ZeroDivisionError
        return real(table, row, *more)

    monkeypatch.setattr("shared.export.decide", decide)
    await bench.handle(reference(record_id(1), message_id="a"), reference(record_id(2), message_id="b"))
    assert [document.sale.number for document in bench.bus.documents()] == ["INV-00002"]
    ((key, row),) = (await bench.told()).items()
    assert key == f"onec:invoice:{record_id(1)}"
    assert is_told(row, "unexpected ZeroDivisionError")


async def test_where_the_bindings_can_not_be_read_the_documents_wait() -> None:
    bench = Bench(invoice_row())
    bench.dataverse.bindings = Misconfigured("the role may not read acx_accountingexport")
    await bench.handle(reference(message_id="a"), reference(message_id="b"))
    assert len(bench.bus.references()) == 2
    assert bench.bus.documents() == []
    ((_, row),) = (await bench.told()).items()
    assert is_told(row, "may not read acx_accountingexport")


@pytest.mark.parametrize(("state", "says"), [(State.POSTED, State.POSTED), (State.REFUSED, State.RETRYING)])
async def test_a_wait_about_what_the_row_names_already(state: State, says: State) -> None:
    """What is in accounting in this version stays so; a refusal that was to be looked at again waits."""
    known = journal_columns(STATE_VALUES[state], acx_version="100", acx_retry=True)
    under: dict[str, Any] = {INVOICES.journal: [known]}
    bench = Bench(invoice_row(**under))
    bench.dataverse.write(f"onec:invoice:{INVOICE}", **known)
    bench.dataverse.whole = WRONG_COLUMN
    await bench.handle(reference())
    ((_, row),) = (await bench.told()).items()
    assert row["acx_state"] == STATE_VALUES[says]
