"""The marketing documents that the bridge writes: where Service Layer keeps them, how they are named and based."""

import re
from dataclasses import dataclass

from shared.books import Sapb1Books
from shared.documents import Sale
from shared.messages import State

DRAFTS = "Drafts"


@dataclass(frozen=True)
class Kind:
    """One entity set of documents."""

    set: str
    object_code: int
    """the BaseType of lines that are copied from it"""
    object_name: str
    """BoObjectTypes, the DocObjectCode of its drafts"""
    name: str
    """as the claim names it"""
    title: str
    """as SAP Business One titles it"""
    state: State
    """what the journal says of one that stands in the books: an order posts nothing"""
    due_is_delivery: bool = False
    """DocDueDate is the day of delivery, not of payment"""
    cancelled_by_document: bool = True
    """cancelling posts a document of its own, which has a date; an order is merely marked"""

    def reference(self, entry: object) -> str:
        """Give the id that the journal keeps; the bare DocEntry is an A/R invoice's."""
        return str(entry) if self is INVOICE else f"{self.set}({entry})"


INVOICE = Kind("Invoices", 13, "oInvoices", "invoice", "A/R Invoice", State.POSTED)
DELIVERY = Kind("DeliveryNotes", 15, "oDeliveryNotes", "delivery", "Delivery", State.POSTED, due_is_delivery=True)
ORDER = Kind(
    "Orders",
    17,
    "oOrders",
    "order",
    "Sales Order",
    State.EXPORTED,
    due_is_delivery=True,
    cancelled_by_document=False,
)
SERVICES = {"delivery": DELIVERY, "order": ORDER}
_REFERENCE = re.compile(r"(\w+)\((\d+)\)")


def main_kind(sale: Sale, books: Sapb1Books) -> Kind:
    """Say what a sale becomes: an invoice an A/R invoice, a fulfilled order what the route says (2A requires it)."""
    if sale.table == "invoice":
        return INVOICE
    if books.services_document is None:
        raise ValueError("sapb1.services_document: required, because an order is to be written")
    return SERVICES[books.services_document]


def base_of(accounting_id: str) -> tuple[Kind, int] | None:
    """Read the id of an order's document; None where nothing can be copied from it, such as from a draft."""
    match = _REFERENCE.fullmatch(accounting_id)
    kind = {kind.set: kind for kind in SERVICES.values()}.get(match[1]) if match else None
    return (kind, int(match[2])) if match and kind else None
