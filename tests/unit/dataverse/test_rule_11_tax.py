"""Rule 11: which rate a line may have, by the day of shipment and the entity's regime; prices with the tax inside."""

from decimal import Decimal
from typing import Any

import pytest

from shared.dataverse import transform
from shared.dataverse.sales import INVOICE as INVOICES
from shared.documents import Sale
from shared.errors import Refused
from shared.refusals import Refusal
from shared.routes import Route
from tests.builders import invoice_row, line_row, onec_route, route, settings
from tests.unit.dataverse.tables import crm

SETTINGS = settings()
BOOKS = onec_route()["onec"]
SHIPS = route(onec=BOOKS | {"realizatsiya": True, "schet_faktura": "create"})


def made(row: dict[str, Any], way: Route) -> Sale:
    return transform.to_sale(INVOICES, row, way, SETTINGS)


def refused(row: dict[str, Any], way: Route) -> Refusal:
    with pytest.raises(Refused) as caught:
        made(row, way)
    return caught.value.refusal


def dated(document: str, shipped: str, *, rate: str | None, tax: str) -> dict[str, Any]:
    return invoice_row(line_row("1000", tax, rate), acx_documentdate=f"{document}T09:00:00Z", datedelivered=shipped)


# --- around New Year


@pytest.mark.parametrize("rate", ["20", "22"])
@pytest.mark.parametrize("written", [True, False], ids=["given", "derived"])
@pytest.mark.parametrize(
    ("document", "shipped"),
    [
        pytest.param("2025-12-01", "2025-12-01", id="a December счёт"),
        pytest.param("2025-12-30", "2026-01-15", id="a December счёт for a January shipment"),
        pytest.param("2026-01-31", "2026-01-31", id="a January счёт"),
        pytest.param("2026-01-12", "2025-12-30", id="a January счёт for a December shipment"),
    ],
)
def test_rule_11_around_new_year_a_schet_takes_either_rate(
    document: str, shipped: str, *, written: bool, rate: str
) -> None:
    row = dated(document, shipped, rate=rate if written else None, tax=f"{rate}0")
    assert made(row, route()).lines[0].rate == Decimal(rate)


@pytest.mark.parametrize(
    ("document", "shipped", "rate"),
    [
        pytest.param("2025-11-30", "2025-11-30", "22", id="too early"),
        pytest.param("2026-02-01", "2026-02-01", "20", id="too late"),
        pytest.param("2026-12-15", "2026-12-15", "20", id="another New Year"),
    ],
)
def test_rule_11_away_from_the_change_only_the_shipments_rate(document: str, shipped: str, rate: str) -> None:
    assert refused(dated(document, shipped, rate=rate, tax=f"{rate}0"), route()).code == "rate_not_allowed"


@pytest.mark.parametrize(
    ("document", "shipped", "rate", "accepted"),
    [
        ("2025-12-30", "2026-01-15", "22", True),
        ("2025-12-30", "2026-01-15", "20", False),
        ("2026-01-12", "2025-12-31", "20", True),
        ("2026-01-12", "2025-12-31", "22", False),
    ],
)
def test_rule_11_a_realizatsiya_follows_its_shipment_alone(
    document: str, shipped: str, rate: str, *, accepted: bool
) -> None:
    row = dated(document, shipped, rate=rate, tax=f"{rate}0")
    if accepted:
        assert made(row, SHIPS).lines[0].rate == Decimal(rate)
    else:
        assert refused(row, SHIPS).code == "rate_not_allowed"


def test_rule_11_between_two_general_rates_that_fit_nothing_is_derived() -> None:
    row = invoice_row(
        line_row("0.03", "0.01", None), acx_documentdate="2025-12-30T09:00:00Z", datedelivered="2026-01-15"
    )
    assert refused(row, route()).values["fitting"] == "22, 20"


# --- the regime


@pytest.mark.parametrize(
    ("shipped", "allowed"),
    [
        ("2025-06-30", "–"),
        ("2025-07-01", "20, 10, 0, none"),
        ("2026-02-01", "22, 10, 0, none"),
        ("2026-07-01", "5, 0, none"),
        ("2027-01-01", "7, 0, none"),
        ("2028-01-01", "none"),
    ],
)
def test_rule_11_the_regime_of_the_day_of_shipment_limits_the_rates(shipped: str, allowed: str) -> None:
    regimes = [
        {"from": "2028-01-01", "regime": "exempt"},
        {"from": "2025-07-01", "regime": "osno"},
        {"from": "2026-07-01", "regime": "usn_5"},
        {"from": "2027-01-01", "regime": "usn_7"},
    ]
    reason = refused(dated("2026-05-05", shipped, rate="99", tax="990"), route(tax_regimes=regimes))
    assert (reason.code, reason.values["known"]) == ("rate_not_allowed", allowed)


def test_rule_11_who_is_released_from_vat_has_no_rate_on_any_line() -> None:
    way = route(tax_regimes=[{"from": "2025-01-01", "regime": "exempt"}], freight_rate="none")
    row = crm(
        "quantity price tax extended rate\n1 100 - 100 -\n1 50 0 50 none",
        totallineitemamount="150",
        freightamount="10",
        totaltax="0",
        totalamount="160",
    )
    assert {line.rate for line in made(row, way).lines} == {None}


@pytest.mark.parametrize(("rate", "tax", "accepted"), [("0", "0", True), ("none", "0", True), (None, "0", False)])
def test_rule_11_without_vat_and_zero_percent_are_never_confused(rate: str | None, tax: str, *, accepted: bool) -> None:
    row = dated("2026-02-10", "2026-02-10", rate=rate, tax=tax)
    if accepted:
        assert made(row, route()).lines[0].rate == (None if rate == "none" else Decimal(0))
    else:
        assert refused(row, route()).values["fitting"] == "0, none"


# --- how far a tax may be off


@pytest.mark.parametrize(
    ("rate", "tax", "accepted"),
    [
        ("22", "22.00", True),
        ("22", "21.99", True),
        ("22", "22.01", True),
        ("22", "21.98", False),
        ("22", "22.02", False),
        ("0", "0.01", False),
        ("none", "0.01", False),
    ],
)
def test_rule_11_with_the_rate_given_a_tax_may_be_off_by_a_kopeck(rate: str, tax: str, *, accepted: bool) -> None:
    row = invoice_row(line_row("100", tax, rate))
    if accepted:
        assert str(made(row, route()).tax) == str(Decimal(tax).normalize().quantize(made(row, route()).tax))
    else:
        assert refused(row, route()).code == "tax_differs"


@pytest.mark.parametrize(("tax", "accepted"), [("22.00", True), ("21.99", False), ("22.01", False)])
def test_rule_11_a_rate_is_derived_only_from_its_own_tax(tax: str, *, accepted: bool) -> None:
    row = invoice_row(line_row("100", tax, None))
    if accepted:
        assert made(row, route()).lines[0].rate == Decimal(22)
    else:
        assert refused(row, route()).values["fitting"] == "–"
