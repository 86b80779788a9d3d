"""What a result changes in the journal's row: the highest version wins, and nothing that is known gets lost. Pure."""

import json
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import UUID

from shared.dataverse.journal import MAX_MESSAGE, STATE_VALUES, message, stamp, state_of
from shared.messages import REFUSED_CHANGE, Journalled, Result, State
from shared.refusals import Language

ABSENT = ("deleted_in_accounting", "cancelled_in_accounting")
"""Refusals that say that accounting holds the document no more."""
NOTHING_HELD = frozenset({State.WAITING, State.PAUSED, State.BEFORE_START, State.CANCELLED})
"""Words that accounting holds nothing of a document, where they come without an id of its own."""
MAX_HANGS_ON = 100_000
"""characters, some 2,000 records"""
MAX_LINES = 1_000_000
"""characters"""


@dataclass(frozen=True)
class Change:
    """What a result does to the journal: columns to write (None: nothing), and whether to look at the record again."""

    columns: dict[str, Any] | None
    again: bool = False


def merge(current: Journalled | None, result: Result, language: Language) -> Change:
    """Decide what a result changes in the current row.

    The highest version wins, whatever order results arrive in. An older result is never the end of the story when
    accounting was written: the record goes back on ``changes``, so that accounting gets the last state too. Nor is a
    word that accounting holds nothing, where it was said by a row that did not know yet of what was on its way there:
    what may be held stands in the row, and the record is looked at again, to be taken back for instance. Nor is one
    that ends what there was nothing to do with by the row: whoever looked meanwhile went by it. Nor a refusal of what
    was not known to stand, or perhaps to stand, in accounting: what is there already may need no word at all.
    """
    if result.acknowledges:
        return Change({"acx_retry": False} if current is not None and current.retry else None)
    if current is None:
        return Change(_columns(result, None, language))
    result = _still_paid(current, result)
    if _is_premature(current, result) or _was_taken_back(current, result):
        return Change(None, again=True)
    if result.version < current.version:
        return _older(current, result, language)
    if result.version == current.version and (change := _of_this_version(current, result, language)):
        return change
    return _news(current, result, language)


def _news(current: Journalled, result: Result, language: Language) -> Change:
    """Write what is newer than the row, where whoever said it knew what the row is about."""
    if _refuses_unaware(current, result):
        return Change(None, again=True)
    columns = _columns(result, current, language)
    if _beside_payment(current, result):
        columns |= {"acx_state": STATE_VALUES[current.state], "acx_hash": REFUSED_CHANGE}
    again = _ends_what_was_done_with(current, result) or _overtaken_by_refusal(current, result)
    return Change(columns, again=again)


def _ends_what_was_done_with(current: Journalled, result: Result) -> bool:
    """Whether the bridge took back, replaced, or entered anew what there was nothing to do with by the row.

    While that was on its way, what was issued again, changed back, or cancelled again was decided by this row.
    """
    if current.accounting_id == "" or current.written_hash == "":
        return False
    if current.state is State.CANCELLED:
        return result.state.in_accounting
    other = result.state.in_accounting and result.written_hash != current.written_hash
    return current.passes_for_written and (other or result.state is State.CANCELLED)


def _is_premature(current: Journalled, result: Result) -> bool:
    """Whether a word that accounting holds nothing was said by a row that did not tell yet that accounting may."""
    says_nothing = result.state in NOTHING_HELD and not result.accounting_id
    knew = result.journal is not None and result.journal.may_be_held
    return says_nothing and not knew and current.may_be_held and not _says_nothing_is_held(current)


def _refuses_unaware(current: Journalled, result: Result) -> bool:
    """Whether a refusal was said by a row that did not tell yet that accounting holds the document, or may hold it."""
    if result.state is not State.REFUSED or result.accounting_id or not current.may_be_held:
        return False
    before = result.journal
    if current.in_books:
        return before is None or not before.in_books
    return result.attempt == 0 and (before is None or not before.may_be_held)


def _overtaken_by_refusal(current: Journalled, result: Result) -> bool:
    """Whether a document was in the books before the row's refusal of the same version, which knew nothing of it."""
    refused = current.state is State.REFUSED and not current.in_books and result.version == current.version
    return refused and result.state.in_accounting and is_earlier(result, current)


def _says_nothing_is_held(current: Journalled) -> bool:
    return current.state in NOTHING_HELD and not current.in_books


def _was_taken_back(current: Journalled, result: Result) -> bool:
    """Whether a refusal misses what the bridge itself took back: it was said by the row of before."""
    absent = result.reason is not None and result.reason.code in ABSENT
    same = current.generation == result.generation and result.accounting_id in {"", current.accounting_id}
    return absent and same and current.state is State.CANCELLED and bool(current.accounting_id)


def _beside_payment(current: Journalled, result: Result) -> bool:
    """Whether a refusal is shown beside a payment: what is refused is a change, and what was paid stays paid.

    A document that accounting holds no more is paid no more.
    """
    absent = result.reason is not None and result.reason.code in ABSENT
    same = current.generation == result.generation and result.accounting_id in {"", current.accounting_id}
    return result.state is State.REFUSED and current.state.says_payment and same and not absent


def _still_paid(current: Journalled, result: Result) -> Result:
    """Keep what is known of a payment: that the same document stands in the books does not take it back."""
    same = (current.accounting_id, current.generation) == (result.accounting_id, result.generation)
    if same and current.state.says_payment and result.state in {State.EXPORTED, State.POSTED}:
        return result.model_copy(update={"state": current.state})
    return result


def _of_this_version(current: Journalled, result: Result, language: Language) -> Change | None:
    """Say where a word about the version that the row names is no news; None where it is."""
    if result.state is State.RETRYING and current.state.in_accounting and not current.is_refused:
        return Change(None)
    waits = current.state is State.RETRYING or _says_nothing_is_held(current)
    overtaken = (waits and result.state.in_accounting) or _overtaken_by_refusal(current, result)
    if is_earlier(result, current) and not overtaken:
        return Change(_adopted(current, result))
    if _same(current, result, language):
        return Change(None)
    return None


def _older(current: Journalled, result: Result, language: Language) -> Change:
    wrote = result.state.in_accounting
    if _says_nothing_is_held(current) and _may_be_held(result):
        # Said too early: the row names the version that accounting has, or may have, until the newer one is there too.
        # Should the look get lost that is asked for here, the reconciliation finds the row stale.
        return Change(_columns(result, current, language), again=True)
    columns = _adopted(current, result) or {}
    if wrote and result.written_hash != current.written_hash:
        # Accounting may hold the older content now: what is looked at again must not pass for written.
        columns["acx_writtenhash"] = result.written_hash
    if current.state is State.REFUSED and result.state is State.CANCELLED and _same_document(current, result):
        # What was refused after it counted on the document that the bridge took back; the next one is another.
        return Change({"acx_state": STATE_VALUES[State.CANCELLED], "acx_changedon": stamp(result.at)}, again=True)
    return Change(columns or None, again=wrote)


def _same_document(current: Journalled, result: Result) -> bool:
    """Whether a result is about the document that the row names."""
    return bool(result.accounting_id) and (current.accounting_id, current.generation) == (
        result.accounting_id,
        result.generation,
    )


def _may_be_held(result: Result) -> bool:
    """Whether accounting holds a document after this, or may hold it by an attempt that goes on."""
    if result.state is State.CANCELLED:
        return False
    return bool(result.accounting_id) or result.state is State.RETRYING or result.state.in_accounting


def after(current: Journalled | None, result: Result, columns: dict[str, Any]) -> Journalled:
    """Give the row as it will be once these columns are written, for the next result of the same batch."""
    base = current or Journalled(row_id=UUID(int=0), etag="", state=result.state)
    held = {
        "written_hash": columns.get("acx_writtenhash", base.written_hash),
        "number": columns.get("acx_number", base.number),
        "accounting_id": columns.get("acx_accountingid", base.accounting_id),
        "generation": columns.get("acx_generation", base.generation),
        "attempt": columns.get("acx_attempts", base.attempt),
        "retry": columns.get("acx_retry", base.retry),
        "total": base.total if columns.get("acx_total") is None else str(columns["acx_total"]),
        "currency": columns.get("acx_currency") or base.currency,
        "dated": columns.get("acx_dated") or base.dated,
        "message": columns.get("acx_message", base.message),
        "paid": _paid(columns, base),
    }
    if "acx_state" not in columns:
        return base.model_copy(update=held)
    said: dict[str, Any] = {"state": state_of(columns), "changed_at": result.at}
    if "acx_version" in columns or result.version == base.version:
        said |= {
            "version": result.version,
            "hash": columns.get("acx_hash", result.hash),
            "generation": result.generation,
            "attempt": result.attempt,
        }
    return base.model_copy(update=held | said)


def _paid(columns: dict[str, Any], base: Journalled) -> str:
    if "acx_paidamount" not in columns:
        return base.paid
    return "" if columns["acx_paidamount"] is None else str(columns["acx_paidamount"])


def _adopted(current: Journalled, result: Result) -> dict[str, Any] | None:
    """Of a word that comes too late, what accounting calls the document is kept where nobody knew it.

    A higher generation is such news too: the document that the row names was cancelled, and this one created anew.
    So is an attempt whose answer may be lost.
    """
    if result.state is State.RETRYING and not current.may_be_held:
        return {"acx_attempts": result.attempt}
    anew = result.generation > current.generation
    if not result.state.in_accounting or (current.accounting_id and not anew):
        return None
    columns: dict[str, Any] = {"acx_generation": result.generation} if anew else {}
    return columns | {"acx_number": result.number[:100], "acx_accountingid": result.accounting_id[:100]}


def is_earlier(result: Result, current: Journalled) -> bool:
    """Whether a result about the same version was said before the row's last word.

    By time first: a new trigger counts its attempts from 0 again, and its refusal is news. The row keeps whole seconds.
    """
    if current.changed_at is None:
        return False
    said, last = (moment_.replace(microsecond=0) for moment_ in (result.at, current.changed_at))
    return (said, result.attempt) < (last, current.attempt)


def _answers_retry(current: Journalled, result: Result) -> bool:
    """Whether a Retry had been pressed when the record was looked at; one pressed since must not pass for answered."""
    return current.retry and result.journal is not None and result.journal.retry


def _same(current: Journalled, result: Result, language: Language) -> bool:
    """Whether the row says all this already, save for times and attempts."""
    shown = current.is_refused if _beside_payment(current, result) else current.state is result.state
    return (
        shown
        and result.state is not State.RETRYING
        and not _answers_retry(current, result)
        and current.number == (result.number or current.number)
        and current.accounting_id == (result.accounting_id or current.accounting_id)
        and (current.written_hash == result.written_hash or not result.state.in_accounting)
        and current.message == message(result, current, language)[:MAX_MESSAGE].strip()
    )


def _columns(result: Result, current: Journalled | None, language: Language) -> dict[str, Any]:
    columns: dict[str, Any] = {
        "acx_name": (result.number or result.record)[:200],
        "acx_state": STATE_VALUES[result.state],
        "acx_message": message(result, current, language)[:MAX_MESSAGE],
        "acx_version": str(result.version),
        "acx_hash": result.hash,
        "acx_generation": result.generation,
        "acx_attempts": result.attempt,
        "acx_changedon": stamp(result.at),
        "acx_nextattempton": stamp(result.next_attempt_at) if result.next_attempt_at else None,
        "acx_hangson": json.dumps(result.hangs_on)[:MAX_HANGS_ON],
        "acx_correlationid": result.correlation_id,
    }
    if current is not None and _answers_retry(current, result):
        columns["acx_retry"] = False
    if result.state.in_accounting:
        columns |= {
            "acx_number": result.number[:100],
            "acx_accountingid": result.accounting_id[:100],
            "acx_writtenhash": result.written_hash,
            "acx_total": Decimal(result.total) if result.total else None,
            "acx_currency": result.currency or None,
            "acx_dated": result.dated.isoformat() if result.dated else None,
            "acx_lines": json.dumps([str(line) for line in result.lines], separators=(",", ":"))[:MAX_LINES],
        }
        if current is None or not current.state.in_accounting:
            columns["acx_postedon"] = stamp(result.at)
        if current is not None and current.paid and current.generation != result.generation:
            columns["acx_paidamount"] = None
    elif result.accounting_id:
        # Refused, yet accounting holds it: its number must not get lost.
        columns |= {"acx_number": result.number[:100], "acx_accountingid": result.accounting_id[:100]}
        if result.total:
            columns |= {"acx_total": Decimal(result.total), "acx_currency": result.currency or None}
        if result.dated:
            columns["acx_dated"] = result.dated.isoformat()
    return columns
