"""What a change in the CRM does to a counterparty or an item that stands in 1C. Pure.

A card of ours follows the CRM in what the bridge copies, save what an accountant has edited there since; in a card that
was typed by hand only gaps are filled. A company's own fields follow their own modes in either. See ``cards``.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from shared.books import OnecBooks
from shared.documents import Customer, Product
from shared.fieldmap import Copied, copied, merged, to_send
from shared.onec import cards
from shared.onec.card_marks import remarked, untouched
from shared.onec.cards import Body

CONTACTS = "КонтактнаяИнформация"


def of_counterparty(customer: Customer, row: Mapping[str, Any], books: OnecBooks, *, own: bool) -> Body:
    """Give what has to change in a counterparty, whose whole card is given; empty where nothing has to.

    ``own``: the bridge made the card.
    """
    held = cards.shown(cards.CUSTOMER, row, books)
    ours = untouched(row.get("Комментарий"), held) if own else frozenset()
    changes = _properties(cards.CUSTOMER, customer, row, ours, own=own)
    wanted = {contact: rest for contact, rest in cards.contact_rows(customer, books).items() if contact in ours}
    fresh = {contact: rest for contact, rest in wanted.items() if rest["Представление"] != held[contact]}
    if fresh:
        changes[CONTACTS] = _with_contacts(row.get(CONTACTS) or (), fresh, books)
    written = {contact: str(rest["Представление"]) for contact, rest in fresh.items()}
    return _marked(changes, row, held, written, own=own)


def of_item(product: Product, row: Mapping[str, Any], *, own: bool) -> Body:
    """Give what has to change in an item; empty where nothing has to. ``own``: the bridge made the card."""
    held = cards.shown(cards.PRODUCT, row)
    ours = untouched(row.get("Комментарий"), held) if own else frozenset()
    changes = _properties(cards.PRODUCT, product, row, ours, own=own)
    return _marked(changes, row, held, {}, own=own)


def _properties(
    fields: Sequence[Copied],
    record: Customer | Product,
    row: Mapping[str, Any],
    ours: frozenset[str],
    *,
    own: bool,
) -> Body:
    """Give the properties that differ: of what is copied those that nobody has edited, and the company's own."""
    built_in = (extra for extra in copied(fields, record, own=own) if not own or extra.to in ours)
    return to_send(merged(built_in, record.extras), row)


def _with_contacts(rows: Sequence[Mapping[str, Any]], fresh: Mapping[str, Body], books: OnecBooks) -> list[Body]:
    """Give the whole section: rows of other kinds as they are, ours in the place of the first of their kind.

    A row that is replaced loses its structured form, which would go on saying the old value.
    """
    left = dict(fresh)
    made: list[Body] = []
    for row in rows:
        contact = next((name for name in left if cards.is_contact(row, name, books)), None)
        kept = {name: value for name, value in row.items() if name != "Ref_Key" and "@" not in name}
        made.append(left.pop(contact) if contact else kept)
    return cards.numbered([*made, *left.values()])


def _marked(
    changes: Body, row: Mapping[str, Any], held: Mapping[str, str], written: Mapping[str, str], *, own: bool
) -> Body:
    """Add the mark of what is written now."""
    written = {**written, **{name: str(value) for name, value in changes.items() if name in held}}
    if own and written and untouched(row.get("Комментарий"), held):
        changes["Комментарий"] = remarked(row.get("Комментарий"), held, written)
    return changes
