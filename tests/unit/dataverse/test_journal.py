"""The journal: what a result changes, whatever order results arrive in."""

import json
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.dataverse import journal
from shared.dataverse.journal import STATE_VALUES, read
from shared.dataverse.journal_changes import NOTHING_HELD, after, is_earlier, merge
from shared.errors import Misconfigured
from shared.messages import Binding, Journalled, Result, State
from shared.refusals import Language, refusal
from tests.builders import ACCOUNT, GOODS, INVOICE, JOURNAL_ROW, NOW, journal_columns, journalled, record_id, result

case = pytest.param
LATER, EARLIER = NOW + timedelta(minutes=10), NOW - timedelta(minutes=10)
NO_LINES, FREIGHT = refusal("no_lines"), refusal("freight", value="1")
NO_LINES_SAID = NO_LINES.text("en", "invoice", "INV-00001", "")


def row(state: State, **changes: Any) -> Journalled:
    """Give a row whose last word was said at NOW."""
    return journalled(state, changed_at=NOW, **changes)


def news(state: State, **changes: Any) -> Result:
    """Give a result; a refusal was said by a row that told that accounting holds the document."""
    reason = {"reason": NO_LINES, **AWARE} if state is State.REFUSED else {}
    return result(state, **(reason | changes))


UNAWARE: dict[str, Any] = {"journal": row(State.REFUSED)}
AWARE: dict[str, Any] = {"journal": row(State.POSTED)}
"""What the row told whoever said the word."""


def test_the_first_word_makes_the_row() -> None:
    change = merge(None, news(State.POSTED, hash="h", lines=(INVOICE,)), "en")
    assert change.columns is not None
    assert not change.again
    assert change.columns == {
        "acx_name": "0000-000001",
        "acx_state": STATE_VALUES[State.POSTED],
        "acx_message": "",
        "acx_version": "100",
        "acx_hash": "h",
        "acx_generation": 0,
        "acx_attempts": 0,
        "acx_changedon": "2026-02-10T09:30:00Z",
        "acx_nextattempton": None,
        "acx_hangson": "[]",
        "acx_correlationid": "correlation",
        "acx_number": "0000-000001",
        "acx_accountingid": "ref-1",
        "acx_writtenhash": "hash",
        "acx_total": 1220,
        "acx_currency": None,
        "acx_dated": None,
        "acx_lines": f'["{INVOICE}"]',
        "acx_postedon": "2026-02-10T09:30:00Z",
    }


def test_a_refusal_is_a_sentence_and_leaves_what_accounting_holds() -> None:
    hung = f"account:{ACCOUNT}"
    change = merge(row(State.POSTED), news(State.REFUSED, version=101, hangs_on=(hung,)), "ru")
    assert change.columns is not None
    assert change.columns["acx_state"] == STATE_VALUES[State.REFUSED]
    assert change.columns["acx_message"].startswith("Счёт INV-00001: ")
    assert "В учёте: № 0000-000001." in change.columns["acx_message"]
    assert hung in change.columns["acx_hangson"]
    kept = {"acx_number", "acx_accountingid", "acx_writtenhash", "acx_total", "acx_lines", "acx_postedon"}
    assert not kept & change.columns.keys()


HELD = {"number": "7", "accounting_id": "ref-1", "total": "244.0000", "currency": "RUB", "dated": "2026-03-05"}


@pytest.mark.parametrize(
    ("known", "said", "language", "holds"),
    [
        pytest.param(HELD, {}, "ru", "В учёте: № 7 от 05.03.2026, 244.00 RUB.", id="what the row knows"),
        pytest.param(HELD, {}, "en", "In accounting: № 7 of 2026-03-05, 244.00 RUB.", id="in English"),
        pytest.param(
            HELD,
            {"number": "7", "accounting_id": "ref-1", "total": "122", "currency": "RUB", "dated": date(2026, 3, 6)},
            "ru",
            "В учёте: № 7 от 06.03.2026, 122.00 RUB.",
            id="accounting has just said it",
        ),
        pytest.param(HELD, {"number": "8", "accounting_id": "ref-2"}, "en", "In accounting: № 8.", id="another one"),
        pytest.param({"number": "", "accounting_id": ""}, {}, "ru", "В учёте: ничего.", id="nothing"),
        pytest.param({"number": "", "accounting_id": "Drafts(3)"}, {}, "en", "In accounting: Drafts(3).", id="draft"),
    ],
)
def test_rule_22_a_refusal_says_what_accounting_holds_by_number_date_and_sum(
    known: dict[str, str], said: dict[str, Any], language: Language, holds: str
) -> None:
    change = merge(row(State.REFUSED, **known), news(State.REFUSED, version=101, **said), language)
    assert change.columns is not None
    assert holds in change.columns["acx_message"]


def test_rule_22_what_a_refusal_tells_of_accounting_is_kept_in_the_row() -> None:
    held: dict[str, Any] = {"number": "7", "accounting_id": "ref-1", "total": "122", "currency": "RUB"}
    change = merge(None, news(State.REFUSED, **held, dated=date(2026, 3, 6)), "en")
    assert change.columns is not None
    kept = [change.columns[name] for name in ("acx_number", "acx_total", "acx_currency", "acx_dated")]
    assert kept == ["7", 122, "RUB", "2026-03-06"]


@pytest.mark.parametrize(("written", "read_as"), [("2026-03-05", "2026-03-05"), ("yesterday", ""), (None, "")])
def test_a_date_that_somebody_edited_into_something_else_counts_as_none(written: str | None, read_as: str) -> None:
    assert read(journal_columns(STATE_VALUES[State.POSTED], acx_dated=written)).dated == read_as


def test_retrying_says_when() -> None:
    change = merge(None, news(State.RETRYING, attempt=1, next_attempt_at=LATER), "en")
    assert change.columns is not None
    assert (change.columns["acx_nextattempton"], change.columns["acx_attempts"]) == ("2026-02-10T09:40:00Z", 1)


@pytest.mark.parametrize(
    ("current", "new", "writes", "again"),
    [
        # newer versions
        case(row(State.POSTED), news(State.POSTED, version=101), True, False, id="newer posted"),
        case(row(State.POSTED), news(State.RETRYING, version=101), True, False, id="newer retrying"),
        case(row(State.POSTED), news(State.REFUSED, version=101, at=EARLIER), True, False, id="newer refused"),
        case(row(State.CANCELLED), news(State.POSTED, version=101), True, False, id="newer after cancelled"),
        # the same version
        case(row(State.POSTED), news(State.POSTED, at=LATER), False, False, id="posted, said already"),
        case(row(State.POSTED), news(State.POSTED, at=LATER, number="2"), True, False, id="another number"),
        case(row(State.POSTED), news(State.POSTED, at=LATER, written_hash="h2"), True, True, id="another hash"),
        case(row(State.DRAFT), news(State.DRAFT, at=LATER, written_hash="h2"), True, False, id="draft, another hash"),
        case(row(State.REFUSED), news(State.POSTED, version=101, written_hash="h2"), True, False, id="mended"),
        case(row(State.POSTED), news(State.PAID, at=LATER), True, False, id="paid now"),
        case(row(State.PAID), news(State.POSTED, at=EARLIER), False, False, id="posted, but paid meanwhile"),
        case(row(State.POSTED), news(State.RETRYING, at=LATER), False, False, id="retrying what is posted"),
        case(row(State.POSTED), news(State.REFUSED, at=LATER), True, False, id="refused after posted"),
        case(row(State.POSTED), news(State.REFUSED, at=EARLIER), False, False, id="refused before posted"),
        case(
            row(State.POSTED),
            news(State.REFUSED, at=EARLIER, attempt=3),
            False,
            False,
            id="refused before, many attempts",
        ),
        case(row(State.REFUSED), news(State.POSTED, at=LATER), True, False, id="posted after refused"),
        case(row(State.RETRYING, attempt=3), news(State.POSTED, at=LATER), True, False, id="posted after retrying"),
        case(row(State.RETRYING, attempt=3), news(State.POSTED, at=EARLIER), True, False, id="retrying overtook"),
        case(
            row(State.REFUSED, message=NO_LINES_SAID),
            news(State.REFUSED, at=LATER),
            False,
            False,
            id="refused, said already",
        ),
        case(
            row(State.REFUSED, message=NO_LINES_SAID),
            news(State.REFUSED, at=LATER, reason=FREIGHT),
            True,
            False,
            id="another reason",
        ),
        case(
            row(State.REFUSED, message=NO_LINES_SAID, attempt=3),
            news(State.REFUSED, at=LATER, reason=FREIGHT),
            True,
            False,
            id="another reason at the first attempt of a new trigger",
        ),
        case(row(State.REFUSED), news(State.PAUSED, at=LATER), True, False, id="paused by a new trigger"),
        case(
            row(State.REFUSED), news(State.RETRYING, at=EARLIER, attempt=1), True, False, id="retrying before refused"
        ),
        case(
            row(State.REFUSED, attempt=2), news(State.RETRYING, at=EARLIER, attempt=1), False, False, id="tried since"
        ),
        case(row(State.RETRYING, attempt=1), news(State.RETRYING, attempt=2, at=LATER), True, False, id="next attempt"),
        case(
            row(State.RETRYING, attempt=2),
            news(State.RETRYING, attempt=1, at=EARLIER),
            False,
            False,
            id="attempt before",
        ),
        case(row(State.RETRYING, attempt=2), news(State.RETRYING, attempt=1), False, False, id="in one second"),
        # refusals by a row that did not tell of the document
        case(row(State.POSTED), news(State.REFUSED, at=LATER, **UNAWARE), False, True, id="refused, but posted"),
        case(row(State.POSTED), news(State.REFUSED, version=101, **UNAWARE), False, True, id="newer, but posted"),
        case(row(State.POSTED), news(State.REFUSED, version=99, **UNAWARE), False, False, id="older, and posted"),
        case(
            row(State.POSTED),
            news(State.REFUSED, at=LATER, accounting_id="ref-1", **UNAWARE),
            True,
            False,
            id="refused by accounting that names it",
        ),
        case(row(State.RETRYING), news(State.REFUSED, version=101, **UNAWARE), False, True, id="newer, but tried"),
        case(row(State.RETRYING), news(State.REFUSED, version=101, attempt=1, **UNAWARE), True, False, id="next try"),
        case(row(State.REFUSED), news(State.POSTED, at=EARLIER), True, True, id="posted, and refused since"),
        # older versions
        case(row(State.POSTED), news(State.REFUSED, version=99, at=LATER), False, False, id="older refused"),
        case(row(State.POSTED), news(State.RETRYING, version=99, at=LATER), False, False, id="older retrying"),
        case(row(State.POSTED), news(State.POSTED, version=99, at=LATER), False, True, id="older posted"),
        case(row(State.POSTED), news(State.DRAFT, version=99, at=EARLIER), False, True, id="older draft"),
        case(row(State.REFUSED), news(State.POSTED, version=99, at=LATER), True, True, id="older, and unknown"),
        # words that accounting holds nothing
        case(row(State.POSTED), news(State.CANCELLED, version=101, **UNAWARE), False, True, id="posted meanwhile"),
        case(row(State.RETRYING), news(State.PAUSED, version=101, **UNAWARE), False, True, id="tried meanwhile"),
        case(row(State.REFUSED), news(State.CANCELLED, version=101, **UNAWARE), True, False, id="refused as it was"),
        case(row(State.POSTED), news(State.CANCELLED, version=101, **AWARE), True, True, id="taken back"),
        case(row(State.REFUSED), news(State.CANCELLED, version=101, **AWARE), True, False, id="refused, taken back"),
        case(
            row(State.CANCELLED, accounting_id="ref-1", written_hash="hash"),
            news(State.POSTED, version=101, generation=1, accounting_id="ref-2"),
            True,
            True,
            id="entered anew",
        ),
        case(row(State.CANCELLED), news(State.POSTED, version=99), True, True, id="posted before the cancellation"),
        case(row(State.BEFORE_START), news(State.RETRYING, version=99), True, True, id="tried before the new date"),
        case(row(State.PAUSED), news(State.POSTED, at=EARLIER), True, False, id="posted before the pause"),
        case(
            row(State.CANCELLED, accounting_id="ref-1"),
            news(State.POSTED, version=99),
            True,
            True,
            id="posted, and taken back since",
        ),
    ],
)
def test_what_a_result_changes(current: Journalled, new: Result, writes: bool, again: bool) -> None:
    change = merge(current, new, "en")
    assert (change.columns is not None, change.again) == (writes, again)


def test_an_older_result_tells_only_what_accounting_calls_the_document() -> None:
    change = merge(row(State.REFUSED), news(State.POSTED, version=99), "en")
    assert change.columns == {
        "acx_number": "0000-000001",
        "acx_accountingid": "ref-1",
        "acx_writtenhash": "hash",
    }


def test_a_document_that_was_created_anew_is_named_however_late_the_word_comes() -> None:
    held = row(State.POSTED, accounting_id="53", number="53")
    change = merge(held, news(State.POSTED, version=99, generation=1, accounting_id="55", number="55"), "en")
    assert change.columns is not None
    assert {name: change.columns.get(name) for name in ("acx_number", "acx_accountingid", "acx_generation")} == {
        "acx_number": "55",
        "acx_accountingid": "55",
        "acx_generation": 1,
    }
    assert after(held, news(State.POSTED, version=99, generation=1), change.columns).generation == 1


def test_what_an_older_result_wrote_does_not_pass_for_the_newest() -> None:
    change = merge(row(State.POSTED), news(State.POSTED, version=99, written_hash="older"), "en")
    assert change.columns == {"acx_writtenhash": "older"}, "else the second look would find nothing to do"
    assert change.again


def test_an_earlier_word_about_the_same_version_keeps_the_last_one() -> None:
    late = news(State.POSTED, at=EARLIER, generation=1, accounting_id="ref-2", number="2")
    change = merge(row(State.REFUSED, accounting_id="ref-1"), late, "en")
    assert change.columns == {"acx_number": "2", "acx_accountingid": "ref-2", "acx_generation": 1}


@pytest.mark.parametrize("version", [99, 100])
def test_a_refusal_forgets_no_attempt_whose_word_comes_late(version: int) -> None:
    refused, lost = row(State.REFUSED), news(State.RETRYING, version=version, at=EARLIER, attempt=1)
    change = merge(refused, lost, "en")
    assert change.columns == {"acx_attempts": 1}
    known = after(refused, lost, change.columns)
    assert (known.state, known.may_be_held) == (State.REFUSED, True)


@pytest.mark.parametrize("state", [State.REFUSED, State.POSTED])
def test_a_retry_is_answered_by_who_saw_it_pressed(state: State) -> None:
    pressed = row(State.REFUSED, message=NO_LINES_SAID, retry=True)
    blind, seeing = (news(state, at=LATER, journal=known) for known in (row(State.REFUSED), pressed))
    change = merge(pressed, blind, "en")
    assert "acx_retry" not in (change.columns or {})
    assert after(pressed, blind, change.columns or {}).retry
    answered = merge(pressed, seeing, "en").columns
    assert answered is not None
    assert answered["acx_retry"] is False


def test_the_day_of_posting_stays() -> None:
    change = merge(row(State.POSTED), news(State.PAID, at=LATER), "en")
    assert change.columns is not None
    assert "acx_postedon" not in change.columns


@pytest.mark.parametrize("state", State)
def test_saying_the_same_twice_writes_once(state: State) -> None:
    new = news(state, attempt=1)
    first = merge(None, new, "en")
    assert first.columns is not None
    second = merge(after(None, new, first.columns), new, "en")
    assert not second.again
    if state is not State.RETRYING:
        assert second.columns is None


def test_a_document_that_was_cancelled_on_its_way_stands_in_the_row_until_it_is_taken_back() -> None:
    cancelled = row(State.CANCELLED, version=101, message="cancelled before it was exported")
    posted = news(State.POSTED, version=99)
    change = merge(cancelled, posted, "en")
    assert change.columns is not None
    known = after(cancelled, posted, change.columns)
    assert (known.state, known.version, known.accounting_id, known.message) == (State.POSTED, 99, "ref-1", "")
    assert merge(known, news(State.CANCELLED, version=101, **UNAWARE), "en").columns is None


# --- whatever order

_results = st.builds(
    lambda state, version, attempt, minutes: news(
        state,
        version=100 + version,
        attempt=attempt,
        at=NOW + timedelta(minutes=minutes),
        written_hash=f"hash of {version}" if state.in_accounting else "",
    ),
    st.sampled_from([State.POSTED, State.REFUSED, State.RETRYING, State.PAID]),
    st.integers(0, 3),
    st.integers(0, 3),
    st.integers(0, 5),
)


def merged(results: list[Result]) -> Journalled:
    current: Journalled | None = None
    for each in results:
        change = merge(current, each, "en")
        if change.columns is not None:
            current = after(current, each, change.columns)
    assert current is not None
    return current


@given(st.lists(_results, min_size=1, max_size=6), st.randoms(use_true_random=False))
def test_any_order_ends_in_the_same_version_number_and_id(results: list[Result], random: Any) -> None:
    turned = list(results)
    random.shuffle(turned)
    one, other = merged(results), merged(turned)
    assert (one.version, one.number, one.accounting_id) == (other.version, other.number, other.accounting_id)
    assert one.version == max(each.version for each in results)
    assert bool(one.accounting_id) == any(each.state.in_accounting for each in results)


@given(st.lists(_results, max_size=4), st.integers(100, 103), st.sampled_from(sorted(NOTHING_HELD)))
def test_no_row_says_that_nothing_is_held_of_what_is(results: list[Result], version: int, state: State) -> None:
    posted, premature = news(State.POSTED, version=version), news(state, version=101, **UNAWARE)
    assert merged([*results, posted, premature]).state not in NOTHING_HELD
    assert merged([premature, *results, posted]).state not in NOTHING_HELD


@given(st.lists(_results, min_size=2, max_size=6))
def test_a_document_that_was_overtaken_or_replaced_is_looked_at_again(results: list[Result]) -> None:
    current: Journalled | None = None
    for each in results:
        change = merge(current, each, "en")
        # cancelled before anything was known of it, though an attempt at it is on its way
        unknown = current is not None and current.state is State.CANCELLED and not current.accounting_id
        news_ = each.state.in_accounting or (unknown and each.state is State.RETRYING)
        overtaken = bool(current and each.version < current.version and news_)
        said = change.columns or {}
        written = said.get("acx_writtenhash") if "acx_version" in said else None
        replaced = current is not None and current.passes_for_written and written not in {None, current.written_hash}
        refused_unaware = (
            current is not None
            and (current.state, current.in_books, current.version) == (State.REFUSED, False, each.version)
            and each.state.in_accounting
            and is_earlier(each, current)
        )
        assert change.again is (overtaken or replaced or refused_unaware)
        if change.columns is not None:
            current = after(current, each, change.columns)
    last = next(each for each in results if each.version == max(result.version for result in results))
    assert current is not None
    assert current.version == last.version


# --- reading and writing


def test_a_row_is_read() -> None:
    read = journal.read(
        journal_columns(
            STATE_VALUES[State.POSTED],
            acx_version="12345678901",
            acx_hash="h",
            acx_writtenhash="w",
            acx_generation=2,
            acx_attempts=3,
            acx_number="7",
            acx_accountingid="ref",
            acx_message="m",
        )
    )
    assert read == Journalled(
        row_id=JOURNAL_ROW,
        etag='W/"7"',
        state=State.POSTED,
        version=12345678901,
        hash="h",
        written_hash="w",
        generation=2,
        attempt=3,
        changed_at=NOW - timedelta(minutes=30),
        number="7",
        accounting_id="ref",
        message="m",
    )


@pytest.mark.parametrize("value", [None, 1, 717_199_999], ids=str)
def test_an_unknown_state_is_looked_at_again(value: Any) -> None:
    assert journal.read(journal_columns(value)).state is State.WAITING


def test_a_row_without_an_id_is_a_fault_of_the_set_up() -> None:
    with pytest.raises(Misconfigured):
        journal.read(journal_columns(1, acx_accountingexportid=None))


def test_a_row_is_created_under_its_record_and_changed_only_as_read() -> None:
    created = journal.write("onec:invoice:1", ("invoice", INVOICE), None, {"acx_name": "x"})
    assert (created.method, created.path, dict(created.headers)) == ("POST", "acx_accountingexports", {})
    assert created.body == {
        "acx_name": "x",
        "acx_key": "onec:invoice:1",
        "acx_target": "onec",
        "acx_invoiceid@odata.bind": f"/invoices({INVOICE})",
    }
    changed = journal.write("onec:invoice:1", ("invoice", INVOICE), journalled(), {"acx_name": "x"})
    assert (changed.method, changed.path) == ("PATCH", f"acx_accountingexports({JOURNAL_ROW})")
    assert (changed.body, changed.headers) == ({"acx_name": "x"}, {"If-Match": 'W/"7"'})


def test_a_binding_is_a_row_of_its_own() -> None:
    columns = journal.binding_columns(Binding(table="product", id=GOODS, accounting_id="item-1", number="N"), NOW)
    assert columns["acx_state"] == STATE_VALUES[State.BOUND]
    assert (columns["acx_accountingid"], columns["acx_number"], columns["acx_name"]) == ("item-1", "N", "N")


def test_values_fit_their_columns() -> None:
    hangs_on = tuple(f"product:{record_id(number)}" for number in range(500))
    reason = refusal("accounting_refused", message="x" * 10_000)
    change = merge(None, news(State.REFUSED, reason=reason, record="r" * 300, hangs_on=hangs_on), "en")
    assert change.columns is not None
    assert len(change.columns["acx_message"]) <= 4000
    assert len(change.columns["acx_name"]) <= 200
    assert json.loads(change.columns["acx_hangson"]) == list(hangs_on)


@pytest.mark.parametrize(
    ("row", "said", "written"),
    [
        # what the row says, what a connector says, the card that is written (None: nothing)
        (None, ("C1", "new", 0), "new"),
        (("C1", "old", -60), ("C1", "new", 0), "new"),
        (("C1", "", -60), ("C1", "new", 0), "new"),
        (("C1", "new", -60), ("C1", "new", 0), None),
        (("C1", "old", -60), ("C1", "", 0), None),
        (("C1", "old", 60), ("C1", "new", 0), None),
        (("C1", "old", 0), ("C1", "new", 0), ""),
        (("C1", "", 0), ("C1", "new", 0), "new"),
        (("C0", "new", 60), ("C1", "new", 0), "new"),
    ],
)
def test_the_card_that_accounting_was_given_last_counts(
    row: tuple[str, str, int] | None, said: tuple[str, str, int], written: str | None
) -> None:
    current = None
    if row is not None:
        accounting_id, card, seconds = row
        known = {"row_id": GOODS, "etag": "1", "state": State.BOUND, "accounting_id": accounting_id}
        current = Journalled(**known, written_hash=card, changed_at=NOW + timedelta(seconds=seconds))
    accounting_id, card, seconds = said
    binding = Binding(table="product", id=GOODS, accounting_id=accounting_id, card=card)
    columns = journal.binding_columns(binding, NOW + timedelta(seconds=seconds))
    change = journal.binding_change(current, columns)
    assert (change and change["acx_writtenhash"]) == written
    assert change is None or change["acx_accountingid"] == accounting_id
