"""What stands in Business One under a key: looked up in Drafts and in the documents, the cancelled set apart."""

import re
from dataclasses import dataclass, replace
from uuid import UUID

from shared.documents import Sale
from shared.keys import accounting_key
from shared.messages import Document
from shared.sapb1 import fence
from shared.sapb1.client import Row, ServiceLayer, literal
from shared.sapb1.kinds import DRAFTS, Kind

SELECT = (
    "DocEntry",
    "DocNum",
    "DocDate",
    "DocumentStatus",
    "CancelStatus",
    "DocCurrency",
    "DocTotal",
    "DocTotalFc",
    "VatSum",
    "VatSumFc",
    "WTAmount",
    "WTAmountFC",
    *fence.FIELDS,
)
_ENTRY = re.compile(r"(?:(\w+)\()?(\d+)\)?")


@dataclass(frozen=True)
class Found:
    """What stands in Business One under a key."""

    kind: Kind
    row: Row
    is_draft: bool = False
    other_drafts: tuple[str, ...] = ()
    """DocEntry of drafts under the same key that somebody could still make documents of"""

    @property
    def is_cancelled(self) -> bool:
        """Whether it was cancelled."""
        return is_cancelled(self.row)

    @property
    def version(self) -> int:
        """The version of the CRM's record that was written."""
        written = str(self.row.get(fence.VERSION) or "")
        return int(written) if written.isdecimal() else 0

    def holds(self, document: Document) -> bool:
        """Whether it has this content. A merge of customers in the CRM is no change of what was exported."""
        return self.row.get(fence.HASH) in {document.hash, *document.sale.content_hashes()}

    @property
    def identity(self) -> tuple[str, str]:
        """Its number and its id; a draft has no number yet."""
        if self.is_draft:
            return "", f"{DRAFTS}({self.row['DocEntry']})"
        return str(self.row["DocNum"]), self.kind.reference(self.row["DocEntry"])

    @property
    def title(self) -> str:
        """Its kind and number, for a sentence."""
        return f"{self.kind.title} {self.row['DocNum']}"


@dataclass(frozen=True)
class Place:
    """Where a sale stands, or is to stand: the generation, its key, and what was found there."""

    generation: int
    key: UUID
    found: Found | None = None
    fresh: bool = False
    """written by ourselves, just now"""


def is_cancelled(row: Row) -> bool:
    """A cancelled document, and the document that cancelled it, which carries a copy of the key."""
    return row.get("CancelStatus") in {"csYes", "csCancellation"}


def is_off(row: Row) -> bool:
    """Whether a document was cancelled, an order included, which is merely marked."""
    return is_cancelled(row) or row.get("Cancelled") == "tYES"


class Holdings:
    """Looks things up."""

    def __init__(self, client: ServiceLayer, organization_id: UUID) -> None:
        """``organization_id`` is the CRM's; keys derive from it."""
        self._client = client
        self._organization_id = organization_id

    async def find(self, kind: Kind, key: UUID) -> Found | None:
        """Look a document up by its key. Drafts first: one that is approved meanwhile is then found as the document.

        A cancellation, and an accountant's duplicate, carry a copy of the key: what is not cancelled comes first, and
        of those the oldest.
        """
        where = f"{fence.KEY} eq {literal(key)}"
        drafts = await self._client.rows(DRAFTS, select=SELECT, where=where, order="DocEntry")
        documents = await self._client.rows(kind.set, select=SELECT, where=where, order="DocEntry")
        live = [row for row in drafts if not is_cancelled(row)]
        rows = [(row, False) for row in sorted(documents, key=is_cancelled)] + [(row, True) for row in live]
        if not rows:
            return None
        row, is_draft = rows[0]
        waiting = [one for one in live if one is not row and one.get("DocumentStatus") != "bost_Close"]
        return Found(kind, row, is_draft, tuple(str(one["DocEntry"]) for one in waiting))

    async def current(self, kind: Kind, document: Document, key: UUID, *, thorough: bool = True) -> Place:
        """Find a sale under its key, or under that of a later generation that the bridge itself went on to."""
        place = Place(document.generation, key, await self.find(kind, key))
        return await self.follow(document.sale, kind, place, thorough=thorough)

    async def follow(self, sale: Sale, kind: Kind, place: Place, *, thorough: bool = True) -> Place:
        """Go on from a document that the bridge cancelled, or whose draft it deleted, to the one that replaces it.

        ``thorough``: where nothing is found, ask whether that is why.
        """
        while place.found is None or place.found.is_cancelled:
            if place.found is None and not thorough:
                break
            if not await self.has_claim(fence.recreation_key(place.key)):
                break
            place = self.next(sale, place)
            place = replace(place, found=await self.find(kind, place.key))
        return place

    def next(self, sale: Sale, place: Place) -> Place:
        """Give the place of the next generation."""
        generation = place.generation + 1
        return Place(generation, accounting_key(self._organization_id, "sapb1", sale.table, sale.id, generation))

    async def has_claim(self, key: UUID) -> bool:
        """Say whether a row of the claim table has this key."""
        return await self._client.get(fence.CLAIMS, key) is not None

    async def row(self, found: Found) -> Row | None:
        """Read a document again."""
        entry = int(found.row["DocEntry"])
        return await self._client.get(DRAFTS if found.is_draft else found.kind.set, entry, select=SELECT)

    async def typed_by_hand(self, kind: Kind, document: Document) -> Found | None:
        """Find the document that somebody linked in the journal; it has no key of ours, and is never touched."""
        journal = document.journal
        match = _ENTRY.fullmatch(journal.accounting_id) if journal else None
        if match is None or kind.reference(match[2]) != match[0]:
            return None
        row = await self._client.get(kind.set, int(match[2]), select=SELECT)
        return None if row is None or row.get(fence.KEY) else Found(kind, row)
