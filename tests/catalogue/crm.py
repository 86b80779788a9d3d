"""Sentences that rows of the CRM lead to: through the decision, the export step and what payments say."""

import json
from collections.abc import Callable
from decimal import Decimal
from typing import Any
from uuid import UUID

from shared.bus import CHANGES
from shared.connector import Connector
from shared.dataverse.journal import STATE_VALUES
from shared.dataverse.sales import INVOICE, ORDER, SalesTable
from shared.decision import Send, Tell, decide, decide_gone
from shared.errors import Unavailable
from shared.export import Export
from shared.messages import Journalled, Result, State
from shared.refusals import Refusal
from tests.builders import (
    ACCOUNT,
    NOW,
    UNIT_EU,
    UNIT_RU,
    account_row,
    contact_row,
    document,
    invoice_row,
    journal_columns,
    journalled,
    line_row,
    onec_route,
    order_row,
    product_row,
    record_id,
    reference,
    sapb1_route,
    settings,
    write_in,
)
from tests.unit.core.fakes import FakeAccounting, FakeDataverse, MemoryBus, clock, incoming
from tests.unit.files.kit import desk
from tests.unit.files.kit import onec as onec_by_hand
from tests.unit.files.kit import sapb1 as sapb1_by_hand

IN_BOOKS = {"acx_accountingid": "ref-1", "acx_number": "0000-000001"}
CANCELLED: dict[str, Any] = {"statecode": 3, "statuscode": 100003}
UNREADABLE = line_row(rate="?")
INSIDE = onec_route(tax_inside=True)
SERVICES = onec_route(way="2A", onec=onec_route()["onec"] | {"schet_faktura": "not_required"})
MAPPED = {"target": "onec", "record": "document", "from": "new_project", "to": "Проект", "values": {"P-1": "A"}}


def reason_of(result: Result) -> Refusal:
    """Give the reason of a result; one that has none says nothing to anybody."""
    assert result.reason is not None, result
    return result.reason


def told(row: dict[str, Any], *routes: dict[str, Any], table: SalesTable = INVOICE, **changes: str) -> Refusal:
    """Decide about a row, as export does, and give what the journal is told."""
    decision = decide(table, row, reference(), settings(*routes, **changes), NOW)
    assert isinstance(decision, Tell), decision
    return reason_of(decision.result)


def told_gone(known: Journalled) -> Refusal:
    """Decide about a document that is no more."""
    decision = decide_gone(INVOICE, record_id(1), "onec", known, reference=reference(), now=NOW)
    assert isinstance(decision, Tell), decision
    return reason_of(decision.result)


def of(line: dict[str, Any], **header: Any) -> dict[str, Any]:
    """Give an invoice of one line."""
    return invoice_row(line, **header)


def known(state: State, **columns: Any) -> dict[str, Any]:
    """Give the columns that carry the journal's row."""
    return {INVOICE.journal: [journal_columns(STATE_VALUES[state], **columns)]}


def bundle(price: str, **line: Any) -> dict[str, Any]:
    """Give a line of a product bundle."""
    return line_row(price, "0", producttypecode=2, **line)


def of_order(state: State, *, unit: UUID, **columns: Any) -> dict[str, Any]:
    """Give an invoice whose order stands so in 1C."""
    made: dict[str, Any] = {ORDER.key: str(record_id(1, 0x1C)), ORDER.number: "ORD-1"}
    made[ORDER.journal] = [journal_columns(STATE_VALUES[state], **columns)]
    return invoice_row(salesorderid=made, _owningbusinessunit_value=str(unit))


def in_both_books() -> dict[str, Any]:
    """Give an invoice that stands in SAP Business One as it is, and in 1C."""
    row = invoice_row(_owningbusinessunit_value=str(UNIT_EU))
    sent = decide(INVOICE, row, reference(), settings(), NOW)
    assert isinstance(sent, Send)
    posted = STATE_VALUES[State.POSTED]
    rows = [
        journal_columns(posted, target=target, **IN_BOOKS) | {"acx_writtenhash": sent.document.hash}
        for target in ("onec", "sapb1")
    ]
    return row | {INVOICE.journal: rows}


DECIDED: dict[str, Callable[[], Refusal]] = {
    "date_missing": lambda: told(invoice_row(acx_documentdate=None)),
    "customer_missing": lambda: told(invoice_row(customerid_account=None)),
    "customer_name_missing": lambda: told(invoice_row(customerid_account=account_row(name=" "))),
    "customer_inactive": lambda: told(invoice_row(customerid_account=account_row(statecode=1))),
    "currency_missing": lambda: told(invoice_row(transactioncurrencyid=None)),
    "no_lines": lambda: told(invoice_row() | {"invoice_details": []}),
    "line_without_product": lambda: told(of(write_in(" "))),
    "quantity_not_positive": lambda: told(of(line_row() | {"quantity": Decimal(-1)})),
    "amount_negative": lambda: told(of(line_row("-1000", "-220"))),
    "precision": lambda: told(of(line_row("1000", "220.001"))),
    "value_missing": lambda: told(of(line_row() | {"priceperunit": None})),
    "freight": lambda: told(invoice_row(freightamount=Decimal(100))),
    "amount_precision": lambda: told(invoice_row(discountamount=Decimal("0.001"))),
    "line_arithmetic": lambda: told(of(line_row() | {"priceperunit": Decimal(999)})),
    "discount_differs": lambda: told(invoice_row(totaldiscountamount=Decimal(5))),
    "bundle_without_price": lambda: told(of(bundle("0"))),
    "bundle_incomplete": lambda: told(of(line_row(producttypecode=3))),
    "product_inactive": lambda: told(of(line_row(product=product_row(statecode=1)))),
    "contact_of_company": lambda: told(
        invoice_row(customerid_account=None, customerid_contact=contact_row(_accountid_value=str(ACCOUNT)))
    ),
    "rate_unknown": lambda: told(of(line_row("1220", "0", None) | {"tax": None}), INSIDE),
    "sum_differs": lambda: told(invoice_row(totalamount=Decimal(1))),
    "rate_unreadable": lambda: told(of(UNREADABLE)),
    "rate_not_allowed": lambda: told(of(line_row(rate="18"))),
    "rate_not_derivable": lambda: told(of(line_row("1000", "0", None))),
    "tax_differs": lambda: told(of(line_row("1000", "200"))),
    "fulfilled_partly": lambda: told(order_row(statuscode=100002), SERVICES, table=ORDER),
    "sale_elsewhere": lambda: told(of_order(State.POSTED, unit=UNIT_EU, **IN_BOOKS)),
    "perhaps_held": lambda: told(invoice_row(**known(State.RETRYING)), onec_by_hand()),
    "in_both_books": lambda: told(in_both_books(), onec_route(), sapb1_route()),
    "not_issued_after_export": lambda: told(of(UNREADABLE, statuscode=1, **known(State.POSTED, **IN_BOOKS))),
    "deleted_after_export": lambda: told_gone(journalled(State.POSTED)),
    "cancelled_before_export": lambda: told(invoice_row(**CANCELLED, **known(State.REFUSED))),
    "not_issued_before_export": lambda: told(invoice_row(statuscode=1, **known(State.REFUSED))),
    "deleted_before_export": lambda: told_gone(journalled(State.PAUSED)),
    "before_start": lambda: told(invoice_row(acx_documentdate="2025-06-30")),
    "restored": lambda: told(invoice_row(), EPOCH="1"),
    "paused": lambda: told(invoice_row(), onec_route(paused=True)),
    "value_not_mapped": lambda: told(invoice_row(new_project="P-7"), FIELD_MAP=json.dumps([MAPPED])),
}
"""code → a row that leads to it"""


async def exported(*rows: dict[str, Any], **bound: str) -> Refusal:
    """Let the export step handle an invoice; ``bound``: account → what it is in accounting."""
    bus, dataverse = MemoryBus(), FakeDataverse(*rows)
    for account, accounting_id in bound.items():
        dataverse.write(f"onec:account:{account}", acx_accountingid=accounting_id)
    await Export(settings(), dataverse, bus, clock(NOW)).handle([incoming(CHANGES, reference(), "m")])
    (result,) = bus.results()
    return reason_of(result)


async def too_large() -> Refusal:
    """Descriptions that compress badly: their hex digits have four bits of news each."""
    lines = (
        write_in("".join(str(UUID(int=n * m * 2**61 + 7919 * n**5)) for m in range(1, 40)), position=n)
        for n in range(1, 2000)
    )
    return await exported(invoice_row(*lines))


async def merged_differently() -> Refusal:
    """Two accounts of the CRM became one, and are two in accounting."""
    merged = record_id(7, 0x2A)
    customer = account_row(account_master_account=[{"accountid": str(merged)}])
    return await exported(invoice_row(customerid_account=customer), **{str(ACCOUNT): "ref-7", str(merged): "ref-8"})


async def retrying() -> Refusal:
    """An accounting system that is away."""
    bus, system = MemoryBus(), FakeAccounting()
    system.failure = Unavailable("1C", "HTTP 503")
    await Connector("onec", system, settings(), bus, clock(NOW)).handle([incoming("onec", document(), "m")])
    (result,) = bus.results()
    return reason_of(result)


async def _handed_out(route: dict[str, Any], row: dict[str, Any]) -> Refusal:
    own = desk(route, row)
    await own.made()
    (told,) = own.results
    assert told.reason is not None
    return told.reason


async def handed_out() -> Refusal:
    return await _handed_out(onec_by_hand(), invoice_row())


async def handed_out_again() -> Refusal:
    before = journal_columns(STATE_VALUES[State.EXPORTED], acx_writtenhash="h")
    return await _handed_out(onec_by_hand(), invoice_row() | {INVOICE.journal: [before]})


async def code_like_formula() -> Refusal:
    product = product_row(record_id(5, 0x3A), productnumber="=1+1")
    return await _handed_out(sapb1_by_hand(), invoice_row(line_row(product=product)))


async def order_first() -> Refusal:
    return await exported(of_order(State.RETRYING, unit=UNIT_RU))


STEPS = {
    "order_first": order_first,
    "too_large": too_large,
    "merged_differently": merged_differently,
    "retrying": retrying,
    "handed_out": handed_out,
    "handed_out_again": handed_out_again,
    "code_like_formula": code_like_formula,
}
"""code → a step of the flow that says it"""
