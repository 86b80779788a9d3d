"""The writeback step against a journal in memory: every result is written, deferred, or known already."""

from datetime import timedelta
from typing import Any

import pytest

from shared.bus import CHANGES, POISON, RESULTS
from shared.dataverse import journal
from shared.dataverse.batch import Operation, Part
from shared.dataverse.journal import STATE_VALUES
from shared.dataverse.sales import INVOICE as INVOICES
from shared.decision import Send, decide
from shared.errors import AnswerLost, Misconfigured, Unavailable
from shared.messages import Binding, Journalled, Result, State
from shared.refusals import Refusal, refusal
from shared.writeback import ROUNDS, Writeback
from tests.builders import ACCOUNT, GOODS, INVOICE, NOW, OTHER_ORGANIZATION, invoice_row, record_id, result, settings
from tests.unit.core.fakes import FakeDataverse, MemoryBus, clock, error, incoming

KEY = f"onec:invoice:{INVOICE}"
CUSTOMER = Binding(table="account", id=ACCOUNT, accounting_id="customer-1", number="C-1")
ITEM = Binding(table="product", id=GOODS, accounting_id="item-1")
LATER = NOW + timedelta(minutes=1)
NO_LINES = refusal("no_lines")


class Bench:
    """A writeback step with what it talks to."""

    def __init__(self) -> None:
        self.bus = MemoryBus()
        self.dataverse = FakeDataverse()
        self.step = Writeback(settings(), self.dataverse, self.bus, clock(NOW))

    async def handle(self, *results: Result | bytes) -> None:
        """Settle a batch."""
        await self.step.handle([incoming(RESULTS, each, f"m{n}") for n, each in enumerate(results)])

    def known(self, state: State, key: str = KEY, **columns: Any) -> Journalled:
        """Let the journal know the invoice."""
        values = {"acx_version": "100", "acx_changedon": "2026-02-10T09:00:00Z"}
        return journal.read(self.dataverse.write(key, acx_state=STATE_VALUES[state], **(values | columns)))

    def columns(self, key: str = KEY) -> dict[str, Any]:
        """Give the row as Dataverse has it now."""
        return dict(self.dataverse.journal[key])

    def row(self, key: str = KEY) -> Journalled:
        """Give what the journal says now."""
        return journal.read(self.dataverse.journal[key])

    @property
    def writes(self) -> list[tuple[str, int]]:
        """What was written, by method and size of the batch."""
        return [(operation.method, len(batch)) for batch in self.dataverse.batches for operation in batch]


async def test_the_first_word_creates_the_row_without_reading() -> None:
    bench = Bench()
    await bench.handle(result())
    row = bench.row()
    assert (row.state, row.number, row.accounting_id, row.version) == (State.POSTED, "0000-000001", "ref-1", 100)
    assert bench.writes == [("POST", 1)]
    assert bench.dataverse.queries == []
    assert bench.bus.sent == []
    assert bench.dataverse.batches[0][0].body is not None
    assert bench.dataverse.batches[0][0].body["acx_invoiceid@odata.bind"] == f"/invoices({INVOICE})"


async def test_the_next_word_changes_the_row_exactly_as_it_was_read() -> None:
    bench = Bench()
    known = bench.known(State.RETRYING)
    await bench.handle(result(journal=known))
    assert bench.writes == [("PATCH", 1)]
    assert bench.dataverse.batches[0][0].headers == {"If-Match": known.etag}
    assert bench.dataverse.queries == []
    assert bench.row().state is State.POSTED


async def test_what_is_said_already_is_not_written() -> None:
    bench = Bench()
    columns = {"acx_number": "0000-000001", "acx_accountingid": "ref-1", "acx_writtenhash": "hash"}
    await bench.handle(result(journal=bench.known(State.POSTED, **columns)))
    assert bench.dataverse.batches == []
    assert bench.bus.sent == []


async def test_what_was_said_before_a_wait_is_said_again_after_it() -> None:
    # The next attempt is refused by whoever read the row before the wait was written.
    bench = Bench()
    await bench.handle(result(State.REFUSED, reason=NO_LINES, at=NOW))
    refused = bench.row()
    await bench.handle(result(State.RETRYING, reason=NO_LINES, at=NOW, attempt=1, next_attempt_at=LATER))
    assert bench.row().state is State.RETRYING
    await bench.handle(result(State.REFUSED, reason=NO_LINES, at=LATER, attempt=1, journal=refused))
    assert bench.row().state is State.REFUSED
    assert bench.dataverse.batches[-1][0].body is not None
    assert bench.dataverse.batches[-1][0].body["acx_nextattempton"] is None


async def test_a_hundred_results_are_one_request() -> None:
    bench = Bench()
    await bench.handle(*(result(id=record_id(number)) for number in range(1, 101)))
    assert [len(batch) for batch in bench.dataverse.batches] == [100]
    assert len(bench.dataverse.journal) == 100


async def test_more_results_than_a_batch_takes_are_two_requests() -> None:
    bench = Bench()
    await bench.handle(*(result(id=record_id(number)) for number in range(1, 1002)))
    assert [len(batch) for batch in bench.dataverse.batches] == [1000, 1]


@pytest.mark.parametrize("turned", [False, True], ids=["in order", "turned"])
async def test_several_words_about_one_document_are_one_write_and_the_last_wins(turned: bool) -> None:
    bench = Bench()
    words = [
        result(State.RETRYING, attempt=3, at=NOW),
        result(State.POSTED, at=LATER),
        result(State.REFUSED, version=101, at=LATER, reason=NO_LINES, accounting_id="ref-1", number="0000-000001"),
    ]
    await bench.handle(*(reversed(words) if turned else words))
    assert bench.writes == [("POST", 1)]
    row = bench.row()
    assert (row.state, row.version, row.number, row.accounting_id) == (State.REFUSED, 101, "0000-000001", "ref-1")


async def test_a_later_refusal_of_a_new_trigger_is_the_last_word() -> None:
    bench = Bench()
    tried = bench.known(State.RETRYING, acx_attempts=3)
    await bench.handle(
        result(State.REFUSED, attempt=0, at=LATER, reason=refusal("freight", value="1"), journal=tried),
        result(State.REFUSED, attempt=3, at=NOW, reason=NO_LINES),
    )
    assert "freight" in bench.row().message


@pytest.mark.parametrize(("version", "mended"), [(101, True), (100, False), (None, False)])
async def test_a_refusal_is_looked_at_again_where_what_it_hangs_on_is_newer(version: int | None, mended: bool) -> None:
    # Whoever heard of the change found no refusal yet: it was on its way.
    bench = Bench()
    if version is not None:
        bench.dataverse.accounts[ACCOUNT] = {"accountid": str(ACCOUNT), "versionnumber": version}
    await bench.handle(result(State.REFUSED, reason=NO_LINES, hangs_on=(f"account:{ACCOUNT}",)))
    assert bench.row().state is State.REFUSED
    references = [(each.table, each.id, each.attempt) for each in bench.bus.references()]
    assert references == ([("invoice", INVOICE, 0)] if mended else [])


# --- somebody else wrote meanwhile


async def test_a_row_that_was_changed_is_read_again_and_merged() -> None:
    bench = Bench()
    stale = bench.known(State.RETRYING)
    bench.known(State.RETRYING, acx_attempts=1)
    await bench.handle(result(journal=stale))
    assert bench.writes == [("PATCH", 1), ("PATCH", 1)]
    assert bench.dataverse.queries == [journal.SET]
    assert bench.row().state is State.POSTED


async def test_nobodys_newer_word_is_lost() -> None:
    bench = Bench()
    stale = bench.known(State.RETRYING)
    bench.known(State.REFUSED, acx_version="105", acx_message="newer")
    await bench.handle(result(journal=stale))
    row = bench.row()
    assert (row.state, row.version, row.message) == (State.REFUSED, 105, "newer")
    assert row.accounting_id == "ref-1", "but accounting's id is kept"


async def test_an_invoice_whose_change_was_refused_meanwhile_is_not_set_paid() -> None:
    bench = Bench()
    bench.dataverse.invoices[INVOICE] = {"invoiceid": str(INVOICE), "statecode": 0, "@odata.etag": 'W/"1"'}
    step = Writeback(settings(MARK_INVOICES_PAID="true"), bench.dataverse, bench.bus, clock(NOW))
    stale = bench.known(State.POSTED, acx_accountingid="ref-1")
    bench.known(State.REFUSED, acx_version="101", acx_accountingid="ref-1", acx_message="changed")
    paid = result(State.PAID, read_back=True, paid="122.00", at=LATER, journal=stale)
    await step.handle([incoming(RESULTS, paid)])
    assert (bench.row().state, bench.row().paid) == (State.REFUSED, "122")
    assert "invoices" not in bench.dataverse.queries


async def test_a_row_that_was_created_meanwhile_is_read_and_changed() -> None:
    bench = Bench()
    bench.known(State.PAUSED)
    await bench.handle(result())
    assert bench.writes == [("POST", 1), ("PATCH", 1)]
    assert bench.row().state is State.POSTED
    assert len(bench.dataverse.journal) == 1


async def test_a_row_that_was_deleted_is_made_again() -> None:
    bench = Bench()
    known = bench.known(State.RETRYING)
    bench.dataverse.journal.clear()
    await bench.handle(result(journal=known))
    assert bench.writes == [("PATCH", 1), ("POST", 1)]
    assert bench.row().state is State.POSTED


async def test_a_row_that_keeps_changing_waits_for_later() -> None:
    bench = Bench()
    known = bench.known(State.RETRYING)

    def somebody_writes() -> None:
        bench.dataverse.write(KEY)

    bench.dataverse.before_batch = somebody_writes
    await bench.handle(result(journal=known), result(id=record_id(2)))
    assert len(bench.dataverse.batches) == ROUNDS
    (deferred,) = bench.bus.results()
    assert (deferred.id, deferred.deferrals) == (INVOICE, 1)
    assert bench.row(f"onec:invoice:{record_id(2)}").state is State.POSTED


# --- an older version


@pytest.mark.parametrize("written", ["hash", "older hash"])
async def test_an_older_posting_asks_to_look_at_the_record_again(written: str) -> None:
    bench = Bench()
    columns = {"acx_number": "0000-000001", "acx_accountingid": "ref-1", "acx_writtenhash": "hash"}
    known = bench.known(State.POSTED, acx_version="105", **columns)
    older = result(journal=known, written_hash=written)
    await bench.handle(older)
    (again,) = bench.bus.references()
    assert (again.id, again.attempt) == (INVOICE, 0)
    assert again.message_id not in {older.reference.message_id, ""}
    assert bench.bus.on(CHANGES)[0].not_before is None
    row = bench.row()
    assert (row.state, row.version, row.written_hash) == (State.POSTED, 105, written)


async def test_an_older_and_a_newer_posting_of_one_batch_ask_nothing() -> None:
    bench = Bench()
    await bench.handle(result(version=101), result(version=100))
    assert bench.bus.sent == []
    assert bench.row().version == 101


async def test_an_older_refusal_is_no_news() -> None:
    bench = Bench()
    await bench.handle(result(State.REFUSED, reason=NO_LINES, journal=bench.known(State.POSTED, acx_version="105")))
    assert bench.bus.sent == []
    assert bench.dataverse.batches == []


@pytest.mark.parametrize("order", ["cancelled first", "written first", "together"])
@pytest.mark.parametrize("state", [State.POSTED, State.REFUSED, State.RETRYING])
async def test_what_was_cancelled_on_its_way_into_the_books_is_taken_back(state: State, order: str) -> None:
    """It waited in its lane, and nothing in the journal said so: “cancelled before export” was an error."""
    bench = Bench()
    cancelled = result(State.CANCELLED, version=105, reason=refusal("cancelled_before_export"))
    held = {} if state is State.RETRYING else {"number": "0000-000001", "accounting_id": "ref-1"}
    written = result(state, at=LATER, attempt=1, reason=None if state is State.POSTED else NO_LINES, **held)
    words = [cancelled, written] if order == "cancelled first" else [written, cancelled]
    for batch in [words] if order == "together" else [[word] for word in words]:
        await bench.handle(*batch)
    await bench.handle(cancelled)  # delivered once more
    assert bench.row().state is not State.CANCELLED

    cancelled_since: dict[str, Any] = {"statecode": 3, "statuscode": 100003, INVOICES.journal: [bench.columns()]}
    row = invoice_row(**cancelled_since, versionnumber=105)
    decision = decide(INVOICES, row, bench.bus.references()[-1], settings(), NOW)
    assert isinstance(decision, Send)
    assert (decision.document.action, decision.document.generation) == ("cancel", 0)


async def test_what_was_taken_back_on_its_way_into_the_books_is_taken_back_all_the_same() -> None:
    bench = Bench()
    await bench.handle(result())
    await bench.handle(result(State.WAITING, version=105, reason=refusal("not_issued_before_export")))
    assert (bench.row().state, len(bench.bus.references())) == (State.POSTED, 1)


@pytest.mark.parametrize("order", ["taken back first", "refused first", "together"])
@pytest.mark.parametrize("code", ["deleted_in_accounting", "cancelled_in_accounting"])
async def test_what_is_issued_again_while_it_is_taken_back_gets_a_document_of_its_own(order: str, code: str) -> None:
    """The bridge itself took back what the message of the next version still counted on: that is no refusal."""
    bench = Bench()
    await bench.handle(result())
    known = bench.row()
    taken_back = result(State.CANCELLED, version=103, journal=known, number="0000-000001", accounting_id="ref-1")
    absent = refusal(code, number="0000-000001")
    refused = result(
        State.REFUSED, version=105, journal=known, reason=absent, at=LATER, number="0000-000001", accounting_id="ref-1"
    )
    words = [refused, taken_back] if order == "refused first" else [taken_back, refused]
    for batch in [words] if order == "together" else [[word] for word in words]:
        await bench.handle(*batch)

    issued: dict[str, Any] = {INVOICES.journal: [bench.columns()]}
    decision = decide(INVOICES, invoice_row(**issued, versionnumber=105), bench.bus.references()[-1], settings(), NOW)
    assert isinstance(decision, Send)
    assert (decision.document.action, decision.document.generation) == ("write", 1)


# --- customers and products


async def test_bindings_are_rows_of_their_own() -> None:
    bench = Bench()
    await bench.handle(result(bindings=(CUSTOMER, ITEM)), result(id=record_id(2), bindings=(CUSTOMER,)))
    assert [len(batch) for batch in bench.dataverse.batches] == [4]
    customer, item = bench.row(f"onec:account:{ACCOUNT}"), bench.row(f"onec:product:{GOODS}")
    assert (customer.state, customer.accounting_id, customer.number) == (State.BOUND, "customer-1", "C-1")
    assert item.accounting_id == "item-1"


async def test_a_binding_that_is_known_is_not_written_again() -> None:
    bench = Bench()
    key = f"onec:account:{ACCOUNT}"
    bench.dataverse.write(key, acx_state=STATE_VALUES[State.BOUND], acx_accountingid="customer-1")
    before = bench.row(key).etag
    await bench.handle(result(bindings=(CUSTOMER,)))
    assert bench.row(key).etag == before
    assert bench.row().state is State.POSTED


@pytest.mark.parametrize("turned", [False, True])
async def test_the_card_that_accounting_was_given_last_is_written(*, turned: bool) -> None:
    bench = Bench()
    key = f"onec:account:{ACCOUNT}"
    earlier = result(bindings=(CUSTOMER.model_copy(update={"card": "old"}),))
    later = result(
        id=record_id(2), at=earlier.at + timedelta(minutes=1), bindings=(CUSTOMER.model_copy(update={"card": "new"}),)
    )
    await bench.handle(*((later, earlier) if turned else (earlier, later)))
    assert bench.row(key).written_hash == "new"
    await bench.handle(earlier)
    assert bench.row(key).written_hash == "new"


# --- what goes wrong


def refuses(path: str, part: Part) -> Any:
    def refuse(operation: Operation) -> Part | None:
        hit = path in operation.path or path in str((operation.body or {}).get("acx_key", ""))
        return part if hit else None

    return refuse


async def test_a_row_that_dataverse_does_not_take_blocks_no_neighbour() -> None:
    bench = Bench()
    bench.dataverse.refuse = refuses(str(INVOICE), error(400, "0x80044331"))
    await bench.handle(result(), result(id=record_id(2)), b"garbage")
    assert list(bench.dataverse.journal) == [f"onec:invoice:{record_id(2)}"]
    (deferred,) = bench.bus.results()
    assert (deferred.id, deferred.deferrals) == (INVOICE, 1)
    assert [envelope.body for envelope in bench.bus.on(POISON)] == [b"garbage"]


async def test_a_result_that_can_not_be_worded_blocks_no_neighbour() -> None:
    bench = Bench()
    newer = result(State.REFUSED, reason=Refusal(code="a_code_of_a_newer_version"))
    await bench.handle(newer, result(id=record_id(2)))
    assert list(bench.dataverse.journal) == [f"onec:invoice:{record_id(2)}"]
    assert [(deferred.id, deferred.deferrals) for deferred in bench.bus.results()] == [(INVOICE, 1)]


async def test_a_result_whose_rows_are_all_refused_comes_back_once() -> None:
    bench = Bench()
    bench.dataverse.refuse = lambda operation: error(400, "0x80044331")
    await bench.handle(result(bindings=(CUSTOMER, ITEM)))
    assert len(bench.bus.on(RESULTS)) == 1, "else it would multiply for as long as Dataverse refuses"


@pytest.mark.parametrize(
    "failure",
    [
        Unavailable("Dataverse", "away", 300.0),
        AnswerLost("Dataverse", "no answer"),
        Misconfigured("DATAVERSE_URL: wrong"),
        KeyError("a bug"),
    ],
    ids=["away", "answer lost", "misconfigured", "a bug"],
)
async def test_where_dataverse_is_away_accountings_answer_waits(failure: Exception) -> None:
    bench = Bench()
    bench.dataverse.failure = failure
    sent = [result(bindings=(CUSTOMER,)), result(id=record_id(2), deferrals=6)]
    await bench.handle(*sent)
    assert [queue for queue, _ in bench.bus.sent] == [RESULTS, RESULTS]
    assert bench.bus.results() == [each.model_copy(update={"deferrals": each.deferrals + 1}) for each in sent]
    first, second = (envelope.not_before for envelope in bench.bus.on(RESULTS))
    assert first is not None
    assert second is not None
    assert first > NOW
    assert second - NOW >= timedelta(seconds=160), "longer each time"
    if isinstance(failure, Unavailable) and failure.retry_after:
        assert first - NOW == timedelta(seconds=300)


async def test_after_a_lost_answer_the_second_writing_is_harmless() -> None:
    bench = Bench()
    await bench.handle(result(bindings=(CUSTOMER,)))
    before = {key: row["@odata.etag"] for key, row in bench.dataverse.journal.items()}
    await bench.handle(result(bindings=(CUSTOMER,), deferrals=1))
    assert {key: row["@odata.etag"] for key, row in bench.dataverse.journal.items()} == before
    assert bench.bus.sent == []


async def test_another_organization_gets_nothing() -> None:
    bench = Bench()
    bench.dataverse.organization = OTHER_ORGANIZATION
    await bench.handle(result())
    assert bench.dataverse.batches == []
    assert len(bench.bus.results()) == 1
    bench.bus.sent.clear()
    bench.dataverse.organization = result().organization_id
    await bench.handle(result(organization_id=OTHER_ORGANIZATION))
    assert [queue for queue, _ in bench.bus.sent] == [POISON]
    assert bench.dataverse.batches == []


async def test_where_the_bus_is_away_too_the_message_stays_in_its_queue() -> None:
    bench = Bench()
    bench.dataverse.failure = Unavailable("Dataverse", "away")
    bench.bus.failure = Unavailable("Service Bus", "away")
    with pytest.raises(Unavailable, match="Service Bus"):
        await bench.handle(result())
