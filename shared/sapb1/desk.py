"""What a job works with: the collaborators of a connection, a document that is ready, what the journal knows."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from shared.messages import Document
from shared.routes import Route
from shared.sapb1.basing import based
from shared.sapb1.cancelling import Canceller
from shared.sapb1.client import Row, ServiceLayer
from shared.sapb1.company import CompanyFacts
from shared.sapb1.held import Holdings
from shared.sapb1.items import Items
from shared.sapb1.kinds import Kind
from shared.sapb1.mapping import PreparedDocument
from shared.sapb1.partners import Partners
from shared.sapb1.posting import Poster
from shared.sapb1.same_sale import SameSale
from shared.sapb1.trial import Trial


@dataclass(frozen=True)
class Desk:
    """What a job works with."""

    client: ServiceLayer
    facts: CompanyFacts
    partners: Partners
    items: Items
    holdings: Holdings
    poster: Poster
    same_sale: SameSale
    trial: Trial
    canceller: Canceller
    today: Callable[[Route], date]


@dataclass(frozen=True)
class Ready:
    """A document of which everything is settled but its key."""

    prepared: PreparedDocument
    code: str
    items: tuple[str, ...]
    base: tuple[Kind, Row] | None = None
    """what an A/R invoice is copied from"""
    reopened: bool = False
    """the base is given back first, by the document that this one replaces"""
    tried: bool = False
    """a draft has shown what Business One computes"""

    def body(self, key: UUID, kind: Kind, *, on_top: bool = False) -> dict[str, Any]:
        """Give the body under a key."""
        body = self.prepared.body(key, self.code, self.items, kind, on_top=on_top)
        if self.base is None:
            return body
        return based(body, self.prepared.lines, *self.base, reopened=self.reopened)


def journal_knows(document: Document) -> bool:
    """Whether accounting held this generation; one that was cancelled says nothing of the next."""
    journal = document.journal
    return (
        journal is not None
        and journal.generation >= document.generation
        and (journal.state.in_accounting or bool(journal.accounting_id) or bool(journal.written_hash))
    )


def journalled(document: Document) -> tuple[str, str]:
    """Give the number and id that the journal has."""
    journal = document.journal
    return (journal.number, journal.accounting_id) if journal else ("", "")
