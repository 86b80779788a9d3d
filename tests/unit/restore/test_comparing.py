"""Rule 2 of the books: what accounting holds against what a restored CRM and its journal know."""

from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from infra.restore.comparing import AHEAD, Comparison, Held, Known, Lack, Missing, family
from shared.keys import accounting_key
from shared.messages import State
from shared.routes import Target
from shared.sapb1 import fence
from tests.builders import INVOICE, journalled

CRM = UUID("c0000000-0000-4000-8000-000000000001")
RECORD = Known("invoice", INVOICE, True, {})
ORDER = Known("salesorder", INVOICE, True, {})
TARGETS: tuple[Target, ...] = ("onec", "sapb1")
BOTH = pytest.mark.parametrize("target", TARGETS, ids=["1C", "SAP"])


def key_of(target: Target, generation: int = 0) -> UUID:
    """Give the key of the invoice's main document."""
    return accounting_key(CRM, target, "invoice", INVOICE, generation)


def held(target: Target = "onec", **changes: Any) -> Held:
    """Give the invoice's document as accounting holds it."""
    key = changes.get("key", key_of(target))
    values: dict[str, Any] = {
        "target": target,
        "routes": "ru",
        "kind": "СчетНаОплатуПокупателю",
        "key": key,
        "accounting_id": str(key) if target == "onec" else "77",
        "number": "0000-000001",
        "dated": date(2026, 2, 10),
        "total": Decimal("1220.00"),
        "currency": "",
        "customer": "C1",
        "crm_number": "INV-00001",
        "version": 100,
    }
    return Held(**(values | changes))


def known(document: Held, base: Known = RECORD, **journal: Any) -> Known:
    """Give the record with a journal row about a document."""
    row = {"accounting_id": document.accounting_id, **journal}
    return Known(base.table, base.id, base.in_crm, {document.target: journalled(**row)})


def lost(*documents: Held, records: tuple[Known, ...]) -> list[tuple[str, Lack, Known | None]]:
    """Compare; give the numbers of what is missing, what of it, and whose it is."""
    comparison = Comparison(CRM, documents)
    found: list[Missing] = [missing for record in records for missing in comparison.meet(record)]
    found += comparison.rest()
    return [(missing.held.number, missing.lack, missing.record) for missing in found]


@BOTH
def test_rule_02_nothing_is_said_of_a_document_that_the_journal_knows(target: Target) -> None:
    document = held(target)
    assert lost(document, records=(known(document),)) == []


@BOTH
def test_rule_02_a_document_that_no_record_leads_to_is_of_a_record_that_is_no_more(target: Target) -> None:
    other = Known("invoice", UUID(int=INVOICE.int + 1), True, {})
    assert lost(held(target), records=(other,)) == [("0000-000001", Lack.RECORD, None)]


@BOTH
def test_rule_02_a_journal_row_still_names_a_record_that_was_deleted(target: Target) -> None:
    document = held(target)
    row = known(document, Known("invoice", INVOICE, False, {}))
    assert lost(document, records=(row,)) == [("0000-000001", Lack.RECORD, row)]


@BOTH
@pytest.mark.parametrize("state", [None, State.WAITING, State.PAUSED, State.REFUSED, State.RETRYING])
def test_rule_02_a_record_whose_journal_names_no_document(target: Target, state: State | None) -> None:
    document = held(target)
    record = RECORD if state is None else known(document, state=state, accounting_id="")
    assert lost(document, records=(record,)) == [("0000-000001", Lack.JOURNAL, record)]


@BOTH
def test_rule_02_the_row_of_another_system_says_nothing(target: Target) -> None:
    document, (other,) = held(target), [each for each in TARGETS if each != target]
    record = known(held(other))
    assert lost(document, records=(record,)) == [("0000-000001", Lack.JOURNAL, record)]


@BOTH
def test_rule_02_a_journal_that_names_another_document(target: Target) -> None:
    record = known(held(target, accounting_id="12"))
    assert lost(held(target), records=(record,)) == [("0000-000001", Lack.DOCUMENT, record)]


@BOTH
@pytest.mark.parametrize(("version", "expected"), [(101, [Lack.VERSION]), (100, []), (99, []), (0, [])])
def test_rule_02_a_journal_that_is_older_than_the_document(target: Target, version: int, expected: list[Lack]) -> None:
    document = held(target, version=version)
    assert [lack for _, lack, _ in lost(document, records=(known(document),))] == expected


def test_rule_02_what_was_handed_out_in_a_file_is_known_without_an_id() -> None:
    document = held()
    assert lost(document, records=(known(document, accounting_id="", written_hash="hash"),)) == []


@BOTH
def test_rule_02_a_later_generation_is_found_and_is_another_document(target: Target) -> None:
    first = held(target, alive=False)
    second = held(target, key=key_of(target, 1), accounting_id=str(key_of(target, 1)), number="0000-000002")
    record = known(first)
    assert lost(first, second, records=(record,)) == [("0000-000002", Lack.DOCUMENT, record)]


@BOTH
def test_rule_02_each_cancelled_document_leads_to_the_next_however_often_it_was_made_anew(target: Target) -> None:
    last = 4 * AHEAD
    generations = [
        held(target, key=key_of(target, each), alive=each == last, number=str(each)) for each in range(last + 1)
    ]
    assert lost(*generations, records=(RECORD,)) == [(str(last), Lack.JOURNAL, RECORD)]


@BOTH
def test_rule_02_what_was_cancelled_is_not_told_of(target: Target) -> None:
    assert lost(held(target, alive=False), records=()) == []


def test_rule_02_every_document_of_an_order_is_known_by_its_one_row() -> None:
    keys = family(CRM, "onec", ORDER, 0)
    documents = [held(key=key, number=str(number)) for number, key in enumerate(keys)]
    record = Known("salesorder", INVOICE, True, {"onec": journalled(accounting_id=str(keys[1]).upper())})
    assert len(set(keys)) == 3
    assert lost(*documents, records=(record,)) == []
    assert [lack for _, lack, _ in lost(*documents, records=())] == [Lack.RECORD] * 3


def test_rule_02_an_invoice_copied_from_a_delivery_belongs_to_the_delivery() -> None:
    key = accounting_key(CRM, "sapb1", "salesorder", INVOICE)
    delivery = held("sapb1", key=key, accounting_id="DeliveryNotes(5)", number="1")
    invoice = held("sapb1", key=fence.invoice_key(key), accounting_id="9", number="2")
    record = known(delivery, ORDER)
    later = known(delivery, ORDER, generation=1)
    assert lost(delivery, invoice, records=(record,)) == []
    assert lost(delivery, invoice, records=(ORDER,)) == [("1", Lack.JOURNAL, ORDER), ("2", Lack.JOURNAL, ORDER)]
    assert lost(delivery, invoice, records=(later,)) == [("2", Lack.DOCUMENT, later)]


def test_rule_02_a_draft_that_was_approved_since_is_the_same_document() -> None:
    document = held("sapb1", accounting_id="77")
    assert lost(document, records=(known(document, accounting_id="Drafts(3)", state=State.DRAFT),)) == []


def test_rule_02_a_copy_that_an_accountant_made_carries_the_key_and_is_told_of() -> None:
    document, copy = held("sapb1"), held("sapb1", accounting_id="78", number="0000-000002")
    record = known(document)
    assert lost(document, copy, records=(record,)) == [("0000-000002", Lack.DOCUMENT, record)]


def test_rule_02_a_document_is_told_of_once_though_a_row_without_a_link_names_it_too() -> None:
    document = held()
    unlinked = known(document, Known("invoice", INVOICE, False, {}))
    assert lost(document, records=(RECORD, unlinked)) == [("0000-000001", Lack.JOURNAL, RECORD)]
