"""A sample of what ``make properties`` runs in full: random documents through the transformation and both mappings."""

from tests.properties.checking import Checker
from tests.properties.drawing import Drawer


def test_every_document_is_equal_to_the_minor_unit_or_refused_by_the_difference() -> None:
    checker, drawer = Checker(), Drawer(2026)
    for _ in range(2000):
        checker.check(drawer.draw())
    figures = checker.figures
    assert figures["documents"] == 2000
    for name in ("sales", *(f"sales for {target}" for target in ("onec", "sapb1"))):
        assert sum(count for title, count in figures.items() if title.startswith(f"{name} equal")) > 400, figures
    for name in (
        "onec: СчетНаОплатуПокупателю",
        "onec: РеализацияТоваровУслуг",
        "onec: СчетФактураВыданный",
        "sapb1: A/R Invoice",
        "sapb1: A/R Invoice copied from Delivery",
        "sapb1: A/R Invoice copied from Sales Order",
    ):
        assert figures[name] > 50, figures


def test_the_same_seed_draws_the_same_documents() -> None:
    first, second = Drawer(7), Drawer(7)
    assert [first.draw() for _ in range(20)] == [second.draw() for _ in range(20)]
