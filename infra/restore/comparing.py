"""What accounting holds against what the CRM and its journal know. Pure.

A key in accounting can't be turned back into the record that it was derived from, so it goes the other way round: the
keys of every record of the CRM are derived, and what none of them leads to is a document of a record that is no more.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import Enum
from uuid import UUID

from shared.documents import SaleTable
from shared.keys import accounting_key
from shared.messages import Journalled
from shared.onec import kinds as onec
from shared.routes import Target
from shared.sapb1 import fence
from shared.sapb1.kinds import DRAFTS

AHEAD = 3
"""Generations after the last one that is known of. Each leaves its cancelled document behind, which leads further."""


class Lack(Enum):
    """What is missing."""

    RECORD = "record"
    JOURNAL = "journal"
    DOCUMENT = "document"
    VERSION = "version"


@dataclass(frozen=True, slots=True)
class Held:
    """One document of the bridge as accounting holds it."""

    target: Target
    routes: str
    """names of the routes that lead to these books"""
    kind: str
    key: UUID
    accounting_id: str
    """as the journal names it"""
    number: str
    """empty: a draft has none yet"""
    dated: date | None
    total: Decimal | None
    currency: str
    """empty where accounting names it by a key of its own"""
    customer: str
    """accounting's key of the customer"""
    crm_number: str
    version: int
    """of the record, as it was written; 0: accounting doesn't say any more"""
    alive: bool = True
    """neither cancelled nor marked for deletion"""


@dataclass(frozen=True)
class Known:
    """One record that the CRM has, or that its journal names."""

    table: SaleTable
    id: UUID
    in_crm: bool
    journal: Mapping[Target, Journalled]


@dataclass(frozen=True)
class Missing:
    """A document that the CRM or its journal lost, and of which record it is, where that can be told."""

    held: Held
    lack: Lack
    record: Known | None


def family(organization_id: UUID, target: Target, known: Known, generation: int) -> tuple[UUID, ...]:
    """Give the keys of every document that a record can have in one generation in an accounting system."""
    if target == "onec":
        return tuple(step.key for step in onec.family(organization_id, known.table, known.id, generation))
    key = accounting_key(organization_id, target, known.table, known.id, generation)
    return (key, fence.invoice_key(key)) if known.table == "salesorder" else (key,)


def lack(held: Held, known: Known, generation: int, keys: tuple[UUID, ...]) -> Lack | None:
    """Say what is missing of a document that was found under one of the ``keys`` of a record in a generation."""
    if not known.in_crm:
        return Lack.RECORD
    journal = known.journal.get(held.target)
    if journal is None or not journal.in_books:
        return Lack.JOURNAL
    if not _names(journal, held, generation, keys):
        return Lack.DOCUMENT
    return Lack.VERSION if held.version > journal.version else None


def _names(journal: Journalled, held: Held, generation: int, keys: tuple[UUID, ...]) -> bool:
    """Whether a journal row is about this document, or the one that it belongs to."""
    if not journal.accounting_id:
        return True  # handed out in a file, which says no id
    if held.target == "onec":
        return journal.accounting_id.lower() in map(str, keys)
    if held.key != keys[0] or journal.accounting_id.startswith(f"{DRAFTS}("):
        # On top of the document that the row names; or that row's draft was approved, and is looked at by itself.
        return journal.generation == generation
    return journal.accounting_id == held.accounting_id


class Comparison:
    """Holds documents against one record after the other; each document is told of once."""

    def __init__(self, organization_id: UUID, held: Iterable[Held]) -> None:
        """``organization_id`` is the CRM's: keys derive from it."""
        self._organization_id = organization_id
        self._left: dict[UUID, list[Held]] = {}
        for document in held:
            self._left.setdefault(document.key, []).append(document)
        self._targets: tuple[Target, ...] = tuple({each.target: None for one in self._left.values() for each in one})

    def meet(self, known: Known) -> Iterator[Missing]:
        """Take out the documents of a record; give those of which something is missing."""
        for target in self._targets:
            journal = known.journal.get(target)
            generation, last = 0, journal.generation if journal else 0
            while generation <= last + AHEAD:
                keys = family(self._organization_id, target, known, generation)
                for document in [document for key in keys for document in self._left.pop(key, ())]:
                    last = max(last, generation)
                    missing = lack(document, known, generation, keys) if document.alive else None
                    if missing is not None:
                        yield Missing(document, missing, known)
                generation += 1

    def rest(self) -> Iterator[Missing]:
        """Give the documents that no record led to."""
        for documents in self._left.values():
            yield from (Missing(document, Lack.RECORD, None) for document in documents if document.alive)
