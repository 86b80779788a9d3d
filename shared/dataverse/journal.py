"""The journal: the Dataverse table ``acx_accountingexport``, one row a record and accounting system.

Reading a row, its sentence for a person, and writing a change so that nobody's newer word is lost. What a result
changes in it is decided in :mod:`shared.dataverse.journal_changes`.
"""

from datetime import UTC, date, datetime
from typing import Any, Literal
from uuid import UUID

from shared.dataverse.batch import Operation
from shared.dataverse.columns import Row, amount, key, moment, number, text
from shared.keys import journal_key
from shared.messages import Binding, Journalled, Result, State
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
MAX_MESSAGE = 4000


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
