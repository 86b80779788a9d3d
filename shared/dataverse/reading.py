"""Reading what an export needs, in as few requests as Dataverse allows."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, TypeVar
from uuid import UUID

from shared.dataverse import journal
from shared.dataverse.client import Dataverse
from shared.dataverse.columns import guid, key, text
from shared.messages import Journalled, State
from shared.settings import Settings

Item = TypeVar("Item")

CHUNK = 100
"""Ids in one filter: the address stays within the 32 KB that Dataverse takes."""

_INVOICE = (
    "invoiceid",
    "invoicenumber",
    "statecode",
    "statuscode",
    "versionnumber",
    "totallineitemamount",
    "totaldiscountamount",
    "freightamount",
    "totaltax",
    "totalamount",
    "_customerid_value",
    "_owningbusinessunit_value",
)
_LINE = (
    "invoicedetailid",
    "lineitemnumber",
    "sequencenumber",
    "productdescription",
    "quantity",
    "priceperunit",
    "tax",
    "extendedamount",
    "versionnumber",
)
_PRODUCT = ("productid", "productnumber", "name", "producttypecode", "versionnumber")
_UNIT = ("uomid", "name", "versionnumber")
_ADDRESS = ("address1_line1", "address1_city", "address1_postalcode", "address1_country")
_CARD = ("emailaddress1", "statecode", "versionnumber", *_ADDRESS)
_ACCOUNT = ("accountid", "name", "accountnumber", "telephone1", *_CARD)
_CONTACT = ("contactid", "fullname", "mobilephone", *_CARD)
_CURRENCY = ("isocurrencycode", "currencyprecision")
JOURNAL_OF_INVOICE = "acx_invoice_accountingexports"


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
        dates = {
            column
            for route in settings.routes
            for column in (route.dates.document, route.dates.shipment, route.dates.due)
        }
        self._invoice_query = {
            "$select": _columns(*_INVOICE, custom=sorted(dates)),
            "$expand": ",".join(
                (
                    f"invoice_details($select={_columns(*_LINE, custom=[settings.column_line_tax_rate])};"
                    f"$expand=productid($select={_columns(*_PRODUCT)}),"
                    f"uomid($select={_columns(*_UNIT, custom=[settings.column_unit_okei])}))",
                    "customerid_account($select="
                    + _columns(*_ACCOUNT, custom=[settings.column_account_tax_number, settings.column_account_kpp])
                    + ")",
                    f"customerid_contact($select={_columns(*_CONTACT, custom=[settings.column_contact_tax_number])})",
                    f"transactioncurrencyid($select={_columns(*_CURRENCY)})",
                    f"{JOURNAL_OF_INVOICE}($select={_columns(*journal.COLUMNS)})",
                )
            ),
        }

    async def invoices(self, ids: Sequence[UUID]) -> list[dict[str, Any]]:
        """Give the invoices that exist, with lines, products, units, customer, currency and journal rows."""
        found: list[dict[str, Any]] = []
        for chunk in _chunks(ids):
            found += await self._dataverse.rows("invoices", {**self._invoice_query, "$filter": _in("invoiceid", chunk)})
        for row in found:
            await self._dataverse.more(row, "invoice_details")
        return found

    async def invoices_of_lines(self, ids: Sequence[UUID]) -> dict[UUID, UUID]:
        """Give the invoice of each line that still exists."""
        owners: dict[UUID, UUID] = {}
        for chunk in _chunks(ids):
            query = {"$select": "invoicedetailid,_invoiceid_value", "$filter": _in("invoicedetailid", chunk)}
            for row in await self._dataverse.rows("invoicedetails", query):
                if owner := guid(row, "_invoiceid_value"):
                    owners[key(row, "invoicedetailid")] = owner
        return owners

    async def refused_because_of(self, table: str, record: UUID) -> list[UUID]:
        """Give the invoices whose refusal hangs on a customer or a product."""
        refused = journal.STATE_VALUES[State.REFUSED]
        query = {
            "$select": "_acx_invoiceid_value",
            "$filter": f"acx_state eq {refused} and contains(acx_hangson,'{table}:{record}')",
        }
        rows = await self._dataverse.rows(journal.SET, query)
        return [owner for row in rows if (owner := guid(row, "_acx_invoiceid_value"))]

    async def journalled(self, keys: Sequence[str]) -> dict[str, Journalled]:
        """Give the journal rows that exist, by their keys."""
        found: dict[str, Journalled] = {}
        for chunk in _chunks(keys):
            query = {"$select": ",".join(journal.COLUMNS), "$filter": _in("acx_key", chunk)}
            for row in await self._dataverse.rows(journal.SET, query):
                found[text(row, "acx_key")] = journal.read(row)
        return found


def journal_row(row: dict[str, Any], target: str) -> Journalled | None:
    """Give the journal row of an invoice for one accounting system, where it has one."""
    for entry in row[JOURNAL_OF_INVOICE]:
        if text(entry, "acx_target") == target:
            return journal.read(entry)
    return None
