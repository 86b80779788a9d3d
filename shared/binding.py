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
        found |= await self._read(missing)
        # Whoever mended one of the rows since then presses Retry, and is not to wait until it is forgotten.
        differing = {row_key for send in sends if len(_inherited(send, found)) > 1 for row_key in _customer_keys(send)}
        if remembered := differing - missing:
            found = {row_key: known for row_key, known in found.items() if row_key not in remembered}
            found |= await self._read(remembered)
        return found

    async def _read(self, row_keys: set[str]) -> dict[str, Bound]:
        rows = await self._reader.journalled(sorted(row_keys))
        found = {key: Bound(row.accounting_id, row.written_hash) for key, row in rows.items() if row.accounting_id}
        for row_key in row_keys:
            if row_key in found:
                self._known.put(row_key, found[row_key])
            else:
                self._known.drop(row_key)
        return found


def _customer_keys(send: Send) -> list[str]:
    return [f"{send.document.target}:{name}" for name in send.customer_names]


def _inherited(send: Send, bound: Mapping[str, Bound]) -> set[str]:
    """Give what the records that are one customer by now are in accounting."""
    return {bound[row_key].accounting_id for row_key in _customer_keys(send) if row_key in bound}


def bind(send: Send, bound: Mapping[str, Bound]) -> Document:
    """Give the document with what is known of its customer and products.

    Refused: merged_differently, where the records merged into its customer are several in accounting.
    """
    target = send.document.target
    names = {f"{record.table}:{record.id}" for record in send.bound_records}
    known = {name: bound[f"{target}:{name}"] for name in names if f"{target}:{name}" in bound}
    inherited = _inherited(send, bound)
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
