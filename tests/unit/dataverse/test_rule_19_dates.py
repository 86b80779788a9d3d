"""Rules 1 and 19: each date names its column and is a day of the legal entity. Way 2A: orders are as invoices."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from shared.dataverse import transform
from shared.dataverse.sales import INVOICE as INVOICES
from shared.dataverse.sales import ORDER as ORDERS
from shared.errors import Refused
from shared.routes import Route
from tests.builders import (
    ORDER,
    account_row,
    invoice_row,
    line_row,
    onec_route,
    order_row,
    product_row,
    record_id,
    route,
    settings,
    write_in,
)
from tests.unit.dataverse.tables import books, expected

SETTINGS = settings()
DATES = {"document": "datefulfilled", "shipment": "datefulfilled", "due": "requestdeliveryby"}
ACTS = Route.model_construct(**{**route().__dict__, "way": "2A", "dates": route(dates=DATES).dates})


@pytest.mark.parametrize(
    ("written", "zone", "day"),
    [
        pytest.param(
            "2025-12-31T23:30:00Z", "Europe/Moscow", "2026-01-01", id="half past eleven UTC is tomorrow in Moscow"
        ),
        pytest.param("2025-12-31T20:59:59Z", "Europe/Moscow", "2025-12-31", id="the last second of Moscow's year"),
        pytest.param("2025-12-31T21:00:00Z", "Europe/Moscow", "2026-01-01", id="the first second of Moscow's year"),
        pytest.param("2025-12-31T12:00:00Z", "Asia/Kamchatka", "2026-01-01", id="noon UTC is midnight in Kamchatka"),
        pytest.param("2025-12-31T22:59:59Z", "Europe/Ljubljana", "2025-12-31", id="winter in Ljubljana"),
        pytest.param("2026-06-30T22:00:00Z", "Europe/Ljubljana", "2026-07-01", id="summer in Ljubljana"),
        pytest.param("2026-01-01T03:00:00Z", "America/New_York", "2025-12-31", id="west of Greenwich"),
        pytest.param(
            "2026-02-09T21:00:00Z", "Europe/Moscow", "2026-02-10", id="a user's midnight: Date Only of UserLocal"
        ),
        pytest.param("2026-02-10T00:00:00+03:00", "Europe/Moscow", "2026-02-10", id="with an offset"),
        pytest.param("2026-02-10", "America/New_York", "2026-02-10", id="a date is a date everywhere"),
    ],
)
@pytest.mark.parametrize("column", ["document", "shipment", "due"])
def test_rule_19_a_date_is_the_local_day(column: str, written: str, zone: str, day: str) -> None:
    names = {"document": "acx_a", "shipment": "acx_b", "due": "acx_c"}
    row = invoice_row(line_row("1000", "100", "10"), acx_a="2026-02-10", acx_b="2026-02-10", acx_c="2026-02-10")
    sale = transform.to_sale(INVOICES, row | {names[column]: written}, route(time_zone=zone, dates=names), SETTINGS)
    found = {"document": sale.document_date, "shipment": sale.shipment_date, "due": sale.due_date}
    assert found.pop(column) == date.fromisoformat(day)
    assert set(found.values()) == {date(2026, 2, 10)}


@pytest.mark.parametrize("column", ["document", "shipment", "due"])
def test_rule_19_each_date_is_required(column: str) -> None:
    row = order_row() | {DATES[column]: None}
    with pytest.raises(Refused) as caught:
        transform.to_sale(ORDERS, row, ACTS, SETTINGS)
    assert (caught.value.refusal.code, caught.value.refusal.values["field"]) == ("date_missing", DATES[column])


def test_rule_19_the_rate_follows_the_local_day_of_shipment() -> None:
    way = route(onec=onec_route()["onec"] | {"realizatsiya": True, "schet_faktura": "create"})
    row = invoice_row(line_row("1000", "220", "22"), datedelivered="2025-12-31T21:30:00Z")
    assert transform.to_sale(INVOICES, row, way, SETTINGS).lines[0].rate == Decimal(22)


# --- orders


def test_rule_05_a_fulfilled_order_is_carried_like_an_invoice() -> None:
    service = product_row(record_id(2, 0x3A), service=True)
    row = order_row(
        line_row("1000", "220", position=1),
        line_row("500", "50", "10", position=2, quantity="5", product=service),
        write_in("Монтаж", net="100", tax="22", position=3),
    )
    sale = transform.to_sale(ORDERS, row, ACTS, SETTINGS)
    assert (sale.table, sale.id, sale.number, sale.order_id) == ("salesorder", ORDER, "ORD-00001", None)
    assert (sale.document_date, sale.shipment_date, sale.due_date) == (
        date(2026, 2, 10),
        date(2026, 2, 10),
        date(2026, 2, 12),
    )
    assert books(sale) == expected("""
        number kind     net  tax rate
        1      product  1000 220 22
        2      product  500  50  10
        3      write_in 100  22  22
    """)
    assert {line.id for line in sale.lines} == {record_id(n, 0x1B) for n in (1, 2, 3)}
    assert [line.product.is_service for line in sale.lines if line.product] == [False, True]


def test_rule_05_an_orders_discounts_freight_and_sums_are_checked_as_an_invoices() -> None:
    way = ACTS.model_copy(update={"freight_rate": "22"})
    row = order_row(line_row("1000", "198"))
    row |= {"discountpercentage": Decimal("10.00"), "totaldiscountamount": Decimal(100), "freightamount": Decimal(61)}
    row |= {"totalamount": Decimal(1159)}
    assert books(transform.to_sale(ORDERS, row, way, SETTINGS)) == expected("""
        number kind    net tax rate
        1      product 900 198 22
        2      freight 50  11  22
    """)
    with pytest.raises(Refused) as caught:
        transform.to_sale(ORDERS, row | {"totalamount": Decimal(1158)}, way, SETTINGS)
    assert caught.value.refusal.values["difference"] == "1"


@pytest.mark.parametrize(
    "changes",
    [
        {"ordernumber": None},
        {"versionnumber": 500},
        {"customerid_account": account_row(telephone1="+7 495 111-11-11")},
        {"invoicenumber": "INV-9"},
    ],
    ids=str,
)
def test_rule_05_what_is_no_content_of_an_order_changes_no_hash(changes: dict[str, Any]) -> None:
    before = transform.to_sale(ORDERS, order_row(), ACTS, SETTINGS)
    after = transform.to_sale(ORDERS, order_row(**changes), ACTS, SETTINGS)
    assert (after.content_hash() == before.content_hash()) is (after.number == before.number)


def test_rule_05_an_order_and_an_invoice_of_the_same_lines_are_two_documents() -> None:
    order = transform.to_sale(ORDERS, order_row(), ACTS, SETTINGS)
    invoice = transform.to_sale(INVOICES, invoice_row(_salesorderid_value=str(ORDER)), route(), SETTINGS)
    assert invoice.order_id == order.id
    assert invoice.content_hash() != order.content_hash()
    assert (invoice.net, invoice.tax) == (order.net, order.tax)
