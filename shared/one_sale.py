"""One sale is entered once (rule 4 of the books): an invoice and its order held against each other. Pure.

Where an order is due in the same accounting system it goes first, and its invoice is copied from it or, in 1C, becomes
only a счёт. Where the invoice came first, the order is not written any more. What stands in the other accounting system
counts as well: routes change, and one sale posts revenue once. What happens at the same moment is left to the target
itself (see ``shared.sapb1.fence``).
"""

from typing import Any

from shared.dataverse.columns import guid, key, local_date, number, text
from shared.dataverse.reading import journal_row
from shared.dataverse.sales import FULFILLED_PARTLY, INVOICE, INVOICED, ORDER, SalesTable
from shared.errors import Parked, Refused
from shared.messages import Base, Issued, Journalled, State
from shared.refusals import refusal
from shared.routes import NAMES, Route, Target, route_for
from shared.settings import Settings

Row = dict[str, Any]


def is_due(table: SalesTable, row: Row, status: int, settings: Settings) -> bool:
    """Say whether a document of this statuscode is to be in the books: an issued invoice, a fulfilled order.

    An order that was invoiced after it had been fulfilled keeps its datefulfilled. Refused where an order is fulfilled
    in part: the act needs the actual quantities.
    """
    if table is INVOICE:
        return status in settings.invoice_issued_statuses
    if status == FULFILLED_PARTLY:
        raise Refused(refusal("fulfilled_partly"))
    invoiced_after = status == INVOICED and bool(row.get("datefulfilled"))
    return status in settings.order_fulfilled_statuses or invoiced_after


def base_of(row: Row, route: Route, settings: Settings, *, entered: bool) -> Base | None:
    """Give the order that an invoice was made from, where the same accounting system has it.

    Parked (``order_first``) while it is due there and not refused, or awaits approval there: nothing is copied from a
    draft; Refused (``sale_elsewhere``). Neither where the invoice is ``entered``: accounting holds it already, by the
    bridge or by hand.
    """
    order = row.get("salesorderid")
    if not isinstance(order, dict):
        return None
    if not entered and route.posts_revenue:
        check_elsewhere(order, ORDER, route)
    known = journal_row(ORDER, order, route.target)
    unapproved = known is not None and known.state is State.DRAFT and not entered
    if known is not None and known.state is not State.CANCELLED and known.in_books and not unapproved:
        # One that was handed out in a file has no id that is known here; its number is the CRM's.
        named = known.number or ("" if known.accounting_id else text(order, ORDER.number))
        return Base(id=key(order, ORDER.key), accounting_id=known.accounting_id, number=named)
    lost = known is not None and known.state is State.RETRYING
    if not entered and (lost or unapproved or (route.target == "sapb1" and _goes_first(order, known, settings))):
        raise Parked(refusal("order_first", order=text(order, ORDER.number)))
    return None


def _goes_first(order: Row, known: Journalled | None, settings: Settings) -> bool:
    """Say whether an order is about to be entered into SAP. One that was refused holds nothing up."""
    if known is not None and known.state in {State.REFUSED, State.CANCELLED, State.BEFORE_START}:
        return False
    route = route_for(settings.routes, ORDER.way, guid(order, "_owningbusinessunit_value"))
    if route is None or route.target != "sapb1" or number(order, "statecode") == ORDER.cancelled:
        return False
    dated = local_date(order, route.dates.document, route.zone)
    if dated is None or dated < route.start_date:
        return False
    status = number(order, "statuscode") or 0
    return status != FULFILLED_PARTLY and is_due(ORDER, order, status, settings)


def invoices_of(row: Row, route: Route, *, entered: bool) -> tuple[Issued, ...]:
    """Give the invoices that were made from an order.

    Refused where one of them makes the order's own document a second one of the same sale: ``invoiced_before`` in SAP,
    ``sale_elsewhere`` in the other accounting system. In 1C a счёт before its реализация is how it should be. Neither
    where the order is ``entered`` itself.
    """
    issued = []
    for invoice in row["order_invoices"]:
        if not entered and route.posts_revenue:
            check_elsewhere(invoice, INVOICE, route)
        known = journal_row(INVOICE, invoice, route.target)
        in_books = known is not None and known.in_books and known.state is not State.CANCELLED
        if known is not None and in_books and not entered and route.target == "sapb1":
            raise Refused(refusal("invoiced_before", invoice=text(invoice, INVOICE.number), number=known.number))
        generation = known.generation if known is not None else 0
        issued.append(
            Issued(
                id=key(invoice, INVOICE.key),
                number=text(invoice, INVOICE.number),
                generation=generation,
                in_books=in_books,
            )
        )
    return tuple(issued)


def elsewhere(document: Row, table: SalesTable, route: Route) -> tuple[Target, Journalled] | None:
    """Give the other accounting system where a document stands, or may stand, and what the journal knows of it."""
    for target in NAMES:
        known = journal_row(table, document, target) if target != route.target else None
        if known is None or known.state is State.CANCELLED:
            continue
        if known.in_books or known.state is State.RETRYING:
            return target, known
    return None


def is_in_both(document: Row, table: SalesTable, route: Route) -> bool:
    """Say whether a document that its route's books hold stands in the other ones too, where nobody was told yet."""
    held = elsewhere(document, table, route)
    return held is not None and held[1].passes_for_written


def check_elsewhere(document: Row, table: SalesTable, route: Route) -> None:
    """Refuse a sale of which the other accounting system holds a document, or may hold it.

    The document itself counts too, whatever it posts: another owner, or another route, does not enter it twice.
    """
    if held := elsewhere(document, table, route):
        target, known = held
        named = known.number or known.accounting_id
        raise Refused(
            refusal("sale_elsewhere", document=text(document, table.number), system=NAMES[target], number=named)
        )
