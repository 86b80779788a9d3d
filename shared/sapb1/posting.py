"""Writing a document behind its claim, and finding out what became of it.

The document and its claim are one changeset (see ``fence``), so a new one needs no look-up. A claim that is taken, an
answer that is lost and everything ambiguous lead to a look-up by the key; never to a second write.
"""

from typing import Any
from uuid import UUID

from shared import jsontext
from shared.errors import AnswerLost, Misconfigured, Parked, Refused, Unavailable
from shared.messages import Document
from shared.refusals import refusal
from shared.sapb1 import fence
from shared.sapb1.batch import Create, Part
from shared.sapb1.client import Row, ServiceLayer
from shared.sapb1.held import Found, Holdings
from shared.sapb1.kinds import Kind
from shared.sapb1.meaning import SYSTEM, AlreadyThere, RateMissing


class SaleTaken(Exception):
    """The row that says which side of a sale stands in the books was there already; nothing was written."""

    def __init__(self, held: Row) -> None:
        super().__init__("the claim of the sale is taken")
        self.held = held


def rate_missing(error: RateMissing, document: Document) -> Parked:
    """Say which exchange rate is awaited; the document goes through by itself once it is there."""
    day = document.sale.document_date.isoformat()
    return Parked(refusal("exchange_rate_missing", value=error.currency, date=day))


class Poster:
    """Writes documents and claims."""

    def __init__(self, client: ServiceLayer, holdings: Holdings) -> None:
        """``holdings`` looks up by the same client."""
        self._client = client
        self._holdings = holdings

    async def write(
        self, kind: Kind, document: Document, key: UUID, body: dict[str, Any], sale: Row | None = None
    ) -> tuple[Found | None, bool]:
        """Write a document, with the claim of its ``sale``; give it and True, or what was there instead and False.

        Nothing but False: the key is used up by a document that the bridge took back (see ``recreation_key``). Raises
        SaleTaken where it is the claim of the sale that is there already.
        """
        # The claim goes first: a changeset stops at its first failure, so a taken key never reaches the books.
        claims = [fence.document_claim(kind, key), *([dict(sale)] if sale is not None else [])]
        operations = (*(Create(fence.CLAIMS, claim) for claim in claims), Create(kind.set, body))
        try:
            *_, answer = await self._client.changeset(operations)
        except (AlreadyThere, AnswerLost) as error:
            return await self._look_up(kind, document, key, error, body, sale), False
        except RateMissing as error:
            raise rate_missing(error, document) from None
        row = _written(answer)
        if row is None:
            lost = AnswerLost(SYSTEM, "an answer without the document")
            return await self._look_up(kind, document, key, lost, body, sale), False
        return Found(kind, row), True

    async def _look_up(  # noqa: PLR0917 -- what was to be written, whole
        self,
        kind: Kind,
        document: Document,
        key: UUID,
        error: AlreadyThere | AnswerLost,
        body: dict[str, Any],
        sale: Row | None,
    ) -> Found | None:
        found = await self._holdings.find(kind, key)
        if found is not None:
            return found
        if not await self._holdings.has_claim(key):
            if isinstance(error, AnswerLost):
                raise error.looked_up("; no document was written") from None
            held = await self._client.get(fence.CLAIMS, sale["Code"]) if sale is not None else None
            if held is not None:
                raise SaleTaken(held) from None
            if fence.TABLE in error.refusal.values["message"]:
                # another attempt held the claim, failed, and gave it back
                raise Unavailable(SYSTEM, "another attempt at this document has just failed", answered=True) from None
            raise await self._number_taken(kind, document, body) or error
        # somebody else's changeset may have been committed between the two look-ups
        found = await self._holdings.find(kind, key)
        if found is not None or await self._holdings.has_claim(fence.recreation_key(key)):
            return found
        raise Misconfigured(
            f"{SYSTEM}: the claim {key} in @{fence.TABLE} has no document, so the fence is broken and nothing is "
            f"written; run `{fence.SET_UP} --check`, and delete the row once it is certain that there is none"
        ) from None

    async def _number_taken(self, kind: Kind, document: Document, body: dict[str, Any]) -> Refused | None:
        """Say whether it is the number of our own choice that is there already."""
        number = body.get("DocNum")
        if number is None or not await self._client.rows(
            kind.set, select=("DocEntry",), where=f"DocNum eq {int(number)}", top=1
        ):
            return None
        return Refused(refusal("number_taken", number=number, year=document.sale.document_date.year))

    async def claim(self, row: dict[str, Any]) -> None:
        """Put a row into the claim table, unless it is there."""
        try:
            await self._client.create(fence.CLAIMS, row)
        except AlreadyThere:
            return
        except AnswerLost as error:
            if not await self._holdings.has_claim(UUID(row["Code"])):
                raise Unavailable(SYSTEM, error.cause) from None

    async def release(self, kind: Kind, key: UUID) -> None:
        """Take the claim of a deleted draft away, so that the key can be used again. Nothing where a document is."""
        if await self._holdings.has_claim(key) and await self._holdings.find(kind, key) is None:
            await self._client.delete(fence.CLAIMS, key)


def _written(answer: Part) -> Row | None:
    try:
        row = jsontext.loads(answer.content)
    except ValueError:
        return None
    return row if isinstance(row, dict) and {"DocEntry", "DocNum", "DocTotal"} <= row.keys() else None
