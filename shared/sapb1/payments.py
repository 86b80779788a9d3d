"""Payments in SAP Business One: how far an A/R invoice is paid, and whether a document still stands.

``bost_Close`` and PaidToDate also follow a credit memo or a reconciliation, so an invoice is Paid only by incoming
payments that name it, less what they let the customer off: a cash discount, the tax that was withheld. What is closed
otherwise is a state of its own. A delivery or an order is paid through the A/R invoice that the bridge copied from it.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import UUID

from shared.accounting import Exported, Standing
from shared.messages import State
from shared.refusals import refusal
from shared.sapb1 import fence
from shared.sapb1.client import Row, ServiceLayer, one_of
from shared.sapb1.held import is_off
from shared.sapb1.kinds import DELIVERY, DRAFTS, INVOICE, ORDER
from shared.sapb1.outcomes import amount
from shared.sapb1.partners import PARTNERS

AT_ONCE = 40
"""Documents or customers in one filter: the address stays well within what a proxy takes."""
STATES = {kind.set: kind.state for kind in (INVOICE, DELIVERY, ORDER)}
_ENTRY = re.compile(r"(?:(\w+)\()?(\d+)\)?")
_CLOSED = "bost_Close"
_STATUS = ("DocEntry", "DocNum", "DocumentStatus", "CancelStatus", "Cancelled")
_MONEY = ("CardCode", "DocTotal", "DocTotalFc", "PaidToDate", "PaidToDateFC")
DELETED = Standing(State.REFUSED, reason=refusal("deleted_in_accounting"))


@dataclass(frozen=True)
class _Invoice:
    """The amounts of an A/R invoice, in its own currency. DocTotalFc is 0 in the company's own."""

    row: Row

    @property
    def entry(self) -> int:
        return int(self.row["DocEntry"])

    @property
    def foreign(self) -> bool:
        return amount(self.row, "DocTotalFc") != 0

    @property
    def total(self) -> Decimal:
        return amount(self.row, "DocTotalFc" if self.foreign else "DocTotal")

    @property
    def settled(self) -> Decimal:
        """PaidToDate: payments, and whatever else was set off against it."""
        return amount(self.row, "PaidToDateFC" if self.foreign else "PaidToDate")

    @property
    def is_closed(self) -> bool:
        return self.total > 0 and (self.row.get("DocumentStatus") == _CLOSED or self.settled >= self.total)

    @property
    def is_touched(self) -> bool:
        """Whether anything was set off, so that it must be asked what."""
        return self.settled > 0 or self.is_closed

    def in_own_currency(self, line: Row, *names: tuple[str, str]) -> Decimal:
        """Add up amounts of a payment's line; each has a name in the company's own currency, and one in another."""
        return sum((amount(line, foreign if self.foreign else local) for local, foreign in names), Decimal(0))


@dataclass(frozen=True)
class _Paid:
    """What incoming payments say of an invoice."""

    applied: Decimal = Decimal(0)
    let_off: Decimal = Decimal(0)
    """what they settle without money: a cash discount, the tax that the customer withheld"""

    def __add__(self, other: "_Paid") -> "_Paid":
        return _Paid(self.applied + other.applied, self.let_off + other.let_off)

    def settles(self, invoice: _Invoice) -> bool:
        """Say whether an invoice is settled by nothing else. That it is closed says that SAP counts the rest too."""
        settled = self.applied + self.let_off if invoice.is_closed else self.applied
        return self.applied > 0 and settled >= invoice.total


APPLIED = ("SumApplied", "AppliedFC")
LET_OFF = (("TotalDiscount", "TotalDiscountFC"), ("WitholdingTaxApplied", "WitholdingTaxAppliedFC"))
"""Amounts of a payment's line, in the company's own currency and in the invoice's"""
UNPAID = _Paid()


class Sapb1Payments:
    """A :class:`shared.accounting.Ledger`. It only reads."""

    def __init__(self, client: ServiceLayer) -> None:
        """``client`` may be shared: a session serves many requests."""
        self._client = client

    async def standings(self, documents: Sequence[Exported]) -> dict[UUID, Standing]:
        """Say what has become of invoices, deliveries, orders and drafts."""
        by_set: dict[str, dict[int, Exported]] = {}
        for document in documents:
            if match := _ENTRY.fullmatch(document.accounting_id):
                by_set.setdefault(match[1] or INVOICE.set, {})[int(match[2])] = document
        found: dict[UUID, Standing] = {}
        for kind in (DELIVERY.set, ORDER.set):
            found |= await self._services(kind, by_set.get(kind, {}))
        found |= await self._drafts(by_set.get(DRAFTS, {}))
        return found | await self._invoices(by_set.get(INVOICE.set, {}))

    async def close(self) -> None:
        """Log out and close the connections."""
        await self._client.close()

    async def _services(self, kind: str, documents: dict[int, Exported]) -> dict[UUID, Standing]:
        rows = await self._by_entry(kind, _STATUS, documents)
        found = {one.row_id: _stands(one, rows.get(entry), kind) for entry, one in documents.items()}
        standing = {fence.invoice_key(one.key): one for one in documents.values() if not found[one.row_id].reason}
        invoices = await self._invoices_of(standing)
        paid = await self._told({invoice.entry: invoice for invoice in invoices.values()})
        for key, invoice in invoices.items():
            one = standing[key]
            # One that the journal calls a draft had its invoice waiting for approval, and got it.
            is_new = one.state is State.DRAFT
            found[one.row_id] = Standing(State.DRAFT, look_again=True) if is_new else paid[invoice.entry]
        return found

    async def _invoices_of(self, documents: Mapping[UUID, Exported]) -> dict[UUID, _Invoice]:
        """Find the A/R invoices that stand under these keys."""
        found: dict[UUID, _Invoice] = {}
        for chunk in _chunks(sorted(documents)):
            where = f"CancelStatus eq 'csNo' and {one_of(fence.KEY, [str(key) for key in chunk])}"
            select = (*_STATUS, *_MONEY, fence.KEY)
            for row in await self._client.rows(INVOICE.set, select=select, where=where, order="DocEntry"):
                found.setdefault(UUID(row[fence.KEY]), _Invoice(row))
        return found

    async def _invoices(self, documents: dict[int, Exported]) -> dict[UUID, Standing]:
        rows = await self._by_entry(INVOICE.set, (*_STATUS, *_MONEY), documents)
        told = await self._told({entry: _Invoice(row) for entry, row in rows.items() if not is_off(row)})
        return {
            document.row_id: told.get(entry) or _stands(document, rows.get(entry), INVOICE.set)
            for entry, document in documents.items()
        }

    async def _told(self, live: dict[int, _Invoice]) -> dict[int, Standing]:
        """Say how far invoices are paid, asking only about those that anything was set off against."""
        touched = {entry: invoice for entry, invoice in live.items() if invoice.is_touched}
        customers = _customers(touched)
        paid = await self._paid(touched, customers)
        unexplained = {entry: one for entry, one in touched.items() if paid.get(entry, UNPAID).applied < one.settled}
        payers = await self._payers(_customers(unexplained))
        for entry, more in (await self._paid(unexplained, sorted(payers - {*customers}))).items():
            paid[entry] = paid.get(entry, UNPAID) + more
        unclear = {
            entry: one for entry, one in touched.items() if one.is_closed and not paid.get(entry, UNPAID).settles(one)
        }
        credited = await self._credited(unclear)
        return {
            entry: _standing(one, paid.get(entry, UNPAID), by_credit=entry in credited) for entry, one in live.items()
        }

    async def _payers(self, customers: Sequence[str]) -> set[str]:
        """Give those that pay for these customers: payments may be consolidated in another business partner."""
        found: set[str] = set()
        for chunk in _chunks(customers):
            where = f"FatherType eq 'cPayments_sum' and {one_of('CardCode', chunk)}"
            rows = await self._client.rows(PARTNERS, select=("CardCode", "FatherCard"), where=where, order="CardCode")
            found |= {str(row["FatherCard"]) for row in rows if row.get("FatherCard")}
        return found

    async def _paid(self, invoices: dict[int, _Invoice], customers: Sequence[str]) -> dict[int, _Paid]:
        """Add up these customers' incoming payments that name the invoices. Only so can a payment be asked for."""
        found: dict[int, _Paid] = {}
        async for row in self._of_customers("IncomingPayments", "PaymentInvoices", "Cancelled", customers):
            for line in row.get("PaymentInvoices") or ():
                invoice = invoices.get(line.get("DocEntry"))
                if invoice is not None and line.get("InvoiceType") == "it_Invoice":
                    own = _Paid(invoice.in_own_currency(line, APPLIED), invoice.in_own_currency(line, *LET_OFF))
                    found[line["DocEntry"]] = found.get(line["DocEntry"], UNPAID) + own
        return found

    async def _credited(self, invoices: dict[int, _Invoice]) -> set[int]:
        """Give those of the invoices that a credit memo was based on."""
        found: set[int] = set()
        async for row in self._of_customers("CreditNotes", "DocumentLines", "CancelStatus", _customers(invoices)):
            for line in row.get("DocumentLines") or ():
                if line.get("BaseType") == INVOICE.object_code:
                    found.add(line.get("BaseEntry"))
        return found & invoices.keys()

    async def _of_customers(self, name: str, lines: str, state: str, customers: Sequence[str]) -> Any:
        """Give what stands of the customers' documents of a kind; ``state`` is the property that says so.

        It is no part of the filter: SAP's pages count rows, and one that is cancelled while they are read would let
        another one slip through between two pages. Deleted is none of them ever.
        """
        for chunk in _chunks(customers):
            select, where = ("DocEntry", state, lines), one_of("CardCode", chunk)
            for row in await self._client.rows(name, select=select, where=where, order="DocEntry"):
                if not is_off(row):
                    yield row

    async def _drafts(self, documents: dict[int, Exported]) -> dict[UUID, Standing]:
        """Find the drafts that became documents, or are no more: the connector has to look at them."""
        rows = await self._by_entry(DRAFTS, _STATUS, documents)
        became: set[UUID] = set()
        for chunk in _chunks(list(documents.values())):
            where = f"CancelStatus eq 'csNo' and {one_of(fence.KEY, [str(one.key) for one in chunk])}"
            for row in await self._client.rows(INVOICE.set, select=("DocEntry", fence.KEY), where=where):
                became.add(UUID(row[fence.KEY]))
        return {
            one.row_id: Standing(State.DRAFT, look_again=True)
            for entry, one in documents.items()
            if one.key in became or entry not in rows or rows[entry].get("DocumentStatus") == _CLOSED
        }

    async def _by_entry(self, name: str, select: Sequence[str], entries: Iterable[int]) -> dict[int, Row]:
        found: dict[int, Row] = {}
        for chunk in _chunks(sorted(entries)):
            where = " or ".join(f"DocEntry eq {entry}" for entry in chunk)
            for row in await self._client.rows(name, select=select, where=where, order="DocEntry"):
                found[int(row["DocEntry"])] = row
        return found


def _customers(invoices: Mapping[int, _Invoice]) -> list[str]:
    return sorted({str(invoice.row["CardCode"]) for invoice in invoices.values()})


def _chunks(items: Sequence[Any]) -> Iterator[Sequence[Any]]:
    for start in range(0, len(items), AT_ONCE):
        yield items[start : start + AT_ONCE]


def _stands(document: Exported, row: Row | None, kind: str) -> Standing:
    """Say whether a document is still there; nothing is said of payments."""
    if row is None:
        return DELETED
    if is_off(row):
        return Standing(State.REFUSED, reason=refusal("cancelled_in_accounting", number=row["DocNum"]))
    return Standing(document.state if document.state in {State.EXPORTED, State.POSTED} else STATES[kind])


def _standing(invoice: _Invoice, paid: _Paid, *, by_credit: bool) -> Standing:
    """Say how far an invoice is paid by what names it."""
    if paid.settles(invoice):
        return Standing(State.PAID, paid.applied)
    if invoice.is_closed:
        code = "settled_by_credit" if by_credit else "settled_without_payment"
        return Standing(State.SETTLED, paid.applied, refusal(code))
    return Standing(State.PARTIALLY_PAID if paid.applied > 0 else INVOICE.state, paid.applied)
