"""What every accounting system must be able to do, in the words of the bridge."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Protocol
from uuid import UUID

from shared.cache import Cache
from shared.documents import Customer, Product, SaleTable, card_hash
from shared.messages import Binding, Document, State
from shared.refusals import Refusal
from shared.routes import Route

SEEN_SECONDS = 24 * 3600.0
"""How long a process remembers which cards it carried over."""


class Bindings:
    """Customers and products and what they are in accounting: what the journal knew, and what is found now.

    What is found is kept even when the document fails afterwards, so that an id is never lost.
    """

    def __init__(self, known: Mapping[str, str], cards: Mapping[str, str] | None = None) -> None:
        """``known`` and ``cards``: ``table:id`` → accounting id, hash of the card that accounting was given last."""
        self._known = dict(known)
        self._cards = dict(cards or {})
        self.made: list[Binding] = []

    def get(self, record: Customer | Product) -> str | None:
        """Give the accounting id of a customer or product, where one is known."""
        return self._known.get(_name(record))

    def card(self, record: Customer | Product) -> str:
        """Give the hash of the card that accounting was given last, as far as the journal knows; else empty."""
        return self._cards.get(_name(record), "")

    def add(self, record: Customer | Product, accounting_id: str, number: str = "") -> None:
        """Bind a customer or product to what it is in accounting, where its card was carried over just now."""
        name, card = _name(record), card_hash(record)
        self._known[name] = accounting_id
        made = Binding(table=record.table, id=record.id, accounting_id=accounting_id, number=number, card=card)
        self.made.append(made)


def _name(record: Customer | Product) -> str:
    return f"{record.table}:{record.id}"


@dataclass(frozen=True)
class CarriedCards:
    """Which cards accounting has as the CRM has them now, so that an unchanged one costs no call.

    The journal tells it to every process; what this process did itself counts until the journal says anything new.
    """

    _seen: Cache[tuple[str, str]] = field(default_factory=lambda: Cache(50_000, SEEN_SECONDS))
    """by record: the hash that was carried over, and the one that the journal had then"""

    def holds(self, record: Customer | Product, bindings: Bindings) -> bool:
        """Say whether accounting was given the card as it is now."""
        now, journal = card_hash(record), bindings.card(record)
        seen = self._seen.get(_name(record))
        if seen is None:
            return journal == now
        done, then = seen
        return journal in {now, then} if done == now else journal == now != then

    def note(self, record: Customer | Product, bindings: Bindings) -> None:
        """Remember that this process has carried a card over."""
        self._seen.put(_name(record), (card_hash(record), bindings.card(record)))


@dataclass(frozen=True)
class Outcome:
    """What accounting holds after an export."""

    state: State
    number: str
    accounting_id: str
    total: Decimal | None
    currency: str
    written_hash: str
    """content hash of what accounting now holds"""
    remark: Refusal | None = None
    """what a person should know of a success, as a sentence of the catalogue"""
    generation: int | None = None
    """the generation that accounting now holds, where it is not the document's: it was cancelled and created anew"""
    dated: date | None = None
    """the document's own date in accounting"""


class AccountingSystem(Protocol):
    """One accounting system. Its methods raise Refused, Unavailable or Misconfigured, and nothing else on purpose."""

    async def export(self, document: Document, route: Route, key: UUID, bindings: Bindings) -> Outcome:
        """Make accounting hold the document under its key, exactly once, and say what it holds."""
        ...

    async def cancel(self, document: Document, route: Route, key: UUID) -> Outcome:
        """Take back what accounting holds under the key, or refuse in words; say what it holds then.

        Where accounting holds nothing under the key the outcome is Cancelled without a number.
        """
        ...

    async def ping(self) -> None:
        """Make sure that accounting answers and lets us in; it only reads."""
        ...

    async def close(self) -> None:
        """Let go of sessions and connections."""
        ...


@dataclass(frozen=True)
class Exported:
    """A document that the journal knows to be in accounting."""

    row_id: UUID
    """of the journal"""
    table: SaleTable
    accounting_id: str
    key: UUID
    """the fence's, of its generation"""
    state: State
    """what the journal says of it"""


@dataclass(frozen=True)
class Standing:
    """What has become of a document in accounting since it was exported."""

    state: State
    """Exported, Posted, Partially paid, Paid, Settled without payment; Refused where it is cancelled or deleted"""
    paid: Decimal | None = None
    """in the document's currency; None where accounting doesn't say it"""
    reason: Refusal | None = None
    look_again: bool = False
    """the document is another one now, such as a draft that was approved: the connector has to look"""


class Ledger(Protocol):
    """Where an accounting system is asked for payments. Raises Unavailable or Misconfigured; it only reads."""

    async def standings(self, documents: Sequence[Exported]) -> dict[UUID, Standing]:
        """Say what has become of documents, by their journal rows, many in one call; what is not known is left out."""
        ...

    async def close(self) -> None:
        """Let go of sessions and connections."""
        ...
