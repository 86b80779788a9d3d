"""Tax codes of the lines: VatGroup by rate, or TaxCode by country and rate where a company works with sales tax."""

from collections.abc import Mapping

from shared.documents import Line, Sale
from shared.errors import Refused
from shared.rates import rate_name
from shared.refusals import refusal
from shared.routes import Route
from shared.sapb1.cards import country_of

ANY = "*"


def sales_tax(route: Route) -> bool:
    """Whether lines name a TaxCode instead of a VatGroup."""
    return bool(route.sapb1_books.tax_codes)


def country_codes(sale: Sale, route: Route) -> tuple[str, Mapping[str, str]]:
    """Give the customer's country and the route's TaxCodes for it."""
    country = country_of(sale.customer.address)
    tables = {name.strip().upper(): table for name, table in route.sapb1_books.tax_codes.items()}
    return country, tables.get(country) or tables.get(ANY) or {}


def tax_code(line: Line, sale: Sale, route: Route) -> dict[str, str]:
    """Give the property that says a line's tax. Refused where the route names no code for its rate."""
    name = rate_name(line.rate)
    if sales_tax(route):
        country, codes = country_codes(sale, route)
        if name not in codes:
            shown = {"line": line.number, "rate": name, "country": country or ANY, "route": route.name}
            raise Refused(refusal("tax_code_unset", **shown))
        return {"TaxCode": codes[name]}
    code = route.sapb1_books.vat_groups.get(name)
    if code is None:
        raise Refused(refusal("rate_not_mapped", line=line.number, rate=name, route=route.name))
    return {"VatGroup": code}


def codes_in_use(sale: Sale, route: Route) -> dict[str, str]:
    """Give the route's codes that a sale can come to: rate → code."""
    return dict(country_codes(sale, route)[1] if sales_tax(route) else route.sapb1_books.vat_groups)
