"""Routes: which legal entity's documents go where, and what its company has decided.

A decision that `the books` require has no default here: the company decides, the product never guesses.
"""

from collections import Counter
from datetime import date
from decimal import Decimal
from typing import Annotated, Literal, TypeVar
from uuid import UUID
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, model_validator

Item = TypeVar("Item")

Target = Literal["onec", "sapb1"]
Way = Literal["2A", "2B"]
"""2A: fulfilled orders, services rendered; 2B: issued invoices"""
Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
ColumnName = Annotated[str, StringConstraints(pattern=r"^[a-z_][a-z0-9_]{0,127}$")]


def not_empty(values: tuple[Item, ...]) -> tuple[Item, ...]:
    """Refuse an empty list. Only once each item is right: a wrong one would be reported as missing too."""
    if not values:
        raise ValueError("must not be empty")
    return values


def _zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        # OSError: “Europe” is a folder of the time zones.
        raise ValueError("is not a time zone such as Europe/Moscow") from error
    return name


def rate_name(rate: Decimal | None) -> str:
    """Name a tax rate as settings and sentences do: ``22``, ``7.5``, or ``none`` for without VAT."""
    return "none" if rate is None else format(rate.normalize(), "f")


def parse_rate(text: str) -> Decimal | None:
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


class _Setting(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Dates(_Setting):
    """The invoice's columns that hold each date."""

    document: ColumnName
    shipment: ColumnName
    due: ColumnName


class OnecBooks(_Setting):
    """What a company must name in 1С:Бухгалтерия; each UUID is a Ref_Key."""

    organization: UUID
    """Catalog_Организации"""
    bank_account: UUID
    """Catalog_БанковскиеСчета: the account that customers pay to"""
    goods_kind: UUID
    """Catalog_ВидыНоменклатуры for goods that we create"""
    services_kind: UUID
    """Catalog_ВидыНоменклатуры for services that we create"""
    item_group: UUID
    """Catalog_НоменклатурныеГруппы for items that we create"""
    write_in_item: UUID
    """Catalog_Номенклатура: the service that write-in lines are written on"""
    country: UUID
    """Catalog_СтраныМира: СтранаРегистрации of counterparties that we create"""
    warehouse: UUID | None = None
    """Catalog_Склады"""


Stock = Literal["invoice_issues", "reserve_invoice", "from_delivery", "non_inventory_only"]


class Sapb1Books(_Setting):
    """What a company must name in SAP Business One."""

    stock: Stock
    warehouse: Text
    vat_groups: dict[RateName, Text] = Field(min_length=1)
    """tax rate (percent, or ``none``) → VatGroup"""
    write_in_item: Text
    """ItemCode that write-in lines are written on"""
    items_group: int
    """ItemsGroupCode of items that we create"""
    customers_group: int | None = None
    series: int | None = None
    branch: int | None = None
    """BPL_IDAssignedToInvoice"""
    payment_terms: int | None = None
    """PaymentGroupCode"""
    cost_center: Text | None = None
    """CostingCode"""
    sales_person: int | None = None

    @model_validator(mode="after")
    def _stock_is_supported(self) -> "Sapb1Books":
        if self.stock in {"reserve_invoice", "from_delivery"}:
            raise ValueError(f"stock: “{self.stock}” is not supported by this version; use invoice_issues")
        return self


class Route(_Setting):
    """One legal entity, one accounting system, one way."""

    name: Text
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
    """The rates this entity may use; default: those of the law on the date of shipment (1C), of vat_groups (SAP)."""
    onec: OnecBooks | None = None
    sapb1: Sapb1Books | None = None

    @model_validator(mode="after")
    def _books_of_the_target(self) -> "Route":
        if self.way == "2A":
            raise ValueError("way: 2A is not supported by this version")
        if self.target == "onec" and self.onec is None:
            raise ValueError("onec: required, because target is onec")
        if self.target == "sapb1" and self.sapb1 is None:
            raise ValueError("sapb1: required, because target is sapb1")
        return self

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

    def allowed_rates(self, shipped_on: date) -> tuple[Decimal | None, ...]:
        """Give the tax rates that a line shipped on this day may have."""
        if self.tax_rates is not None:
            return tuple(parse_rate(name) for name in self.tax_rates)
        if self.sapb1 is not None and self.target == "sapb1":
            return tuple(parse_rate(name) for name in self.sapb1.vat_groups)
        return RUSSIAN_RATES_FROM_2026 if shipped_on >= date(2026, 1, 1) else RUSSIAN_RATES_BEFORE_2026


RUSSIAN_RATES_BEFORE_2026 = (Decimal(20), Decimal(10), Decimal(7), Decimal(5), Decimal(0), None)
RUSSIAN_RATES_FROM_2026 = (Decimal(22), Decimal(10), Decimal(7), Decimal(5), Decimal(0), None)


def overlaps(routes: tuple[Route, ...]) -> list[str]:
    """Name the routes that would send one document twice: the same business unit and way, or the same name."""
    problems = []
    for name, count in Counter(route.name for route in routes).items():
        if count > 1:
            problems.append(f"{count} routes have the name “{name}”")
    for (unit, way), count in Counter((route.business_unit, route.way) for route in routes).items():
        if count > 1:
            names = ", ".join(route.name for route in routes if (route.business_unit, route.way) == (unit, way))
            problems.append(f"routes {names} have the same business_unit and way, so a document would be written twice")
    return problems


def route_for(routes: tuple[Route, ...], way: Way, business_unit: UUID | None) -> Route | None:
    """Find the route of a business unit's documents of one way; the route without a business unit serves the rest."""
    rest = None
    for route in routes:
        if route.way != way:
            continue
        if route.business_unit is not None and route.business_unit == business_unit:
            return route
        if route.business_unit is None:
            rest = route
    return rest
