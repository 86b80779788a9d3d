"""What is to be done with an invoice row: each branch once."""

from datetime import UTC, datetime
from typing import Any

import pytest

from shared.dataverse.journal import STATE_VALUES
from shared.dataverse.sales import INVOICE as INVOICES
from shared.dataverse.transform import to_sale
from shared.decision import Decision, Nothing, Send, Tell, decide
from shared.keys import lane
from shared.messages import REFUSED_CHANGE, State
from shared.results import result_of
from shared.settings import Settings
from tests.builders import (
    ACCOUNT,
    GOODS,
    INVOICE,
    JOURNAL_ROW,
    NOW,
    ORGANIZATION,
    UNIT_EU,
    account_row,
    document,
    invoice_row,
    journal_columns,
    line_row,
    onec_route,
    record_id,
    reference,
    route,
    sapb1_route,
    settings,
)

HASH = to_sale(INVOICES, invoice_row(), route(), settings()).content_hash()


def decided(row: dict[str, Any], given: Settings | None = None, **of_reference: Any) -> Decision:
    return decide(INVOICES, row, reference(**of_reference), given or settings(), NOW)


def told(row: dict[str, Any], given: Settings | None = None, **of_reference: Any) -> Tell:
    decision = decided(row, given, **of_reference)
    assert isinstance(decision, Tell)
    return decision


def sent(row: dict[str, Any], given: Settings | None = None, **of_reference: Any) -> Send:
    decision = decided(row, given, **of_reference)
    assert isinstance(decision, Send)
    return decision


def known(state: State, **columns: Any) -> dict[str, Any]:
    return {INVOICES.journal: [journal_columns(STATE_VALUES[state], **columns)]}


IN_BOOKS = {"acx_accountingid": "ref-1", "acx_number": "0000-000001", "acx_writtenhash": HASH}
CANCELLED: dict[str, Any] = {"statecode": 3, "statuscode": 100003}
NOT_ISSUED: dict[str, Any] = {"statuscode": 1}


@pytest.mark.parametrize(
    ("row", "why"),
    [
        pytest.param(
            invoice_row(_owningbusinessunit_value=str(record_id(9))),
            "no route leads from its business unit",
            id="route",
        ),
        pytest.param(
            invoice_row(_owningbusinessunit_value=None), "no route leads from its business unit", id="no unit"
        ),
        pytest.param(invoice_row(statuscode=1), "not issued", id="a draft"),
        pytest.param(invoice_row(statuscode=2), "not issued", id="partially shipped"),
        pytest.param(invoice_row(**CANCELLED), "cancelled", id="cancelled"),
        pytest.param(invoice_row(**CANCELLED, **known(State.CANCELLED)), "cancelled", id="cancelled, said once"),
        pytest.param(
            invoice_row(statuscode=1, **known(State.WAITING)), "known to be Waiting", id="a draft again, said once"
        ),
        pytest.param(
            invoice_row(**known(State.POSTED, **IN_BOOKS)),
            "already in accounting with this content",
            id="our own write",
        ),
        pytest.param(
            invoice_row(**known(State.PAID, **IN_BOOKS), versionnumber=900, statecode=2, statuscode=100001),
            "already in accounting with this content",
            id="paid, a newer version, the same content",
        ),
        pytest.param(
            invoice_row(acx_documentdate="2025-06-30", **known(State.BEFORE_START)),
            "known to be Before start",
            id="before start, said once",
        ),
    ],
)
def test_nothing_to_do(row: dict[str, Any], why: str) -> None:
    assert decided(row) == Nothing(why)


def test_a_pause_is_said_once() -> None:
    paused = settings(onec_route(paused=True))
    assert told(invoice_row(), paused).result.state is State.PAUSED
    assert decided(invoice_row(**known(State.PAUSED)), paused) == Nothing("known to be Paused")


def test_after_the_pause_it_goes_on() -> None:
    assert sent(invoice_row(**known(State.PAUSED))).document.journal is not None


def test_before_the_start_nothing_is_even_looked_at() -> None:
    result = told(invoice_row(line_row(rate="?"), acx_documentdate="2025-06-30T20:59:59Z")).result
    assert result.state is State.BEFORE_START
    assert result.reason is not None
    assert result.reason.values == {"date": "2025-06-30", "start_date": "2025-07-01"}


def test_the_start_date_counts_in_the_entitys_zone() -> None:
    assert sent(invoice_row(acx_documentdate="2025-06-30T21:00:00Z", duedate="2025-07-31"))


def test_before_the_start_outweighs_a_pause() -> None:
    assert told(invoice_row(acx_documentdate="2025-06-30"), settings(onec_route(paused=True))).result.state is (
        State.BEFORE_START
    )


@pytest.mark.parametrize("state", [State.POSTED, State.RETRYING, State.REFUSED, State.PAID])
@pytest.mark.parametrize("changes", [CANCELLED, NOT_ISSUED], ids=["cancelled", "a draft again"])
def test_what_was_withdrawn_after_export_is_to_be_cancelled(state: State, changes: dict[str, Any]) -> None:
    made = decided(invoice_row(**changes, **known(state, acx_accountingid="ref-1", acx_generation=2)))
    assert isinstance(made, Send)
    assert (made.document.action, made.document.generation) == ("cancel", 2)


@pytest.mark.parametrize("changes", [CANCELLED, NOT_ISSUED], ids=["cancelled", "a draft again"])
def test_while_an_answer_may_be_lost_accounting_is_asked(changes: dict[str, Any]) -> None:
    made = decided(invoice_row(**changes, **known(State.RETRYING)))
    assert isinstance(made, Send)
    assert made.document.action == "cancel"


@pytest.mark.parametrize(
    ("changes", "code"),
    [(CANCELLED, "cancelled_after_export"), (NOT_ISSUED, "not_issued_after_export")],
    ids=["cancelled", "a draft again"],
)
def test_what_was_withdrawn_and_can_not_be_read_is_for_the_accountant(changes: dict[str, Any], code: str) -> None:
    row = invoice_row(line_row(rate="?"), **changes, **known(State.POSTED, acx_accountingid="ref-1"))
    result = told(row).result
    assert result.state is State.REFUSED
    assert result.reason is not None
    assert result.reason.code == code


@pytest.mark.parametrize(
    ("changes", "code"),
    [(CANCELLED, "cancelled_after_export"), (NOT_ISSUED, "not_issued_after_export")],
    ids=["cancelled", "a draft again"],
)
def test_rule_01_what_is_dated_before_the_start_is_not_taken_back_either(changes: dict[str, Any], code: str) -> None:
    row = invoice_row(acx_documentdate="2025-06-30", **changes, **known(State.POSTED, acx_accountingid="ref-1"))
    result = told(row).result
    assert (result.state, result.reason and result.reason.code) == (State.REFUSED, code)


@pytest.mark.parametrize("cancelled_as", ["", "ref-1"])
def test_what_accounting_cancelled_is_exported_anew_under_the_next_key(cancelled_as: str) -> None:
    made = decided(invoice_row(**known(State.CANCELLED, acx_accountingid=cancelled_as, acx_generation=1)))
    assert isinstance(made, Send)
    assert (made.document.action, made.document.generation) == ("write", 2 if cancelled_as else 1)


@pytest.mark.parametrize("state", [State.REFUSED, State.PAUSED])
@pytest.mark.parametrize(
    ("changes", "code", "end"),
    [
        (CANCELLED, "cancelled_before_export", State.CANCELLED),
        (NOT_ISSUED, "not_issued_before_export", State.WAITING),
    ],
    ids=["cancelled", "a draft again"],
)
def test_what_was_withdrawn_before_export_no_longer_asks_for_anything(
    state: State, changes: dict[str, Any], code: str, end: State
) -> None:
    result = told(invoice_row(**changes, **known(state))).result
    assert result.state is end
    assert result.reason is not None
    assert result.reason.code == code


def test_a_refusal_names_what_it_hangs_on() -> None:
    result = told(invoice_row(line_row(rate="?")), attempt=3).result
    assert result.state is State.REFUSED
    assert result.reason is not None
    assert result.reason.code == "rate_unreadable"
    assert result.hangs_on == (f"account:{ACCOUNT}", f"product:{GOODS}")
    assert (result.id, result.record, result.target, result.table) == (INVOICE, "INV-00001", "onec", "invoice")
    assert (result.version, result.attempt, result.at) == (100, 3, NOW)
    assert (result.organization_id, result.correlation_id) == (ORGANIZATION, "correlation")
    assert result.journal is None
    assert result.reference == reference(attempt=3)


def test_a_date_that_is_missing_is_a_refusal_even_where_paused() -> None:
    result = told(invoice_row(acx_documentdate=None), settings(onec_route(paused=True))).result
    assert result.reason is not None
    assert (result.state, result.reason.code) == (State.REFUSED, "date_missing")


def test_a_document_carries_everything() -> None:
    decision = sent(invoice_row(), traceparent="00-trace")
    document_ = decision.document
    assert (document_.target, document_.route, document_.version, document_.hash) == ("onec", "ru", 100, HASH)
    assert (document_.organization_id, document_.correlation_id) == (ORGANIZATION, "correlation")
    assert document_.traceparent == "00-trace"
    assert document_.journal is None
    assert document_.reference == reference(traceparent="00-trace")
    assert [record.id for record in decision.bound_records] == [ACCOUNT, GOODS]


def test_a_product_on_two_lines_is_one_record() -> None:
    assert len(sent(invoice_row(line_row(), line_row(position=2))).bound_records) == 2


@pytest.mark.parametrize("lanes", [1, 4, 64])
@pytest.mark.parametrize("number", ["7707083893", None], ids=["tax number", "no tax number"])
def test_a_customer_has_one_lane(lanes: int, number: str | None) -> None:
    decision = sent(invoice_row(customerid_account=account_row(acx_taxnumber=number)), settings(LANES=str(lanes)))
    assert decision.session == lane(number or "", ACCOUNT, lanes)


def test_after_a_restore_every_version_is_newer() -> None:
    raised = settings(EPOCH="5000000", EPOCH_SEEN="5000000")
    assert sent(invoice_row(), raised).document.version == 5_000_100
    assert told(invoice_row(line_row(rate="?")), raised).result.version == 5_000_100


@pytest.mark.parametrize(
    ("state", "columns"),
    [
        pytest.param(State.POSTED, IN_BOOKS | {"acx_writtenhash": "other"}, id="changed"),
        pytest.param(State.REFUSED, IN_BOOKS, id="refused, and changed back"),
        pytest.param(State.RETRYING, IN_BOOKS, id="retrying"),
        pytest.param(State.DRAFT, IN_BOOKS, id="a draft may have been approved"),
        pytest.param(State.WAITING, {}, id="waiting"),
        pytest.param(State.BEFORE_START, {}, id="the start date was moved"),
    ],
)
def test_what_accounting_may_not_have_is_sent(state: State, columns: dict[str, Any]) -> None:
    document_ = sent(invoice_row(**known(state, **columns))).document
    assert document_.journal is not None
    assert (document_.journal.row_id, document_.journal.state) == (JOURNAL_ROW, state)


@pytest.mark.parametrize("state", [State.REFUSED, State.PAUSED, State.CANCELLED])
def test_the_journal_of_another_system_is_no_concern(state: State) -> None:
    row = invoice_row(**known(state, target="sapb1"))
    assert sent(row).document.journal is None


@pytest.mark.parametrize("state", [State.POSTED, State.PAID, State.REFUSED, State.RETRYING])
def test_rule_04_what_stands_in_the_other_system_is_not_entered_here_as_well(state: State) -> None:
    # Its owner was moved to another business unit, or its route leads elsewhere now.
    held = {} if state is State.RETRYING else IN_BOOKS
    decision = decided(invoice_row(**known(state, target="sapb1", **held)))
    assert isinstance(decision, Tell)
    assert (decision.result.target, decision.result.state) == ("onec", State.REFUSED)
    assert decision.result.reason is not None
    assert decision.result.reason.code == "sale_elsewhere"


@pytest.mark.parametrize("here", [{}, known(State.REFUSED)], ids=["not known here", "refused here"])
@pytest.mark.parametrize(
    ("changes", "code"), [(CANCELLED, "cancelled_after_export"), (NOT_ISSUED, "not_issued_after_export")]
)
def test_what_was_withdrawn_is_told_where_it_stands(changes: dict[str, Any], code: str, here: dict[str, Any]) -> None:
    row = invoice_row(**changes, **known(State.POSTED, target="sapb1", **IN_BOOKS))
    row[INVOICES.journal] = [*row[INVOICES.journal], *here.get(INVOICES.journal, [])]
    result = told(row).result
    assert (result.target, result.state, result.journal and result.journal.number) == (
        "sapb1",
        State.REFUSED,
        IN_BOOKS["acx_number"],
    )
    assert result.reason is not None
    assert result.reason.code == code


def test_a_retry_in_books_that_no_route_leads_to_is_answered() -> None:
    pressed = invoice_row(**CANCELLED, **known(State.REFUSED, target="sapb1", acx_retry=True))
    elsewhere, nowhere = decided(pressed), decided(pressed | {"_owningbusinessunit_value": str(record_id(9))})
    assert isinstance(elsewhere, Tell)
    assert isinstance(nowhere, Tell)
    for decision in (elsewhere, nowhere):
        assert (decision.result.target, decision.result.acknowledges) == ("sapb1", True)


def test_rule_04_what_stands_in_both_systems_already_goes_on_here() -> None:
    row = invoice_row(**known(State.POSTED, **IN_BOOKS | {"acx_writtenhash": "another content"}))
    row[INVOICES.journal] += known(State.POSTED, target="sapb1", **IN_BOOKS)[INVOICES.journal]
    assert sent(row).document.action == "write"


def test_the_business_unit_decides_the_target() -> None:
    row = invoice_row(_owningbusinessunit_value=str(UNIT_EU))
    assert (sent(row).document.target, sent(row).document.route) == ("sapb1", "eu")
    rest = settings(onec_route(), sapb1_route(name="rest", business_unit=None))
    assert sent(invoice_row(_owningbusinessunit_value=None), rest).document.route == "rest"


def test_other_statuses_may_count_as_issued() -> None:
    given = settings(INVOICE_ISSUED_STATUSES="[5]")
    assert decided(invoice_row(), given) == Nothing("not issued")
    assert sent(invoice_row(statuscode=5), given)


def test_a_result_says_which_document_and_what_it_hangs_on() -> None:
    made = document()
    at = datetime(2026, 2, 11, tzinfo=UTC)
    result = result_of(made, State.POSTED, at, number="7", accounting_id="ref")
    assert (result.id, result.record, result.version, result.hash, result.at) == (
        INVOICE,
        "INV-00001",
        100,
        made.hash,
        at,
    )
    assert result.hangs_on == (f"account:{ACCOUNT}", f"product:{GOODS}")
    assert result.lines == (record_id(1, 0x1B),)
    assert (result.number, result.accounting_id, result.reference) == ("7", "ref", made.reference)


@pytest.mark.parametrize(("mark", "goes"), [(REFUSED_CHANGE, True), (HASH, False)])
def test_a_paid_document_whose_change_was_refused_is_looked_at_again(mark: str, goes: bool) -> None:
    row = invoice_row(**known(State.PAID, acx_hash=mark, acx_message="it was refused", **IN_BOOKS))
    assert isinstance(decided(row), Send if goes else Nothing)
