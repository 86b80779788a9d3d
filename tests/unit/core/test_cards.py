"""What the bridge knows of customers' and products' cards in accounting: one table for every order of events."""

from typing import Any

import pytest

from shared.accounting import Bindings, CarriedCards
from shared.documents import Address, Customer, Extra, Product, card_hash
from tests.builders import ACCOUNT, GOODS

OLD = Customer(table="account", id=ACCOUNT, name="Old")
NEW = OLD.model_copy(update={"name": "New"})
PRODUCT = Product(id=GOODS, number="P", name="Pump", is_service=False)
NAME = f"account:{ACCOUNT}"


def journal(customer: Customer | None) -> Bindings:
    """Give what the journal knows: an id, and the card that accounting was given last."""
    return Bindings({NAME: "C1"}, {NAME: card_hash(customer)} if customer else {})


@pytest.mark.parametrize(
    ("done", "said_then", "now", "said_now", "held"),
    [
        # this process carried, while the journal said; the card is now, and the journal says; so accounting has it
        (None, None, NEW, None, False),
        (None, None, NEW, OLD, False),
        (None, None, NEW, NEW, True),
        (NEW, OLD, NEW, OLD, True),
        (NEW, OLD, NEW, NEW, True),
        (NEW, None, NEW, None, True),
        (NEW, OLD, NEW, None, False),
        (NEW, None, NEW, OLD, False),
        (OLD, None, NEW, OLD, False),
        (OLD, None, NEW, None, False),
        (OLD, None, NEW, NEW, True),
        (OLD, NEW, NEW, NEW, False),
    ],
)
def test_a_card_is_looked_at_unless_accounting_is_known_to_have_it(
    done: Customer | None, said_then: Customer | None, now: Customer, said_now: Customer | None, *, held: bool
) -> None:
    cards = CarriedCards()
    if done is not None:
        cards.note(done, journal(said_then))
    assert cards.holds(now, journal(said_now)) is held


@pytest.mark.parametrize(
    ("change", "counts"),
    [
        ({"name": "X"}, True),
        ({"phone": "1"}, True),
        ({"address": Address(city="X")}, True),
        ({"extras": (Extra(to="U_X", value=1, mode="only_if_new"),)}, True),
        ({"merged": (GOODS,)}, False),
        ({}, False),
    ],
)
def test_any_change_of_a_card_is_another_hash(change: dict[str, Any], *, counts: bool) -> None:
    assert (card_hash(OLD.model_copy(update=change)) != card_hash(OLD)) is counts


def test_a_product_has_a_card_too() -> None:
    assert card_hash(PRODUCT) != card_hash(PRODUCT.model_copy(update={"name": "Other"}))
    assert len(card_hash(PRODUCT)) == 64  # as long as the journal's column


def test_what_is_bound_says_which_card_accounting_was_given() -> None:
    bindings = Bindings({})
    bindings.add(NEW, "C1", "N-1")
    [made] = bindings.made
    assert (made.accounting_id, made.number, made.card) == ("C1", "N-1", card_hash(NEW))
    assert bindings.get(NEW) == "C1"
