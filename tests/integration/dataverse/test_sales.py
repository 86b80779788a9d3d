"""What the system makes of invoices and orders: prices, totals, numbers, states, read-only documents."""

from decimal import Decimal
from typing import Any

import pytest

from tests.integration.dataverse.conftest import Client, Goods

TOTALS = "totallineitemamount,totaldiscountamount,totalamountlessfreight,totaltax,totalamount"


async def _totals(client: Client, path: str) -> list[Decimal]:
    row = await client.get(f"{path}?$select={TOTALS}")
    return [row[name] for name in TOTALS.split(",")]


async def test_lines_and_totals_of_an_invoice(admin: Client, goods: Goods) -> None:
    invoice = await admin.create(
        "invoices",
        goods.invoice(
            goods.line(quantity=3, priceperunit=Decimal("33.33"), manualdiscountamount=Decimal("9.99"), tax=18),
            goods.line(quantity=Decimal("0.5"), priceperunit=Decimal("0.05")),
            discountpercentage=10,
            discountamount=1,
            freightamount=5,
        ),
    )
    lines = await admin.get(f"invoices({invoice})/invoice_details?$orderby=lineitemnumber")
    first, second = lines["value"]
    assert (first["baseamount"], first["extendedamount"]) == (Decimal("99.99"), Decimal("108.00"))
    assert (second["baseamount"], second["extendedamount"]) == (Decimal("0.03"), Decimal("0.03"))
    assert [line["lineitemnumber"] for line in lines["value"]] == [1, 2]
    assert first["productname"] == first["invoicedetailname"] == "Bolt"
    expected = [Decimal("90.03"), Decimal("10.00"), Decimal("80.03"), 18, Decimal("103.03")]
    assert await _totals(admin, f"invoices({invoice})") == expected
    await admin.patch(f"invoices({invoice})", {"discountpercentage": None, "totalamount": 1})
    expected = [Decimal("90.03"), 1, Decimal("89.03"), 18, Decimal("112.03")]
    assert await _totals(admin, f"invoices({invoice})") == expected


async def test_discounts_per_unit(admin: Client, goods: Goods) -> None:
    await admin.patch(f"organizations({admin.organization.line['organization_id']})", {"discountcalculationmethod": 1})
    await admin.create("invoices", goods.invoice(goods.line(quantity=3, priceperunit=10, manualdiscountamount=1)))
    line = (await admin.get("invoicedetails?$select=extendedamount,baseamount"))["value"][0]
    assert (line["baseamount"], line["extendedamount"]) == (30, 27)


async def test_orders_are_calculated_alike(admin: Client, goods: Goods) -> None:
    order = await admin.create(
        "salesorders",
        {
            "name": "Order",
            "customerid_account@odata.bind": f"/accounts({goods.account})",
            "order_details": [goods.line(tax=4)],
        },
    )
    row = await admin.get(f"salesorders({order})?$expand=order_details($select=extendedamount)")
    assert (row["totalamount"], row["totaltax"]) == (24, 4)
    assert row["order_details"][0]["extendedamount"] == 24
    assert row["ordernumber"].startswith("ORD-")


async def test_base_amounts_follow_the_exchange_rate(admin: Client, goods: Goods) -> None:
    rubles = await admin.create(
        "transactioncurrencies",
        {
            "currencyname": "Russian Ruble",
            "currencysymbol": "₽",
            "isocurrencycode": "RUB",
            "currencyprecision": 2,
            "exchangerate": 100,
        },
    )
    bind = {"transactioncurrencyid@odata.bind": f"/transactioncurrencies({rubles})"}
    invoice = await admin.create("invoices", goods.invoice(goods.line(priceperunit=1234, quantity=1), **bind))
    row = await admin.get(f"invoices({invoice})?$expand=invoice_details($select=extendedamount_base)")
    assert (row["totalamount"], row["totalamount_base"], row["exchangerate"]) == (1234, Decimal("12.34"), 100)
    assert row["invoice_details"][0]["extendedamount_base"] == Decimal("12.34")


async def test_a_price_list_gives_the_price_unless_it_is_overridden(admin: Client, goods: Goods) -> None:
    level = await admin.create(
        "pricelevels",
        {"name": "Retail", "transactioncurrencyid@odata.bind": f"/transactioncurrencies({goods.currency})"},
    )
    await admin.create(
        "productpricelevels",
        {
            "amount": 7,
            "pricelevelid@odata.bind": f"/pricelevels({level})",
            "productid@odata.bind": f"/products({goods.product})",
            "uomid@odata.bind": f"/uoms({goods.unit})",
        },
    )
    line = goods.line(ispriceoverridden=False)
    await admin.create("invoices", goods.invoice(line, **{"pricelevelid@odata.bind": f"/pricelevels({level})"}))
    await admin.create("invoices", goods.invoice(line))
    lines = (await admin.get("invoicedetails?$select=priceperunit,pricingerrorcode&$orderby=pricingerrorcode"))["value"]
    assert [(item["priceperunit"], item["pricingerrorcode"]) for item in lines] == [(7, 0), (None, 2)]


async def test_a_write_in_has_no_product(admin: Client, goods: Goods) -> None:
    write_in = {"isproductoverridden": True, "productdescription": "Repair", "quantity": 1, "priceperunit": 50}
    invoice = await admin.create("invoices", goods.invoice(write_in))
    line = (await admin.get(f"invoices({invoice})/invoice_details"))["value"][0]
    assert (line["productname"], line["_productid_value"], line["extendedamount"]) == ("Repair", None, 50)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"isproductoverridden": True, "productdescription": "x"}, "A write-in product can't have a product id."),
        ({"productid@odata.bind": None}, "The product id is missing."),
        ({"uomid@odata.bind": None}, "The unit id is missing."),
    ],
)
async def test_lines_that_are_refused(admin: Client, goods: Goods, values: dict[str, Any], message: str) -> None:
    status, _, found = await admin.refused("POST", "invoices", goods.invoice(goods.line(**values)))
    assert (status, found) == (400, message)
    assert (await admin.get("invoices"))["value"] == []


async def test_a_unit_of_another_group_is_refused(admin: Client, goods: Goods) -> None:
    other = (await admin.get("uoms?$select=uomid&$filter=name eq 'Primary Unit'"))["value"][0]["uomid"]
    line = goods.line(**{"uomid@odata.bind": f"/uoms({other})"})
    assert "unit group" in (await admin.refused("POST", "invoices", goods.invoice(line)))[2]


async def test_deleting_a_line_changes_the_totals(admin: Client, goods: Goods) -> None:
    invoice = await admin.create("invoices", goods.invoice(goods.line(), goods.line()))
    before = await admin.get(f"invoices({invoice})")
    line = (await admin.get("invoicedetails?$select=invoicedetailid"))["value"][0]["invoicedetailid"]
    await admin.send("DELETE", f"invoicedetails({line})")
    after = await admin.get(f"invoices({invoice})")
    assert (before["totalamount"], after["totalamount"]) == (40, 20)
    assert after["versionnumber"] > before["versionnumber"]


async def test_numbers_are_counted_unless_they_are_given(admin: Client, goods: Goods) -> None:
    ids = [await admin.create("invoices", goods.invoice()) for _ in range(2)]
    numbers = [(await admin.get(f"invoices({row_id})"))["invoicenumber"] for row_id in ids]
    assert [number[:9] for number in numbers] == ["INV-01000", "INV-01001"]
    given = await admin.create("invoices", goods.invoice(invoicenumber="2026/1"))
    assert (await admin.get(f"invoices({given})"))["invoicenumber"] == "2026/1"


@pytest.mark.parametrize(
    ("change", "state"),
    [
        ({"statuscode": 4}, (0, 4)),
        ({"statecode": 2}, (2, 100001)),
        ({"statecode": 2, "statuscode": 100002}, (2, 100002)),
        ({"statecode": 3}, (3, 100003)),
    ],
)
async def test_states_and_statuses(
    bridge: Client, goods: Goods, change: dict[str, int], state: tuple[int, int]
) -> None:
    invoice = await bridge.create("invoices", goods.invoice())
    await bridge.patch(f"invoices({invoice})", change)
    row = await bridge.get(f"invoices({invoice})")
    assert (row["statecode"], row["statuscode"]) == state


@pytest.mark.parametrize("change", [{"statuscode": 100001}, {"statecode": 3, "statuscode": 4}, {"statecode": 9}])
async def test_pairs_that_are_not_valid(bridge: Client, goods: Goods, change: dict[str, int]) -> None:
    invoice = await bridge.create("invoices", goods.invoice())
    assert (await bridge.refused("PATCH", f"invoices({invoice})", change))[0] == 400
    assert (await bridge.refused("POST", "invoices", goods.invoice(**change)))[0] == 400


@pytest.mark.parametrize("state", [1, 2, 3])
async def test_closed_invoices_are_read_only_but_for_an_administrator(
    admin: Client, bridge: Client, goods: Goods, state: int
) -> None:
    invoice = await admin.create("invoices", goods.invoice(goods.line()))
    line = (await admin.get("invoicedetails?$select=invoicedetailid"))["value"][0]["invoicedetailid"]
    await bridge.patch(f"invoices({invoice})", {"statecode": state})
    for path, body in ((f"invoices({invoice})", {"statecode": 0}), (f"invoicedetails({line})", {"quantity": 5})):
        status, _, message = await bridge.refused("PATCH", path, body)
        assert status == 403
        assert "read-only" in message
    assert (await bridge.refused("DELETE", f"invoicedetails({line})"))[0] == 403
    await admin.patch(f"invoices({invoice})", {"statecode": 0})
    await bridge.patch(f"invoicedetails({line})", {"quantity": 5})


async def test_fulfilled_orders_are_read_only_too(admin: Client, bridge: Client, goods: Goods) -> None:
    order = await admin.create("salesorders", {"customerid_account@odata.bind": f"/accounts({goods.account})"})
    await admin.patch(f"salesorders({order})", {"statecode": 3, "datefulfilled": "2026-02-01"})
    assert (await bridge.refused("PATCH", f"salesorders({order})", {"description": "x"}))[0] == 403


async def test_names_and_addresses_are_put_together(admin: Client) -> None:
    contact = await admin.create(
        "contacts",
        {
            "firstname": "Anna",
            "lastname": "Berg",
            "address1_line1": "Main 1",
            "address1_city": "Riga",
            "address1_postalcode": "LV-1",
        },
    )
    row = await admin.get(f"contacts({contact})?$select=fullname,address1_composite")
    assert (row["fullname"], row["address1_composite"]) == ("Anna Berg", "Main 1\r\nRiga LV-1")
