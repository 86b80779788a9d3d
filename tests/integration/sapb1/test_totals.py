"""The company's arithmetic: lines, discounts, tax, freight, foreign currency."""

from decimal import Decimal
from typing import Any

import pytest

from infra.local.sapb1 import company
from infra.local.sapb1.amounts import Precision, Taxed, priced, rounded, total
from tests.integration.sapb1.client import Client, document, line, money
from tests.integration.sapb1.conftest import Start


@pytest.mark.parametrize(
    ("value", "digits", "result"),
    [("2.345", 2, "2.35"), ("-2.345", 2, "-2.35"), ("0.5", 0, "1"), ("1.004999", 2, "1.00")],
)
def test_rounding_is_half_away_from_zero(value: str, digits: int, result: str) -> None:
    assert rounded(money(value), digits) == money(result)


@pytest.mark.parametrize(
    ("quantity", "price", "discount", "result"),
    [
        ("3", "33.333", None, "100.00"),
        ("7", "1.005", None, "7.04"),
        ("3", "100", "33.333333", "200.00"),
        ("1000", "0.333333", "10", "300.00"),
        ("0.5", "0.01", None, "0.01"),
    ],
)
def test_a_line_is_quantity_times_price_after_discount(
    quantity: str, price: str, discount: str | None, result: str
) -> None:
    computed = priced(Precision(), money(quantity), money(price), money(discount) if discount else None, None)
    assert computed.total == money(result)


def test_a_price_is_rounded_before_it_is_multiplied() -> None:
    coarse = priced(Precision(prices=2), Decimal(1000), money("0.335"), Decimal(10), None)
    assert (coarse.unit_price, coarse.price, coarse.total) == (money("0.34"), money("0.31"), money("310.00"))


def test_tax_is_rounded_line_by_line_or_once_per_group() -> None:
    parts = [Taxed(money("0.03"), "S22", Decimal(22), discountable=True)] * 3
    assert total(Precision(), parts).tax == money("0.03")
    assert total(Precision(vat_by="group"), parts).tax == money("0.02")


@pytest.mark.parametrize(
    ("lines", "header", "expected"),
    [
        ([line(price=100)], {}, ("122.0", "22.0")),
        ([line(price="10.01"), line(price="20.02", VatGroup="S10")], {}, ("34.23", "4.2")),
        ([line(price=100, DiscountPercent=10)], {"DiscountPercent": 10}, ("98.82", "17.82")),
        ([line(price=100)], {"TotalDiscount": 25}, ("91.5", "16.5")),
        ([line(price=100, VatGroup="S0")], {}, ("100.0", "0.0")),
        ([line(price=100, VatGroup="S19")], {}, ("119.0", "19.0")),
        ([line(price=100)], {"DocumentAdditionalExpenses": [{"ExpenseCode": 1, "LineTotal": 10}]}, ("134.2", "24.2")),
        (
            [line(price=100)],
            {
                "DiscountPercent": 50,
                "DocumentAdditionalExpenses": [{"ExpenseCode": 1, "LineTotal": 10, "VatGroup": "S10"}],
            },
            ("72.0", "12.0"),
        ),
    ],
)
async def test_an_invoice_is_summed_up(
    b1: Client, lines: list[dict[str, Any]], header: dict[str, Any], expected: tuple[str, str]
) -> None:
    invoice = await b1.add("Invoices", document(*lines, **header))
    assert (str(invoice["DocTotal"]), str(invoice["VatSum"])) == expected


async def test_a_line_tells_its_own_tax_and_rate(b1: Client) -> None:
    invoice = await b1.add("Invoices", document(line(quantity=2, price="9.99"), line(VatGroup="S95", price="0.10")))
    first, second = invoice["DocumentLines"]
    assert (first["LineNum"], first["LineTotal"], first["TaxTotal"]) == (0, money("19.98"), money("4.4"))
    assert (second["LineNum"], second["TaxPercentagePerRow"], second["TaxTotal"]) == (1, money("9.5"), money("0.01"))


async def test_numbers_may_be_sent_as_texts(b1: Client) -> None:
    invoice = await b1.add("Invoices", document(line(quantity="2", price="30.5")))
    assert invoice["DocTotal"] == money("74.42")


async def test_a_total_of_a_line_wins_over_its_price(b1: Client) -> None:
    invoice = await b1.add("Invoices", document({"ItemCode": company.STOCK_ITEM, "Quantity": 3, "LineTotal": 100}))
    assert invoice["DocTotal"] == 122
    assert invoice["DocumentLines"][0]["UnitPrice"] == money("33.333333")


async def test_without_a_price_the_price_list_speaks(b1: Client) -> None:
    invoice = await b1.add("Invoices", document({"ItemCode": company.STOCK_ITEM, "Quantity": 2}))
    assert (invoice["DocTotal"], invoice["DocumentLines"][0]["UnitPrice"]) == (244, 100)


async def test_tax_follows_the_date(b1: Client) -> None:
    await b1.add(
        "VatGroups",
        {
            "Code": "SN",
            "Name": "From April",
            "VatGroups_Lines": [
                {"Effectivefrom": "2026-01-01", "Rate": 20},
                {"Effectivefrom": "2026-04-01", "Rate": 22},
            ],
        },
    )
    march = await b1.add("Invoices", document(line(VatGroup="SN")))
    april = await b1.add("Invoices", document(line(VatGroup="SN"), DocDate="2026-04-01"))
    assert (march["VatSum"], april["VatSum"]) == (20, 22)


async def test_a_document_in_dollars_has_its_totals_twice(b1: Client) -> None:
    invoice = await b1.add("Invoices", document(line(quantity=3, price="33.33"), DocCurrency="USD"))
    assert (invoice["DocRate"], invoice["DocTotalFc"], invoice["VatSumFc"]) == (money("0.92"), money("121.99"), 22)
    assert (invoice["DocTotal"], invoice["VatSum"]) == (money("112.23"), money("20.24"))
    [only] = invoice["DocumentLines"]
    assert (only["RowTotalFC"], only["LineTotal"], only["Currency"]) == (money("99.99"), money("91.99"), "USD")


async def test_freight_in_dollars(b1: Client) -> None:
    freight = [{"ExpenseCode": company.FREIGHT, "LineTotalFC": 10}]
    invoice = await b1.add("Invoices", document(DocCurrency="USD", DocumentAdditionalExpenses=freight))
    assert (invoice["DocTotalFc"], invoice["DocTotal"]) == (money("134.2"), money("123.46"))
    in_euro = [{"ExpenseCode": company.FREIGHT, "LineTotal": 10}]
    body = document(DocCurrency="USD", DocumentAdditionalExpenses=in_euro)
    assert "LineTotalFC" in (await b1.refused("Invoices", body))[2]


async def test_a_rate_of_ones_own(b1: Client) -> None:
    invoice = await b1.add("Invoices", document(DocCurrency="GBP", DocRate="1.15"))
    assert (invoice["DocTotalFc"], invoice["DocTotal"]) == (122, money("140.3"))


async def test_a_missing_rate_waits_for_the_accountant(b1: Client) -> None:
    body = document(DocCurrency="GBP")
    assert await b1.refused("Invoices", body) == (400, "-4006", "Update the exchange rate , 'GBP'")
    rate = {"Currency": "GBP", "RateDate": "20260310", "Rate": "1.15"}
    assert (await b1.call("POST", "SBOBobService_SetCurrencyRate", rate)).status == 204
    assert (await b1.add("Invoices", body))["DocTotal"] == money("140.3")


async def test_decimals_are_the_companys(start: Start) -> None:
    client = await start(amounts="0", prices="2")
    invoice = await client.add("Invoices", document(line(quantity=3, price="33.333")))
    assert (invoice["DocTotal"], invoice["DocumentLines"][0]["UnitPrice"]) == (122, money("33.33"))
    info = await client.get("CompanyService_GetAdminInfo")
    assert (info["TotalsAccuracy"], info["PriceAccuracy"]) == (0, 2)


async def test_a_service_document_names_accounts(b1: Client) -> None:
    service = {"AccountCode": company.SERVICES_ACCOUNT, "ItemDescription": "Audit", "LineTotal": 250}
    invoice = await b1.add("Invoices", document(service, DocType="dDocument_Service"))
    assert (invoice["DocTotal"], invoice["DocumentLines"][0]["Quantity"]) == (305, 0)


async def test_sales_tax_countries_name_tax_codes(start: Start) -> None:
    client = await start(tax_system="sales_tax")
    taxed = {"ItemCode": company.STOCK_ITEM, "UnitPrice": 100, "TaxCode": "T10"}
    assert (await client.add("Invoices", document(taxed)))["DocTotal"] == 110
    assert "VatGroup" in (await client.refused("Invoices", document(line())))[2]
