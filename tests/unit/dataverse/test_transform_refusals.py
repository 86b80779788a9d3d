"""What can't be exported is refused with its code and the values that a person needs."""

from decimal import Decimal
from typing import Any

import pytest

from shared.dataverse import transform
from shared.dataverse.sales import INVOICE as INVOICES
from shared.errors import Refused
from shared.refusals import Refusal
from shared.routes import Route
from tests.builders import (
    account_row,
    contact_row,
    invoice_row,
    line_row,
    route,
    sapb1_route,
    settings,
    write_in,
)

SETTINGS = settings()
DERIVED = settings(COLUMN_LINE_TAX_RATE=None)
KNOWN = "22, 10, 7, 5, 0, none"


def refused(row: dict[str, Any], way: Route | None = None, *, derived: bool = False) -> Refusal:
    with pytest.raises(Refused) as caught:
        transform.to_sale(INVOICES, row, way or route(), DERIVED if derived else SETTINGS)
    return caught.value.refusal


@pytest.mark.parametrize(
    ("row", "code", "values"),
    [
        pytest.param(
            invoice_row(acx_documentdate=None), "date_missing", {"field": "acx_documentdate"}, id="document date"
        ),
        pytest.param(invoice_row(datedelivered=None), "date_missing", {"field": "datedelivered"}, id="shipment date"),
        pytest.param(invoice_row(duedate=None), "date_missing", {"field": "duedate"}, id="due date"),
        pytest.param(invoice_row(customerid_account=None), "customer_missing", {}, id="customer missing"),
        pytest.param(
            invoice_row(customerid_account=account_row(name=" ")),
            "customer_name_missing",
            {},
            id="account without name",
        ),
        pytest.param(
            invoice_row(customerid_account=None, customerid_contact=contact_row(fullname=None)),
            "customer_name_missing",
            {},
            id="contact without name",
        ),
        pytest.param(invoice_row(transactioncurrencyid=None), "currency_missing", {}, id="currency missing"),
        pytest.param(invoice_row(invoice_details=[], totallineitemamount=0), "no_lines", {}, id="no lines"),
        pytest.param(
            invoice_row(line_row(), write_in(" ", position=2)), "line_without_product", {"line": "2"}, id="empty line"
        ),
        pytest.param(
            invoice_row(line_row(quantity="-1")), "quantity_not_positive", {"line": "1", "value": "-1"}, id="return"
        ),
        pytest.param(
            invoice_row(line_row() | {"quantity": Decimal(0)}),
            "quantity_not_positive",
            {"line": "1", "value": "0"},
            id="quantity zero",
        ),
        pytest.param(
            invoice_row(line_row("-5", "0", "0")), "amount_negative", {"line": "1", "value": "-5"}, id="negative net"
        ),
        pytest.param(
            invoice_row(line_row("5", "-1", "0")), "amount_negative", {"line": "1", "value": "-1"}, id="negative tax"
        ),
        pytest.param(
            invoice_row(line_row("10.005", "0", "0")),
            "precision",
            {"line": "1", "field": "extendedamount", "value": "10.005", "digits": "2"},
            id="fractions of a kopeck",
        ),
        pytest.param(
            invoice_row(line_row("10", "2.201")),
            "precision",
            {"line": "1", "field": "tax", "value": "2.201", "digits": "2"},
            id="tax finer than a kopeck",
        ),
        pytest.param(
            invoice_row(
                line_row("10.5", "0", "0"), transactioncurrencyid={"isocurrencycode": "JPY", "currencyprecision": 0}
            ),
            "precision",
            {"line": "1", "field": "extendedamount", "value": "10.5", "digits": "0"},
            id="half a yen",
        ),
        pytest.param(
            invoice_row(line_row() | {"quantity": None}),
            "value_missing",
            {"line": "1", "field": "quantity"},
            id="quantity",
        ),
        pytest.param(
            invoice_row(line_row() | {"priceperunit": None}),
            "value_missing",
            {"line": "1", "field": "priceperunit"},
            id="price",
        ),
        pytest.param(invoice_row(freightamount=Decimal("3.50")), "freight", {"value": "3.5"}, id="freight"),
        pytest.param(
            invoice_row(line_row(rate="lots")),
            "rate_unreadable",
            {"line": "1", "value": "lots", "field": "acx_taxrate", "known": KNOWN},
            id="rate unreadable",
        ),
        pytest.param(
            invoice_row(line_row("1000", "200", "20 %")),
            "rate_not_allowed",
            {"line": "1", "rate": "20", "date": "2026-02-10", "known": KNOWN},
            id="last year's rate",
        ),
        pytest.param(
            invoice_row(line_row("1000", "220", "22"), datedelivered="2025-12-31"),
            "rate_not_allowed",
            {"line": "1", "rate": "22", "date": "2025-12-31", "known": "20, 10, 7, 5, 0, none"},
            id="next year's rate",
        ),
        pytest.param(
            invoice_row(line_row("1000", "220.02", "22")),
            "tax_differs",
            {"line": "1", "tax": "220.02", "rate": "22", "net": "1000.00", "expected": "220.00", "difference": "0.02"},
            id="tax differs",
        ),
        pytest.param(
            invoice_row(line_row("1000", "0.01", "none")),
            "tax_differs",
            {"line": "1", "tax": "0.01", "rate": "none", "net": "1000.00", "expected": "0.00", "difference": "0.01"},
            id="tax without VAT",
        ),
    ],
)
def test_a_refusal_says_what_is_wrong(row: dict[str, Any], code: str, values: dict[str, str]) -> None:
    assert refused(row) == Refusal(code=code, values=values)


def test_an_extended_amount_that_is_missing() -> None:
    line = line_row()
    row = invoice_row(line)
    line["extendedamount"] = None
    assert refused(row).values == {"line": "1", "field": "extendedamount"}


@pytest.mark.parametrize(
    ("net", "tax", "fitting"),
    [
        pytest.param("1000", "0", "0, none", id="without VAT or 0 %"),
        pytest.param("1000", "123", "–", id="no rate"),
        pytest.param("0.05", "0.01", "22, 10", id="so little that two fit"),
        pytest.param("0", "0", "22, 10, 7, 5, 0, none", id="nothing fits everything"),
    ],
)
def test_a_rate_is_never_guessed(net: str, tax: str, fitting: str) -> None:
    reason = refused(invoice_row(line_row(net, tax)), derived=True)
    assert (reason.code, reason.values["fitting"]) == ("rate_not_derivable", fitting)


def test_a_rate_that_sap_has_no_code_for() -> None:
    reason = refused(invoice_row(line_row("1000", "200", "20")), Route.model_validate(sapb1_route()))
    assert (reason.code, reason.values["known"]) == ("rate_not_allowed", "22, 9.5, 0, none")


@pytest.mark.parametrize("column", ["totallineitemamount", "totaltax", "totalamount"])
def test_a_total_that_is_missing_is_refused(column: str) -> None:
    reason = refused(invoice_row() | {column: None})
    assert (reason.code, reason.values["field"], reason.values["header"]) == ("sum_differs", column, "–")


@pytest.mark.parametrize("discount", ["-0.01", "1000.01"], ids=["negative", "more than all"])
def test_a_discount_that_can_not_be_is_refused(discount: str) -> None:
    reason = refused(invoice_row(discount=discount))
    assert (reason.code, reason.values["field"]) == ("sum_differs", "totaldiscountamount")


def test_the_first_wrong_line_is_named_by_its_place() -> None:
    good = (line_row(position=position) for position in (1, 2))
    assert refused(invoice_row(*good, line_row(position=3, rate="?"))).values["line"] == "3"


@pytest.mark.parametrize("language", ["en", "ru"])
def test_a_sentence_says_by_how_much(language: str) -> None:
    text = refused(invoice_row(totalamount=Decimal("1220.01"))).text(
        "ru" if language == "ru" else "en", "invoice", "INV-1", ""
    )
    assert "1220" in text
    assert "-0.01" in text
