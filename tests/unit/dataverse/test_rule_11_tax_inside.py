"""Rule 11: prices that include the tax, and freight, which always does."""

from decimal import Decimal
from typing import Any

import pytest

from shared.dataverse import transform
from shared.dataverse.sales import INVOICE as INVOICES
from shared.documents import Sale
from shared.errors import Refused
from shared.refusals import Refusal
from shared.routes import Route
from tests.builders import route, sapb1_route, settings
from tests.unit.dataverse.tables import books, crm, expected

SETTINGS = settings()


def made(row: dict[str, Any], way: Route) -> Sale:
    return transform.to_sale(INVOICES, row, way, SETTINGS)


def refused(row: dict[str, Any], way: Route) -> Refusal:
    with pytest.raises(Refused) as caught:
        made(row, way)
    return caught.value.refusal


# --- prices that include the tax

INSIDE = route(tax_inside=True)
WITHOUT_TAX_COLUMN = """
    quantity price  base   manual tax extended rate
    2        122.00 244.00 -      -   244.00   22
    1        110.00 110.00 10.00  -   100.00   10
    1        50.00  50.00  -      -   50.00    none
"""
WITH_TAX_COLUMN = """
    quantity price  base   manual tax   extended rate
    2        122.00 244.00 -      44.00 244.00   22
    1        110.00 110.00 10.00  9.09  100.00   10
    1        50.00  50.00  -      0     50.00    none
"""
IN_THE_BOOKS = """
    number kind    net   tax  rate
    1      product 200   44   22
    2      product 90.91 9.09 10
    3      product 50    0    none
"""


@pytest.mark.parametrize(
    ("table", "header"),
    [
        pytest.param(WITHOUT_TAX_COLUMN, {"totallineitemamount": "394", "totaltax": "0"}, id="no tax in the CRM"),
        pytest.param(WITHOUT_TAX_COLUMN, {"totallineitemamount": "394"}, id="no tax at all"),
        pytest.param(WITH_TAX_COLUMN, {"totallineitemamount": "340.91", "totaltax": "53.09"}, id="taken off the sum"),
        pytest.param(WITH_TAX_COLUMN, {"totallineitemamount": "394", "totaltax": "53.09"}, id="left in the sum"),
    ],
)
def test_rule_11_tax_inside_is_taken_out_of_what_the_customer_pays(table: str, header: dict[str, str]) -> None:
    sale = made(crm(table, totalamount="394", **header), INSIDE)
    assert books(sale) == expected(IN_THE_BOOKS)
    assert (str(sale.net), str(sale.tax), str(sale.total), sale.tax_inside) == ("340.91", "53.09", "394", True)
    assert sale.lines[0].price == Decimal("122")


def test_rule_11_a_headers_discount_takes_its_share_of_the_tax_inside() -> None:
    row = crm(
        """
        quantity price tax extended rate
        1        122   -   122      22
        1        122   -   122      22
        """,
        totallineitemamount="244",
        discountpercentage="50",
        totaldiscountamount="122",
        totalamount="122",
    )
    assert books(made(row, INSIDE)) == expected("""
        number kind    net tax rate
        1      product 50  11  22
        2      product 50  11  22
    """)


@pytest.mark.parametrize(("tax", "rate"), [("18.03", "22"), ("9.09", "10"), ("4.76", "5")])
def test_rule_11_the_rate_of_a_tax_inside_is_derived_where_one_fits(tax: str, rate: str) -> None:
    row = crm(
        f"quantity price tax extended rate\n1 100 {tax} 100 -",
        totallineitemamount="100",
        totaltax=tax,
        totalamount="100",
    )
    assert made(row, INSIDE).lines[0].rate == Decimal(rate)


def test_rule_11_tax_inside_without_rate_and_tax() -> None:
    row = crm("quantity price tax extended rate\n1 100 - 100 -", totallineitemamount="100", totalamount="100")
    assert refused(row, INSIDE).code == "rate_unknown"
    only = made(row, route(tax_inside=True, tax_rates=["22"]))
    assert books(only) == [("1", "product", "81.97", "18.03", "22")]


ONE_OF_TWO = """
    quantity price  tax extended rate
    1        122.00 22  122.00   22
    1        61.00  0   61.00    {rate}
"""


@pytest.mark.parametrize(
    ("rate", "code"), [("22", "tax_differs"), ("-", "rate_not_derivable"), ("none", ""), ("0", "")]
)
def test_rule_11_a_tax_of_0_inside_is_said_where_another_line_has_one(rate: str, code: str) -> None:
    row = crm(ONE_OF_TWO.format(rate=rate), totallineitemamount="183", totaltax="22", totalamount="183")
    only = route(tax_inside=True, tax_rates=["22"] if rate == "-" else ["22", "0", "none"])

    if code:
        assert refused(row, only).code == code
    else:
        assert books(made(row, only))[1] == ("2", "product", "61", "0", rate)


@pytest.mark.parametrize(
    ("table", "header", "code", "difference"),
    [
        pytest.param(
            "quantity price tax extended rate\n1 122 22 144 22",
            {"totallineitemamount": "122", "totaltax": "22", "totalamount": "144"},
            "line_arithmetic",
            "22",
            id="the tax was added although it is inside",
        ),
        pytest.param(
            "quantity price tax extended rate\n1 122 21.98 122 22",
            {"totallineitemamount": "122", "totaltax": "21.98", "totalamount": "122"},
            "tax_differs",
            "-0.02",
            id="another tax",
        ),
        pytest.param(
            "quantity price tax extended rate\n1 122 22 122 22",
            {"totallineitemamount": "122", "totaltax": "21", "totalamount": "122"},
            "sum_differs",
            "1",
            id="another sum of taxes",
        ),
        pytest.param(
            "quantity price tax extended rate\n1 122 22 122 22",
            {"totallineitemamount": "122", "totaltax": "22", "totalamount": "144"},
            "sum_differs",
            "-22",
            id="another total",
        ),
    ],
)
def test_rule_11_tax_inside_that_does_not_add_up_is_refused(
    table: str, header: dict[str, str], code: str, difference: str
) -> None:
    reason = refused(crm(table, **header), INSIDE)
    assert (reason.code, Decimal(reason.values["difference"])) == (code, Decimal(difference))


# --- freight

GOODS = "quantity price tax extended rate\n1 1000 220 1220 22"


@pytest.mark.parametrize(
    ("rate", "line"),
    [
        ("22", ("2", "freight", "81.97", "18.03", "22")),
        ("10", ("2", "freight", "90.91", "9.09", "10")),
        ("0", ("2", "freight", "100", "0", "0")),
        ("none", ("2", "freight", "100", "0", "none")),
    ],
)
def test_rule_11_freight_is_a_line_of_its_own_with_its_tax_inside(rate: str, line: tuple[str, ...]) -> None:
    row = crm(GOODS, totallineitemamount="1000", freightamount="100", totaltax="220", totalamount="1320")
    sale = made(row, route(freight_rate=rate))
    assert books(sale)[1] == line
    assert (sale.total, sale.net + sale.tax) == (Decimal(1320), Decimal(1320))
    freight = sale.lines[1]
    assert (freight.id, freight.product, freight.quantity) == (sale.id, None, Decimal(1))
    assert freight.price == freight.net
    assert freight.description == "Доставка"


def test_rule_11_freight_is_not_discounted_and_is_named_by_the_accounting_system() -> None:
    row = crm(
        "quantity price tax extended rate\n1 1000 198 1198 22",
        totallineitemamount="1000",
        discountpercentage="10",
        totaldiscountamount="100",
        freightamount="100",
        totaltax="198",
        totalamount="1198",
    )
    sale = made(row, Route.model_validate(sapb1_route(freight_rate="22")))
    assert books(sale) == expected("""
        number kind    net   tax   rate
        1      product 900   198   22
        2      freight 81.97 18.03 22
    """)
    assert sale.lines[1].description == "Freight"


def test_rule_11_freight_where_prices_include_the_tax() -> None:
    row = crm(
        "quantity price tax extended rate\n1 122 - 122 22",
        totallineitemamount="122",
        freightamount="61",
        totalamount="183",
    )
    sale = made(row, route(tax_inside=True, freight_rate="22"))
    assert books(sale)[1] == ("2", "freight", "50", "11", "22")
    assert sale.lines[1].price == Decimal(61)


@pytest.mark.parametrize(
    ("freight", "way", "code"),
    [
        pytest.param("100", route(), "freight", id="no rate for it"),
        pytest.param("100", route(freight_rate="20"), "rate_not_allowed", id="last year's rate"),
        pytest.param("-1", route(freight_rate="22"), "amount_negative", id="negative"),
        pytest.param("0.001", route(freight_rate="22"), "amount_precision", id="finer than a kopeck"),
    ],
)
def test_rule_11_freight_that_can_not_be_exported(freight: str, way: Route, code: str) -> None:
    row = crm(GOODS, totallineitemamount="1000", freightamount=freight, totaltax="220", totalamount="1320")
    assert refused(row, way).code == code


def test_rule_11_freight_that_the_total_leaves_out_is_refused_by_the_difference() -> None:
    row = crm(GOODS, totallineitemamount="1000", freightamount="100", totaltax="220", totalamount="1220")
    reason = refused(row, route(freight_rate="22"))
    assert (reason.code, reason.values["field"], reason.values["difference"]) == ("sum_differs", "totalamount", "100")
