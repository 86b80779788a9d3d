"""The marketing documents: their object codes, tables, and what each does to stock."""

from dataclasses import dataclass


@dataclass(frozen=True)
class DocumentKind:
    """One entity set of documents. ``stock`` is -1 where it issues, +1 where it returns, 0 where it does neither."""

    set: str
    object_code: int
    object_name: str
    table: str
    line_table: str
    stock: int = 0
    bases: tuple[int, ...] = ()
    """Object codes it may be copied from."""
    editable: bool = False
    """Lines may change while it is open."""
    closable: bool = False
    reversed_by_document: bool = True
    """Cancelling posts a cancellation document; an order is merely marked."""


ORDERS = DocumentKind("Orders", 17, "oOrders", "ORDR", "RDR1", editable=True, closable=True, reversed_by_document=False)
DELIVERIES = DocumentKind(
    "DeliveryNotes", 15, "oDeliveryNotes", "ODLN", "DLN1", stock=-1, bases=(17, 13), closable=True
)
INVOICES = DocumentKind("Invoices", 13, "oInvoices", "OINV", "INV1", stock=-1, bases=(17, 15))
CREDIT_NOTES = DocumentKind("CreditNotes", 14, "oCreditNotes", "ORIN", "RIN1", stock=1, bases=(13,))

DRAFTS = "Drafts"
BY_SET = {kind.set: kind for kind in (ORDERS, DELIVERIES, INVOICES, CREDIT_NOTES)}
BY_CODE = {kind.object_code: kind for kind in BY_SET.values()}
BY_NAME = {kind.object_name: kind for kind in BY_SET.values()}
