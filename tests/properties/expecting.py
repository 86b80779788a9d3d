"""What the checks of each system share: failing with the document, and amounts in minor units."""

from fractions import Fraction

from tests.properties.drawing import Booked, Case

DATES = {"document": "acx_documentdate", "shipment": "acx_documentdate", "due": "acx_documentdate"}
"""Columns that an invoice and an order both have."""


class Wrong(AssertionError):
    """The product made something else of a document."""


def expect(*, right: bool, what: str, case: Case, found: object) -> None:
    """Fail with the document where something is not as it must be."""
    if not right:
        raise Wrong(f"{what}: {found}; changed: {case.changed or 'nothing'}; {case}")


def cents(amount: int, case: Case) -> Fraction:
    """Give an amount of a document in hundredths, whatever its minor unit is."""
    return Fraction(amount * 100, 10**case.precision)


def nets(case: Case) -> list[Fraction]:
    """Give the lines' net amounts in hundredths."""
    return [cents(line.net, case) for line in case.lines]


def taxes(case: Case) -> list[Fraction]:
    """Give the lines' taxes in hundredths."""
    return [cents(line.tax, case) for line in case.lines]


def total(case: Case) -> Fraction:
    """Give what the customer pays, in hundredths."""
    return sum(nets(case), Fraction(0)) + sum(taxes(case), Fraction(0))


def of_catalogue(case: Case) -> list[Booked]:
    """Give the lines that are not freight."""
    return [line for line in case.lines if line.kind != "freight"]
