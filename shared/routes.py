"""Routes: which legal entity's documents go where, and how."""

import re
from collections import Counter
from datetime import date
from itertools import product
from typing import Annotated, Literal, Self, TypeVar
from uuid import UUID
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, StringConstraints, model_validator

from shared.books import AUTOMATIC_ONLY, NOT_NAMED, OnecBooks, Sapb1Books, Setting, Text
from shared.rates import Rate, RateName, Regime, around_rate_change, parse_rate, russian_rates

Item = TypeVar("Item")

Target = Literal["onec", "sapb1"]
NAMES: dict[Target, str] = {"onec": "1C", "sapb1": "SAP Business One"}
Way = Literal["1A", "1B", "2A", "2B"]
"""A: fulfilled orders, services rendered; B: issued invoices. 1: by hand, as files to import; 2: automatic"""
ColumnName = Annotated[str, StringConstraints(pattern=r"^[a-z_][a-z0-9_]{0,127}$")]
LONGEST_NAME = 80
"""Characters: files are named after a route, and so is the key of what it has delivered, which has 100."""
_IN_A_NAME = re.compile(r"[^\w.-]+")


def not_empty(values: tuple[Item, ...]) -> tuple[Item, ...]:
    """Refuse an empty list. Only once each item is right: a wrong one would be reported as missing too."""
    if not values:
        raise ValueError("must not be empty")
    return values


def _short(name: str) -> str:
    if len(name) > LONGEST_NAME:
        raise ValueError(f"must have at most {LONGEST_NAME} characters, because files are named after it")
    return name


def _zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        # OSError: “Europe” is a folder of the time zones.
        raise ValueError("is not a time zone such as Europe/Moscow") from error
    return name


class Dates(Setting):
    """The columns that hold each date, of the invoice (1B, 2B) or the order (1A, 2A)."""

    document: ColumnName
    shipment: ColumnName
    due: ColumnName


class Route(Setting):
    """One legal entity, one accounting system, one way."""

    name: Annotated[Text, AfterValidator(_short)]
    business_unit: UUID | None
    """businessunitid that owns the documents; null for every one that no other route names"""
    target: Target
    way: Way
    start_date: date
    """Documents dated before it are never written."""
    paused: bool = False
    time_zone: Annotated[str, AfterValidator(_zone)]
    dates: Dates
    tax_rates: Annotated[tuple[RateName, ...], AfterValidator(not_empty)] | None = None
    """The rates this entity may use; default: those of law and regime on the day of shipment (1C), or of the
    tax tables (SAP)."""
    tax_regimes: tuple[Regime, ...] = ()
    """1C: the entity's regime from each day on; it limits the rates"""
    tax_inside: bool = False
    """prices in the CRM include the tax; the tax column of a line then holds what is inside, or is kept in no line"""
    freight_rate: RateName | None = None
    """the tax rate of “freightamount”, which then includes the tax; without it freight is refused"""
    create_invoice: bool = False
    """2A: accounting also gets its invoice: a счёт linked to the реализация, an A/R invoice copied from its base"""
    crm_number: bool = False
    """the accounting document takes the CRM's number; a collision is a refusal"""
    onec: OnecBooks | None = None
    sapb1: Sapb1Books | None = None

    @model_validator(mode="after")
    def _books_of_the_target(self) -> Self:
        if self.target == "onec":
            self._check_onec()
        else:
            self._check_sapb1()
        if self.by_hand:
            self._check_file()
        return self

    def _check_file(self) -> None:
        """Refuse what a file can't do: it refers to nothing that only accounting knows, and writes no счёт-фактура."""
        if self.onec is not None and self.target == "onec":
            if self.onec.file is None:
                raise ValueError(f"onec.file: required, because way is {self.way}")
            if self.onec.schet_faktura == "create":
                raise ValueError("onec.schet_faktura: must be accountant or not_required, because a file holds none")
            for name in ("freight_item", "warehouse"):
                if getattr(self.onec, name) is not None and getattr(self.onec.file, f"{name}_name") is None:
                    raise ValueError(f"onec.file.{name}_name: required with onec.{name}")
            if self.onec.upd:
                raise ValueError("onec.upd: must be false, because a file can't say it")
        if self.sapb1 is not None and self.target == "sapb1":
            if self.sapb1.file is None:
                raise ValueError(f"sapb1.file: required, because way is {self.way}")
            if self.way == "1A" and self.create_invoice:
                raise ValueError("create_invoice: must be false, because a file can't copy what is not there yet")
            if self.sapb1.stock == "from_delivery":
                raise ValueError("sapb1.stock: can't be from_delivery, because a file can't copy from a delivery")

    def _check_onec(self) -> None:
        if self.onec is None:
            raise ValueError("onec: required, because target is onec")
        missing = [] if self.by_hand else [name for name in AUTOMATIC_ONLY if getattr(self.onec, name) == NOT_NAMED]
        if missing:
            raise ValueError(f"onec.{missing[0]}: required, because way is {self.way}")
        if (self.automatic_way == "2A" or self.onec.realizatsiya) and self.onec.schet_faktura is None:
            raise ValueError("onec.schet_faktura: required, because a РеализацияТоваровУслуг is written")

    def _check_sapb1(self) -> None:
        if self.sapb1 is None:
            raise ValueError("sapb1: required, because target is sapb1")
        if not self.sapb1.vat_groups and not self.sapb1.tax_codes:
            raise ValueError("sapb1.vat_groups: required (or sapb1.tax_codes)")
        if self.sapb1.vat_groups_by_country and not self.sapb1.vat_groups:
            raise ValueError("sapb1.vat_groups: required with vat_groups_by_country")
        if self.sapb1.vat_groups_by_country and self.sapb1.tax_codes:
            raise ValueError("sapb1.vat_groups_by_country: means nothing beside tax_codes")
        if self.sapb1.write_in_item is None and self.sapb1.write_in_account is None:
            raise ValueError("sapb1.write_in_item: required (or sapb1.write_in_account)")
        if self.automatic_way == "2A" and self.sapb1.services_document is None:
            raise ValueError(f"sapb1.services_document: required, because way is {self.way}")
        if (self.sapb1.cancel or self.sapb1.recreate) and self.sapb1.cancellation_date is None:
            raise ValueError("sapb1.cancellation_date: required with cancel or recreate")
        if self.sapb1.stock == "from_delivery" and self.create_invoice and self.sapb1.services_document != "delivery":
            raise ValueError("sapb1.services_document: must be delivery, because stock is from_delivery")

    @property
    def by_hand(self) -> bool:
        """Whether its documents are handed out as files, which somebody imports."""
        return self.way in {"1A", "1B"}

    @property
    def automatic_way(self) -> Way:
        """The automatic way that carries the same documents: 2A for orders, 2B for invoices."""
        return "2A" if self.way in {"1A", "2A"} else "2B"

    @property
    def posts_revenue(self) -> bool:
        """Whether its documents post revenue: a реализация, or an A/R invoice. One sale must do so once."""
        if self.onec is not None and self.target == "onec":
            return self.automatic_way == "2A" or self.onec.realizatsiya
        return self.automatic_way == "2B" or self.create_invoice

    @property
    def zone(self) -> ZoneInfo:
        """The legal entity's time zone."""
        return ZoneInfo(self.time_zone)

    @property
    def onec_books(self) -> OnecBooks:
        """The 1C part; only for a route whose target is onec."""
        if self.onec is None:
            raise ValueError(f"route {self.name} does not lead to 1C")
        return self.onec

    @property
    def sapb1_books(self) -> Sapb1Books:
        """The SAP part; only for a route whose target is sapb1."""
        if self.sapb1 is None:
            raise ValueError(f"route {self.name} does not lead to SAP Business One")
        return self.sapb1

    def allowed_rates(self, shipped_on: date, dated: date | None = None) -> tuple[Rate, ...]:
        """Give the tax rates that a line shipped on this day may have, in a document dated ``dated``.

        A счёт is no shipment: dated in the December or January around a change of the general rate it may have the
        old or the new one, whenever it is looked at, so that a correction keeps the original's. A реализация follows
        its shipment alone, and so does a счёт that comes with one.
        """
        if self.tax_rates is not None:
            return tuple(parse_rate(name) for name in self.tax_rates)
        if self.sapb1 is not None and self.target == "sapb1":
            by_country = (*self.sapb1.vat_groups_by_country.values(), *self.sapb1.tax_codes.values())
            tables = (self.sapb1.vat_groups, *by_country)
            return tuple(parse_rate(name) for name in dict.fromkeys(name for table in tables for name in table))
        only_schet = self.automatic_way == "2B" and self.onec is not None and not self.onec.realizatsiya
        either = only_schet and dated is not None and around_rate_change(dated)
        return russian_rates(shipped_on, self.tax_regimes, either_general=either)


def overlaps(routes: tuple[Route, ...]) -> list[str]:
    """Name the routes that would send one document twice: the same business unit and documents, or the same name."""
    problems = []
    for name, count in Counter(route.name for route in routes).items():
        if count > 1:
            problems.append(f"{count} routes have the name “{name}”")
    for (unit, way), count in Counter((route.business_unit, route.automatic_way) for route in routes).items():
        if count > 1:
            same = [route for route in routes if (route.business_unit, route.automatic_way) == (unit, way)]
            what = "way" if len({route.way for route in same}) == 1 else "documents, by hand and automatically"
            names = ", ".join(route.name for route in same)
            problems.append(
                f"routes {names} have the same business_unit and {what}, so a document would be written twice"
            )
    return problems + _one_folder(routes) + _revenue_twice(routes)


def plain_name(name: str) -> str:
    """Give a name that every file system takes."""
    return _IN_A_NAME.sub("_", name).strip("._") or "route"


def _one_folder(routes: tuple[Route, ...]) -> list[str]:
    """Name the routes whose files would have the same names: the later one's would take the place of the first one's.

    Neither a ZIP that is unpacked on Windows nor the key of a checkpoint tells upper from lower case.
    """
    folders: dict[tuple[str, Way], dict[str, None]] = {}
    for route in routes:
        if route.by_hand:
            folders.setdefault((plain_name(route.name).casefold(), route.way), {})[route.name] = None
    return [
        f"the names of the routes {', '.join(names)} must differ in a letter or a digit, because files are named after"
        " them"
        for names in folders.values()
        if len(names) > 1
    ]


def _revenue_twice(routes: tuple[Route, ...]) -> list[str]:
    """Name the routes of one legal entity that would post one sale's revenue twice, or give it two invoices."""
    problems = []
    orders = [route for route in routes if route.automatic_way == "2A"]
    invoices = [route for route in routes if route.automatic_way == "2B"]
    for order, invoice in product(orders, invoices):
        if order.business_unit != invoice.business_unit and None not in {order.business_unit, invoice.business_unit}:
            continue
        if order.posts_revenue and invoice.posts_revenue:
            problems.append(f"routes {order.name}, {invoice.name} would both post the revenue of one sale")
        elif order.create_invoice and order.target == invoice.target:
            problems.append(f"routes {order.name}, {invoice.name} would both make an invoice of one sale")
    return problems


def route_for(routes: tuple[Route, ...], way: Way, business_unit: UUID | None) -> Route | None:
    """Find the route of a business unit's orders or invoices; the route without a business unit serves the rest.

    ``way`` is the automatic one; the route that is found may hand the same documents out as files (``by_hand``).
    """
    rest = None
    for route in routes:
        if route.automatic_way != way:
            continue
        if route.business_unit is not None and route.business_unit == business_unit:
            return route
        if route.business_unit is None:
            rest = route
    return rest
