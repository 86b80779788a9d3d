"""Customers in Business One: bound, matched by tax number, or created behind a claim of their own."""

from collections.abc import Mapping
from datetime import date
from typing import Any
from uuid import UUID

from shared.accounting import Bindings, CarriedCards
from shared.books import Sapb1Books
from shared.documents import Customer
from shared.errors import AnswerLost, Refused
from shared.refusals import refusal
from shared.sapb1 import cards
from shared.sapb1.claims import Claims
from shared.sapb1.client import Row, ServiceLayer, literal
from shared.sapb1.meaning import AlreadyThere

PARTNERS = "BusinessPartners"
ACTIVITY = ("Valid", "ValidFrom", "ValidTo", "Frozen", "FrozenFrom", "FrozenTo")
"""Of partners and items alike."""
SELECT = ("CardCode", "CardName", *ACTIVITY)
CARD = ("CardCode", *(field.to for field in cards.PARTNER), "FreeText", "BPAddresses")
"""What is read of a partner whose customer changed in the CRM, beside a company's own fields."""


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
        self._claims = Claims(client, organization_id, "customer")
        self._carried = CarriedCards()

    async def code(self, customer: Customer, books: Sapb1Books, day: date, bindings: Bindings) -> str:
        """Give the CardCode of a customer, bind it, and carry over what changed in the CRM.

        ``day`` is the document's: a partner may be frozen on it.
        """
        code = bindings.get(customer)
        if code is None:
            code = await self._match(customer, day)
            if code is None:
                code, made = await self._create(customer, books, day)
                if made:
                    self._bound(customer, code, bindings)
                    return code
        elif self._carried.holds(customer, bindings):
            return code
        await self._follow(customer, code, bindings)
        return code

    async def _follow(self, customer: Customer, code: str, bindings: Bindings) -> None:
        """Carry over what changed in the CRM. A lost answer does no harm: the next attempt reads what differs."""
        own_fields = [extra.to for extra in customer.extras if extra.to not in CARD]
        row = await self._client.get(PARTNERS, code, select=(*CARD, *own_fields))
        if row is None:
            raise Refused(refusal("customer_deleted"))
        changes = cards.partner_changes(row, customer, own=True)
        if changes and not await self._claims.made(customer, code):
            changes = cards.partner_changes(row, customer, own=False)
        if changes:
            await self._client.update(PARTNERS, code, changes)
        self._bound(customer, code, bindings)

    def _bound(self, customer: Customer, code: str, bindings: Bindings) -> None:
        bindings.add(customer, code, code)
        self._carried.note(customer, bindings)

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

    async def _create(self, customer: Customer, books: Sapb1Books, day: date) -> tuple[str, bool]:
        """Create a partner; give its code, and whether it was made now."""
        code = cards.card_code(customer, self._claims.key(customer))
        try:
            await self._claims.create(customer, code, PARTNERS, cards.partner(customer, code, books))
        except (AlreadyThere, AnswerLost) as error:
            return await self._look_up(customer, code, day, error), False
        return code, True

    async def _look_up(self, customer: Customer, code: str, day: date, error: AlreadyThere | AnswerLost) -> str:
        """Find out what became of a creation. The claim tells which partner it made, whatever the number is now."""
        claimed = await self._claims.code(customer)
        if claimed is None:
            if isinstance(error, AnswerLost):
                raise error.looked_up("; the customer was not created") from None
            if await self._partner(code) is not None:
                raise Refused(refusal("customer_code_taken", value=code)) from None
            raise error
        row = await self._partner(claimed or code)
        if row is None:
            raise Refused(refusal("customer_deleted"))
        if not active(row, day):
            raise Refused(refusal("customer_frozen", value=claimed or code))
        return claimed or code

    async def _partner(self, code: str) -> Row | None:
        return await self._client.get(PARTNERS, code, select=SELECT)
