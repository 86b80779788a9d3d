"""What goes into a file, what is left out and why, and what the journal hears of it."""

import csv
import io
import json
from email.message import Message
from typing import Any

import azure.functions as func
import pytest
from pydantic import TypeAdapter, ValidationError

from functions import exchange_files
from shared.dataverse.journal import STATE_VALUES, message
from shared.dataverse.journal import read as read_row
from shared.dataverse.journal_changes import merge
from shared.dataverse.sales import INVOICE
from shared.decision import Nothing, Tell, decide
from shared.errors import Misconfigured
from shared.files import wired
from shared.files.answering import Answered, answer
from shared.files.asking import WrongRequest, read
from shared.files.handing_out import TooMuch
from shared.messages import State
from shared.refusals import CATALOGUE, refusal
from shared.settings import load
from tests.builders import (
    NOW,
    environment,
    invoice_row,
    journal_columns,
    line_row,
    onec_route,
    record_id,
    reference,
    sapb1_route,
)
from tests.unit.core.fakes import clock
from tests.unit.files.kit import PERIOD, desk, onec, sapb1

FILE = "ru_invoices_2026-02-01_2026-02-28_20260210T093000Z.zip"


def known(row: dict[str, Any], state: State = State.EXPORTED, **columns: Any) -> dict[str, Any]:
    return row | {INVOICE.journal: [journal_columns(STATE_VALUES[state], **{"acx_writtenhash": "h"} | columns)]}


NO_ANSWER: dict[str, Any] = {"acx_writtenhash": "", "acx_attempts": 1}


def refused(files: dict[str, bytes]) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(files["ru/refused.csv"].decode("utf-8-sig"))))


async def test_the_journal_hears_which_file_a_document_is_in() -> None:
    own = desk(onec(), invoice_row())

    files = await own.made()

    (told,) = own.results
    assert (told.state, told.accounting_id, bool(told.written_hash)) == (State.EXPORTED, "", True)
    assert FILE in message(told, None, "en")
    assert "what the file says" in message(told, None, "en")
    assert refused(files) == []
    assert "Documents: 1." in files["ru/README.txt"].decode("utf-8-sig")


async def test_what_was_handed_out_before_is_in_the_file_again_and_the_journal_says_so() -> None:
    own = desk(onec(), known(invoice_row()))

    files = await own.made()

    (told,) = own.results
    assert told.reason is not None
    assert (told.reason.code, told.reason.values["before"]) == ("handed_out_again", "2026-02-10 09:00 UTC")
    assert b"INV-00001" in files["ru/enterprise_data.xml"]


@pytest.mark.parametrize(
    ("row", "state", "code"),
    [
        pytest.param(invoice_row(line_row(rate="?")), State.REFUSED, "rate_unreadable", id="bad data"),
        pytest.param(invoice_row(line_row(quantity="0.0001")), State.REFUSED, "precision", id="what 1C can't hold"),
        pytest.param(
            known(invoice_row(statecode=3, statuscode=100003)), State.REFUSED, "cancelled_after_export", id="cancelled"
        ),
        pytest.param(known(invoice_row(statuscode=1)), State.REFUSED, "not_issued_after_export", id="taken back"),
        pytest.param(
            known(invoice_row(), State.POSTED, acx_accountingid="ref-1"), State.REFUSED, "changed_after_export", id="2B"
        ),
        pytest.param(
            known(invoice_row(), State.RETRYING, **NO_ANSWER), State.REFUSED, "perhaps_held", id="tried by 2B"
        ),
        pytest.param(
            known(invoice_row(), State.REFUSED, **NO_ANSWER), State.REFUSED, "perhaps_held", id="tried, then refused"
        ),
    ],
)
async def test_what_is_left_out_is_listed_with_its_sentence(row: dict[str, Any], state: State, code: str) -> None:
    own = desk(onec(), row)

    (listed,) = refused(await own.made())

    (told,) = own.results
    assert (told.state, told.reason and told.reason.code) == (state, code)
    assert (listed["number"], listed["state"]) == ("INV-00001", state.value)
    assert CATALOGUE[code].en_do.split("{")[0] in listed["reason"]


@pytest.mark.parametrize(
    "row",
    [
        invoice_row(statuscode=1),
        invoice_row(statecode=3, statuscode=100003),
        invoice_row(acx_documentdate="2026-03-01"),
    ],
)
async def test_what_is_no_concern_of_the_file_is_not_mentioned(row: dict[str, Any]) -> None:
    own = desk(onec(), row)

    assert refused(await own.made()) == []
    assert own.results == []


async def test_the_rules_of_the_route_hold() -> None:
    before = desk(onec(start_date="2026-02-11"), invoice_row())
    paused = desk(onec(paused=True), invoice_row())

    await before.made()
    await paused.made()

    assert [each.state for each in (*before.results, *paused.results)] == [State.BEFORE_START, State.PAUSED]


@pytest.mark.parametrize(
    ("state", "columns", "stays"),
    [
        pytest.param(State.EXPORTED, {}, True, id="handed out before"),
        pytest.param(State.WAITING, {"acx_writtenhash": ""}, False, id="never handed out"),
    ],
)
@pytest.mark.parametrize("changes", [{"paused": True}, {"start_date": "2026-02-11"}], ids=["paused", "starts later"])
async def test_rule_03_what_was_handed_out_stays_so_in_the_journal(
    changes: dict[str, Any], state: State, columns: dict[str, str], stays: bool
) -> None:
    row = known(invoice_row(), state, **columns)
    own = desk(onec(**changes), row)

    (listed,) = refused(await own.made())

    (told,) = own.results
    assert listed["state"] == told.state.value
    assert (merge(read_row(row[INVOICE.journal][0]), told, "en").columns is None) is stays


async def test_another_organization_gets_nothing() -> None:
    own = desk(onec(), invoice_row())
    own.dataverse.organization = record_id(1)

    with pytest.raises(Misconfigured):
        await own.made()

    assert own.bus.sent == []


async def test_what_takes_too_long_is_no_file_and_the_journal_hears_nothing() -> None:
    own = desk(onec(), invoice_row())
    asked = read("invoices", PERIOD, own.settings)

    with pytest.raises(TooMuch):
        async with own.handing_out.made(asked, clock(NOW), NOW):
            pass

    assert own.bus.sent == []


def test_the_automatic_steps_leave_such_documents_alone() -> None:
    decision = decide(INVOICE, invoice_row(), reference(), desk(onec()).settings, NOW)

    assert isinstance(decision, Nothing)


def test_what_was_tried_before_the_route_was_changed_does_not_go_on_saying_so() -> None:
    row = known(invoice_row(), State.RETRYING, **NO_ANSWER)

    decision = decide(INVOICE, row, reference(attempt=2), desk(onec()).settings, NOW)

    assert isinstance(decision, Tell)
    assert (decision.result.state, decision.result.reason) == (State.REFUSED, refusal("perhaps_held"))
    assert decision.result.attempt == 2, "until somebody has looked in accounting"


async def test_what_is_known_not_to_be_in_accounting_is_handed_out_after_all() -> None:
    own = desk(onec(), known(invoice_row(), State.REFUSED, **NO_ANSWER | {"acx_attempts": 0}))

    assert refused(await own.made()) == []


@pytest.mark.parametrize(
    ("routes", "problem"),
    [
        ([onec(), onec_route(name="automatic")], "by hand and automatically"),
        ([onec(business_unit=None, books={"file": None})], "onec.file: required"),
        ([onec("1A", books={"schet_faktura": "create"})], "a file holds none"),
        (
            [
                onec("1A"),
                onec_route(name="b", onec=onec_route()["onec"] | {"realizatsiya": True, "schet_faktura": "accountant"}),
            ],
            "revenue of one sale",
        ),
        ([sapb1("1A", create_invoice=True)], "create_invoice: must be false"),
        ([sapb1(books={"stock": "from_delivery"})], "can't be from_delivery"),
        ([onec(name="ООО «Ромашка»"), onec(name="ооо ромашка", business_unit=None)], "differ in a letter or a digit"),
    ],
)
def test_a_route_by_hand_is_checked_at_start(routes: list[dict[str, Any]], problem: str) -> None:
    with pytest.raises(Misconfigured, match=problem):
        load(environment(*routes))


def test_names_of_routes_that_no_file_shares_may_be_alike() -> None:
    orders = onec("1A", name="ООО Ромашка", books={"realizatsiya": False})
    assert load(environment(onec(name="ООО «Ромашка»"), orders))
    assert load(environment(onec_route(name="RU"), sapb1_route(name="ru")))


@pytest.mark.parametrize(
    "given",
    [{"from": "x"}, {"to": "2026-01-31"}, {"from": "2020-01-01"}, {"entity": "<script>"}, {"from": "2026-02-01T00:00"}]
    + [{"from": day, "to": day} for day in ("0001-01-01", "0026-02-01", "9999-12-31")],
)
def test_a_wrong_request_is_refused_in_a_sentence_that_quotes_nothing(given: dict[str, str]) -> None:
    with pytest.raises(WrongRequest) as caught:
        read("invoices", PERIOD | given, desk(onec()).settings)

    assert all(value not in str(caught.value) for value in given.values())


class TestTheAnswer:
    """What the function makes of it."""

    REQUEST = func.HttpRequest("GET", "/api/files/invoices", params=PERIOD, route_params={"kind": "invoices"}, body=b"")

    def _raising(self, monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
        async def answered(*_: object) -> Answered:
            raise error

        monkeypatch.setattr(wired, "answered", answered)

    @pytest.mark.parametrize("error", [WrongRequest("to: must not be before from"), TooMuch("the file has too much")])
    async def test_a_wrong_request_is_told_why(self, monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
        self._raising(monkeypatch, error)
        answer = await exchange_files._handed_out(self.REQUEST)

        assert (answer.status_code, json.loads(answer.get_body())) == (400, {"error": str(error)})

    async def test_a_row_that_can_not_be_read_is_a_failure_and_not_a_wrong_request(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        # A ValidationError of pydantic is a ValueError too, and its text quotes what it could not read.
        with pytest.raises(ValidationError) as quoting:
            TypeAdapter(int).validate_python("Ivan Petrov")
        self._raising(monkeypatch, quoting.value)

        with pytest.raises(ValidationError):
            await exchange_files._handed_out(self.REQUEST)


@pytest.mark.parametrize("name", [FILE, "ООО_Ромашка_invoices_2026-02-01.zip"])
async def test_a_browser_saves_a_file_under_its_name_and_the_host_can_say_it(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def answered(*_: object) -> Answered:
        return Answered(name, b"PK")

    monkeypatch.setattr(wired, "answered", answered)
    said = (await exchange_files._handed_out(TestTheAnswer.REQUEST)).headers["Content-Disposition"]

    assert said.isascii()
    head = Message()
    head["Content-Disposition"] = said
    assert head.get_content_disposition() == "attachment"
    assert head.get_filename() == name


async def test_an_answer_has_a_bound_and_the_journal_hears_nothing_of_what_is_beyond() -> None:
    own = desk(onec(), invoice_row())

    with pytest.raises(WrongRequest, match="shorter period"):
        await answer(own.handing_out, own.settings, "invoices", PERIOD, clock(NOW), largest=100)
    assert own.bus.sent == []

    answered = await answer(own.handing_out, own.settings, "invoices", PERIOD, clock(NOW))
    assert answered.name == FILE
    assert answered.content.startswith(b"PK")
