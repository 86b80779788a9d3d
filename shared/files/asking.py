"""What somebody asks for: orders or invoices, a period, a legal entity. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from shared.dataverse.sales import INVOICE, ORDER, SalesTable
from shared.routes import Route
from shared.settings import Settings

KINDS: dict[str, SalesTable] = {"services": ORDER, "invoices": INVOICE}
MAX_DAYS = 366
YEARS = range(1900, 2200)
"""A browser sends the year 26 as 0026. Dataverse knows no such day, and days are counted on from the last one."""


class WrongRequest(Exception):
    """What was asked for can't be handed out; says why in one sentence that quotes nothing of what was given."""


@dataclass(frozen=True)
class Asked:
    """The documents of a period, dated in their legal entity's zone, of the routes that hand out files."""

    kind: str
    """services or invoices"""
    since: date
    until: date
    """the last day, included"""
    routes: tuple[Route, ...]
    name: str = ""
    """of the ZIP; empty: one that tells what was asked for, and when"""
    unheld: bool = False
    """only what no other file holds yet"""

    @property
    def table(self) -> SalesTable:
        """The table of the documents."""
        return KINDS[self.kind]


def by_hand(settings: Settings, kind: str) -> tuple[Route, ...]:
    """Give the routes that hand out files of a kind."""
    table = KINDS[kind]
    return tuple(route for route in settings.routes if route.by_hand and route.automatic_way == table.way)


def read(kind: str, given: Mapping[str, str], settings: Settings) -> Asked:
    """Read ``from``, ``to`` (days) and ``entity`` (a route's name or business unit; none: every route by hand).

    WrongRequest where that makes no sense.
    """
    if kind not in KINDS:
        raise WrongRequest(f"must be one of {', '.join(KINDS)}")
    since, until = _day(given, "from"), _day(given, "to")
    if until < since:
        raise WrongRequest("to: must not be before from")
    if (until - since).days >= MAX_DAYS:
        raise WrongRequest(f"from, to: must not be more than {MAX_DAYS} days apart")
    routes, entity = by_hand(settings, kind), given.get("entity", "").strip().casefold()
    if entity:
        routes = tuple(route for route in routes if entity in {route.name.casefold(), str(route.business_unit)})
    if not routes:
        known = ", ".join(route.name for route in by_hand(settings, kind)) or "none"
        raise WrongRequest(f"entity: no such route hands out {kind} as files (those that do: {known})")
    return Asked(kind, since, until, routes)


def _day(given: Mapping[str, str], name: str) -> date:
    try:
        day = date.fromisoformat(given.get(name, ""))
    except ValueError:
        day = None
    if day is None or day.year not in YEARS:
        raise WrongRequest(f"{name}: must be a day such as 2026-01-31")
    return day
