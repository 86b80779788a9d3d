"""The words of ``$filter`` and what they are made into: tokens, literals, conditions."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from infra.local.dataverse.errors import not_understood
from infra.local.dataverse.schema import NUMBERS, TEXTS, Column, Kind, Table
from infra.local.dataverse.store import Row
from infra.local.dataverse.values import GUID, day, edm_type, guid, instant

Predicate = Callable[[Row], bool]

_TOKEN = re.compile(
    r"\s*(?:(?P<text>'(?:[^']|'')*')|(?P<list>\[(?:'(?:[^']|'')*'|\"[^\"]*\"|[^\]'\"])*\])"
    r"|(?P<guid>[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12})"
    r"|(?P<when>\d{4}-\d{2}-\d{2}(?:T[0-9:.]+(?:Z|[+-]\d{2}:\d{2})?)?)"
    r"|(?P<number>-?\d+(?:\.\d+)?)"
    r"|(?P<name>[@A-Za-z_][A-Za-z0-9_.]*)|(?P<mark>[(),=/:]))"
)


@dataclass(frozen=True)
class Token:
    """A word of the expression."""

    kind: str
    text: str


@dataclass(frozen=True)
class Condition:
    """What a row must be; ``ids`` or ``lookup`` name the only rows that can be it, where that is known."""

    test: Predicate
    ids: frozenset[str] | None = None
    lookup: tuple[str, frozenset[str]] | None = None
    """A lookup column and the ids it must point to."""


def tokens_of(text: str) -> list[Token]:
    """Take an expression apart into words."""
    found, position = [], 0
    stripped = text.rstrip()
    while position < len(stripped):
        match = _TOKEN.match(stripped, position)
        if match is None or match.lastgroup is None:
            raise not_understood(f"Syntax error at position {position} in '{text}'.")
        found.append(Token(match.lastgroup, match[match.lastgroup]))
        position = match.end()
    return found


ColumnReader = Callable[[Row], Any]


def reader(column: Column) -> ColumnReader:
    """Give the function that reads a column for comparison: texts without case, lookups as ids."""
    name = column.name
    if column.kind in TEXTS:
        return lambda row: None if (value := row.get(name)) is None else value.casefold()
    if column.kind is Kind.LOOKUP:
        return lambda row: None if (value := row.get(name)) is None else value.id
    return lambda row: row.get(name)


def equal(table: Table, column: Column, literal: Any, read: ColumnReader) -> Condition:
    """Give the condition that a column equals a literal."""
    if column.name == table.key:
        return Condition(lambda row: read(row) == literal, ids=frozenset({literal}))
    lookup = (column.name, frozenset({literal})) if column.kind is Kind.LOOKUP else None
    return Condition(lambda row: read(row) == literal, lookup=lookup)


def unquoted(text: str) -> str:
    """Take the quotes off a literal."""
    return text[1:-1].replace("''", "'")


def value_of(column: Column, token: Token) -> Any:  # noqa: PLR0911 - one way to read each kind
    """Read a literal for a column, or give None where it is not one of its type."""
    kind = column.kind
    if kind in TEXTS:
        return unquoted(token.text).casefold() if token.kind == "text" else None
    if kind in {Kind.GUID, Kind.LOOKUP}:
        # Dataverse takes a GUID with or without quotes.
        return guid(token.text.strip("'"))
    if kind is Kind.BOOLEAN:
        return {"true": True, "false": False}.get(token.text)
    if kind is Kind.DATE:
        return day(token.text)
    if kind is Kind.DATETIME:
        return instant(token.text) or (None if day(token.text) is None else f"{token.text}T00:00:00Z")
    if kind in NUMBERS and token.kind == "number":
        return Decimal(token.text)
    return None


def items_of(text: str) -> list[str]:
    """Take a list of values apart."""
    inner = text.strip()[1:-1]
    return [item.strip() for item in re.findall(r"'(?:[^']|'')*'|\"[^\"]*\"|[^,]+", inner) if item.strip()]


def in_value(column: Column, text: str) -> Any:
    """Read a value of a list for a column."""
    plain = text[1:-1].replace("''", "'") if text[0] in "'\"" else text
    kind = "text" if column.kind in TEXTS else "number"
    token = Token("guid", plain) if GUID.match(plain) and column.kind not in TEXTS else Token(kind, plain)
    value = value_of(column, Token("text", f"'{plain}'") if kind == "text" else token)
    if value is None:
        raise not_understood(f"Cannot convert the literal '{plain}' to the expected type '{edm_type(column)}'.")
    return value


def both(conditions: Sequence[Condition]) -> Condition:
    """Give the condition that is true where all are. A long chain is one loop, not a tower of calls."""
    if len(conditions) == 1:
        return conditions[0]
    tests = [condition.test for condition in conditions]
    known = [condition.ids for condition in conditions if condition.ids is not None]
    lookup = next((condition.lookup for condition in conditions if condition.lookup is not None), None)
    ids = frozenset.intersection(*known) if known else None
    return Condition(lambda row: all(test(row) for test in tests), ids, lookup)


def either(conditions: Sequence[Condition]) -> Condition:
    """Give the condition that is true where any is."""
    if len(conditions) == 1:
        return conditions[0]
    tests = [condition.test for condition in conditions]
    known = [condition.ids for condition in conditions if condition.ids is not None]
    ids = frozenset.union(*known) if len(known) == len(conditions) else None
    return Condition(lambda row: any(test(row) for test in tests), ids)
