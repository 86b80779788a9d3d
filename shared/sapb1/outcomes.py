"""What is told of a document that Business One holds: state, number and total, or that the total is another one."""

from datetime import date
from decimal import Decimal

from shared.accounting import Outcome
from shared.errors import Refused
from shared.messages import Document, State
from shared.refusals import Refusal, refusal
from shared.sapb1.client import Row
from shared.sapb1.held import Found
from shared.sapb1.kinds import DRAFTS


def amount(row: Row, name: str) -> Decimal:
    """Read an amount; nothing is zero."""
    value = row.get(name)
    return Decimal(0) if value is None else Decimal(value)


def totals(row: Row) -> tuple[Decimal, Decimal, Decimal]:
    """Give total, tax and withheld tax in the document's currency.

    DocTotalFc is 0 in the company's own currency. Withholding tax is taken off both totals.
    """
    foreign = amount(row, "DocTotalFc") != 0
    names = ("DocTotalFc", "VatSumFc", "WTAmountFC") if foreign else ("DocTotal", "VatSum", "WTAmount")
    total, tax, withheld = (amount(row, name) for name in names)
    return total, tax, withheld


def dated(found: Found) -> date | None:
    """Give the document's date, as far as it was read."""
    written = found.row.get("DocDate")
    return None if written is None else date.fromisoformat(str(written)[:10])


def stays(found: Found, reason: Refusal) -> Refused:
    """Refuse, and say which document Business One holds all the same."""
    known = "DocTotal" in found.row
    total, _, withheld = totals(found.row)
    return Refused(reason, *found.identity, dated=dated(found), total=total + withheld if known else None)


def posted(found: Found, document: Document, tolerance: Decimal) -> Outcome:
    """Give the outcome of a document in the books. Withholding tax is no part of the comparison with the CRM."""
    total, _, withheld = totals(found.row)
    sale = document.sale
    difference = total + withheld - sale.total
    if abs(difference) > tolerance:
        values = {"accounting": total + withheld, "crm": sale.total, "difference": difference}
        shown = {name: format(value, "f") for name, value in values.items()}
        raise stays(found, refusal("total_differs", number=found.row["DocNum"], **shown))
    number, accounting_id = found.identity
    return Outcome(
        state=found.kind.state,
        number=number,
        accounting_id=accounting_id,
        total=total,
        currency=sale.currency.code,
        written_hash=document.hash,
        dated=dated(found),
    )


def drafted(found: Found, document: Document) -> Outcome:
    """Give the outcome of a draft. It has no number yet, and its id is not the document's: approval gives both."""
    return Outcome(
        state=State.DRAFT,
        number="",
        accounting_id=f"{DRAFTS}({found.row['DocEntry']})",
        total=None,
        currency=document.sale.currency.code,
        written_hash=document.hash,
        dated=dated(found),
        remark=refusal("draft_waits", draft=found.row["DocEntry"]),
    )
