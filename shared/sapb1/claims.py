"""Cards that the bridge creates, each together with a claim: a second creation fails, and the card is known as ours."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from shared.documents import Customer, Product
from shared.keys import accounting_key
from shared.sapb1 import fence
from shared.sapb1.batch import Create
from shared.sapb1.client import ServiceLayer, one_of


class Claims:
    """The claims of one kind of card."""

    def __init__(self, client: ServiceLayer, organization_id: UUID, what: fence.CardKind) -> None:
        """``organization_id`` is the CRM's; keys derive from it."""
        self._client = client
        self._organization_id = organization_id
        self._what = what

    def key(self, record: Customer | Product) -> UUID:
        """Give the key of a record's claim."""
        return accounting_key(self._organization_id, "sapb1", record.table, record.id)

    async def create(self, record: Customer | Product, code: str, entity: str, body: Mapping[str, Any]) -> None:
        """Create a card with its claim, both or neither. AlreadyThere or AnswerLost: ask :meth:`code`."""
        claim = fence.claim(self.key(record), fence.card_name(self._what, code))
        await self._client.changeset((Create(fence.CLAIMS, claim), Create(entity, dict(body))))

    async def code(self, record: Customer | Product) -> str | None:
        """Give the code that a record's claim was made for; None where there is no claim, empty: of another kind."""
        claim = await self._client.get(fence.CLAIMS, self.key(record))
        return None if claim is None else fence.claimed_card(self._what, str(claim.get("Name")))

    async def made(self, record: Customer | Product, code: str) -> bool:
        """Say whether the bridge made a card, for this record or for one that was merged into it."""
        merged = record.merged if isinstance(record, Customer) else ()
        keys = [self.key(record.model_copy(update={"id": each})) for each in (record.id, *merged)]
        where = one_of("Code", [str(key) for key in keys])
        rows = await self._client.rows(fence.CLAIMS, select=("Code", "Name"), where=where)
        return any(str(row["Name"]) == fence.card_name(self._what, code) for row in rows)
