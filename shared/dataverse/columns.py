"""Reading values out of a Dataverse row. A value of the wrong type is a fault of the set-up, never guessed around."""

from collections.abc import Mapping
from datetime import date, datetime, tzinfo
from decimal import Decimal
from functools import lru_cache
from typing import Any
from uuid import UUID

from shared.errors import Misconfigured
from shared.money import EXACT

Row = Mapping[str, Any]


def _wrong(column: str, wanted: str) -> Misconfigured:
    return Misconfigured(f"Dataverse column {column} does not hold {wanted}: check the COLUMN_… and ROUTES settings")


def text(row: Row, column: str | None) -> str:
    """Give a text, trimmed; empty where the column is null or not configured."""
    value = row.get(column) if column else None
    if value is None:
        return ""
    if not isinstance(value, str):
        raise _wrong(str(column), "text")
    # A column's length counts UTF-16 units, so a text may end with half a character, which no message can carry.
    return (value if value.isascii() else value.encode(errors="replace").decode()).strip()


def amount(row: Row, column: str) -> Decimal | None:
    """Give a number as a plain Decimal (no exponent, no trailing zeros), or None where it is null."""
    value = row.get(column)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        raise _wrong(column, "a number")
    return plain(Decimal(value))


def plain(value: Decimal) -> Decimal:
    """Give the same number in its one shortest form, so that equal content has an equal hash."""
    whole = value == value.to_integral_value()
    return value.quantize(Decimal(1), context=EXACT) if whole else value.normalize(EXACT)


def number(row: Row, column: str) -> int | None:
    """Give a whole number or an option's value, or None where it is null."""
    value = row.get(column)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int):
        raise _wrong(column, "a whole number")
    return value


# Units, products, customers and currencies come again with every line and document.
_parsed_guid = lru_cache(maxsize=4096)(UUID)


def guid(row: Row, column: str) -> UUID | None:
    """Give a GUID, or None where it is null."""
    value = row.get(column)
    if value is None:
        return None
    try:
        return _parsed_guid(value)
    except (ValueError, AttributeError, TypeError):
        raise _wrong(column, "a GUID") from None


def key(row: Row, column: str) -> UUID:
    """Give a row's own id."""
    value = guid(row, column)
    if value is None:
        raise _wrong(column, "a GUID")
    return value


def moment(row: Row, column: str) -> datetime | None:
    """Give a point in time, or None where it is null."""
    value = text(row, column)
    if not value:
        return None
    try:
        parsed = datetime.fromisoformat(value)
    except ValueError:
        raise _wrong(column, "a date and time") from None
    if parsed.tzinfo is None:
        raise _wrong(column, "a date and time with its zone")
    return parsed


def local_date(row: Row, column: str, zone: tzinfo) -> date | None:
    """Give the day in the legal entity's zone: a date column as it is, a point in time as the day it falls on there.

    A column of format Date Only but behaviour User Local (invoice.datedelivered) is a point in time: midnight where the
    user was who typed it. Only where users sit east of the legal entity may that be another day there.
    """
    value = text(row, column)
    if len(value) == len("2026-01-31"):
        try:
            return date.fromisoformat(value)
        except ValueError:
            raise _wrong(column, "a date") from None
    point = moment(row, column)
    return point.astimezone(zone).date() if point else None


def version(row: Row) -> int:
    """Give the row's version, which rises with every change in the whole organization."""
    value = number(row, "versionnumber")
    if value is None:
        raise _wrong("versionnumber", "a whole number")
    return value
