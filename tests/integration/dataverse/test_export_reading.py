"""What the export reads of a running Dataverse, and what it makes of it: the product's reader, client and rules."""

from collections.abc import AsyncIterator
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from pydantic import SecretStr

from shared.dataverse import transform
from shared.dataverse.client import Credentials, Dataverse
from shared.dataverse.reading import Reader
from shared.dataverse.sales import INVOICE, ORDER, SalesTable
from shared.documents import Sale
from shared.http import Http
from shared.routes import Route
from tests.builders import onec_route, route, settings
from tests.integration.dataverse.conftest import Client, Goods, Organization
from tests.integration.dataverse.test_merge import merge
from tests.unit.dataverse.tables import books, expected

DATES = {"document": "datedelivered", "shipment": "datedelivered", "due": "duedate"}
ORDER_DATES = {"document": "datefulfilled", "shipment": "datefulfilled", "due": "requestdeliveryby"}
SETTINGS = settings(
    onec_route(dates=DATES, freight_rate="22"),
    **dict.fromkeys(
        ("COLUMN_ACCOUNT_TAX_NUMBER", "COLUMN_ACCOUNT_KPP", "COLUMN_CONTACT_TAX_NUMBER", "COLUMN_LINE_TAX_RATE")
    ),
    COLUMN_UNIT_OKEI=None,
)
DATED = {"datedelivered": "2026-02-10", "duedate": "2026-03-12"}


@pytest.fixture
async def dataverse(organization: Organization) -> AsyncIterator[Dataverse]:
    """The product's client, signed in as the application user."""
    line = organization.line
    credentials = Credentials(line["token_url"], line["client_id"], SecretStr(line["client_secret"]))
    client = Dataverse(Http("Dataverse"), line["url"], credentials, UUID(line["organization_id"]))
    yield client
    await client.close()


async def read(dataverse: Dataverse, table: SalesTable, record: str) -> dict[str, Any]:
    """Read a document as export does."""
    (row,) = await Reader(dataverse, SETTINGS).sales(table, [UUID(record)])
    return row


def made(table: SalesTable, row: dict[str, Any], way: Route | None = None) -> Sale:
    """Make the sale."""
    return transform.to_sale(table, row, way or route(dates=DATES, freight_rate="22"), SETTINGS)


async def test_discounts_freight_and_tax_as_dataverse_computes_them(
    admin: Client, goods: Goods, dataverse: Dataverse
) -> None:
    lines = (
        goods.line(
            quantity=3, priceperunit=Decimal("33.33"), manualdiscountamount=Decimal("9.99"), tax=Decimal("17.82")
        ),
        goods.line(quantity=1, priceperunit=10, tax=Decimal("1.98")),
    )
    body = goods.invoice(*lines, discountpercentage=10, freightamount=61, **DATED)
    sale = made(INVOICE, await read(dataverse, INVOICE, await admin.create("invoices", body)))
    assert books(sale) == expected("""
        number kind    net tax   rate
        1      product 81  17.82 22
        2      product 9   1.98  22
        3      freight 50  11    22
    """)
    assert sale.total == Decimal("170.80")


@pytest.mark.parametrize(("method", "net"), [(0, "29"), (1, "27")], ids=["line item", "per unit"])
async def test_the_organizations_discount_method_decides(
    admin: Client, goods: Goods, dataverse: Dataverse, *, method: int, net: str
) -> None:
    address = f"organizations({admin.organization.line['organization_id']})"
    await admin.patch(address, {"discountcalculationmethod": method})
    tax = (Decimal(net) * 22 / 100).quantize(Decimal("0.01"))
    body = goods.invoice(goods.line(quantity=3, manualdiscountamount=1, tax=tax), **DATED)
    sale = made(INVOICE, await read(dataverse, INVOICE, await admin.create("invoices", body)))
    assert sale.net == Decimal(net)


async def test_a_bundle_is_counted_once(admin: Client, goods: Goods, dataverse: Dataverse) -> None:
    kit = await admin.create(
        "products",
        {
            "name": "Kit",
            "productnumber": "K-1",
            "productstructure": 3,
            "quantitydecimal": 2,
            "defaultuomid@odata.bind": f"/uoms({goods.unit})",
            "defaultuomscheduleid@odata.bind": f"/uomschedules({goods.schedule})",
        },
    )
    invoice = await admin.create("invoices", goods.invoice(**DATED))
    head = {"invoiceid@odata.bind": f"/invoices({invoice})"}
    bundle = {"quantity": 1, "priceperunit": 500, "tax": 110, "productid@odata.bind": f"/products({kit})"}
    line = await admin.create("invoicedetails", goods.line(**head | bundle))
    part = {"producttypecode": 3, "parentbundleid": line}
    await admin.create("invoicedetails", goods.line(**head, **part, quantity=5, priceperunit=50))
    await admin.create(
        "invoicedetails",
        goods.line(**head, producttypecode=4, parentbundleid=line, quantity=5, priceperunit=40, tax=44),
    )
    row = await read(dataverse, INVOICE, invoice)
    assert row["totallineitemamount"] == 700
    assert books(made(INVOICE, row)) == expected("""
        number kind    net tax rate
        1      product 500 110 22
        3      product 200 44  22
    """)


async def test_an_order_is_read_like_an_invoice(admin: Client, goods: Goods, dataverse: Dataverse) -> None:
    given = settings(onec_route(dates=ORDER_DATES), COLUMN_LINE_TAX_RATE=None, COLUMN_UNIT_OKEI=None)
    way = Route.model_construct(**{**route(dates=ORDER_DATES).__dict__, "way": "2A"})
    acts = given.model_copy(update={"routes": (way,)})
    body = {
        "name": "Order",
        "requestdeliveryby": "2026-02-12",
        "customerid_account@odata.bind": f"/accounts({goods.account})",
        "order_details": [goods.line(tax=Decimal("4.40"))],
    }
    order = await admin.create("salesorders", body)
    await admin.patch(f"salesorders({order})", {"datefulfilled": "2026-02-10"})
    (row,) = await Reader(dataverse, acts).sales(ORDER, [UUID(order)])
    sale = transform.to_sale(ORDER, row, way, SETTINGS)
    assert (sale.table, str(sale.id), sale.net, sale.tax) == ("salesorder", order, Decimal(20), Decimal("4.40"))
    assert (sale.shipment_date.day, sale.due_date.day) == (10, 12)


async def test_rule_04_an_order_and_its_invoice_are_read_with_each_other(
    admin: Client, goods: Goods, dataverse: Dataverse
) -> None:
    ours = settings(onec_route(dates=DATES), COLUMN_LINE_TAX_RATE=None, COLUMN_UNIT_OKEI=None)
    way = Route.model_construct(**{**route(dates=ORDER_DATES).__dict__, "name": "acts", "way": "2A"})
    reader = Reader(dataverse, ours.model_copy(update={"routes": (*ours.routes, way)}))
    customer = {"customerid_account@odata.bind": f"/accounts({goods.account})"}
    order = await admin.create("salesorders", {"name": "Order", **customer, "datefulfilled": "2026-02-10"})
    bound = {"salesorderid@odata.bind": f"/salesorders({order})"}
    invoice = await admin.create("invoices", goods.invoice(goods.line(), **DATED, **bound))
    for table, record in (("salesorder", order), ("invoice", invoice)):
        key = {"acx_key": f"onec:{table}:{record}", "acx_target": "onec", "acx_number": table}
        await admin.create("acx_accountingexports", key | {f"acx_{table}id@odata.bind": f"/{table}s({record})"})

    (of_order,) = await reader.sales(INVOICE, [UUID(invoice)])
    assert of_order["salesorderid"]["datefulfilled"] == "2026-02-10"
    assert {"statecode", "statuscode", "_owningbusinessunit_value"} <= of_order["salesorderid"].keys()
    assert [row["acx_number"] for row in of_order["salesorderid"][ORDER.journal]] == ["salesorder"]
    (invoiced,) = await reader.sales(ORDER, [UUID(order)])
    assert [row["invoiceid"] for row in invoiced["order_invoices"]] == [invoice]
    assert [row["acx_number"] for row in invoiced["order_invoices"][0][INVOICE.journal]] == ["invoice"]


async def test_a_contact_comes_with_its_company(admin: Client, goods: Goods, dataverse: Dataverse) -> None:
    company = {"parentcustomerid_account@odata.bind": f"/accounts({goods.account})"}
    contact = await admin.create("contacts", {"firstname": "Ana", "lastname": "Novak", **company})
    body = goods.invoice(goods.line(), **DATED)
    del body["customerid_account@odata.bind"]
    invoice = await admin.create("invoices", body | {"customerid_contact@odata.bind": f"/contacts({contact})"})
    row = await read(dataverse, INVOICE, invoice)
    assert row["customerid_contact"]["_accountid_value"] == goods.account
    assert row["customerid_contact"]["contact_master_contact"] == []


@pytest.mark.parametrize(("table", "column"), [("account", "name"), ("contact", "lastname")])
async def test_a_customer_who_was_merged_twice_is_the_last_master(
    admin: Client, goods: Goods, dataverse: Dataverse, table: str, column: str
) -> None:
    names = ("First", "Second", "Third", "Beside")
    first, second, third, beside = [await admin.create(f"{table}s", {column: name}) for name in names]
    body = goods.invoice(goods.line(tax=Decimal("4.40")), **DATED)
    del body["customerid_account@odata.bind"]
    body[f"customerid_{table}@odata.bind"] = f"/{table}s({first})"
    moved = await admin.create("invoices", body)
    for gone, stays in ((beside, second), (first, second), (second, third)):
        await merge(admin, stays, gone, table)
    imported = await admin.create("invoices", body)  # it still names the first
    assert (await admin.get(f"invoices({imported})"))["_customerid_value"] == first

    for invoice in (moved, imported):
        customer = made(INVOICE, await read(dataverse, INVOICE, invoice)).customer
        assert (str(customer.id), customer.name) == (third, "Third")
        assert {str(each) for each in customer.merged} == {first, second, beside}
