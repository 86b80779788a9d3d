"""Letting Business One compute a document before anything is posted: as a draft, which is read and deleted again."""

from decimal import Decimal
from typing import Any
from uuid import UUID

from shared.errors import AnswerLost
from shared.messages import Document
from shared.sapb1 import fence
from shared.sapb1.amounts import not_reachable
from shared.sapb1.client import Row, ServiceLayer, literal
from shared.sapb1.kinds import DRAFTS, Kind
from shared.sapb1.meaning import RateMissing
from shared.sapb1.outcomes import totals
from shared.sapb1.posting import rate_missing

NOT_OF_A_DRAFT = ("HandWritten", "DocNum", "Series", fence.VERSION, fence.HASH)
"""A draft takes no number, and must not be found as a document that waits for approval."""


class Trial:
    """Computes drafts."""

    def __init__(self, client: ServiceLayer) -> None:
        """``client`` writes and deletes."""
        self._client = client

    async def check(self, kind: Kind, document: Document, key: UUID, body: dict[str, Any], tolerance: Decimal) -> None:
        """Refuse a document whose total or tax Business One would compute otherwise (``total_not_reachable``).

        A draft whose answer was lost, or that was not deleted, carries its mark and is deleted by the next attempt.
        """
        if document.reference.attempt > 0:
            await self._clear(key)
        draft = {name: value for name, value in body.items() if name not in NOT_OF_A_DRAFT}
        draft |= {"DocObjectCode": kind.object_name, fence.KEY: fence.trial_mark(key)}
        try:
            row = await self._client.create(DRAFTS, draft)
        except AnswerLost as error:
            await self._clear(key)
            raise error.looked_up(", while a draft was computed") from None
        except RateMissing as error:
            raise rate_missing(error, document) from None
        await self._client.delete(DRAFTS, int(row["DocEntry"]))
        _compare(row, document, tolerance)

    async def _clear(self, key: UUID) -> None:
        where = f"{fence.KEY} eq {literal(fence.trial_mark(key))}"
        for row in await self._client.rows(DRAFTS, select=("DocEntry",), where=where):
            await self._client.delete(DRAFTS, int(row["DocEntry"]))


def _compare(row: Row, document: Document, tolerance: Decimal) -> None:
    total, tax, withheld = totals(row)
    sale = document.sale
    for field, accounting, crm in (("tax", tax, sale.tax), ("total", total + withheld, sale.total)):
        if abs(accounting - crm) > tolerance:
            raise not_reachable(accounting, crm, field)
