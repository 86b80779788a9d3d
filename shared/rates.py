"""Tax rates: how they are written, and which ones the law and a company's regime allow on a day."""

from datetime import date
from decimal import Decimal
from functools import lru_cache
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

Rate = Decimal | None
"""In percent; None is without VAT, which is not 0 %."""


def rate_name(rate: Rate) -> str:
    """Name a tax rate as settings and sentences do: ``22``, ``7.5``, or ``none`` for without VAT."""
    return "none" if rate is None else format(rate.normalize(), "f")


@lru_cache(maxsize=256)
def parse_rate(text: str) -> Rate:
    """Read a tax rate: a percentage with or without its sign, or a word for without VAT. ValueError otherwise.

    ``20.00`` gives the same digits as ``20``, so that equal content has an equal hash.
    """
    value = text.strip().rstrip("%").strip().lower().replace(",", ".")
    if value in {"none", "без ндс", "безндс", "exempt", "without vat"}:
        return None
    if not value.replace(".", "", 1).isdecimal():
        raise ValueError("is not a tax rate")
    rate = Decimal(value)
    if rate > 100:
        raise ValueError("is not a tax rate")
    return Decimal(rate_name(rate))


def _rate_key(text: str) -> str:
    return rate_name(parse_rate(text))


RateName = Annotated[str, AfterValidator(_rate_key)]

RegimeName = Literal["osno", "usn_5", "usn_7", "exempt"]
"""ОСНО; УСН with 5 % or 7 %; released from VAT (УСН without it, статья 145)"""


class Regime(BaseModel):
    """A legal entity's tax regime from a day on."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True, defer_build=True)

    since: date = Field(alias="from")
    regime: RegimeName


GENERAL_RATE_CHANGE = date(2026, 1, 1)
"""The day from which shipments carry 22 % instead of 20 %."""


def general_rate(shipped_on: date) -> Decimal:
    """Give the general rate of the day of shipment: a December счёт for a January shipment has January's."""
    return Decimal(22) if shipped_on >= GENERAL_RATE_CHANGE else Decimal(20)


def around_rate_change(dated: date) -> bool:
    """Say whether a document is dated in the December before the change or in the January after it."""
    return (dated.year, dated.month) in {(GENERAL_RATE_CHANGE.year - 1, 12), (GENERAL_RATE_CHANGE.year, 1)}


def russian_rates(shipped_on: date, regimes: tuple[Regime, ...], *, either_general: bool = False) -> tuple[Rate, ...]:
    """Give the rates that a Russian entity may use on a shipment's day; without regimes, every rate of the law.

    Before the first regime begins nothing is allowed. ``either_general``: both general rates, the day's first, for a
    document that is no shipment yet and around the change may be for either year's.
    """
    general: tuple[Rate, ...] = (general_rate(shipped_on),)
    if either_general:
        general += tuple(rate for rate in (Decimal(22), Decimal(20)) if rate not in general)
    if not regimes:
        return (*general, Decimal(10), Decimal(7), Decimal(5), Decimal(0), None)
    in_force = [regime for regime in regimes if regime.since <= shipped_on]
    if not in_force:
        return ()
    match max(in_force, key=lambda regime: regime.since).regime:
        case "osno":
            return (*general, Decimal(10), Decimal(0), None)
        case "usn_5":
            return (Decimal(5), Decimal(0), None)
        case "usn_7":
            return (Decimal(7), Decimal(0), None)
        case "exempt":
            return (None,)
