"""From Dataverse rows to a canonical sale. Pure: no I/O; what can't be exported is Refused in a sentence."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from uuid import UUID

from shared.dataverse import customers, lines, own_fields, tax
from shared.dataverse.amounts import ZERO, agree, discount_shares, header_amount
from shared.dataverse.columns import Row, amount, guid, key, local_date, number, plain, text, version
from shared.dataverse.sales import SalesTable
from shared.documents import Currency, Line, Sale
from shared.errors import Refused
from shared.refusals import refusal
from shared.routes import Route
from shared.settings import Settings


@dataclass(frozen=True)
class Header:
    """What decides whether a document is exported at all, before its content is looked at."""

    table: SalesTable
    id: UUID
    record: str
    business_unit: UUID | None
    state: int
    status: int
    version: int

    @property
    def cancelled(self) -> bool:
        """Whether it was cancelled in the CRM."""
        return self.state == self.table.cancelled


def header(table: SalesTable, row: Row) -> Header:
    """Read the head of a document's row."""
    return Header(
        table=table,
        id=key(row, table.key),
        record=_number(table, row),
        business_unit=guid(row, "_owningbusinessunit_value"),
        state=number(row, "statecode") or 0,
        status=number(row, "statuscode") or 0,
        version=_highest_version(table, row),
    )


def _number(table: SalesTable, row: Row) -> str:
    return text(row, table.number) or str(key(row, table.key))


def _highest_version(table: SalesTable, row: Row) -> int:
    """Give the highest versionnumber of the rows that the document is made of."""
    related: list[Row | None] = [row, *customers.related(row)]
    for line in row[table.lines]:
        related += [line, line.get("productid"), line.get("uomid")]
    return max(version(item) for item in related if item)


def document_date(row: Row, route: Route) -> date:
    """Give the document's date in the legal entity's zone. Refused where it is empty."""
    return _date(row, route.dates.document, route)


def to_sale(table: SalesTable, row: Row, route: Route, settings: Settings) -> Sale:
    """Make the canonical sale of a row with its expanded lines, customer and currency.

    Refused names the first thing that keeps it from the books; every sum is checked to the minor unit.
    """
    currency = _currency(row)
    unit = currency.minor_unit
    rules = tax.TaxRules(
        route=route,
        column=settings.column_line_tax_rate,
        unit=unit,
        shipped_on=_date(row, route.dates.shipment, route),
        dated=document_date(row, route),
    )
    freight = header_amount(row, "freightamount", unit)
    if freight and route.freight_rate is None:
        raise Refused(refusal("freight", value=freight))
    drafts = lines.drafts(table, row, rules, settings.column_unit_okei)
    if not drafts:
        raise Refused(refusal("no_lines"))
    amounts = [draft.amounts.amount for draft in drafts]
    _check_detail_amount(row, drafts, route)
    shares = discount_shares(row, amounts, unit)
    rules = replace(rules, kept=any(draft.amounts.tax for draft in drafts))
    made = [
        tax.taxed(draft, before - share, rules) for draft, before, share in zip(drafts, amounts, shares, strict=True)
    ]
    _check_total_tax(row, drafts, made, route)
    if freight:
        made.append(tax.freight(key(row, table.key), drafts[-1].number + 1, freight, rules))
    net = sum((line.net for line in made), ZERO)
    taxes = sum((line.tax for line in made), ZERO)
    agree("totalamount", net + taxes, amount(row, "totalamount"))
    sale = Sale(
        table=table.name,
        id=key(row, table.key),
        number=_number(table, row),
        document_date=rules.dated,
        shipment_date=rules.shipped_on,
        due_date=_date(row, route.dates.due, route),
        currency=currency,
        customer=customers.customer(row, settings),
        lines=tuple(made),
        net=plain(net),
        tax=plain(taxes),
        total=plain(net + taxes),
        tax_inside=route.tax_inside,
        order_id=guid(row, "_salesorderid_value"),
    )
    return own_fields.added(sale, table, row, route.target, settings.field_map)


def check_cards(table: SalesTable, row: Row, settings: Settings) -> None:
    """Refuse a customer or a product that nothing new is sold to, or of: inactive, retired, a draft.

    Apart from :func:`to_sale`, because what is in the books already stays there, and can be taken back.
    """
    customers.check_customer(row, settings)
    lines.check_products(table, row)


def hangs_on(table: SalesTable, row: Row) -> tuple[str, ...]:
    """Name the records, as ``table:id``, whose change may mend a refusal of this document."""
    products = {line["productid"]["productid"] for line in row[table.lines] if line.get("productid")}
    return (*customers.names(row), *(f"product:{product}" for product in sorted(products)))


def _check_detail_amount(row: Row, drafts: Sequence[tax.Draft], route: Route) -> None:
    """Hold ``totallineitemamount`` against the lines.

    With the tax inside, Dataverse itself takes a line's tax off; a company's own pricing may leave it in. Either is
    what the lines say; the total decides what the customer pays.
    """
    stated = amount(row, "totallineitemamount")
    with_tax = sum((draft.amounts.amount for draft in drafts), ZERO)
    if route.tax_inside and stated == with_tax - _columns(drafts):
        return
    agree("totallineitemamount", with_tax, stated)


def _check_total_tax(row: Row, drafts: Sequence[tax.Draft], made: Sequence[Line], route: Route) -> None:
    """Hold ``totaltax`` against the lines, without freight's: against their columns where the tax is inside."""
    if route.tax_inside:
        agree("totaltax", _columns(drafts), amount(row, "totaltax") or ZERO)
    else:
        agree("totaltax", sum((line.tax for line in made), ZERO), amount(row, "totaltax"))


def _columns(drafts: Sequence[tax.Draft]) -> Decimal:
    return sum((draft.amounts.tax or ZERO for draft in drafts), ZERO)


def _date(row: Row, column: str, route: Route) -> date:
    value = local_date(row, column, route.zone)
    if value is None:
        raise Refused(refusal("date_missing", field=column))
    return value


def _currency(row: Row) -> Currency:
    currency = row.get("transactioncurrencyid")
    if not currency:
        raise Refused(refusal("currency_missing"))
    precision = number(currency, "currencyprecision")
    return Currency(code=text(currency, "isocurrencycode"), precision=2 if precision is None else precision)
