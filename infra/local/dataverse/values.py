"""Column values: from JSON to what is stored, and from what is stored to JSON text and display text.

Dates: a Date column is ``Edm.Date`` and takes ``YYYY-MM-DD`` alone; a DateTime column is ``Edm.DateTimeOffset``, needs
an offset, and is answered in UTC to the second, as Dataverse keeps it. Fractions are rounded half away from zero to the
column's precision (Dataverse's own rule for the middle is not documented). A text's length counts
UTF-16 units, as nvarchar does.
"""

import re
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import ROUND_HALF_UP, Decimal
from json.encoder import encode_basestring as json_text
from typing import Any
from uuid import UUID

from infra.local.dataverse.errors import bad_payload, out_of_range, too_long
from infra.local.dataverse.schema import CHOICES, FRACTIONS, TEXTS, Column, Kind, Table

GUID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}\Z")
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}\Z")
_MOST = Decimal("922337203685477")
_LEAST = -_MOST
"""The bounds of SQL Server's money, for columns that have none of their own."""

_INT32 = range(-(2**31), 2**31)
_EDM = {
    Kind.STRING: "Edm.String",
    Kind.MEMO: "Edm.String",
    Kind.GUID: "Edm.Guid",
    Kind.LOOKUP: "Edm.Guid",
    Kind.INTEGER: "Edm.Int32",
    Kind.PICKLIST: "Edm.Int32",
    Kind.STATE: "Edm.Int32",
    Kind.STATUS: "Edm.Int32",
    Kind.BIGINT: "Edm.Int64",
    Kind.DECIMAL: "Edm.Decimal",
    Kind.MONEY: "Edm.Decimal",
    Kind.DOUBLE: "Edm.Double",
    Kind.BOOLEAN: "Edm.Boolean",
    Kind.DATETIME: "Edm.DateTimeOffset",
    Kind.DATE: "Edm.Date",
}


def edm_type(column: Column) -> str:
    """Give the column's type in the Web API's metadata."""
    return _EDM[column.kind]


def instant(text: str) -> str | None:
    """Read a point in time with an offset; give it in UTC to the second, or None where it is not one."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    if moment.tzinfo is None or _DATE.match(text):
        return None
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def day(text: str) -> str | None:
    """Read a date without a time, or give None."""
    if not _DATE.match(text):
        return None
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError:
        return None


def rounded(value: Decimal, precision: int) -> Decimal:
    """Round half away from zero."""
    return value.quantize(Decimal(1).scaleb(-precision), ROUND_HALF_UP)


def fraction(column: Column, value: Decimal) -> Decimal:
    """Round to the column's precision and give it all the digits that are answered."""
    return rounded(value, column.precision).quantize(Decimal(1).scaleb(-column.digits))


def _wrong(table: Table, column: Column, value: object) -> Exception:
    return bad_payload(
        table.set_name, f"Cannot convert the literal '{value}' to the expected type '{edm_type(column)}'."
    )


def _text(table: Table, column: Column, value: Any) -> str:
    if not isinstance(value, str):
        raise _wrong(table, column, value)
    units = value.encode("utf-16-le", "surrogatepass")
    if column.maximum_length is not None and len(units) // 2 > column.maximum_length:
        raise too_long(column.name, table.name, column.maximum_length)
    # Half a surrogate pair has no place in an answer's UTF-8; .NET writes a replacement character, too.
    return value if value.isascii() else units.decode("utf-16-le", "replace")


def _number(table: Table, column: Column, value: Any) -> int | Decimal:
    whole = column.kind not in FRACTIONS
    if isinstance(value, bool) or not isinstance(value, int if whole else (int, Decimal)):
        raise _wrong(table, column, value)
    if column.kind in CHOICES:
        if column.options and value not in column.options:
            accepted = ",".join(map(str, column.options))
            raise out_of_range(value, column.name, table.name, accepted, "0x8004431a")
        return int(value)
    if whole and value not in _INT32:
        raise _wrong(table, column, value)
    minimum, maximum = (_LEAST, _MOST) if column.minimum is None else (column.minimum, column.maximum or _MOST)
    if not minimum <= value <= maximum:
        accepted = f"{minimum} to {maximum}"
        raise out_of_range(value, column.name, table.name, accepted, "0x80044332" if whole else "0x80044330")
    return int(value) if whole else fraction(column, Decimal(value))


def parse(table: Table, column: Column, value: Any) -> Any:
    """Read a JSON value for a column; DataverseError where it doesn't fit its type, length, range or options."""
    if value is None:
        return None
    if column.kind in TEXTS:
        return _text(table, column, value) or None
    if column.kind is Kind.BOOLEAN:
        if not isinstance(value, bool):
            raise _wrong(table, column, value)
        return value
    if column.kind in {Kind.GUID, Kind.DATE, Kind.DATETIME}:
        if not isinstance(value, str):
            raise _wrong(table, column, value)
        read = {Kind.GUID: guid, Kind.DATE: day, Kind.DATETIME: instant}[column.kind](value)
        if read is None:
            raise _wrong(table, column, value)
        return read
    return _number(table, column, value)


def guid(text: str) -> str | None:
    """Read a GUID, or give None."""
    return str(UUID(text)) if GUID.match(text) else None


def writer(column: Column) -> Callable[[Any], str]:
    """Give the function that writes a stored value (not None) as JSON."""
    if column.kind in FRACTIONS:
        return _write_fraction
    if column.kind is Kind.LOOKUP:
        return _write_lookup
    if column.kind is Kind.BOOLEAN:
        return _write_boolean
    return json_text if column.kind in _QUOTED else str


_QUOTED = frozenset({*TEXTS, Kind.GUID, Kind.DATE, Kind.DATETIME})


def _write_fraction(value: Decimal) -> str:
    return format(value, "f")


def _write_lookup(value: tuple[str, str]) -> str:
    return f'"{value[1]}"'


def _write_boolean(value: bool) -> str:
    return "true" if value else "false"


def _display_number(value: int | Decimal, digits: int) -> str:
    return f"{value:,.{digits}f}"


def display(  # noqa: PLR0911 - one way to show each kind
    column: Column, value: Any, currency_symbol: str, currency_precision: int
) -> str | None:
    """Give the text a user sees (the formatted value), or None where a column has none."""
    match column.kind:
        case Kind.PICKLIST | Kind.STATE | Kind.STATUS:
            return column.options.get(value, str(value))
        case Kind.BOOLEAN:
            return "Yes" if value else "No"
        case Kind.MONEY:
            return f"{currency_symbol}{_display_number(value, currency_precision)}"
        case Kind.DECIMAL | Kind.DOUBLE:
            return _display_number(value, column.precision)
        case Kind.INTEGER | Kind.BIGINT:
            return _display_number(value, 0)
        case Kind.DATE:
            return f"{date.fromisoformat(value):%-m/%-d/%Y}"
        case Kind.DATETIME:
            return f"{datetime.fromisoformat(value):%-m/%-d/%Y %-I:%M %p}"
        case _:
            return None
