"""Which sales documents references lead to: a document itself, the owner of a line, what was refused because of it."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from uuid import UUID

from shared.dataverse import journal, searching
from shared.dataverse.client import Dataverse
from shared.dataverse.reading import Reader
from shared.dataverse.sales import BY_LINE, BY_NAME, SalesTable
from shared.keys import message_id
from shared.messages import Reference


@dataclass
class Resolved:
    """References, coalesced by the document they lead to, and those that lead to none."""

    by_sale: dict[SalesTable, dict[UUID, list[Reference]]] = field(default_factory=dict)
    settled: list[tuple[Reference, str]] = field(default_factory=list)
    """with the reason, for the log"""

    def add(self, table: SalesTable, sale: UUID, reference: Reference) -> None:
        """Note that a reference leads to a document."""
        self.by_sale.setdefault(table, {}).setdefault(sale, []).append(to_sale(reference, table, sale))

    def add_all(self, documents: Iterable[tuple[SalesTable, UUID]], reference: Reference) -> None:
        """Note that a reference leads to several documents."""
        for table, sale in documents:
            self.add(table, sale, reference)


def to_sale(reference: Reference, table: SalesTable, sale: UUID) -> Reference:
    """Turn a reference into one to the document that it leads to.

    What caused it (a line, a customer) may lead nowhere when it is tried again: a line may be deleted, a refusal gone.
    """
    if reference.table == table.name:
        return reference
    identity = message_id(reference.message_id, table.name, sale)
    return reference.model_copy(update={"table": table.name, "id": sale, "message_id": identity})


async def resolve(dataverse: Dataverse, reader: Reader, references: Iterable[Reference]) -> Resolved:
    """Find the documents, in as few requests as Dataverse allows."""
    resolved = Resolved()
    lines: dict[SalesTable, list[Reference]] = {}
    cards: list[Reference] = []
    retries: list[Reference] = []
    for reference in references:
        if table := BY_NAME.get(reference.table):
            resolved.add(table, reference.id, reference)
        elif table := BY_LINE.get(reference.table):
            lines.setdefault(table, []).append(reference)
        elif reference.table == journal.TABLE:
            retries.append(reference)
        else:
            cards.append(reference)
    for table, of_table in lines.items():
        await _resolve_lines(dataverse, reader, table, of_table, resolved)
    if cards:
        await _resolve_cards(dataverse, cards, resolved)
    if retries:
        await _resolve_retries(dataverse, retries, resolved)
    return resolved


async def _resolve_lines(
    dataverse: Dataverse, reader: Reader, table: SalesTable, references: list[Reference], resolved: Resolved
) -> None:
    owners = await reader.owners_of_lines(table, [reference.id for reference in references])
    gone = [reference for reference in references if reference.id not in owners]
    exported = await searching.exported_with_lines(dataverse, [reference.id for reference in gone]) if gone else {}
    for reference in references:
        if reference.id in owners:
            resolved.add(table, owners[reference.id], reference)
        elif documents := exported.get(reference.id):
            resolved.add_all(documents, reference)
        else:
            resolved.settled.append((reference, "the line is no more, and was never exported"))


async def _resolve_cards(dataverse: Dataverse, references: list[Reference], resolved: Resolved) -> None:
    names = {reference.message_id: f"{reference.table}:{reference.id}" for reference in references}
    refused = await searching.refused_because_of(dataverse, names.values())
    for reference in references:
        if documents := refused.get(names[reference.message_id]):
            resolved.add_all(documents, reference)
        else:
            resolved.settled.append((reference, "no refused document hangs on it"))


async def _resolve_retries(dataverse: Dataverse, references: list[Reference], resolved: Resolved) -> None:
    documents = await searching.of_journal_rows(dataverse, [reference.id for reference in references])
    for reference in references:
        if document := documents.get(reference.id):
            resolved.add(*document, reference)
        else:
            resolved.settled.append((reference, "the journal row is about no document"))
