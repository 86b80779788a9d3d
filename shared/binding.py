"""What a document's customer and products are in accounting, as far as the journal knows.

A customer that others were merged into inherits what they are in accounting, unless they differ.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from shared.cache import Cache
from shared.dataverse.reading import Reader
from shared.decision import Send
from shared.errors import Refused
from shared.messages import Document
from shared.refusals import refusal


class Bound(NamedTuple):
    """What the journal knows of a customer or a product."""

    accounting_id: str
    card: str
    """hash of the card that accounting was given last"""


class JournalBindings:
    """Asks the journal, many at a time, and remembers what it said for a quarter of an hour."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._known = Cache[Bound](limit=50_000, seconds=900.0)

    async def of(self, sends: Sequence[Send]) -> dict[str, Bound]:
        """Give what is known of the documents' customers and products, by journal key.

        Those of records that were merged into a customer are among them: it inherits what they are in accounting.
        """
        found: dict[str, Bound] = {}
        missing: set[str] = set()
        for send in sends:
            records = {f"{record.table}:{record.id}" for record in send.bound_records}
            for name in records.union(send.customer_names):
                row_key = f"{send.document.target}:{name}"
                known = self._known.get(row_key)
                if known is None:
                    missing.add(row_key)
                else:
                    found[row_key] = known
        for row_key, row in (await self._reader.journalled(sorted(missing))).items():
            if row.accounting_id:
                found[row_key] = Bound(row.accounting_id, row.written_hash)
                self._known.put(row_key, found[row_key])
        return found


def bind(send: Send, bound: Mapping[str, Bound]) -> Document:
    """Give the document with what is known of its customer and products.

    Refused: merged_differently, where the records merged into its customer are several in accounting.
    """
    target = send.document.target
    names = {f"{record.table}:{record.id}" for record in send.bound_records}
    known = {name: bound[f"{target}:{name}"] for name in names if f"{target}:{name}" in bound}
    inherited = {bound[f"{target}:{name}"].accounting_id for name in send.customer_names if f"{target}:{name}" in bound}
    if len(inherited) > 1 and send.document.action == "write":
        raise Refused(refusal("merged_differently", matches=", ".join(sorted(inherited))))
    if inherited:
        known.setdefault(send.customer_names[0], Bound(min(inherited), ""))
    return send.document.model_copy(
        update={
            "bindings": {name: each.accounting_id for name, each in known.items()},
            "cards": {name: each.card for name, each in known.items() if each.card},
        }
    )
