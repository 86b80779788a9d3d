"""Payments that are read while others work in the company, and invoices that less money than their total settles."""

from decimal import Decimal
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import UUID

import httpx
import pytest
from pydantic import SecretStr

from shared.accounting import Exported, Standing
from shared.http import Http
from shared.messages import State
from shared.refusals import refusal
from shared.sapb1.client import ServiceLayer
from shared.sapb1.payments import Sapb1Payments
from tests.unit.sapb1.scripted import URL, Scripted

Row = dict[str, Any]
INVOICE = {
    "DocEntry": 11,
    "DocNum": 501,
    "CardCode": "C1",
    "DocumentStatus": "bost_Close",
    "CancelStatus": "csNo",
    "Cancelled": "tNO",
    "DocTotal": 100,
    "DocTotalFc": 0,
    "PaidToDate": 100,
    "PaidToDateFC": 0,
}
ABOUT = Exported(UUID(int=1), "invoice", "11", UUID(int=2), State.POSTED)
PAGE = 2


class Company:
    """A Service Layer that pages by counting rows, as the real one; ``meanwhile`` happens after the first page."""

    def __init__(self, invoice: Row, payments: list[Row], credits_: list[Row], meanwhile: Row | None = None) -> None:
        self.sets = {"Invoices": [invoice], "IncomingPayments": payments, "CreditNotes": credits_}
        self.sets["BusinessPartners"] = []
        self.meanwhile = meanwhile or {}

    def __call__(self, request: httpx.Request) -> httpx.Response:
        parts = urlsplit(str(request.url))
        name, query = parts.path.rpartition("/")[2], parse_qs(parts.query)
        where, skip = query.get("$filter", [""])[0], int(query.get("$skip", ["0"])[0])
        rows = [row for row in self.sets[name] if self._holds(row, where)]
        page: Row = {"value": rows[skip : skip + PAGE]}
        if len(rows) > skip + PAGE:
            page["@odata.nextLink"] = f"{name}?{parts.query.partition('&$skip')[0]}&$skip={skip + PAGE}"
        answer = httpx.Response(200, json=page)
        if name in self.meanwhile:
            self.sets[name][0].update(self.meanwhile.pop(name))
        return answer

    @staticmethod
    def _holds(row: Row, where: str) -> bool:
        """Only the conditions on states and customers; the rest all of them fulfil."""
        named = {"Cancelled": "tNO", "CancelStatus": "csNo", "FatherType": "cPayments_sum"}
        held = all(row.get(name) == value for name, value in named.items() if f"{name} eq '{value}'" in where)
        return held and ("CardCode eq" not in where or f"CardCode eq '{row['CardCode']}'" in where)


def payment(entry: int, invoice: int, applied: float, **more: Any) -> Row:
    """Give an incoming payment of the customer for one invoice."""
    line = {"DocEntry": invoice, "InvoiceType": "it_Invoice", "SumApplied": applied, "AppliedFC": 0} | more
    return {"DocEntry": entry, "CardCode": "C1", "Cancelled": "tNO", "PaymentInvoices": [line]}


async def standing(company: Company) -> Standing:
    """Ask the company as the payments timer does."""
    http = Http("SAP Business One", transport=httpx.MockTransport(Scripted(*[company] * 9)))
    ledger = Sapb1Payments(ServiceLayer(http, URL, "DEMO", "bridge", SecretStr("secret")))
    try:
        return (await ledger.standings([ABOUT]))[ABOUT.row_id]
    finally:
        await ledger.close()


async def test_rule_18_a_payment_is_not_missed_where_one_before_it_is_cancelled_while_they_are_read() -> None:
    payments = [payment(1, 10, 5), payment(2, 10, 5), payment(3, 11, 100)]
    cancelled = {"IncomingPayments": {"Cancelled": "tYES"}}

    assert await standing(Company(INVOICE, payments, [], cancelled)) == Standing(State.PAID, Decimal(100))


async def test_rule_18_nor_is_a_credit_memo() -> None:
    memos = [
        {
            "DocEntry": entry,
            "CardCode": "C1",
            "CancelStatus": "csNo",
            "DocumentLines": [{"BaseType": 13, "BaseEntry": base}],
        }
        for entry, base in ((1, 10), (2, 10), (3, 11))
    ]
    cancelled = {"CreditNotes": {"CancelStatus": "csYes"}}

    found = await standing(Company(INVOICE, [], memos, cancelled))

    assert found == Standing(State.SETTLED, Decimal(0), refusal("settled_by_credit"))


async def test_rule_18_what_was_cancelled_counts_for_nothing() -> None:
    taken_back = payment(1, 11, 100) | {"Cancelled": "tYES"}
    memo = {
        "DocEntry": 1,
        "CardCode": "C1",
        "CancelStatus": "csYes",
        "DocumentLines": [{"BaseType": 13, "BaseEntry": 11}],
    }

    found = await standing(Company(INVOICE, [taken_back], [memo]))

    assert found == Standing(State.SETTLED, Decimal(0), refusal("settled_without_payment"))


@pytest.mark.parametrize("given", [{"TotalDiscount": 2}, {"WitholdingTaxApplied": 2}])
async def test_rule_18_less_a_cash_discount_or_the_tax_withheld_it_is_paid(given: Row) -> None:
    assert await standing(Company(INVOICE, [payment(1, 11, 98, **given)], [])) == Standing(State.PAID, Decimal(98))


async def test_rule_18_less_a_cash_discount_in_the_currency_of_the_invoice() -> None:
    dollars = INVOICE | {"DocTotal": 90, "DocTotalFc": 100, "PaidToDate": 90, "PaidToDateFC": 100}
    line = {"AppliedFC": 98, "TotalDiscount": "1.8", "TotalDiscountFC": 2}

    assert await standing(Company(dollars, [payment(1, 11, 88.2, **line)], [])) == Standing(State.PAID, Decimal(98))


async def test_rule_18_a_discount_of_a_payment_in_part_pays_nothing_more() -> None:
    still_open = INVOICE | {"DocumentStatus": "bost_Open", "PaidToDate": 50}

    found = await standing(Company(still_open, [payment(1, 11, 49, TotalDiscount=1)], []))

    assert found == Standing(State.PARTIALLY_PAID, Decimal(49))


@pytest.mark.parametrize(
    ("kind", "paid"),
    [
        ("cPayments_sum", Standing(State.PAID, Decimal(100))),
        ("cDelivery_sum", Standing(State.PARTIALLY_PAID, Decimal(40))),
    ],
)
async def test_rule_18_the_head_office_may_pay(kind: str, paid: Standing) -> None:
    """Payments are consolidated there: the payment names the customer's invoice, and is the head office's."""
    by_head = payment(2, 11, 60) | {"CardCode": "HEAD"}
    invoice = INVOICE if paid.state is State.PAID else INVOICE | {"DocumentStatus": "bost_Open", "PaidToDate": 40}
    company = Company(invoice, [payment(1, 11, 40), by_head], [])
    company.sets["BusinessPartners"] = [{"CardCode": "C1", "FatherCard": "HEAD", "FatherType": kind}]

    assert await standing(company) == paid
