"""What posting, cancelling and closing documents does to others: base documents, stock, and the document's twin."""

from decimal import Decimal

from infra.local.sapb1.books import amount, key_text
from infra.local.sapb1.context import Context
from infra.local.sapb1.edm import Body
from infra.local.sapb1.errors import SapError
from infra.local.sapb1.kinds import BY_CODE, CREDIT_NOTES, DELIVERIES, INVOICES, DocumentKind


class Flow:
    """Posts and reverses."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def post(self, kind: DocumentKind, document: Body) -> None:
        """Move stock and use up base documents. SapError where stock would fall below zero."""
        for position, line in enumerate(document["DocumentLines"]):
            line["_Moved"] = self._movement(kind, document, line)
            if line["_Moved"]:
                self._move(kind, line, line["_Moved"], position)
        for line in document["DocumentLines"]:
            if line.get("BaseEntry") is not None:
                self._use_base(line, -1)
        if kind is CREDIT_NOTES:
            self._apply_credit(document, 1)

    def _movement(self, kind: DocumentKind, document: Body, line: Body) -> Decimal:
        if not kind.stock or not line.get("_Stocked") or document.get("ReserveInvoice") == "tYES":
            return Decimal(0)
        if line.get("BaseType") == DELIVERIES.object_code:
            return Decimal(0)
        return kind.stock * amount(line, "InventoryQuantity")

    def _move(self, kind: DocumentKind, line: Body, quantity: Decimal, position: int) -> None:
        key = key_text(line["ItemCode"], line["WarehouseCode"])
        left = amount(self._context.books.get("_stock", key) or {}, "quantity") + quantity
        if left < 0 and quantity < 0 and self._context.settings.negative_stock == "block":
            raise SapError(
                -10,
                f"Quantity falls into negative inventory  [{kind.line_table}.ItemCode][line: {position + 1}]",
            )
        self._context.books.set("_stock", key, {"quantity": left})

    def _use_base(self, line: Body, sign: int) -> None:
        """Take a line's quantity off its base line (sign -1), or give it back (1)."""
        base_kind = BY_CODE[line["BaseType"]]
        key = key_text(line["BaseEntry"])
        base = self._context.books.get(base_kind.set, key)
        if base is None:
            return
        for one in base["DocumentLines"]:
            if one["LineNum"] == line.get("BaseLine"):
                left = one["RemainingOpenQuantity"] + sign * amount(line, "Quantity")
                left = min(max(Decimal(0), left), amount(one, "Quantity"))
                one["RemainingOpenQuantity"] = left
                one["RemainingOpenInventoryQuantity"] = left * (one.get("UnitsOfMeasurment") or 1)
                one["LineStatus"] = "bost_Close" if sign < 0 and left == 0 else "bost_Open"
        if base_kind is not INVOICES:
            closed = all(one["LineStatus"] == "bost_Close" for one in base["DocumentLines"])
            base["DocumentStatus"] = "bost_Close" if closed else "bost_Open"
        self._context.stamp(base)
        self._context.books.update(base_kind.set, key, base)

    def _apply_credit(self, document: Body, sign: int) -> None:
        """A credit note based on invoices pays them as far as it goes."""
        entries = {line["BaseEntry"] for line in document["DocumentLines"] if line.get("BaseType") == 13}
        left = document["DocTotal"] if document["DocTotalFc"] == 0 else document["DocTotalFc"]
        for entry in sorted(entries):
            invoice = self._context.books.get(INVOICES.set, key_text(entry))
            if invoice is not None:
                left -= pay(self._context, invoice, left, sign)

    def cancel(self, kind: DocumentKind, document: Body, changes: Body) -> Body | None:
        """Cancel a document; give its cancellation document, if its kind has one. ``changes``: dates, remarks."""
        self._check_cancellable(kind, document)
        if not kind.reversed_by_document:
            document |= {"Cancelled": "tYES", "CancelStatus": "csYes", "DocumentStatus": "bost_Close"}
            document["CancelDate"] = changes.get("DocDate") or self._context.clock.today()
            self._close_lines(kind, document)
            return None
        day = changes.get("DocDate") or self._context.clock.today()
        period = self._context.check_period(day, kind.table)
        if day < document["DocDate"]:
            raise SapError(-5002, f"Cancellation date precedes the document's  [{kind.table}.DocDate]")
        entry = self._context.books.next(f"entry {kind.set}")
        lines = [self._reverse(kind, document, line, entry, n) for n, line in enumerate(document["DocumentLines"])]
        twin: Body = {
            # User-defined fields go along with everything else, the document's key among them.
            **document,
            "DocDate": day,
            "TaxDate": day,
            "VatDate": day,
            **changes,
            "DocEntry": entry,
            "FinancialPeriod": period["entry"],
            "DocumentLines": lines,
            "CancelStatus": "csCancellation",
            "DocumentStatus": "bost_Close",
            "CreationDate": self._context.clock.today(),
            "TransNum": self._context.books.next("transaction"),
        }
        series = self._context.books.get("_series", key_text(document["Series"]))
        if series is not None:
            twin["DocNum"] = series["NextNumber"]
            self._context.books.update(
                "_series", key_text(document["Series"]), {**series, "NextNumber": series["NextNumber"] + 1}
            )
        self._context.stamp(twin)
        self._context.books.insert(kind.set, key_text(entry), twin, entry)
        document |= {"Cancelled": "tYES", "CancelStatus": "csYes", "DocumentStatus": "bost_Close", "CancelDate": day}
        if kind is CREDIT_NOTES:
            self._apply_credit(document, -1)
        self._close_lines(kind, document)
        return twin

    def _reverse(self, kind: DocumentKind, document: Body, line: Body, entry: int, position: int) -> Body:
        moved = -amount(line, "_Moved")
        if moved:
            self._move(kind, line, moved, position)
        if line.get("BaseEntry") is not None:
            self._use_base(line, 1)
        return {
            **line,
            "BaseType": kind.object_code,
            "BaseEntry": document["DocEntry"],
            "BaseLine": line["LineNum"],
            "DocEntry": entry,
            "LineStatus": "bost_Close",
            "RemainingOpenQuantity": Decimal(0),
            "_Moved": moved,
        }

    def _check_cancellable(self, kind: DocumentKind, document: Body) -> None:
        if document["CancelStatus"] != "csNo" or document["Cancelled"] == "tYES":
            raise SapError(-5006, "The requested action is not supported for this object.")
        if kind is INVOICES and amount(document, "PaidToDate") > 0:
            raise SapError(-10, "Cannot cancel a document that is paid or reconciled; cancel the payment first")
        if document["DocumentStatus"] == "bost_Close":
            raise SapError(-5002, "Document is already closed")
        used = any(one["RemainingOpenQuantity"] != one["Quantity"] for one in document["DocumentLines"])
        if used and kind is not INVOICES:
            raise SapError(-10, "Cannot cancel a document that was copied to another; cancel that one first")
        if used:
            raise SapError(-10, "Cannot cancel an invoice that was credited or delivered")

    def close(self, kind: DocumentKind, document: Body) -> None:
        """Close an open document by hand. SapError for a kind that is closed only by what follows it."""
        if not kind.closable:
            raise SapError(-5006, "The requested action is not supported for this object.")
        if document["DocumentStatus"] == "bost_Close":
            raise SapError(-5002, "Document is already closed")
        document["DocumentStatus"] = "bost_Close"
        document["ClosingDate"] = self._context.clock.today()
        self._close_lines(kind, document)

    def _close_lines(self, kind: DocumentKind, document: Body) -> None:
        for line in document["DocumentLines"]:
            line["LineStatus"] = "bost_Close"
        self._context.stamp(document)
        self._context.books.update(kind.set, key_text(document["DocEntry"]), document)


def pay(context: Context, invoice: Body, value: Decimal, sign: int = 1) -> Decimal:
    """Apply ``value`` (in the invoice's currency) to an invoice, or take it back; give what was applied.

    The invoice closes when nothing is open, and opens again when a payment is taken back.
    """
    foreign = invoice["DocTotalFc"] != 0
    total_name, paid_name = ("DocTotalFc", "PaidToDateFC") if foreign else ("DocTotal", "PaidToDate")
    open_amount: Decimal = invoice[total_name] - invoice[paid_name]
    applied: Decimal = min(value, open_amount) if sign > 0 else min(value, invoice[paid_name])
    invoice[paid_name] += sign * applied
    if foreign:
        share = invoice[paid_name] / invoice[total_name]
        invoice["PaidToDate"] = context.precision.amount(invoice["DocTotal"] * share)
    invoice["PaidToDateSys"] = invoice["PaidToDate"]
    paid = invoice[paid_name] >= invoice[total_name]
    invoice["DocumentStatus"] = "bost_Close" if paid else "bost_Open"
    if context.settings.payment_bumps_update_date:
        context.stamp(invoice)
    context.books.update(INVOICES.set, key_text(invoice["DocEntry"]), invoice)
    return applied
