"""Customers that were merged more than once: the last master, and everybody who was merged into it.

A document is read with its customer, that one's master and those merged into it. A further merge leaves what an earlier
one wrote (``masterid``) as it was, so the rest of a chain is asked for, level by level, for all documents of a reading
at once. Where nobody was merged nothing is asked. Nothing is remembered: a merge may come at any moment, and whoever is
not known to be in accounting would be created there anew.
"""

from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Any
from uuid import UUID

from shared.dataverse.columns import key
from shared.dataverse.customers import SUBORDINATES, chain
from shared.documents import CustomerTable

Card = dict[str, Any]
Ask = Callable[[CustomerTable, Sequence[UUID]], Awaitable[list[Card]]]
"""Reads cards by their ids, each with its master and the ids of those merged into it."""


async def complete(rows: Iterable[Card], ask: Ask) -> None:
    """Complete the customers of documents: masters up to the last one, which gets everybody merged into it."""
    documents = list(rows)
    for table, collection in SUBORDINATES.items():
        cards = [card for row in documents if (card := row.get(f"customerid_{table}"))]
        merged = [card for card in cards if card.get("merged") or card.get(collection)]
        if merged:
            await _climb(table, merged, ask)
            await _descend(table, merged, ask)


async def _climb(table: CustomerTable, cards: Sequence[Card], ask: Ask) -> None:
    """Follow each card to the last master. A circle, which only a card that was activated again can make, is cut."""
    id_ = f"{table}id"
    while True:
        ends = [(card, end) for card in cards if (end := chain(card)[-1]).get("merged") and "masterid" not in end]
        if not ends:
            return
        found = {key(each, id_): each for each in await ask(table, sorted({key(end, id_) for _, end in ends}))}
        for card, end in ends:
            master = found.get(key(end, id_), {}).get("masterid")
            seen = {key(each, id_) for each in chain(card)}
            end["masterid"] = dict(master) if master and key(master, id_) not in seen else None


async def _descend(table: CustomerTable, cards: Sequence[Card], ask: Ask) -> None:
    """Give each last master everybody who was merged into it, through whomever."""
    id_, collection = f"{table}id", SUBORDINATES[table]
    family: dict[UUID, set[UUID]] = {}
    level: dict[UUID, UUID] = {}
    for card in cards:
        last = chain(card)[-1]
        family[key(last, id_)] = set()
        # The customer of a document was read with those merged into it; a master of a customer was not.
        known = [key(each, id_) for each in last[collection]] if collection in last else [key(last, id_)]
        level |= dict.fromkeys(known, key(last, id_))
    while level:
        for record, master in level.items():
            family[master].add(record)
        below = {
            key(each, id_): level[key(row, id_)] for row in await ask(table, sorted(level)) for each in row[collection]
        }
        level = {record: master for record, master in below.items() if record not in family[master]}
    for card in cards:
        last = chain(card)[-1]
        last[collection] = [{id_: str(each)} for each in sorted(family[key(last, id_)] - {key(last, id_)})]
