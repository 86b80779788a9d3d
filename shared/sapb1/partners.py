"""Customers in Business One: bound, matched by tax number, or created behind a claim of their own."""

from collections.abc import Mapping
from datetime import date
from typing import Any
from uuid import UUID

from shared.accounting import Bindings
from shared.books import Sapb1Books
from shared.cache import Cache
from shared.documents import Customer
from shared.errors import AnswerLost, Refused, Unavailable
from shared.keys import accounting_key
from shared.refusals import refusal
from shared.sapb1 import cards, fence
from shared.sapb1.batch import Create
from shared.sapb1.client import Row, ServiceLayer, literal
from shared.sapb1.meaning import SYSTEM, AlreadyThere

PARTNERS = "BusinessPartners"
ACTIVITY = ("Valid", "ValidFrom", "ValidTo", "Frozen", "FrozenFrom", "FrozenTo")
"""Of partners and items alike."""
SELECT = ("CardCode", "CardName", *ACTIVITY)
CARD = ("CardCode", *(field.name for field in cards.PARTNER_FIELDS), "BPAddresses")
"""What is read of a partner whose customer changed in the CRM."""
SEEN_SECONDS = 24 * 3600.0
"""How long a process remembers what a customer looked like."""


def active(row: Mapping[str, Any], day: date) -> bool:
    """Say whether a partner or an item may be used on a day. An empty end of a range is open."""
    if row.get("Frozen") == "tYES" and _within(row.get("FrozenFrom"), row.get("FrozenTo"), day):
        return False
    return row.get("Valid") != "tYES" or _within(row.get("ValidFrom"), row.get("ValidTo"), day)


def _within(start: object, end: object, day: date) -> bool:
    first = date.min if start is None else date.fromisoformat(str(start)[:10])
    last = date.max if end is None else date.fromisoformat(str(end)[:10])
    return first <= day <= last


class Partners:
    """Finds or creates business partners."""

    def __init__(self, client: ServiceLayer, organization_id: UUID) -> None:
        """``organization_id`` is the CRM's; the keys of what we create derive from it."""
        self._client = client
        self._organization_id = organization_id
        self._seen: Cache[str] = Cache(10_000, SEEN_SECONDS)

    async def code(self, customer: Customer, books: Sapb1Books, day: date, bindings: Bindings) -> str:
        """Give the CardCode of a customer. ``day`` is the document's: a partner may be frozen on it."""
        bound = bindings.get(customer)
        if bound is not None:
            await self._follow(customer, bound)
            return bound
        code = await self._match(customer, day)
        if code is None:
            code = await self._create(customer, books, day)
        bindings.add(customer, code, code)
        self._seen.put(str(customer.id), cards.fingerprint(customer))
        return code

    async def _follow(self, customer: Customer, code: str) -> None:
        """Carry a change of the CRM's card over. No call where nothing is known to have changed.

        A lost answer does no harm: what differs is read again, and sent again, by the next document.
        """
        now, before = cards.fingerprint(customer), self._seen.get(str(customer.id))
        if before is not None and before != now:
            row = await self._client.get(PARTNERS, code, select=CARD)
            if row is None:
                raise Refused(refusal("customer_deleted"))
            changes = cards.partner_changes(row, customer)
            if changes:
                await self._client.update(PARTNERS, code, changes)
        self._seen.put(str(customer.id), now)

    async def _match(self, customer: Customer, day: date) -> str | None:
        """Match by tax number, never an empty one, and never suppliers, who share it."""
        if not customer.tax_number:
            return None
        where = f"FederalTaxID eq {literal(customer.tax_number)} and CardType eq 'cCustomer'"
        rows = await self._client.rows(PARTNERS, select=SELECT, where=where, order="CardCode")
        if not rows:
            return None
        usable = [row for row in rows if active(row, day)]
        if not usable:
            raise Refused(refusal("customer_frozen", value=rows[0]["CardCode"]))
        if len(usable) > 1:
            # a person's name is personal, and stays out of the sentence
            named = [
                row["CardCode"] if customer.is_person else f"{row['CardCode']} {row['CardName']}" for row in usable
            ]
            raise Refused(refusal("several_matches", matches=", ".join(named)))
        return str(usable[0]["CardCode"])

    async def _create(self, customer: Customer, books: Sapb1Books, day: date) -> str:
        key = accounting_key(self._organization_id, "sapb1", customer.table, customer.id)
        code = cards.card_code(customer, key)
        operations = (
            Create(fence.CLAIMS, fence.claim(key, fence.customer_name(code))),
            Create(PARTNERS, cards.partner(customer, code, books)),
        )
        try:
            await self._client.changeset(operations)
        except (AlreadyThere, AnswerLost) as error:
            return await self._look_up(key, code, day, error)
        return code

    async def _look_up(self, key: UUID, code: str, day: date, error: AlreadyThere | AnswerLost) -> str:
        """Find out what became of a creation. The claim tells which partner it made, whatever the number is now."""
        claim = await self._client.get(fence.CLAIMS, key)
        if claim is None:
            if isinstance(error, AnswerLost):
                raise Unavailable(SYSTEM, f"{error.cause}; the customer was not created") from None
            if await self._partner(code) is not None:
                raise Refused(refusal("customer_code_taken", value=code)) from None
            raise error
        claimed = fence.claimed_customer(str(claim.get("Name"))) or code
        row = await self._partner(claimed)
        if row is None:
            raise Refused(refusal("customer_deleted"))
        if not active(row, day):
            raise Refused(refusal("customer_frozen", value=claimed))
        return claimed

    async def _partner(self, code: str) -> Row | None:
        return await self._client.get(PARTNERS, code, select=SELECT)
