"""An invoice issued in Dataverse is in the books, once, and its number is back."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from infra.demo.company import EUROPEAN, RUSSIAN, Company
from infra.demo.world import World
from shared.messages import State
from tests.integration.chain.conftest import PAUSED, STATES, booked, faults, invoice, issue, journal_of, line, until

BOTH = pytest.mark.parametrize("company", [RUSSIAN, EUROPEAN], ids=["1C", "SAP"])


def assert_nothing_to_mend(row: dict[str, Any]) -> None:
    """Check that the journal has no words, save that a счёт of 1C posts nothing."""
    assert not row["acx_message"] or "which posts nothing to the ledger" in row["acx_message"]


@BOTH
async def test_the_number_comes_back_and_the_totals_are_equal(world: World, company: Company) -> None:
    document = invoice(f"{company.code}-FIRST", company, line("100.00"), line("50.10", "10", product=None))

    await issue(world, document)
    row = await until(world, document)

    assert STATES[row["acx_state"]] is State.POSTED
    assert row["acx_number"]
    assert row["acx_accountingid"]
    assert_nothing_to_mend(row)
    assert booked(world, document) == [document.total]


@BOTH
async def test_a_new_look_at_an_exported_invoice_writes_nothing(world: World, company: Company) -> None:
    document = invoice(f"{company.code}-TWICE", company, line("10.00"))
    await issue(world, document)
    first = await until(world, document)

    await world.refer_again([document])
    await world.fire_every_event_again()
    await world.drained()

    assert await journal_of(world, document) == first
    assert booked(world, document) == [document.total]


@BOTH
async def test_a_document_dated_before_the_start_is_never_written(world: World, company: Company) -> None:
    document = invoice(f"{company.code}-EARLY", company, line("10.00"), dated=date(2026, 6, 30))

    await issue(world, document)
    row = await until(world, document)

    assert STATES[row["acx_state"]] is State.BEFORE_START
    assert "2026-06-30" in row["acx_message"]
    assert booked(world, document) == []


@pytest.mark.parametrize("target", ["onec", "sapb1"])
async def test_nothing_is_written_on_a_paused_route(world: World, target: str) -> None:
    document = invoice(f"{target}-PAUSE", PAUSED[target], line("10.00"))

    await issue(world, document)
    row = await until(world, document)

    assert STATES[row["acx_state"]] is State.PAUSED
    assert "-paused” is paused. In accounting: nothing." in row["acx_message"]
    assert booked(world, document) == []


@BOTH
async def test_bad_data_is_refused_in_words_and_goes_through_once_mended(world: World, company: Company) -> None:
    wrong = line("100.00")
    document = invoice(f"{company.code}-MEND", company, line("100.00"))
    wrong = type(wrong)(**{**vars(wrong), "tax": Decimal("20.00")})
    broken = type(document)(**{**vars(document), "lines": (wrong,)})

    await issue(world, broken)
    row = await until(world, document)
    assert STATES[row["acx_state"]] is State.REFUSED
    said = f"Invoice {document.number}: line 1: the tax 20 on 100.00 is not that of the rate “22 %”"
    assert said in row["acx_message"]
    assert "In accounting: nothing." in row["acx_message"]
    assert booked(world, document) == []

    await world.crm.correct_line(document, 1, {"tax": Decimal("22.00")})
    row = await until(world, document, {State.POSTED})
    assert booked(world, document) == [document.total]
    assert_nothing_to_mend(row)


@BOTH
async def test_an_outage_says_so_and_ends_by_itself(world: World, company: Company) -> None:
    document = invoice(f"{company.code}-OUT", company, line("10.00"))
    await faults(world, company.target, {"kind": "status", "match": "POST", "status": 503, "times": 6})

    await issue(world, document)
    waiting = await until(world, document, {State.RETRYING, State.POSTED})
    row = await until(world, document, {State.POSTED})

    assert STATES[waiting["acx_state"]] is State.RETRYING
    assert "Nobody has to do anything" in waiting["acx_message"]
    assert STATES[row["acx_state"]] is State.POSTED
    assert booked(world, document) == [document.total]


@BOTH
async def test_an_answer_that_is_lost_after_the_work_doubles_nothing(world: World, company: Company) -> None:
    document = invoice(f"{company.code}-LOST", company, line("10.00"))
    await faults(world, company.target, {"kind": "drop_after", "match": "POST", "times": 2})

    await issue(world, document)
    await until(world, document, {State.POSTED})

    assert booked(world, document) == [document.total]


@BOTH
async def test_a_document_of_a_thousand_lines_is_booked_whole(world: World, company: Company) -> None:
    document = invoice(f"{company.code}-LONG", company, *(line(f"{number}.01") for number in range(1, 1001)))

    await issue(world, document)
    row = await until(world, document)

    assert STATES[row["acx_state"]] is State.POSTED
    assert booked(world, document) == [document.total]
