"""Rule 12 and Dataverse's arithmetic: discounts of lines and header reach the books to the minor unit."""

from decimal import Decimal
from typing import Any

import pytest

from shared.dataverse import transform
from shared.dataverse.amounts import DISCOUNT_METHOD
from shared.dataverse.sales import INVOICE as INVOICES
from shared.documents import Sale
from shared.errors import Refused
from shared.refusals import Refusal
from tests.builders import route, settings
from tests.unit.dataverse.tables import books, crm, expected

SETTINGS = settings()
LINE_ITEM, PER_UNIT = 0, 1


def made(row: dict[str, Any], method: int | None = None) -> Sale:
    return transform.to_sale(INVOICES, row | {DISCOUNT_METHOD: method}, route(), SETTINGS)


def refused(row: dict[str, Any], method: int | None = None) -> Refusal:
    with pytest.raises(Refused) as caught:
        made(row, method)
    return caught.value.refusal


@pytest.mark.parametrize(
    ("method", "line"),
    [
        pytest.param(LINE_ITEM, "3 100.00 - 300.00 30.00 59.40 329.40 22", id="manual, for the whole line"),
        pytest.param(PER_UNIT, "3 100.00 - 300.00 10.00 59.40 329.40 22", id="manual, for each unit"),
        pytest.param(LINE_ITEM, "3 100.00 10.00 270.00 - 59.40 329.40 22", id="volume, for each unit"),
        pytest.param(PER_UNIT, "3 100.00 4.00 288.00 6.00 59.40 329.40 22", id="both, for each unit"),
        pytest.param(LINE_ITEM, "3 100.00 4.00 288.00 18.00 59.40 329.40 22", id="both, manual for the line"),
        pytest.param(None, "3 100.00 - 300.00 30.00 59.40 329.40 22", id="a setting that was never touched"),
    ],
)
def test_rule_12_a_lines_discounts_go_into_its_net(method: int | None, line: str) -> None:
    row = crm(
        f"quantity price volume base manual tax extended rate\n{line}",
        totallineitemamount="270.00",
        totaltax="59.40",
        totalamount="329.40",
    )
    assert books(made(row, method)) == [("1", "product", "270", "59.4", "22")]


def test_rule_12_the_other_method_is_refused_by_the_difference() -> None:
    row = crm(
        "quantity price base manual tax extended rate\n3 100.00 300.00 10.00 59.40 329.40 22",
        totallineitemamount="270.00",
        totaltax="59.40",
        totalamount="329.40",
    )
    reason = refused(row, LINE_ITEM)
    assert reason.code == "line_arithmetic"
    assert reason.values == {
        "line": "1",
        "field": "extendedamount",
        "stated": "329.4",
        "expected": "349.4",
        "difference": "-20",
        "method": "Line item",
    }
    assert "3" in reason.text("ru", "invoice", "1", "")


@pytest.mark.parametrize(
    ("line", "field", "difference"),
    [
        pytest.param("3 100.00 - 300.01 - 66 366.01 22", "baseamount", "0.01", id="base off by a kopeck"),
        pytest.param("3 100.00 1 300.00 - 66 366.00 22", "baseamount", "3", id="base without the volume discount"),
        pytest.param("3 100.00 - 300.00 - 66 366.01 22", "extendedamount", "0.01", id="net off by a kopeck"),
        pytest.param("3 100.00 - - - 66 365.99 22", "extendedamount", "-0.01", id="without a base"),
    ],
)
def test_rule_12_a_line_that_does_not_add_up_is_refused(line: str, field: str, difference: str) -> None:
    reason = refused(crm(f"quantity price volume base manual tax extended rate\n{line}"))
    assert (reason.code, reason.values["field"], reason.values["difference"]) == ("line_arithmetic", field, difference)


@pytest.mark.parametrize("base", ["1.00", "1.01", "-"], ids=["half to even", "half up", "not given"])
@pytest.mark.parametrize("net", ["1.00", "1.01"])
def test_rule_12_half_a_kopeck_may_be_rounded_either_way(base: str, net: str) -> None:
    row = crm(
        f"quantity price base tax extended rate\n0.5 2.01 {base} 0.22 {Decimal(net) + Decimal('0.22')} 22",
        totallineitemamount=net,
        totaltax="0.22",
        totalamount=str(Decimal(net) + Decimal("0.22")),
    )
    assert made(row).net == Decimal(net)


THREE = """
    quantity price base   tax   extended rate
    1        100   100.00 19.14 119.14   22
    1        100   100.00 19.14 119.14   22
    1        50    50.00  9.57  59.57    22
"""


@pytest.mark.parametrize(
    ("amount", "percentage"),
    [
        pytest.param("32.50", None, id="as an amount"),
        pytest.param(None, "13.00", id="as a percentage"),
        pytest.param("7.50", "10.00", id="as both"),
    ],
)
def test_rule_12_the_headers_discount(amount: str | None, percentage: str | None) -> None:
    row = crm(
        THREE,
        discountamount=amount,
        discountpercentage=percentage,
        totallineitemamount="250.00",
        totaldiscountamount="32.50",
        totaltax="47.85",
        totalamount="265.35",
    )
    assert books(made(row)) == expected("""
        number kind    net  tax   rate
        1      product 87   19.14 22
        2      product 87   19.14 22
        3      product 43.5 9.57  22
    """)


def test_rule_12_a_percentage_is_rounded_to_the_currency_and_shared_by_largest_remainder() -> None:
    # 3.33 % of 100.00 is 3.33; shared by 33.33, 33.33, 33.34 it is 1.10989, 1.10989, 1.110222: the last gets more.
    row = crm(
        """
        quantity price base  tax  extended rate
        1        33.33 33.33 7.09 40.42    22
        1        33.33 33.33 7.09 40.42    22
        1        33.34 33.34 7.09 40.43    22
        """,
        discountpercentage="3.33",
        totallineitemamount="100.00",
        totaldiscountamount="3.33",
        totaltax="21.27",
        totalamount="117.94",
    )
    assert [str(line.net) for line in made(row).lines] == ["32.22", "32.22", "32.23"]


@pytest.mark.parametrize(
    ("header", "code", "difference"),
    [
        pytest.param({"totaldiscountamount": "32.49"}, "discount_differs", "-0.01", id="off by a kopeck"),
        pytest.param({"discountpercentage": "1"}, "discount_differs", "-2.5", id="the percentage is left out"),
        pytest.param({"discountamount": "32.505"}, "amount_precision", None, id="finer than the currency"),
    ],
)
def test_rule_12_a_discount_that_does_not_add_up_is_refused(
    header: dict[str, str], code: str, difference: str | None
) -> None:
    given = {"discountamount": "32.50", "totaldiscountamount": "32.50", "totallineitemamount": "250.00"} | header
    reason = refused(crm(THREE, **given))
    assert (reason.code, reason.values.get("difference")) == (code, difference)


def test_rule_12_tax_of_the_undiscounted_line_is_refused_by_the_difference() -> None:
    row = crm(
        "quantity price base tax extended rate\n1 100 100.00 22.00 122.00 22",
        discountamount="10",
        totaldiscountamount="10",
        totallineitemamount="100.00",
        totaltax="22.00",
        totalamount="112.00",
    )
    reason = refused(row)
    assert (reason.code, reason.values["expected"], reason.values["difference"]) == ("tax_differs", "19.80", "2.20")


def test_rule_05_a_line_of_nothing_is_a_gift_and_a_negative_one_a_return() -> None:
    row = crm(
        """
        quantity price base manual tax extended rate
        1        100   100  -      22  122.00   22
        1        10    10   10     0   0        22
        """,
        totallineitemamount="100",
        totaltax="22",
        totalamount="122",
    )
    assert books(made(row))[1] == ("2", "product", "0", "0", "22")
    for quantity in ("0", "-1"):
        reason = refused(crm(f"quantity price tax extended rate\n{quantity} 100 0 0 22"))
        assert (reason.code, reason.values["value"]) == ("quantity_not_positive", quantity)
    assert refused(crm("quantity price manual tax extended rate\n1 5 6 0 -1 22")).code == "amount_negative"


@pytest.mark.parametrize(
    ("precision", "price", "manual", "net", "tax"),
    [(0, "1234", "34", "1200", "264"), (2, "10.01", "0.01", "10.00", "2.20"), (3, "1.125", "0.125", "1.000", "0.220")],
)
def test_rule_12_every_currency_has_its_own_minor_unit(
    precision: int, price: str, manual: str, net: str, tax: str
) -> None:
    total = str(Decimal(net) + Decimal(tax))
    row = crm(
        f"quantity price base manual tax extended rate\n1 {price} {price} {manual} {tax} {total} 22",
        totallineitemamount=net,
        totaltax=tax,
        totalamount=total,
    )
    row |= {"transactioncurrencyid": {"isocurrencycode": "XXX", "currencyprecision": precision}}
    sale = made(row)
    assert (sale.net, sale.tax, sale.currency.minor_unit) == (
        Decimal(net),
        Decimal(tax),
        Decimal(1).scaleb(-precision),
    )


def test_rule_12_amounts_are_in_the_documents_currency_whatever_the_exchange_rate() -> None:
    row = crm(THREE, totallineitemamount="250", totaltax="47.85", totalamount="265.35", discountamount="32.5")
    row |= {"totaldiscountamount": Decimal("32.5")}
    other = row | {"exchangerate": Decimal("97.1"), "totalamount_base": Decimal(1)}
    assert made(row).content_hash() == made(other).content_hash()
