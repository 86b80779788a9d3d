"""Reading what an export needs, in as few requests as Dataverse allows."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, TypeVar
from uuid import UUID

from shared.cache import Cache
from shared.dataverse import journal, merges, own_fields
from shared.dataverse.amounts import DISCOUNT_METHOD
from shared.dataverse.client import Dataverse
from shared.dataverse.columns import guid, key, number, text, version
from shared.dataverse.customers import SUBORDINATES
from shared.dataverse.sales import INVOICE, ORDER, SALES, SalesTable
from shared.documents import CustomerTable
from shared.messages import Journalled
from shared.settings import Settings

Item = TypeVar("Item")

CHUNK = 100
"""Ids in one filter: the address stays within the 32 KB that Dataverse takes."""

_HEAD = ("statecode", "statuscode", "versionnumber", "_owningbusinessunit_value")
_SALE = (
    *_HEAD,
    "totallineitemamount",
    "discountamount",
    "discountpercentage",
    "totaldiscountamount",
    "freightamount",
    "totaltax",
    "totalamount",
    "_customerid_value",
)
_LINE = (
    "lineitemnumber",
    "sequencenumber",
    "productdescription",
    "producttypecode",
    "parentbundleid",
    "_parentbundleidref_value",
    "quantity",
    "priceperunit",
    "volumediscountamount",
    "baseamount",
    "manualdiscountamount",
    "tax",
    "extendedamount",
    "versionnumber",
)
_PRODUCT = ("productid", "productnumber", "name", "producttypecode", "statecode", "versionnumber")
_UNIT = ("uomid", "name", "versionnumber")
_ADDRESS = ("address1_line1", "address1_city", "address1_postalcode", "address1_country")
_CARD = ("emailaddress1", "statecode", "merged", "versionnumber", *_ADDRESS)
_ACCOUNT = ("accountid", "name", "accountnumber", "telephone1", *_CARD)
_CONTACT = ("contactid", "fullname", "mobilephone", "_accountid_value", *_CARD)
_CURRENCY = ("isocurrencycode", "currencyprecision")


def _columns(*standard: str, custom: Iterable[str | None] = ()) -> str:
    return ",".join(dict.fromkeys((*standard, *(name for name in custom if name))))


def _in(column: str, values: Iterable[object]) -> str:
    listed = ",".join(f"'{str(value).replace(chr(39), chr(39) * 2)}'" for value in values)
    return f"Microsoft.Dynamics.CRM.In(PropertyName='{column}',PropertyValues=[{listed}])"


def _chunks(items: Sequence[Item]) -> Iterator[Sequence[Item]]:
    for start in range(0, len(items), CHUNK):
        yield items[start : start + CHUNK]


class Reader:
    """Reads documents and journal rows of one environment."""

    def __init__(self, dataverse: Dataverse, settings: Settings) -> None:
        """Take the client and the settings that name a company's own columns."""
        self._dataverse = dataverse
        self._queries = {table.name: _query(table, settings) for table in SALES}
        self._cards = {table: _card(table, settings) for table in SUBORDINATES}
        self._organization: Cache[int] = Cache(limit=1, seconds=900.0)

    async def sales(self, table: SalesTable, ids: Sequence[UUID]) -> list[dict[str, Any]]:
        """Give the documents that exist, with lines, products, units, customer, currency and journal rows.

        Each row also has the organization's discount calculation method, which its lines were computed by. A customer
        who was merged has all masters up to the last one, which has everybody who was merged into it.
        """
        found: list[dict[str, Any]] = []
        for chunk in _chunks(ids):
            query = {**self._queries[table.name], "$filter": _in(table.key, chunk)}
            found += await self._dataverse.rows(table.set_name, query)
        for row in found:
            await self._dataverse.more(row, table.lines)
            if table is ORDER:
                await self._dataverse.more(row, "order_invoices")
            row[DISCOUNT_METHOD] = await self._discount_method()
        await merges.complete(found, self._customers)
        return found

    async def _customers(self, table: CustomerTable, ids: Sequence[UUID]) -> list[dict[str, Any]]:
        """Give customers, each with its master and the ids of those merged into it."""
        found: list[dict[str, Any]] = []
        for chunk in _chunks(ids):
            query = {
                "$select": f"{table}id",
                "$expand": _merged(table, self._cards[table]),
                "$filter": _in(f"{table}id", chunk),
            }
            found += await self._dataverse.rows(f"{table}s", query)
        for row in found:
            await self._dataverse.more(row, SUBORDINATES[table])
        return found

    async def heads(self, table: SalesTable, ids: Sequence[UUID]) -> list[dict[str, Any]]:
        """Give of the documents that exist what :func:`shared.decision.wait` needs.

        No column of a company's own is among it, so that one that is named wrongly does not silence the journal.
        """
        found: list[dict[str, Any]] = []
        for chunk in _chunks(ids):
            query = {
                "$select": _columns(table.key, table.number, *_HEAD, *table.own_columns),
                "$expand": f"{table.lines}($select={table.line_key},versionnumber),"
                f"{table.journal}($select={_columns(*journal.COLUMNS)})",
                "$filter": _in(table.key, chunk),
            }
            found += await self._dataverse.rows(table.set_name, query)
        return found

    async def _discount_method(self) -> int:
        """Give the organization's setting; asked for once in a quarter of an hour, because it hardly ever changes."""
        known = self._organization.get(DISCOUNT_METHOD)
        if known is None:
            column = "discountcalculationmethod"
            (row,) = await self._dataverse.rows("organizations", {"$select": column})
            known = number(row, column) or 0
            self._organization.put(DISCOUNT_METHOD, known)
        return known

    async def owners_of_lines(self, table: SalesTable, ids: Sequence[UUID]) -> dict[UUID, UUID]:
        """Give the document of each line that still exists."""
        owners: dict[UUID, UUID] = {}
        for chunk in _chunks(ids):
            query = {"$select": f"{table.line_key},{table.line_parent}", "$filter": _in(table.line_key, chunk)}
            for row in await self._dataverse.rows(table.line_set, query):
                if owner := guid(row, table.line_parent):
                    owners[key(row, table.line_key)] = owner
        return owners

    async def versions(self, names: Iterable[str]) -> dict[str, int]:
        """Give the versions of the customers and products that exist, each named ``table:id``."""
        records: dict[str, list[str]] = {}
        for name in sorted(set(names)):
            table, _, record = name.partition(":")
            records.setdefault(table, []).append(record)
        found: dict[str, int] = {}
        for table, ids in records.items():
            id_ = f"{table}id"
            for chunk in _chunks(ids):
                query = {"$select": f"{id_},versionnumber", "$filter": _in(id_, chunk)}
                found |= {
                    f"{table}:{key(row, id_)}": version(row) for row in await self._dataverse.rows(f"{table}s", query)
                }
        return found

    async def journalled(self, keys: Sequence[str]) -> dict[str, Journalled]:
        """Give the journal rows that exist, by their keys."""
        found: dict[str, Journalled] = {}
        for chunk in _chunks(keys):
            query = {"$select": ",".join(journal.COLUMNS), "$filter": _in("acx_key", chunk)}
            for row in await self._dataverse.rows(journal.SET, query):
                found[text(row, "acx_key")] = journal.read(row)
        return found


def _query(table: SalesTable, settings: Settings) -> dict[str, str]:
    """Give the query that reads a sales document with everything around it."""
    routes = [route for route in settings.routes if route.automatic_way == table.way]
    dates = sorted({column for route in routes for column in route.dates.model_dump().values()})
    own = settings.field_map
    line = _columns(table.line_key, *_LINE, custom=[settings.column_line_tax_rate, *own_fields.of_line(own)])
    product = _columns(*_PRODUCT, custom=own_fields.of_related(own, "productid"))
    unit = _columns(*_UNIT, custom=[settings.column_unit_okei, *own_fields.of_related(own, "uomid")])
    currency = _columns(*_CURRENCY, custom=own_fields.of_related(own, "transactioncurrencyid"))
    expanded: tuple[str, ...] = (
        f"{table.lines}($select={line};$expand=productid($select={product}),uomid($select={unit}))",
        *(_customer(customer, _card(customer, settings)) for customer in SUBORDINATES),
        f"transactioncurrencyid($select={currency})",
        f"{table.journal}($select={_columns(*journal.COLUMNS)})",
    )
    if table is INVOICE:
        expanded += (_kin("salesorderid", ORDER, settings),)
    else:
        expanded += (_kin("order_invoices", INVOICE, settings),)
    return {
        "$select": _columns(
            table.key, table.number, *_SALE, *table.own_columns, custom=[*dates, *own_fields.of_document(own)]
        ),
        "$expand": ",".join(expanded),
    }


def _kin(navigation: str, table: SalesTable, settings: Settings) -> str:
    """Expand what is of the same sale: an invoice's order, an order's invoices, with what is judged by of each."""
    dates = {route.dates.document for route in settings.routes if route.automatic_way == table.way}
    own = table.own_columns if table is ORDER else ()
    columns = _columns(table.key, table.number, *_HEAD, *own, custom=sorted(dates))
    return f"{navigation}($select={columns};$expand={table.journal}($select={_columns(*journal.COLUMNS)}))"


def _card(table: CustomerTable, settings: Settings) -> str:
    """Give the columns of a customer."""
    own = own_fields.of_related(settings.field_map, f"customerid_{table}")
    if table == "account":
        return _columns(*_ACCOUNT, custom=[settings.column_account_tax_number, settings.column_account_kpp, *own])
    return _columns(*_CONTACT, custom=[settings.column_contact_tax_number, *own])


def _customer(table: CustomerTable, columns: str) -> str:
    """Expand a customer with the record that it was merged into, and the ids of those merged into it."""
    return f"customerid_{table}($select={columns};$expand={_merged(table, columns)})"


def _merged(table: CustomerTable, columns: str) -> str:
    return f"masterid($select={columns}),{SUBORDINATES[table]}($select={table}id)"


def journal_row(table: SalesTable, row: dict[str, Any], target: str) -> Journalled | None:
    """Give the journal row of a document for one accounting system, where it has one."""
    for entry in row[table.journal]:
        if text(entry, "acx_target") == target:
            return journal.read(entry)
    return None
