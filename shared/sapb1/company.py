"""How a company in Business One computes, as far as our arithmetic must know it. Read once in a quarter of an hour."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Any

from shared.cache import Cache
from shared.documents import Sale
from shared.errors import Refused, Unavailable
from shared.rates import parse_rate, rate_name
from shared.refusals import refusal
from shared.routes import Route
from shared.sapb1 import taxes
from shared.sapb1.client import ServiceLayer, one_of
from shared.sapb1.meaning import SYSTEM

FRESH_SECONDS = 900.0
VAT_GROUP = ("Code", "Category", "Inactive", "VatGroups_Lines")
SALES_TAX_CODE = ("Code", "Rate", "Inactive", "ValidForAR")
CURRENCY = ("Code", "Rounding", "Decimals")
OWN_DECIMALS: dict[object, int] = {
    "cdWithoutDecimals": 0,
    "cd1Digit": 1,
    "cd2Digits": 2,
    "cd3Digits": 3,
    "cd4Digits": 4,
    "cd5Digits": 5,
    "cd6Digits": 6,
}
"""Currencies.Decimals → digits of its amounts; cdDefault is the company's TotalsAccuracy"""


@dataclass(frozen=True)
class Company:
    """Decimals from AdminInfo, the way of taxing from CompanyInfo. The numbers are digits after the point."""

    totals: int
    """AdminInfo.TotalsAccuracy: of amounts; for a document, Currencies.Decimals where its currency has its own"""
    prices: int
    """AdminInfo.PriceAccuracy: of prices; Business One rounds a longer one without a word"""
    quantities: int
    """AdminInfo.AccuracyofQuantities"""
    tax_by_group: bool
    """CompanyInfo.GroupLinesInVATCalculation: tax is rounded once a VAT group, not once a line"""
    local_currency: str = ""
    """AdminInfo.LocalCurrency: totals in it and in another one stand in different properties"""
    approvals: bool = False
    """AdminInfo.EnableApprovalProcedureInDI: what we write may become a draft, outside the fence"""
    own_rounding: bool = False
    """Currencies of the document's currency: Rounding, to 0.05, 1 or 10, or other Decimals than the company's"""

    @property
    def unit(self) -> Decimal:
        """The smallest amount."""
        return Decimal(1).scaleb(-self.totals)


@dataclass(frozen=True)
class _Currency:
    """How amounts in a currency are rounded."""

    digits: int | None
    """its own; None: the company's"""
    rounds_totals: bool


@dataclass(frozen=True)
class VatGroup:
    """An output tax code (or a sales tax code) and its rates by the day from which each holds."""

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


def read_sales_tax_code(row: Mapping[str, Any]) -> VatGroup | None:
    """Read an entity of ``SalesTaxCodes``, which has one rate for ever; None where it can't be used for sales."""
    if row.get("Inactive") == "tYES" or row.get("ValidForAR") == "tNO":
        return None
    return VatGroup(str(row["Code"]), ((date.min, Decimal(row["Rate"])),))


def wrong_codes(entity: str, codes: Mapping[str, str], groups: Mapping[str, VatGroup], day: date) -> list[str]:
    """Name the tax codes that are missing, or have another rate on that day than the route says."""
    wrong = []
    for name, code in codes.items():
        group = groups.get(code)
        actual = group.rate_on(day) if group else None
        if actual is None:
            wrong.append(f"{entity} {code}")
        elif actual != (parse_rate(name) or Decimal(0)):
            wrong.append(f"{entity} {code} = {name} % (= {rate_name(actual)} %, {day.isoformat()})")
    return wrong


class CompanyFacts:
    """Reads and remembers what :class:`Company` and :class:`VatGroup` hold."""

    def __init__(self, client: ServiceLayer) -> None:
        """``client`` reads."""
        self._client = client
        self._companies: Cache[Company] = Cache(1, FRESH_SECONDS)
        self._currencies: Cache[_Currency] = Cache(100, FRESH_SECONDS)
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
                local_currency=str(admin["LocalCurrency"]),
                approvals=admin.get("EnableApprovalProcedureInDI") == "tYES",
            )
        except (KeyError, TypeError, ValueError):
            raise Unavailable(SYSTEM, "the company's settings can't be read") from None
        self._companies.put("", read)
        return read

    async def company_for(self, currency: str, *, afresh: bool = False) -> Company:
        """Give how the company computes a document in this currency."""
        company = await self.company(afresh=afresh)
        known = None if afresh else self._currencies.get(currency)
        if known is None:
            row = await self._client.get("Currencies", currency, select=CURRENCY) or {}
            rounds = row.get("Rounding") not in {None, "rsNoRounding"}
            known = _Currency(OWN_DECIMALS.get(row.get("Decimals")), rounds)
            self._currencies.put(currency, known)
        totals = company.totals if known.digits is None else known.digits
        return replace(company, totals=totals, own_rounding=known.rounds_totals or totals != company.totals)

    async def check(self, sale: Sale, route: Route) -> None:
        """Hold the tax codes of a sale's rates against the company's. Before they are refused they are read afresh.

        Of the route's other codes nothing is asked: one code may stand for the old rate and the new, each on its days.
        """
        wanted = taxes.codes_in_use(sale, route)
        if not wanted:
            return  # each line is refused by itself
        rates = {rate_name(line.rate) for line in sale.lines}
        used = {name: code for name, code in wanted.items() if name in rates}
        entity, day = ("TaxCode" if taxes.sales_tax(route) else "VatGroup"), sale.document_date
        codes = sorted(set(wanted.values()))
        key = "\n".join([entity, *codes])
        known = self._groups.get(key)
        if known is not None and not wrong_codes(entity, used, known, day):
            return
        groups = await self._read(entity, codes)
        wrong = wrong_codes(entity, used, groups, day)
        if wrong:
            raise Refused(refusal("setup_missing", route=route.name, what="; ".join(wrong)))
        self._groups.put(key, groups)

    async def _read(self, entity: str, codes: list[str]) -> dict[str, VatGroup]:
        name, select, read = {
            "VatGroup": ("VatGroups", VAT_GROUP, read_vat_group),
            "TaxCode": ("SalesTaxCodes", SALES_TAX_CODE, read_sales_tax_code),
        }[entity]
        rows = await self._client.rows(name, select=select, where=one_of("Code", codes))
        try:
            groups = [read(row) for row in rows]
        except (KeyError, TypeError, ValueError, ArithmeticError):
            raise Unavailable(SYSTEM, "the tax codes can't be read") from None
        return {group.code: group for group in groups if group is not None}
