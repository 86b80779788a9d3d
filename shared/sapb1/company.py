"""How a company in Business One computes, as far as our arithmetic must know it. Read once in a quarter of an hour."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from shared.cache import Cache
from shared.errors import Refused, Unavailable
from shared.rates import parse_rate, rate_name
from shared.refusals import refusal
from shared.routes import Route
from shared.sapb1.client import ServiceLayer, one_of
from shared.sapb1.meaning import SYSTEM

FRESH_SECONDS = 900.0


@dataclass(frozen=True)
class Company:
    """Decimals from AdminInfo, the way of taxing from CompanyInfo. The numbers are digits after the point."""

    totals: int
    """AdminInfo.TotalsAccuracy: of amounts"""
    prices: int
    """AdminInfo.PriceAccuracy: of prices; Business One rounds a longer one without a word"""
    quantities: int
    """AdminInfo.AccuracyofQuantities"""
    tax_by_group: bool
    """CompanyInfo.GroupLinesInVATCalculation: tax is rounded once a VAT group, not once a line"""
    approvals: bool = False
    """AdminInfo.EnableApprovalProcedureInDI: what we write may become a draft, outside the fence"""

    @property
    def unit(self) -> Decimal:
        """The smallest amount."""
        return Decimal(1).scaleb(-self.totals)


@dataclass(frozen=True)
class VatGroup:
    """An output tax code and its rates by the day from which each holds."""

    code: str
    rates: tuple[tuple[date, Decimal], ...]

    def rate_on(self, day: date) -> Decimal | None:
        """Give the rate in force, in percent; None before the first one."""
        in_force = [rate for since, rate in self.rates if since <= day]
        return in_force[-1] if in_force else None


def read_vat_group(row: Mapping[str, Any]) -> VatGroup | None:
    """Read an entity of ``VatGroups``; None where it can't be used for sales."""
    if row.get("Category") != "bovcOutputTax" or row.get("Inactive") == "tYES":
        return None
    rates = [(_day(line["Effectivefrom"]), Decimal(line["Rate"])) for line in row["VatGroups_Lines"]]
    return VatGroup(str(row["Code"]), tuple(sorted(rates)))


def _day(value: object) -> date:
    return date.min if value is None else date.fromisoformat(str(value)[:10])


def wrong_vat_groups(route: Route, groups: Mapping[str, VatGroup], day: date) -> list[str]:
    """Name the tax codes of a route that are missing, or have another rate on that day than the route says."""
    wrong = []
    for name, code in route.sapb1_books.vat_groups.items():
        group = groups.get(code)
        actual = group.rate_on(day) if group else None
        if actual is None:
            wrong.append(f"VatGroup {code}")
        elif actual != (parse_rate(name) or Decimal(0)):
            wrong.append(f"VatGroup {code} = {name} % (= {rate_name(actual)} %, {day.isoformat()})")
    return wrong


class CompanyFacts:
    """Reads and remembers what :class:`Company` and :class:`VatGroup` hold."""

    def __init__(self, client: ServiceLayer) -> None:
        """``client`` reads."""
        self._client = client
        self._companies: Cache[Company] = Cache(1, FRESH_SECONDS)
        self._groups: Cache[dict[str, VatGroup]] = Cache(100, FRESH_SECONDS)

    async def company(self, *, afresh: bool = False) -> Company:
        """Give how the company computes."""
        known = self._companies.get("")
        if known is not None and not afresh:
            return known
        admin = await self._client.ask("CompanyService_GetAdminInfo")
        info = await self._client.ask("CompanyService_GetCompanyInfo")
        try:
            read = Company(
                totals=int(admin["TotalsAccuracy"]),
                prices=int(admin["PriceAccuracy"]),
                quantities=int(admin["AccuracyofQuantities"]),
                tax_by_group=info["GroupLinesInVATCalculation"] == "tYES",
                approvals=admin.get("EnableApprovalProcedureInDI") == "tYES",
            )
        except (KeyError, TypeError, ValueError):
            raise Unavailable(SYSTEM, "the company's settings can't be read") from None
        self._companies.put("", read)
        return read

    async def check(self, route: Route, day: date) -> None:
        """Hold the route's tax codes against the company's. Before they are refused they are read afresh."""
        codes = sorted(set(route.sapb1_books.vat_groups.values()))
        key = "\n".join(codes)
        known = self._groups.get(key)
        if known is not None and not wrong_vat_groups(route, known, day):
            return
        select = ("Code", "Category", "Inactive", "VatGroups_Lines")
        rows = await self._client.rows("VatGroups", select=select, where=one_of("Code", codes))
        try:
            read = [read_vat_group(row) for row in rows]
        except (KeyError, TypeError, ValueError, ArithmeticError):
            raise Unavailable(SYSTEM, "the tax codes can't be read") from None
        groups = {group.code: group for group in read if group is not None}
        wrong = wrong_vat_groups(route, groups, day)
        if wrong:
            raise Refused(refusal("setup_missing", route=route.name, what="; ".join(wrong)))
        self._groups.put(key, groups)
