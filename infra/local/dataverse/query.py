"""Query options: what of a table is asked for, with the limits that Dataverse documents for them."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from urllib.parse import unquote_plus

from infra.local.dataverse.conditions import Condition
from infra.local.dataverse.errors import DataverseError, not_understood, unknown_property
from infra.local.dataverse.filters import FilterParser
from infra.local.dataverse.schema import Column, Navigation, Table
from infra.local.dataverse.store import Store

MAX_EXPANDS = 15
_REFUSED = {
    "$skip": "Skip Clause is not supported in CRM",
    "$search": "The query parameter $search is not supported",
}
_KNOWN = frozenset({"$select", "$filter", "$orderby", "$top", "$count", "$expand", "$skiptoken", "$deltatoken"})
_SINGLE_ROW = frozenset({"$select", "$expand"})
_IN_EXPANDED_COLLECTION = frozenset({"$select", "$filter", "$orderby", "$top", "$expand"})


@dataclass(frozen=True)
class Order:
    """One column to sort by."""

    column: Column
    descending: bool


@dataclass(frozen=True)
class Expand:
    """A navigation property to be followed, and what is asked for at its other end."""

    navigation: Navigation
    query: "Query"


@dataclass(frozen=True)
class Query:
    """What is asked for of a table; ``text`` keeps the options as they were sent, for the links of further pages."""

    table: Table
    select: tuple[Column, ...] | None = None
    condition: Condition | None = None
    orderby: tuple[Order, ...] = ()
    top: int | None = None
    count: bool = False
    expands: tuple[Expand, ...] = ()
    skiptoken: str | None = None
    deltatoken: str | None = None
    text: Mapping[str, str] = field(default_factory=dict)

    @property
    def context(self) -> str:
        """The part of @odata.context that names the selected properties."""
        if self.select is None and not self.expands:
            return ""
        names = [column.wire_name for column in self.select or ()]
        names += [f"{expand.navigation.name}{expand.query.context or '()'}" for expand in self.expands]
        return f"({','.join(names)})"


def split_options(raw: str) -> dict[str, str]:
    """Take a query string apart; an option given twice is refused."""
    options: dict[str, str] = {}
    for item in raw.split("&"):
        if not item:
            continue
        name, _, value = item.partition("=")
        decoded = unquote_plus(name)
        if decoded in options:
            raise not_understood(f"Query option '{decoded}' was specified more than once.")
        options[decoded] = unquote_plus(value)
    return options


def split_outside(text: str, separator: str) -> list[str]:
    """Split where the separator stands outside quotes and brackets."""
    parts, depth, quoted, start = [], 0, False, 0
    for position, letter in enumerate(text):
        if letter == "'":
            quoted = not quoted
        elif quoted:
            continue
        elif letter in "([":
            depth += 1
        elif letter in ")]":
            depth -= 1
        elif letter == separator and depth == 0:
            parts.append(text[start:position])
            start = position + 1
    if depth or quoted:
        raise not_understood(f"Syntax error: unbalanced brackets or quotes in '{text}'.")
    parts.append(text[start:])
    return [part.strip() for part in parts if part.strip()]


class QueryReader:
    """Reads query options against the schema."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._expands = 0
        self._aliases: Mapping[str, str] = {}

    def read(self, table: Table, options: Mapping[str, str], *, single: bool = False) -> Query:
        """Read the options of a request; ``single`` where one row is addressed."""
        self._expands = 0
        self._aliases = {name: value for name, value in options.items() if name.startswith("@")}
        kept = {name: value for name, value in options.items() if not name.startswith("@") and name != "tag"}
        for name in kept:
            if name in _REFUSED:
                raise not_understood(_REFUSED[name])
            if name not in _KNOWN:
                raise not_understood(f"The query parameter {name} is not supported")
            if single and name not in _SINGLE_ROW:
                raise not_understood(f"The query parameter {name} is not supported for a single row")
        return self._query(table, kept, depth=0)

    def _query(self, table: Table, options: Mapping[str, str], depth: int) -> Query:
        filter_text = options.get("$filter")
        return Query(
            table,
            select=self._select(table, options["$select"]) if "$select" in options else None,
            condition=None
            if filter_text is None
            else FilterParser(self._store, table, filter_text, self._aliases).parse(),
            orderby=tuple(self._order(table, item) for item in split_outside(options.get("$orderby", ""), ",")),
            top=self._top(options),
            count=self._count(options),
            expands=tuple(self._expand(table, item, depth) for item in split_outside(options.get("$expand", ""), ",")),
            skiptoken=options.get("$skiptoken"),
            deltatoken=options.get("$deltatoken"),
            text=dict(options),
        )

    @staticmethod
    def _select(table: Table, text: str) -> tuple[Column, ...] | None:
        names = [name.strip() for name in text.split(",") if name.strip()]
        if names == ["*"]:
            return None
        return tuple(_column(table, name) for name in names)

    @staticmethod
    def _order(table: Table, item: str) -> Order:
        name, _, direction = item.partition(" ")
        if direction.strip() not in {"", "asc", "desc"}:
            raise not_understood(f"Syntax error at '{direction}' in '$orderby'.")
        return Order(_column(table, name), direction.strip() == "desc")

    @staticmethod
    def _top(options: Mapping[str, str]) -> int | None:
        text = options.get("$top")
        if text is None:
            return None
        if not text.isdecimal():
            raise not_understood(f"Invalid value '{text}' for $top query option found.")
        return int(text)

    @staticmethod
    def _count(options: Mapping[str, str]) -> bool:
        text = options.get("$count", "false")
        if text not in {"true", "false"}:
            raise not_understood(f"Invalid value '{text}' for $count query option found.")
        return text == "true"

    def _expand(self, table: Table, item: str, depth: int) -> Expand:
        self._expands += 1
        if self._expands > MAX_EXPANDS:
            raise not_understood(f"The request has more than {MAX_EXPANDS} $expand options.")
        match = re.fullmatch(r"([A-Za-z_][A-Za-z0-9_]*)\s*(?:\((.*)\))?", item, re.DOTALL)
        if match is None:
            raise not_understood(f"Syntax error in $expand at '{item}'.")
        navigation = table.navigations.get(match[1])
        if navigation is None:
            raise unknown_property(match[1], table.name)
        if navigation.table not in self._store.schema:
            raise not_understood(f"The table '{navigation.table}' is not served by this local server.")
        options = dict(_option(part) for part in split_outside(match[2] or "", ";"))
        self._check_expand(navigation, options, depth)
        return Expand(navigation, self._query(self._store.schema[navigation.table], options, depth + 1))

    @staticmethod
    def _check_expand(navigation: Navigation, options: Iterable[str], depth: int) -> None:
        allowed = _IN_EXPANDED_COLLECTION if navigation.many else _SINGLE_ROW
        for name in options:
            if name not in allowed:
                raise not_understood(f"The query option '{name}' is not supported in $expand of '{navigation.name}'.")
        nested = depth > 0 or "$expand" in options
        if nested and ("$orderby" in options or "$top" in options):
            raise not_understood(f"$orderby and $top are not supported with nested $expand ('{navigation.name}').")


def _option(part: str) -> tuple[str, str]:
    name, _, value = part.partition("=")
    return name.strip(), value


def _column(table: Table, name: str) -> Column:
    column = table.wire.get(name)
    if column is None or column.secret:
        raise unknown_property(name, table.name)
    return column


def check_tracked(query: Query) -> None:
    """Refuse what change tracking can't be combined with."""
    for name in ("filter", "orderby", "expand", "top"):
        if f"${name}" in query.text:
            raise DataverseError(
                400,
                "0x80060888",
                f'The "${name}" query parameter isn\'t supported when Change Tracking is enabled.',
            )
