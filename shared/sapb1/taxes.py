"""Tax codes of the lines: VatGroup by rate and country, or TaxCode where a company works with sales tax."""

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


def codes_in_use(sale: Sale, route: Route) -> dict[str, str]:
    """Give the route's codes that a sale can come to: rate → code, by the customer's country.

    A country is found as the CRM has it, two letters or a name. Refused (``country_unclear``) where a name is none of
    the route's, which may know the country by its letters: the code of home would be a guess.
    """
    books, country = route.sapb1_books, sale.customer.address.country.strip()
    if sales_tax(route):
        tables = _by_country(books.tax_codes)
        return dict(tables.get(country.upper()) or tables.get(ANY) or {})
    tables = _by_country(books.vat_groups_by_country)
    if country and tables and country.upper() not in tables and not country_of(sale.customer.address):
        raise Refused(refusal("country_unclear", country=country, route=route.name))
    return {**books.vat_groups, **tables.get(country.upper(), {})}


def _by_country(tables: Mapping[str, Mapping[str, str]]) -> dict[str, Mapping[str, str]]:
    return {name.strip().upper(): table for name, table in tables.items()}


def tax_code(line: Line, sale: Sale, route: Route) -> dict[str, str]:
    """Give the property that says a line's tax. Refused where the route names no code for its rate."""
    name, shown = rate_name(line.rate), {"line": line.number, "route": route.name}
    code = codes_in_use(sale, route).get(name)
    if code is not None:
        return {"TaxCode" if sales_tax(route) else "VatGroup": code}
    if sales_tax(route):
        country = country_of(sale.customer.address) or ANY
        raise Refused(refusal("tax_code_unset", rate=name, country=country, **shown))
    raise Refused(refusal("rate_not_mapped", rate=name, **shown))
