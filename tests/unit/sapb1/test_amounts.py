"""What Business One will compute is what the CRM has, or it is refused with the difference named."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.documents import Line, Sale
from shared.errors import Refused
from shared.money import rounded
from shared.sapb1.amounts import unit_prices
from shared.sapb1.company import Company
from tests.unit.sapb1.examples import COMPANY, invoice, line

CENT = Decimal("0.01")
TWO_DECIMALS = Company(totals=2, prices=2, quantities=3, tax_by_group=False)
BY_GROUP = Company(totals=2, prices=6, quantities=3, tax_by_group=True)


@pytest.mark.parametrize(
    ("quantity", "price", "net", "sent"),
    [
        ("1", "100", "100.00", "100"),
        ("3", "33.33", "99.99", "33.33"),
        ("2", "50", "90.00", "45.000000"),  # a discount goes into the price
        ("3", "33.3333333", "100.00", "33.333333"),  # longer than a price can be
        ("0.333", "10.005", "3.33", "10.005"),
        ("7", "0", "0.00", "0"),
        ("1000", "0.0012345678", "1.23", "0.001230"),
    ],
)
def test_the_unit_price_gives_the_net_amount(quantity: str, price: str, net: str, sent: str) -> None:
    assert unit_prices(invoice(line(quantity, price, net=net)), COMPANY) == [Decimal(sent)]


@pytest.mark.parametrize(
    ("made", "company", "code", "values"),
    [
        (
            invoice(line("3", "33.34", net="100.00")),
            TWO_DECIMALS,
            "total_not_reachable",
            {"accounting": "99.99", "crm": "100.00", "field": "line 1: net", "difference": "-0.01"},
        ),
        (
            invoice(line(net="100.00", tax="22.01")),
            COMPANY,
            "total_not_reachable",
            {"accounting": "22.00", "crm": "22.01", "field": "line 1: tax", "difference": "-0.01"},
        ),
        (
            invoice(line(net="100.00", rate=None, tax="1.00")),
            COMPANY,
            "total_not_reachable",
            {"accounting": "0.00", "crm": "1.00", "field": "line 1: tax", "difference": "-1.00"},
        ),
        (
            invoice(line(), total=Decimal("122.01")),
            COMPANY,
            "total_not_reachable",
            {"accounting": "122.00", "crm": "122.01", "field": "total", "difference": "-0.01"},
        ),
        (
            invoice(line(quantity="1.2345", net="100.00")),
            COMPANY,
            "precision",
            {"line": "1", "field": "quantity", "value": "1.2345", "digits": "3"},
        ),
        (
            invoice(line(net="100.005", tax="22.00")),
            COMPANY,
            "precision",
            {"line": "1", "field": "net", "value": "100.005", "digits": "2"},
        ),
        (invoice(line(quantity="0", net="0")), COMPANY, "quantity_not_positive", {"line": "1", "value": "0"}),
        (invoice(line(net="-1", tax="0")), COMPANY, "amount_negative", {"line": "1", "value": "-1"}),
        (
            invoice(line(quantity="0.001", net="10000000000.00", tax="0", rate=None)),
            COMPANY,
            "number_too_large",
            {"line": "1", "field": "price", "value": "10000000000000"},
        ),
    ],
)
def test_what_is_not_reachable_is_refused(made: Sale, company: Company, code: str, values: dict[str, str]) -> None:
    with pytest.raises(Refused) as refused:
        unit_prices(made, company)
    assert refused.value.refusal.code == code
    shown = refused.value.refusal.values
    assert shown | values == shown


def test_tax_that_is_rounded_once_a_vat_group_is_compared_so() -> None:
    # 0.05 of tax a line, but 0.104 on both together
    lines = [line(net="0.26", price="0.26", tax=tax, number=number) for number, tax in enumerate(("0.06", "0.05"), 1)]
    assert unit_prices(invoice(*lines), BY_GROUP) == [Decimal("0.26"), Decimal("0.26")]
    with pytest.raises(Refused):
        unit_prices(invoice(*lines), COMPANY)


amounts = st.decimals(min_value=0, max_value=10**12, places=4, allow_nan=False, allow_infinity=False)
lines_of_any_kind = st.builds(
    lambda quantity, price, net, tax, rate: line(str(quantity), str(price), str(net), str(tax), rate),
    st.decimals(min_value=-1, max_value=10**14, places=5),
    amounts,
    st.one_of(amounts, st.decimals(min_value=0, max_value=10**6, places=2)),
    amounts,
    st.sampled_from(["22", "9.5", "0", None]),
)


@given(st.lists(lines_of_any_kind, min_size=1, max_size=5), st.sampled_from([COMPANY, TWO_DECIMALS, BY_GROUP]))
def test_any_invoice_is_computed_to_the_cent_or_refused(lines: list[Line], company: Company) -> None:
    made = invoice(*lines)
    try:
        prices = unit_prices(made, company)
    except Refused:
        return
    nets = [rounded(each.quantity * price, CENT) for each, price in zip(made.lines, prices, strict=True)]
    assert nets == [each.net for each in made.lines]
    assert sum(nets) + made.tax == made.total


@given(
    st.lists(
        st.builds(
            lambda quantity, price, discount, rate: line(
                str(quantity),
                str(price),
                str(rounded(quantity * price - min(discount, quantity * price), CENT)),
                rate=rate,
            ),
            st.decimals(min_value="0.001", max_value=9999, places=3),
            st.decimals(min_value=0, max_value=99999, places=2),
            st.decimals(min_value=0, max_value=500, places=2),
            st.sampled_from(["22", "9.5", "0", None]),
        ),
        min_size=1,
        max_size=5,
    )
)
def test_everyday_quantities_are_always_reachable(lines: list[Line]) -> None:
    """With prices of six decimals, less than 10,000 pieces reach every net amount."""
    made = invoice(*lines)
    taxes = [rounded(each.net * (each.rate or 0) / 100, CENT) for each in made.lines]
    exact = [each.model_copy(update={"tax": tax}) for each, tax in zip(made.lines, taxes, strict=True)]
    assert len(unit_prices(invoice(*exact), COMPANY)) == len(exact)
