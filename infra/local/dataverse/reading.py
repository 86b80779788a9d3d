"""Answers a query as JSON text: rows, expanded rows, pages.

Text is built straight from the stored values, since one answer may hold thousands of rows. Rows come in the order of
their ids unless they are sorted: Dataverse promises no order either.
"""

import re
from bisect import bisect_right
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from json.encoder import encode_basestring as json_text
from typing import Any, TypeVar
from urllib.parse import quote, unquote

from infra.local.dataverse.errors import not_understood
from infra.local.dataverse.query import Expand, Query
from infra.local.dataverse.schema import Column, Kind, Table
from infra.local.dataverse.store import Row, Store
from infra.local.dataverse.values import display, writer

_T = TypeVar("_T")

PAGE_SIZE = 5000
"""The most rows of a page, and the most that $count counts."""

FORMATTED = "OData.Community.Display.V1.FormattedValue"
_LOOKUP_TABLE = "Microsoft.Dynamics.CRM.lookuplogicalname"
_LOOKUP_NAVIGATION = "Microsoft.Dynamics.CRM.associatednavigationproperty"
ANNOTATIONS = (FORMATTED, _LOOKUP_TABLE, _LOOKUP_NAVIGATION)
_TOKEN = re.compile(r'pagenumber="(\d+)".*?last="\{([0-9a-f-]{36})\}"', re.DOTALL)


@dataclass(frozen=True)
class Reading:
    """What an answer needs besides its query: where the API is, how many rows a page holds, which annotations."""

    base: str
    """Address of the API, ending in a slash."""
    page_size: int = PAGE_SIZE
    annotations: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Page:
    """Rows of one page, and the token of the next one."""

    rows: Sequence[Row]
    total: int
    token: str | None


def make_token(number: int, key: str, first: str, last: str) -> str:
    """Give the paging cookie of the page after this one, encoded as Dataverse encodes it."""
    inner = f'<cookie page="{number - 1}"><{key} last="{{{last}}}" first="{{{first}}}" /></cookie>'
    return f'<cookie pagenumber="{number}" pagingcookie="{quote(quote(inner))}" istracking="False" />'


def read_token(token: str) -> tuple[int, str]:
    """Give the page's number and the last id before it."""
    match = _TOKEN.search(unquote(unquote(token)))
    if match is None:
        raise not_understood("Malformed XML in the paging cookie: invalid $skiptoken.")
    return int(match[1]), match[2]


class Reader:
    """Answers queries from the store."""

    def __init__(self, store: Store) -> None:
        self.store = store

    def candidates(self, query: Query) -> Iterable[Row]:
        """Give the rows that the condition allows, in no particular order."""
        rows = self.store.tables[query.table.name]
        condition = query.condition
        if condition is None:
            return rows.values()
        if condition.ids is not None:
            found: Iterable[Row] = [rows[row_id] for row_id in condition.ids if row_id in rows]
        elif condition.lookup is not None:
            column, ids = condition.lookup
            found = [row for row_id in ids for row in self.store.referring(query.table.name, column, row_id)]
        else:
            found = rows.values()
        return [row for row in found if condition.test(row)]

    def sort(self, query: Query, rows: Iterable[Row]) -> list[Row]:
        """Sort by $orderby, and by id where that leaves it open; an empty value comes first."""
        key = query.table.key
        ordered = sorted(rows, key=lambda row: row[key])
        for order in reversed(query.orderby):
            ordered.sort(key=_sort_key(order.column), reverse=order.descending)
        return ordered

    def page(self, query: Query, rows: Iterable[Row], size: int) -> Page:
        """Give the page that the query's token asks for."""
        ordered, key = self.sort(query, rows), query.table.key
        total = len(ordered)
        if query.top is not None:
            return Page(ordered[: min(query.top, PAGE_SIZE)], total, None)
        start, number = 0, 1
        if query.skiptoken is not None:
            number, last = read_token(query.skiptoken)
            start = self._after(query, ordered, last, (number - 1) * size)
        chosen = ordered[start : start + size]
        more = start + size < total
        token = make_token(number + 1, key, chosen[0][key], chosen[-1][key]) if more else None
        return Page(chosen, total, token)

    @staticmethod
    def _after(query: Query, ordered: Sequence[Row], last: str, otherwise: int) -> int:
        key = query.table.key
        if not query.orderby:
            return bisect_right(ordered, last, key=lambda row: row[key])
        for position, row in enumerate(ordered):
            if row[key] == last:
                return position + 1
        return otherwise

    def collection(self, query: Query, reading: Reading, rows: Iterable[Row] | None = None, path: str = "") -> str:
        """Give the JSON text of a page of rows; ``path`` is their address where it is not the table's own."""
        page = self.page(query, self.candidates(query) if rows is None else rows, reading.page_size)
        write = RowWriter(self, query, reading)
        address = path or query.table.set_name
        parts = [f'"@odata.context":{json_text(f"{reading.base}$metadata#{query.table.set_name}{query.context}")}']
        if query.count:
            parts.append(f'"@odata.count":{min(page.total, PAGE_SIZE)}')
        parts.append(f'"value":[{",".join(map(write.row, page.rows))}]')
        if page.token is not None:
            parts.append(f'"@odata.nextLink":{json_text(next_link(reading.base, address, query.text, page.token))}')
        return f"{{{','.join(parts)}}}"

    def entity(self, query: Query, reading: Reading, row: Row) -> str:
        """Give the JSON text of one row."""
        context = json_text(f"{reading.base}$metadata#{query.table.set_name}{query.context}/$entity")
        return f'{{"@odata.context":{context},{RowWriter(self, query, reading).row(row)[1:]}'


def next_link(base: str, path: str, options: Mapping[str, str], token: str) -> str:
    """Give the address of a further page: the same options, and the token."""
    kept = {name: value for name, value in options.items() if name != "$skiptoken"}
    return link(base, path, kept, f"$skiptoken={quote(token, safe='')}")


def link(base: str, path: str, options: Mapping[str, str], last: str) -> str:
    """Give an address with query options; ``last`` is the option that makes it go on, already encoded."""
    encoded = [f"{quote(name, safe='$@')}={quote(value, safe=_UNQUOTED)}" for name, value in options.items()]
    return f"{base}{path}?{'&'.join([*encoded, last])}"


_UNQUOTED = "$(),;='/*"


def _sort_key(column: Column) -> Callable[[Row], tuple[bool, Any]]:
    name = column.name
    if column.kind in {Kind.STRING, Kind.MEMO}:
        return lambda row: (row.get(name) is not None, (row.get(name) or "").casefold())
    return lambda row: (value is not None, value) if (value := row.get(name)) is not None else (False, 0)


@dataclass
class _Many:
    """An expanded collection: how its rows are found and written."""

    expand: Expand
    write: "RowWriter"
    prefix: str


@dataclass
class _One:
    """An expanded single row; the text of each is written once."""

    expand: Expand
    write: "RowWriter"
    prefix: str
    texts: dict[str, str] = field(default_factory=dict)


class RowWriter:
    """Writes rows of one query; made once an answer."""

    def __init__(self, reader: Reader, query: Query, reading: Reading) -> None:
        self._store = reader.store
        self._reader = reader
        self._reading = reading
        self._table: Table = query.table
        columns = query.select
        if columns is None:
            columns = tuple(column for column in query.table.columns.values() if not column.secret)
        elif query.table.columns[query.table.key] not in columns:
            columns = (*columns, query.table.columns[query.table.key])
        self._columns = columns
        self._fields = [(f"{json_text(column.wire_name)}:", column.name, writer(column)) for column in columns]
        self._annotated = {column.name: column for column in columns} if reading.annotations else {}
        self._many = [self._expanded(_Many, expand) for expand in query.expands if expand.navigation.many]
        self._one = [self._expanded(_One, expand) for expand in query.expands if not expand.navigation.many]

    def _expanded(self, kind: Callable[[Expand, "RowWriter", str], _T], expand: Expand) -> _T:
        prefix = f"{json_text(expand.navigation.name)}:"
        return kind(expand, RowWriter(self._reader, expand.query, self._reading), prefix)

    def row(self, row: Row) -> str:
        """Give a row as a JSON object."""
        parts = [f'"@odata.etag":"W/\\"{row["versionnumber"]}\\""']
        for prefix, name, write in self._fields:
            value = row.get(name)
            if value is None:
                parts.append(f"{prefix}null")
            else:
                if self._annotated:
                    parts += self._annotations(self._annotated[name], row, value)
                parts.append(prefix + write(value))
        for one in self._one:
            parts.append(one.prefix + self._single(one, row))
        for many in self._many:
            self._several(many, row, parts)
        return f"{{{','.join(parts)}}}"

    def _single(self, one: _One, row: Row) -> str:
        navigation = one.expand.navigation
        ref = row.get(navigation.column)
        if ref is None or ref.table != navigation.table:
            return "null"
        text = one.texts.get(ref.id)
        if text is None:
            other = self._store.get(ref.table, ref.id)
            text = one.texts[ref.id] = "null" if other is None else one.write.row(other)
        return text

    def _several(self, many: _Many, row: Row, parts: list[str]) -> None:
        navigation, query = many.expand.navigation, many.expand.query
        row_id = row[self._table.key]
        rows: Iterable[Row] = self._store.referring(navigation.table, navigation.column, row_id)
        if query.condition is not None:
            rows = filter(query.condition.test, rows)
        page = self._reader.page(query, rows, self._reading.page_size)
        parts.append(f"{many.prefix}[{','.join(map(many.write.row, page.rows))}]")
        if page.token is not None:
            path = f"{self._table.set_name}({row_id})/{navigation.name}"
            link = next_link(self._reading.base, path, query.text, page.token)
            parts.append(f"{json_text(f'{navigation.name}@odata.nextLink')}:{json_text(link)}")

    def _annotations(self, column: Column, row: Row, value: Any) -> Iterable[str]:
        wanted, name = self._reading.annotations, column.wire_name
        shown = self.shown(column, row, value)
        if FORMATTED in wanted and shown is not None:
            yield f"{json_text(f'{name}@{FORMATTED}')}:{json_text(shown)}"
        if column.kind is Kind.LOOKUP:
            if _LOOKUP_TABLE in wanted:
                yield f"{json_text(f'{name}@{_LOOKUP_TABLE}')}:{json_text(value.table)}"
            navigation = next((target.navigation for target in column.targets if target.table == value.table), "")
            if _LOOKUP_NAVIGATION in wanted and navigation:
                yield f"{json_text(f'{name}@{_LOOKUP_NAVIGATION}')}:{json_text(navigation)}"

    def shown(self, column: Column, row: Row, value: Any) -> str | None:
        """Give the formatted value of a column of a row."""
        if column.kind is Kind.LOOKUP:
            other = self._store.get(value.table, value.id)
            name = self._store.schema[value.table].primary_name
            return None if other is None or not name else other.get(name)
        currency = self._currency(column, row) if column.kind is Kind.MONEY else {}
        return display(column, value, currency.get("currencysymbol", ""), currency.get("currencyprecision", 2))

    def _currency(self, column: Column, row: Row) -> Row:
        organization = next(iter(self._store.tables["organization"].values()), {})
        ref = organization.get("basecurrencyid") if column.name.endswith("_base") else row.get("transactioncurrencyid")
        return {} if ref is None else self._store.get(ref.table, ref.id) or {}
