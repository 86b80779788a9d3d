"""Incoming payments, to the depth an invoice notices: what is applied to it, and taken back."""

from decimal import Decimal

from infra.local.sapb1 import company
from infra.local.sapb1.books import amount, key_text
from infra.local.sapb1.context import Context
from infra.local.sapb1.edm import Body
from infra.local.sapb1.errors import SapError, unsupported
from infra.local.sapb1.flow import pay
from infra.local.sapb1.kinds import INVOICES

PAYMENTS = "IncomingPayments"


class Payments:
    """Posts and cancels incoming payments."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def create(self, sent: Body) -> Body:
        """Post a payment of a customer."""
        payment: Body = {"DocType": "rCustomer", "Cancelled": "tNO", "PaymentInvoices": [], **sent}
        if payment["DocType"] != "rCustomer":
            raise unsupported("A payment that is not a customer's")
        code = payment.get("CardCode")
        partner = self._context.require(
            "BusinessPartners", code, SapError(-5002, f"Invalid BP code [ORCT.CardCode] , '{code}'")
        )
        payment["CardName"] = partner["CardName"]
        payment["DocDate"] = payment.get("DocDate") or self._context.clock.today()
        self._context.check_period(payment["DocDate"], "ORCT")
        payment["DocCurrency"] = payment.get("DocCurrency") or company.LOCAL_CURRENCY
        total = amount(payment, "CashSum") + amount(payment, "TransferSum")
        for account, value in (("CashAccount", "CashSum"), ("TransferAccount", "TransferSum")):
            if amount(payment, value):
                self._context.require(
                    "ChartOfAccounts",
                    payment.get(account),
                    SapError(-5002, f"Enter a valid G/L account  [ORCT.{account}]"),
                )
        applied = sum((self._apply(payment, line, n) for n, line in enumerate(payment["PaymentInvoices"])), Decimal(0))
        if total <= 0 or applied > total:
            raise SapError(-5002, "Payment amount is less than what is applied to invoices  [ORCT.DocTotal]")
        series = next(seed.series for seed in company.SERIES if seed.document == 24)
        row = self._context.books.get("_series", key_text(series)) or {}
        entry = self._context.books.next("entry payment")
        payment |= {"DocEntry": entry, "DocNum": row["NextNumber"], "Series": series}
        self._context.books.update("_series", key_text(series), {**row, "NextNumber": row["NextNumber"] + 1})
        self._context.books.insert(PAYMENTS, key_text(entry), payment, entry)
        return payment

    def _invoice(self, payment: Body, line: Body) -> Body:
        if line.get("InvoiceType") not in {None, "it_Invoice"}:
            raise unsupported("A payment of anything but A/R invoices")
        invoice = self._context.require(
            INVOICES.set, line.get("DocEntry"), SapError(-5002, "Invoice does not exist  [RCT2.DocEntry]")
        )
        if invoice["CardCode"] != payment["CardCode"]:
            raise SapError(-5002, "Base document card and target document card do not match.")
        return invoice

    def _apply(self, payment: Body, line: Body, position: int) -> Decimal:
        invoice = self._invoice(payment, line)
        if invoice["DocumentStatus"] == "bost_Close" or invoice["CancelStatus"] != "csNo":
            raise SapError(-10, "Invoice is already closed or blocked")  # captured
        foreign = invoice["DocTotalFc"] != 0
        if foreign != (payment["DocCurrency"] != company.LOCAL_CURRENCY):
            raise unsupported("A payment in another currency than its invoice's")
        wanted = amount(line, "AppliedFC" if foreign else "SumApplied")
        if wanted <= 0:
            raise SapError(-5002, "Enter number greater than 0  [RCT2.SumApplied]")
        line["LineNum"], line["InvoiceType"] = position, "it_Invoice"
        if pay(self._context, invoice, wanted) != wanted:
            raise SapError(-5002, "Applied amount exceeds the open amount of the invoice  [RCT2.SumApplied]")
        return wanted

    def cancel(self, payment: Body) -> None:
        """Take a payment back; its invoices are open again."""
        if payment["Cancelled"] == "tYES":
            raise SapError(-5006, "The requested action is not supported for this object.")
        for line in payment["PaymentInvoices"]:
            invoice = self._invoice(payment, line)
            name = "AppliedFC" if invoice["DocTotalFc"] != 0 else "SumApplied"
            pay(self._context, invoice, amount(line, name), -1)
        payment["Cancelled"] = "tYES"
        self._context.books.update(PAYMENTS, key_text(payment["DocEntry"]), payment)
