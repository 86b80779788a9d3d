"""How 1C's standard OData interface is addressed: names, keys, literals, options. Pure.

Every value is encoded here and nowhere else. A space becomes ``%20``: 1C reads ``+`` inside ``$filter`` as addition.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any
from urllib.parse import quote
from uuid import UUID

Row = dict[str, Any]
"""An object of 1C as JSON gives it: fractions are Decimal, Int64 is a string."""

EMPTY_DATE = "0001-01-01T00:00:00"
MAX_FILTER = 1500
"""Encoded characters of one ``$filter``: IIS takes 2,048 for a whole query unless told otherwise."""


def instance(entity: str, key: UUID, select: Sequence[str] = ()) -> str:
    """Give the address of one object."""
    address = f"{quote(entity, safe='')}(guid'{key}')"
    return f"{address}?$select={quote(','.join(select), safe='')}" if select else address


def record(entity: str, dimensions: Mapping[str, UUID | str]) -> str:
    """Give the address of one record of an independent register, by its dimensions."""
    literals = {name: guid(value) if isinstance(value, UUID) else text(value) for name, value in dimensions.items()}
    key = ",".join(f"{quote(name, safe='')}={quote(literal, safe='')}" for name, literal in literals.items())
    return f"{quote(entity, safe='')}({key})"


def collection(
    entity: str,
    *,
    select: Sequence[str] = (),
    where: str = "",
    order_by: str = "",
    top: int | None = None,
    skip: int = 0,
) -> str:
    """Give the address of the objects that fulfil a condition."""
    options = {"$select": ",".join(select), "$filter": where, "$orderby": order_by, "$top": "" if top is None else top}
    options["$skip"] = skip or ""
    query = "&".join(f"{name}={quote(str(value), safe='')}" for name, value in options.items() if value != "")
    return quote(entity, safe="") + (f"?{query}" if query else "")


def text(value: str) -> str:
    """Write a text literal; a quote is doubled."""
    return "'" + value.replace("'", "''") + "'"


def guid(value: UUID) -> str:
    """Write a reference."""
    return f"guid'{value}'"


def moment(value: datetime) -> str:
    """Write a date and time: wall clock, no zone."""
    return f"datetime'{value:%Y-%m-%dT%H:%M:%S}'"


def chunks(conditions: Sequence[str], fixed: str) -> Iterator[str]:
    """Join conditions with ``or`` behind the fixed one, in as few filters as their length allows."""
    part: list[str] = []
    for condition in conditions:
        if part and len(quote(f"{fixed} and ({' or '.join([*part, condition])})", safe="")) > MAX_FILTER:
            yield f"{fixed} and ({' or '.join(part)})"
            part = []
        part.append(condition)
    if part:
        yield f"{fixed} and ({' or '.join(part)})"


def reference(row: Row, name: str = "Ref_Key") -> UUID:
    """Read a reference. ValueError where it is none."""
    return UUID(str(row[name]))


def key(text: str | None) -> UUID | None:
    """Read the key that a binding names; None where there is none, or where it is not one of 1C's."""
    try:
        return UUID(text) if text else None
    except ValueError:
        return None


def number(row: Row, name: str) -> Decimal | None:
    """Read a number, whichever way JSON shows it; None where there is none."""
    value = row.get(name)
    if value is None or value == "" or isinstance(value, bool):
        return None
    return Decimal(str(value))
