"""Which sales documents references lead to: a document itself, the owner of a line, what was refused because of it."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from uuid import UUID

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


def to_sale(reference: Reference, table: SalesTable, sale: UUID) -> Reference:
    """Turn a reference into one to the document that it leads to.

    What caused it (a line, a customer) may lead nowhere when it is tried again: a line may be deleted, a refusal gone.
    """
    if reference.table == table.name:
        return reference
    identity = message_id(reference.message_id, table.name, sale)
    return reference.model_copy(update={"table": table.name, "id": sale, "message_id": identity})


async def resolve(reader: Reader, references: Iterable[Reference]) -> Resolved:
    """Find the documents; one request for all lines of a kind, one for each customer or product."""
    resolved = Resolved()
    lines: dict[SalesTable, list[Reference]] = {}
    for reference in references:
        if table := BY_NAME.get(reference.table):
            resolved.add(table, reference.id, reference)
        elif table := BY_LINE.get(reference.table):
            lines.setdefault(table, []).append(reference)
        else:
            owners = await reader.refused_because_of(reference.table, reference.id)
            for owner_table, owner in owners:
                resolved.add(owner_table, owner, reference)
            if not owners:
                resolved.settled.append((reference, "no refused document hangs on it"))
    for table, of_table in lines.items():
        found = await reader.owners_of_lines(table, [reference.id for reference in of_table])
        for reference in of_table:
            if reference.id in found:
                resolved.add(table, found[reference.id], reference)
            else:
                resolved.settled.append((reference, "the line is no more"))
    return resolved
