"""Rule 4: a bundle is sold once, by its own price or by its products'."""

from typing import Any

import pytest

from shared.dataverse import transform
from shared.dataverse.sales import INVOICE as INVOICES
from shared.documents import Sale
from shared.errors import Refused
from shared.refusals import Refusal
from shared.routes import Route
from tests.builders import record_id, route, settings
from tests.unit.dataverse.tables import books, crm, expected

SETTINGS = settings()


def made(row: dict[str, Any], way: Route) -> Sale:
    return transform.to_sale(INVOICES, row, way, SETTINGS)


def refused(row: dict[str, Any], way: Route) -> Refusal:
    with pytest.raises(Refused) as caught:
        made(row, way)
    return caught.value.refusal


def test_rule_04_a_bundle_with_a_price_is_one_line_and_its_optional_products_are_their_own() -> None:
    # Microsoft's own example: a bundle of 500 with required products, and optional ones for 450.
    row = crm(
        """
        kind     of quantity price tax extended rate
        bundle   -  1        500   110 610      22
        required 1  5        50    -   -        -
        required 1  5        70    -   0        -
        optional 1  5        40    44  244      22
        optional 1  5        50    55  305      22
        product  -  1        100   22  122      22
        """,
        totallineitemamount="1050",
        totaltax="231",
        totalamount="1281",
    )
    sale = made(row, route())
    assert books(sale) == expected("""
        number kind    net tax rate
        1      product 500 110 22
        4      product 200 44  22
        5      product 250 55  22
        6      product 100 22  22
    """)
    assert {line.id for line in sale.lines} == {record_id(n, 0x1B) for n in (1, 4, 5, 6)}


def test_rule_04_a_bundle_without_a_price_is_no_line_and_its_products_are() -> None:
    row = crm(
        """
        kind     of quantity price tax extended rate
        bundle   -  1        0     -   0        -
        required 1  1        300   66  366      22
        required 1  1        0     0   0        22
        """,
        totallineitemamount="300",
        totaltax="66",
        totalamount="366",
    )
    assert [(line[0], line[2]) for line in books(made(row, route()))] == [("2", "300"), ("3", "0")]


@pytest.mark.parametrize(
    ("table", "code", "line"),
    [
        pytest.param(
            "kind of price tax extended rate\nbundle - 0 - 0 -\nrequired 1 - - - -", "bundle_without_price", "1"
        ),
        pytest.param("kind of price tax extended rate\nbundle - - - - -", "bundle_without_price", "1"),
        pytest.param(
            "kind of price tax extended rate\nproduct - 1 0 1 0\nrequired - 1 - 1 -", "bundle_incomplete", "2"
        ),
        pytest.param(
            "kind of price tax extended rate\nproduct - 1 0 1 0\nrequired 1 1 - 1 -", "bundle_incomplete", "2"
        ),
    ],
)
def test_rule_04_a_bundle_of_which_it_can_not_be_told_what_was_sold(table: str, code: str, line: str) -> None:
    reason = refused(crm(table), route())
    assert (reason.code, reason.values["line"]) == (code, line)


def test_rule_04_a_bundle_whose_products_the_crm_counted_as_well_is_refused_by_the_difference() -> None:
    row = crm(
        """
        kind     of quantity price tax extended rate
        bundle   -  1        500   110 610      22
        required 1  1        50    11  61       22
        """,
        totallineitemamount="550",
        totaltax="121",
        totalamount="671",
    )
    reason = refused(row, route())
    assert (reason.code, reason.values["difference"]) == ("sum_differs", "-50")


def test_rule_04_a_bundle_is_found_by_the_older_column_too() -> None:
    row = crm(
        "kind of price tax extended rate\nbundle - 500 110 610 22\nrequired 1 50 - 0 -",
        totallineitemamount="500",
        totaltax="110",
        totalamount="610",
    )
    required = row["invoice_details"][1]
    required["parentbundleid"] = required.pop("_parentbundleidref_value")
    assert len(made(row, route()).lines) == 1
