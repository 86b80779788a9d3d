"""Whether the columns that the settings name are in the environment: held against its definitions, once a process.

Names: a lookup's column ``new_place`` is read as ``_new_place_value``.
"""

import logging
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from shared.dataverse.client import Dataverse
from shared.dataverse.sales import SALES, SalesTable
from shared.errors import Misconfigured
from shared.settings import Settings
from shared.telemetry import say

TABLE_OF = {
    "customerid_account": "account",
    "customerid_contact": "contact",
    "account": "account",
    "contact": "contact",
    "productid": "product",
    "uomid": "uom",
    "transactioncurrencyid": "transactioncurrency",
}
"""Relation, as a field map names it → table."""
_LOOKUP = re.compile(r"_(\w+)_value")


@dataclass(frozen=True)
class Named:
    """A column that a setting names."""

    table: str
    column: str
    by: str
    """the setting, for an administrator"""

    def sentence(self) -> str:
        """Say that it is not there."""
        return f"{self.by}: Dataverse has no column “{self.column}” in the table {self.table}"


def named(settings: Settings) -> tuple[Named, ...]:
    """List the columns that the settings name."""
    ways = {route.automatic_way for route in settings.routes}
    used = [table for table in SALES if table.way in ways]
    return (*_single(settings, used), *_dates(settings, used), *_field_map(settings, used))


def _single(settings: Settings, used: Iterable[SalesTable]) -> Iterator[Named]:
    lines = tuple(table.line_name for table in used)
    single: dict[str, tuple[str, ...]] = {
        "column_account_tax_number": ("account",),
        "column_account_kpp": ("account",),
        "column_contact_tax_number": ("contact",),
        "column_line_tax_rate": lines,
        "column_unit_okei": ("uom",),
    }
    for name, tables in single.items():
        if column := getattr(settings, name):
            yield from (Named(table, column, name.upper()) for table in tables)


def _dates(settings: Settings, used: Iterable[SalesTable]) -> Iterator[Named]:
    names = {table.way: table.name for table in used}
    for route in settings.routes:
        for field, column in route.dates.model_dump().items():
            yield Named(names[route.automatic_way], column, f"ROUTES: route “{route.name}”, field dates.{field}")


def _field_map(settings: Settings, used: Iterable[SalesTable]) -> Iterator[Named]:
    own: dict[str, list[str]] = {
        "document": [table.name for table in used],
        "line": [table.line_name for table in used],
    }
    for rule in settings.field_map:
        if rule.source is None:
            continue
        tables = [TABLE_OF[rule.relation]] if rule.relation else own.get(rule.record, [rule.record])
        yield from (Named(table, rule.column, str(rule)) for table in tables)


def missing(wanted: Iterable[Named], known: Mapping[str, frozenset[str]]) -> list[str]:
    """Name the columns that are not there; a table of which nothing is known is passed over."""
    checked = (each for each in wanted if each.table in known)
    return [each.sentence() for each in checked if _attribute(each.column) not in known[each.table]]


def _attribute(column: str) -> str:
    found = _LOOKUP.fullmatch(column)
    return found[1] if found else column


class OwnColumns:
    """Looks the columns up, once all of them are there; until then each time."""

    def __init__(self, dataverse: Dataverse, settings: Settings) -> None:
        self._dataverse = dataverse
        self._named = named(settings)
        self._checked = False

    async def check(self) -> None:
        """Make sure that the columns exist. Misconfigured lists those that don't, with the setting that names each.

        Where the application user may not read definitions nothing is checked: the first reading will tell.
        """
        if self._checked:
            return
        known = {table: await self._columns(table) for table in sorted({each.table for each in self._named})}
        readable = {table: columns for table, columns in known.items() if columns is not None}
        if problems := missing(self._named, readable):
            raise Misconfigured(*problems)
        self._checked = True

    async def _columns(self, table: str) -> frozenset[str] | None:
        path = f"EntityDefinitions(LogicalName='{table}')/Attributes"
        try:
            rows = await self._dataverse.rows(path, {"$select": "LogicalName"})
        except Misconfigured as error:
            say(logging.WARNING, "columns not checked", {"table": table, "cause": str(error)})
            return None
        return frozenset(str(row["LogicalName"]) for row in rows)
