"""What a route into Business One may decide of stock."""

from typing import Any

import pytest
from pydantic import ValidationError

from shared.routes import Route
from tests.unit.sapb1.examples import BOOKS, route


def decided(**more: Any) -> Route:
    """Give a route, checked as at start."""
    made = route().model_dump(mode="json", exclude={"sapb1", "tax_regimes"})
    return Route.model_validate(made | {"sapb1": BOOKS | more.pop("books", {})} | more)


@pytest.mark.parametrize("stock", ["invoice_issues", "reserve_invoice", "from_delivery", "non_inventory_only"])
def test_rule_14_every_way_of_handling_stock_is_taken(stock: str) -> None:
    assert decided(books={"stock": stock}).sapb1_books.stock == stock


def test_rule_14_an_invoice_from_a_delivery_needs_the_order_to_become_one() -> None:
    books = {"stock": "from_delivery", "services_document": "order"}
    with pytest.raises(ValidationError, match="must be delivery"):
        decided(way="2A", create_invoice=True, books=books)
    assert decided(way="2A", create_invoice=True, books=books | {"services_document": "delivery"})
