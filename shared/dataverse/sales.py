"""The two kinds of sales documents in Dataverse, side by side: how their tables, columns and states are called.

Names: Microsoft's table reference. Which way of a route reads which table is here too.
"""

from dataclasses import dataclass
from typing import Literal
from uuid import UUID

from shared.documents import SaleTable
from shared.routes import Way

LineTable = Literal["invoicedetail", "salesorderdetail"]


@dataclass(frozen=True)
class SalesTable:
    """One kind of sales document."""

    name: SaleTable
    set_name: str
    key: str
    number: str
    """the column with the number that people know"""
    lines: str
    """the collection-valued navigation property"""
    line_name: LineTable
    line_set: str
    line_key: str
    line_parent: str
    journal: str
    """the collection of journal rows under it"""
    own_columns: tuple[str, ...]
    way: Way
    cancelled: int
    """its statecode when it was cancelled"""


INVOICE = SalesTable(
    name="invoice",
    set_name="invoices",
    key="invoiceid",
    number="invoicenumber",
    lines="invoice_details",
    line_name="invoicedetail",
    line_set="invoicedetails",
    line_key="invoicedetailid",
    line_parent="_invoiceid_value",
    journal="acx_invoice_accountingexports",
    own_columns=("_salesorderid_value",),
    way="2B",
    cancelled=3,
)
ORDER = SalesTable(
    name="salesorder",
    set_name="salesorders",
    key="salesorderid",
    number="ordernumber",
    lines="order_details",
    line_name="salesorderdetail",
    line_set="salesorderdetails",
    line_key="salesorderdetailid",
    line_parent="_salesorderid_value",
    journal="acx_salesorder_accountingexports",
    own_columns=("datefulfilled",),
    way="2A",
    cancelled=2,
)
SALES = (INVOICE, ORDER)
BY_NAME: dict[str, SalesTable] = {table.name: table for table in SALES}
BY_LINE: dict[str, SalesTable] = {table.line_name: table for table in SALES}

FULFILLED_PARTLY = 100002
"""salesorder.statuscode"""
INVOICED = 100003
"""salesorder.statuscode: an order that was fulfilled before has a datefulfilled"""


def document_named(table: str, identity: str) -> tuple[SalesTable, UUID]:
    """Read which document somebody means. ValueError with one sentence that quotes nothing."""
    found = next((each for each in SALES if each.name == table), None)
    if found is None:
        raise ValueError(f"table: must be one of {', '.join(each.name for each in SALES)}")
    try:
        return found, UUID(identity)
    except ValueError:
        raise ValueError("id: must be a GUID") from None
