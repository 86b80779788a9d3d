"""The journal: the Dataverse table ``acx_accountingexport``, one row a record and accounting system.

Reading a row, deciding what a result changes in it (pure), and writing the change so that nobody's newer word is lost.
"""

import json
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, Literal
from uuid import UUID

from shared.dataverse.batch import Operation
from shared.dataverse.columns import Row, amount, key, moment, number, text
from shared.keys import journal_key
from shared.messages import REFUSED_CHANGE, Binding, Journalled, Result, State
from shared.refusals import HANDED_OUT, Language, holding

TABLE: Literal["acx_accountingexport"] = "acx_accountingexport"
SET = "acx_accountingexports"
PARENTS = ("invoice", "salesorder", "account", "contact", "product")
"""Tables whose rows have journal rows under them; the lookup is ``acx_<table>id``."""

_FIRST_OPTION = 717_190_000
"""First option value of the publisher; the states follow in the order of their declaration."""
STATE_VALUES = {state: _FIRST_OPTION + offset for offset, state in enumerate(State)}
_STATES = {value: state for state, value in STATE_VALUES.items()}

COLUMNS = (
    "acx_accountingexportid",
    "acx_key",
    "acx_target",
    "acx_state",
    "acx_version",
    "acx_hash",
    "acx_writtenhash",
    "acx_generation",
    "acx_attempts",
    "acx_changedon",
    "acx_number",
    "acx_accountingid",
    "acx_total",
    "acx_currency",
    "acx_dated",
    "acx_message",
    "acx_paidamount",
    "acx_retry",
)
ABSENT = ("deleted_in_accounting", "cancelled_in_accounting")
"""Refusals that say that accounting holds the document no more."""
MAX_MESSAGE = 4000
MAX_HANGS_ON = 100_000
"""some 2,000 records"""
MAX_LINES = 1_000_000


def read(row: Row) -> Journalled:
    """Make what the bridge knows of a row; an unknown state counts as Waiting, so that it is looked at again."""
    return Journalled(
        row_id=key(row, "acx_accountingexportid"),
        etag=text(row, "@odata.etag"),
        state=state_of(row),
        version=_version(text(row, "acx_version")),
        hash=text(row, "acx_hash"),
        written_hash=text(row, "acx_writtenhash"),
        generation=number(row, "acx_generation") or 0,
        attempt=number(row, "acx_attempts") or 0,
        changed_at=moment(row, "acx_changedon"),
        number=text(row, "acx_number"),
        accounting_id=text(row, "acx_accountingid"),
        total="" if (total := amount(row, "acx_total")) is None else str(total),
        currency=text(row, "acx_currency"),
        dated=_day(text(row, "acx_dated")),
        message=text(row, "acx_message"),
        paid="" if (paid := amount(row, "acx_paidamount")) is None else str(paid),
        retry=row.get("acx_retry") is True,
    )


def state_of(row: Row) -> State:
    """Give the state of a row; an unknown one counts as Waiting, so that it is looked at again."""
    return _STATES.get(number(row, "acx_state") or 0, State.WAITING)


def _version(written: str) -> int:
    """Read a version. What somebody edited into something else counts as none, so that the document is looked at."""
    return int(written) if written.isascii() and written.isdecimal() else 0


def _day(written: str) -> str:
    """Read a date. What somebody edited into something else counts as none."""
    try:
        return date.fromisoformat(written).isoformat()
    except ValueError:
        return ""


@dataclass(frozen=True)
class Change:
    """What a result does to the journal: columns to write (None: nothing), and whether to look at the record again."""

    columns: dict[str, Any] | None
    again: bool = False


def merge(current: Journalled | None, result: Result, language: Language) -> Change:
    """Decide what a result changes in the current row.

    The highest version wins, whatever order results arrive in. An older result is never the end of the story when
    accounting was written: the record goes back on ``changes``, so that accounting gets the last state too.
    """
    if result.acknowledges:
        return Change({"acx_retry": False} if current is not None and current.retry else None)
    if current is None:
        return Change(_columns(result, None, language))
    result = _still_paid(current, result)
    if result.version < current.version:
        return _older(current, result)
    if result.version == current.version and (change := _of_this_version(current, result, language)):
        return change
    columns = _columns(result, current, language)
    if _beside_payment(current, result):
        columns |= {"acx_state": STATE_VALUES[current.state], "acx_hash": REFUSED_CHANGE}
    return Change(columns)


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
    overtaken = current.state is State.RETRYING and result.state.in_accounting
    if is_earlier(result, current) and not overtaken:
        return Change(_adopted(current, result))
    if _same(current, result, language):
        return Change(None)
    return None


def _older(current: Journalled, result: Result) -> Change:
    wrote = result.state.in_accounting
    columns = _adopted(current, result) or {}
    if wrote and result.written_hash != current.written_hash:
        # Accounting may hold the older content now: what is looked at again must not pass for written.
        columns["acx_writtenhash"] = result.written_hash
    return Change(columns or None, again=wrote)


def after(current: Journalled | None, result: Result, columns: dict[str, Any]) -> Journalled:
    """Give the row as it will be once these columns are written, for the next result of the same batch."""
    base = current or Journalled(row_id=UUID(int=0), etag="", state=result.state)
    held = {
        "written_hash": columns.get("acx_writtenhash", base.written_hash),
        "number": columns.get("acx_number", base.number),
        "accounting_id": columns.get("acx_accountingid", base.accounting_id),
        "generation": columns.get("acx_generation", base.generation),
        "retry": columns.get("acx_retry", base.retry),
        "total": base.total if columns.get("acx_total") is None else str(columns["acx_total"]),
        "currency": columns.get("acx_currency") or base.currency,
        "dated": columns.get("acx_dated") or base.dated,
        "message": columns.get("acx_message", base.message),
        "paid": _paid(columns, base),
    }
    if "acx_state" not in columns:
        return base.model_copy(update=held)
    said = {
        "state": _STATES[columns["acx_state"]],
        "version": result.version,
        "hash": columns.get("acx_hash", result.hash),
        "generation": result.generation,
        "attempt": result.attempt,
        "changed_at": result.at,
    }
    return base.model_copy(update=held | said)


def _paid(columns: dict[str, Any], base: Journalled) -> str:
    if "acx_paidamount" not in columns:
        return base.paid
    return "" if columns["acx_paidamount"] is None else str(columns["acx_paidamount"])


def _adopted(current: Journalled, result: Result) -> dict[str, Any] | None:
    """Of a word that comes too late, what accounting calls the document is kept where nobody knew it.

    A higher generation is such news too: the document that the row names was cancelled, and this one created anew.
    """
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


def _same(current: Journalled, result: Result, language: Language) -> bool:
    """Whether the row says all this already, save for times and attempts."""
    shown = current.is_refused if _beside_payment(current, result) else current.state is result.state
    return (
        shown
        and result.state is not State.RETRYING
        and not current.retry
        and current.number == (result.number or current.number)
        and current.accounting_id == (result.accounting_id or current.accounting_id)
        and (current.written_hash == result.written_hash or not result.state.in_accounting)
        and current.message == message(result, current, language)[:MAX_MESSAGE].strip()
    )


def message(result: Result, current: Journalled | None, language: Language) -> str:
    """Give the sentence for a person: the reason with what accounting holds; empty where all is well."""
    if result.reason is not None:
        return result.reason.text(language, result.table, result.record, _holds(result, current, language))
    return ""


def _holds(result: Result, current: Journalled | None, language: Language) -> str:
    """Say what accounting holds: as the result says, else as the row does, where that is the same document."""
    known = current if current and result.accounting_id in {"", current.accounting_id} else None
    named = result.accounting_id or (known.accounting_id if known else "")
    if number_ := result.number or (current.number if current else ""):
        named = f"№ {number_}"
    if not named and (result.written_hash or (current is not None and current.written_hash)):
        return HANDED_OUT[language]
    dated = result.dated.isoformat() if result.dated else known.dated if known else ""
    if result.total:
        return holding(language, named, dated, result.total, result.currency)
    return holding(language, named, dated, known.total if known else "", known.currency if known else "")


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
    if current is not None and current.retry:
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


def stamp(at: datetime) -> str:
    """Write a time as Dataverse takes it: UTC, to the second."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def write(key_: str, parent: tuple[str, UUID] | None, current: Journalled | None, columns: dict[str, Any]) -> Operation:
    """Make the operation that writes a row: a creation, or a change of exactly the state that was read."""
    if current is not None:
        return Operation("PATCH", f"{SET}({current.row_id})", columns, {"If-Match": current.etag})
    created = {"acx_key": key_, "acx_target": key_.split(":", 1)[0]}
    if parent is not None:
        table, record = parent
        created[f"acx_{table}id@odata.bind"] = f"/{table}s({record})"
    return Operation("POST", SET, columns | created)


def result_key(result: Result) -> str:
    """Give the key of the row that a result is about."""
    return journal_key(result.target, result.table, result.id)


def binding_columns(binding: Binding, at: datetime) -> dict[str, Any]:
    """Give the row of a customer or a product: what it is in accounting, and the card that accounting was given."""
    return {
        "acx_name": (binding.number or binding.accounting_id)[:200],
        "acx_state": STATE_VALUES[State.BOUND],
        "acx_number": binding.number[:100],
        "acx_accountingid": binding.accounting_id[:100],
        "acx_writtenhash": binding.card,
        "acx_changedon": stamp(at),
    }


def binding_change(current: Journalled | None, columns: dict[str, Any]) -> dict[str, Any] | None:
    """Decide what the word of a connector changes in the row of a customer or a product; None: nothing.

    The card that accounting was given last counts. Of two within one second nobody knows which was the last: then the
    row names none, so that the next document looks at the card.
    """
    if current is None or current.accounting_id != columns["acx_accountingid"]:
        return columns
    if columns["acx_writtenhash"] in {"", current.written_hash}:
        return None
    said = datetime.fromisoformat(columns["acx_changedon"])
    if current.changed_at is not None and current.written_hash and said <= current.changed_at:
        return columns | {"acx_writtenhash": ""} if said == current.changed_at else None
    return columns
