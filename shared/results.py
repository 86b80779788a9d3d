"""Words for the journal: a result about a document, whoever found out."""

from datetime import datetime
from typing import Any
from uuid import UUID

from shared.documents import SaleTable
from shared.messages import Document, Journalled, Reference, Result, State
from shared.routes import Target


def attempts(reference: Reference, known: Journalled | None) -> int:
    """Give the number of attempts for the journal, which keeps those before this one until it is in the books."""
    before = known.attempt if known is not None and not known.in_books else 0
    return max(reference.attempt, before)


def result_about(
    reference: Reference,
    known: Journalled | None,
    target: Target,
    *,
    table: SaleTable,
    id: UUID,  # noqa: A002 -- the name of the field
    state: State,
    at: datetime,
    **more: Any,
) -> Result:
    """Give a result that answers a reference, about a document of which the journal knows so much.

    ``more``: whatever else a result holds; its version and number at least.
    """
    given: dict[str, Any] = {
        "organization_id": reference.organization_id,
        "correlation_id": reference.correlation_id,
        "traceparent": reference.traceparent,
        "target": target,
        "table": table,
        "id": id,
        "state": state,
        "generation": known.generation if known else 0,
        "attempt": attempts(reference, known),
        "at": at,
        "journal": known,
        "reference": reference,
    }
    return Result(**(given | more))


def result_of(document: Document, state: State, now: datetime, **more: Any) -> Result:
    """Give a result about a document that reached a connector."""
    sale = document.sale
    products: set[UUID] = {line.product.id for line in sale.lines if line.product}
    return result_about(
        document.reference,
        document.journal,
        document.target,
        table=sale.table,
        id=sale.id,
        state=state,
        at=now,
        record=sale.number,
        correlation_id=document.correlation_id,
        traceparent=document.traceparent,
        version=document.version,
        hash=document.hash,
        generation=document.generation,
        hangs_on=(
            f"{sale.customer.table}:{sale.customer.id}",
            *(f"product:{product}" for product in sorted(products)),
        ),
        lines=tuple(sorted(line.id for line in sale.lines)),
        **more,
    )
