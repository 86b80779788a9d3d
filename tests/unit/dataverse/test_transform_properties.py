"""The transformation against random invoices: right to the kopeck, or refused by exactly how much it is wrong."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from shared.dataverse import transform
from shared.dataverse.amounts import DISCOUNT_METHOD
from shared.dataverse.sales import INVOICE as INVOICES
from shared.errors import Refused
from shared.routes import Route
from tests.builders import account_row, contact_row, invoice_row, line_row, record_id, route, settings

SETTINGS = settings()
DERIVED = settings(COLUMN_LINE_TAX_RATE=None)

CENT = Decimal("0.01")
ROUTES = (route(), route(freight_rate="22"), route(tax_inside=True, freight_rate="none"))


@st.composite
def consistent(draw: st.DrawFn) -> tuple[dict[str, Any], int]:
    """Draw an invoice as Dataverse computes it, and the discount that its header gives, both in kopecks."""
    nets = draw(st.lists(st.integers(0, 10**11), min_size=1, max_size=8))
    discount = draw(st.integers(0, sum(nets)))
    # An independent computation: whole kopecks, largest remainder, earlier first.
    total = sum(nets) or 1
    shares = [discount * net // total for net in nets]
    order = sorted(range(len(nets)), key=lambda i: -((discount * nets[i]) % total))
    for index in order[: discount - sum(shares)]:
        shares[index] += 1
    lines = []
    for position, (net, share) in enumerate(zip(nets, shares, strict=True), start=1):
        rate = draw(st.sampled_from(["22", "10", "7", "5", "0", "none"]))
        percent = 0 if rate == "none" else int(rate)
        tax = ((net - share) * percent + 50) // 100
        lines.append(line_row(str(net * CENT), str(tax * CENT), rate, position=position))
    return invoice_row(*lines, discount=str(discount * CENT)), discount


@hypothesis_settings(max_examples=150)
@given(consistent())
def test_a_consistent_invoice_agrees_with_the_crm_to_the_kopeck(drawn: tuple[dict[str, Any], int]) -> None:
    row, discount = drawn
    invoice = transform.to_sale(INVOICES, row, route(), SETTINGS)
    assert (invoice.tax, invoice.total) == (row["totaltax"], row["totalamount"])
    assert invoice.net == row["totallineitemamount"] - discount * CENT == sum(line.net for line in invoice.lines)
    assert all(line.net >= 0 and line.net == line.net.quantize(CENT) for line in invoice.lines)
    assert sum(line.gross for line in invoice.lines) == invoice.total


@hypothesis_settings(max_examples=150)
@given(
    consistent(),
    st.sampled_from(["totallineitemamount", "totaltax", "totalamount"]),
    st.integers(-(10**12), 10**12).filter(bool),
)
def test_a_wrong_total_is_refused_with_the_exact_difference(
    drawn: tuple[dict[str, Any], int], column: str, kopecks: int
) -> None:
    row, _ = drawn
    with pytest.raises(Refused) as caught:
        transform.to_sale(INVOICES, row | {column: row[column] + kopecks * CENT}, route(), SETTINGS)
    reason = caught.value.refusal
    assert (reason.code, reason.values["field"]) == ("sum_differs", column)
    assert Decimal(reason.values["difference"]) == -kopecks * CENT
    assert Decimal(reason.values["lines"]) - Decimal(reason.values["header"]) == -kopecks * CENT


LARGEST = 922_337_203_685_477
"""of a Money column"""
_money = st.none() | st.decimals(-(10**12), 10**12, places=4) | st.sampled_from([Decimal(LARGEST), Decimal(-LARGEST)])
_line_changes = st.fixed_dictionaries(
    {},
    optional={
        "quantity": _money,
        "priceperunit": _money,
        "volumediscountamount": _money,
        "baseamount": _money,
        "manualdiscountamount": _money,
        "producttypecode": st.none() | st.integers(1, 5),
        "parentbundleid": st.none() | st.sampled_from([str(record_id(n, 0x1B)) for n in (1, 2, 3, 9)]),
        "tax": _money,
        "extendedamount": _money,
        "productid": st.none(),
        "uomid": st.none(),
        "lineitemnumber": st.none() | st.integers(),
        "productdescription": st.none() | st.text(st.characters(codec=None), max_size=5),
        "acx_taxrate": st.none() | st.text(max_size=6) | st.sampled_from(["22", "20", "none"]),
    },
)
_changes = st.fixed_dictionaries(
    {},
    optional={
        "totallineitemamount": _money,
        "discountamount": _money,
        "discountpercentage": st.none() | st.decimals(0, 100, places=2),
        "totaldiscountamount": _money,
        DISCOUNT_METHOD: st.none() | st.integers(0, 1),
        "freightamount": st.none() | st.just(0) | _money,
        "totaltax": _money,
        "totalamount": _money,
        "transactioncurrencyid": st.none()
        | st.builds(lambda n: {"isocurrencycode": "X", "currencyprecision": n}, st.none() | st.integers(0, 4)),
        "duedate": st.none() | st.dates().map(str),
        "customerid_account": st.none() | st.builds(account_row, name=st.none() | st.text(st.characters(codec=None))),
        "customerid_contact": st.none() | st.builds(contact_row),
        "invoicenumber": st.none() | st.text(max_size=100),
    },
)


@hypothesis_settings(max_examples=300)
@given(st.lists(_line_changes, max_size=3), _changes, st.booleans(), st.sampled_from(ROUTES))
def test_whatever_a_person_typed_is_an_invoice_or_a_refusal(
    lines: list[dict[str, Any]], changes: dict[str, Any], derived: bool, way: Route
) -> None:
    rows = [line_row(position=position) for position in range(1, len(lines) + 1)]
    row = invoice_row(*rows) | {"invoice_details": [line | more for line, more in zip(rows, lines, strict=True)]}
    try:
        invoice = transform.to_sale(INVOICES, row | changes, way, DERIVED if derived else SETTINGS)
    except Refused as error:
        assert error.refusal.text("ru", "invoice", "INV-1", "").startswith("Счёт INV-1: ")
        return
    assert len(invoice.content_hash()) == 64
    assert invoice.total == sum(line.gross for line in invoice.lines)
    ids = {line.id for line in invoice.lines} - {invoice.id}
    assert ids <= {record_id(n, 0x1B) for n in range(1, len(lines) + 1)}
