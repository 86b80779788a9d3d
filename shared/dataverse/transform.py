"""From Dataverse rows to a canonical sale. Pure: no I/O; what can't be exported is Refused in a sentence."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from uuid import UUID

from shared.dataverse.columns import Row, amount, guid, key, local_date, number, plain, text, version
from shared.dataverse.sales import SalesTable
from shared.documents import Address, Currency, Customer, Line, Product, Sale, Unit
from shared.errors import Refused
from shared.money import allocate, fits, rounded
from shared.rates import parse_rate, rate_name
from shared.refusals import Refusal, refusal
from shared.routes import Route
from shared.settings import Settings

ACTIVE = 0
"""account.statecode, contact.statecode"""
SERVICES = 3
"""product.producttypecode; Miscellaneous Charges (2) and Flat Fees (4) are no goods either"""
GOODS = 1
ZERO = Decimal(0)


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
    related = [row.get("customerid_account"), row.get("customerid_contact")]
    for line in row[table.lines]:
        related += [line, line.get("productid"), line.get("uomid")]
    return max(version(item) for item in [row, *related] if item)


def document_date(row: Row, route: Route) -> date:
    """Give the document's date in the legal entity's zone. Refused where it is empty."""
    return _date(row, route.dates.document, route)


def to_sale(table: SalesTable, row: Row, route: Route, settings: Settings) -> Sale:
    """Make the canonical sale of a row with its expanded lines, customer and currency.

    Refused names the first thing that keeps it from the books; every sum is checked to the minor unit.
    """
    currency = _currency(row)
    unit = currency.minor_unit
    rules = _Rules(table, route, settings, unit, _date(row, route.dates.shipment, route))
    if freight := amount(row, "freightamount"):
        raise Refused(refusal("freight", value=freight))
    drafts = [
        _draft(position, line, rules) for position, line in enumerate(_in_order(table, row[table.lines]), start=1)
    ]
    if not drafts:
        raise Refused(refusal("no_lines"))

    before_discount = sum((draft.net for draft in drafts), ZERO)
    _agree("totallineitemamount", before_discount, amount(row, "totallineitemamount"))
    discount = amount(row, "totaldiscountamount") or ZERO
    if discount < 0 or discount > before_discount or not fits(discount, unit):
        raise Refused(_sum_differs("totaldiscountamount", before_discount, discount))
    shares = allocate(discount, [draft.net for draft in drafts], unit)
    lines = tuple(_taxed(draft, draft.net - share, rules) for draft, share in zip(drafts, shares, strict=True))
    net = sum((line.net for line in lines), ZERO)
    tax = sum((line.tax for line in lines), ZERO)
    _agree("totaltax", tax, amount(row, "totaltax"))
    _agree("totalamount", net + tax, amount(row, "totalamount"))
    return Sale(
        table=table.name,
        id=key(row, table.key),
        number=_number(table, row),
        document_date=document_date(row, route),
        shipment_date=rules.shipped_on,
        due_date=_date(row, route.dates.due, route),
        currency=currency,
        customer=_customer(row, settings),
        lines=lines,
        net=plain(net),
        tax=plain(tax),
        total=plain(net + tax),
        order_id=guid(row, "_salesorderid_value"),
    )


def hangs_on(table: SalesTable, row: Row) -> tuple[str, ...]:
    """Name the records, as ``table:id``, whose change may mend a refusal of this document."""
    found = [f"account:{row['_customerid_value']}"] if row.get("customerid_account") else []
    found += [f"contact:{row['_customerid_value']}"] if row.get("customerid_contact") else []
    products = {line["productid"]["productid"] for line in row[table.lines] if line.get("productid")}
    return (*found, *(f"product:{product}" for product in sorted(products)))


@dataclass(frozen=True)
class _Rules:
    """What every line of one document is judged by."""

    table: SalesTable
    route: Route
    settings: Settings
    unit: Decimal
    shipped_on: date


@dataclass(frozen=True)
class _Draft:
    """A line before the header's discount is shared and its tax is checked."""

    row: Row
    id: UUID
    number: int
    product: Product | None
    unit: Unit | None
    description: str
    quantity: Decimal
    price: Decimal
    net: Decimal
    tax: Decimal


def _in_order(table: SalesTable, rows: Sequence[Row]) -> list[Row]:
    """Sort lines as people numbered them; what has no number keeps an order of its own, by id."""
    return sorted(
        rows,
        key=lambda row: (
            number(row, "lineitemnumber") or 0,
            number(row, "sequencenumber") or 0,
            str(key(row, table.line_key)),
        ),
    )


def _draft(position: int, row: Row, rules: _Rules) -> _Draft:
    product = row.get("productid")
    description = text(row, "productdescription")
    if not product and not description:
        raise Refused(refusal("line_without_product", line=position))
    quantity = _required(row, "quantity", position)
    if quantity <= 0:
        raise Refused(refusal("quantity_not_positive", line=position, value=quantity))
    tax = amount(row, "tax") or ZERO
    extended = _required(row, "extendedamount", position)
    for column, value in (("tax", tax), ("extendedamount", extended)):
        if not fits(value, rules.unit):
            digits = -int(rules.unit.as_tuple().exponent)
            raise Refused(refusal("precision", line=position, field=column, value=value, digits=digits))
    net = extended - tax
    if net < 0 or tax < 0:
        raise Refused(refusal("amount_negative", line=position, value=min(net, tax)))
    return _Draft(
        row=row,
        id=key(row, rules.table.line_key),
        number=position,
        product=_product(product) if product else None,
        unit=_unit(row.get("uomid"), rules.settings),
        description=description,
        quantity=quantity,
        price=_required(row, "priceperunit", position),
        net=net,
        tax=tax,
    )


def _taxed(draft: _Draft, net: Decimal, rules: _Rules) -> Line:
    return Line(
        id=draft.id,
        number=draft.number,
        product=draft.product,
        unit=draft.unit,
        description=draft.description,
        quantity=draft.quantity,
        price=draft.price,
        net=plain(net),
        tax=plain(draft.tax),
        rate=_rate(draft, net, rules),
    )


def _rate(draft: _Draft, net: Decimal, rules: _Rules) -> Decimal | None:
    """Read the line's rate from the configured column, or derive it where exactly one fits."""
    column = rules.settings.column_line_tax_rate
    if column and (given := text(draft.row, column)):
        return _given_rate(given, column, draft, net, rules)
    allowed = rules.route.allowed_rates(rules.shipped_on)
    fitting = [rate for rate in allowed if abs(draft.tax - net * (rate or ZERO) / 100) <= rules.unit / 2]
    if len(fitting) != 1:
        names = ", ".join(rate_name(rate) for rate in fitting) or "–"
        raise Refused(refusal("rate_not_derivable", line=draft.number, tax=draft.tax, net=net, fitting=names))
    return fitting[0]


def _given_rate(given: str, column: str, draft: _Draft, net: Decimal, rules: _Rules) -> Decimal | None:
    allowed = rules.route.allowed_rates(rules.shipped_on)
    known = ", ".join(rate_name(rate) for rate in allowed)
    try:
        rate = parse_rate(given)
    except ValueError:
        shown = given[:20]
        raise Refused(refusal("rate_unreadable", line=draft.number, value=shown, field=column, known=known)) from None
    if rate not in allowed:
        shown = rate_name(rate)
        raise Refused(refusal("rate_not_allowed", line=draft.number, rate=shown, date=rules.shipped_on, known=known))
    expected = rounded(net * (rate or ZERO) / 100, rules.unit)
    difference = draft.tax - expected
    # The CRM may round a half the other way; more than one minor unit is another tax.
    if abs(difference) > (rules.unit if rate else ZERO):
        raise Refused(
            refusal(
                "tax_differs",
                line=draft.number,
                tax=draft.tax,
                rate=rate_name(rate),
                net=net,
                expected=expected,
                difference=difference,
            )
        )
    return rate


def _agree(column: str, lines: Decimal, stated: Decimal | None) -> None:
    if stated is None or stated != lines:
        raise Refused(_sum_differs(column, lines, stated))


def _sum_differs(column: str, lines: Decimal, stated: Decimal | None) -> Refusal:
    return refusal(
        "sum_differs",
        field=column,
        lines=plain(lines),
        header="–" if stated is None else stated,
        difference=plain(lines - (stated or ZERO)),
    )


def _required(row: Row, column: str, position: int) -> Decimal:
    value = amount(row, column)
    if value is None:
        raise Refused(refusal("value_missing", line=position, field=column))
    return value


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


def _customer(row: Row, settings: Settings) -> Customer:
    account, contact = row.get("customerid_account"), row.get("customerid_contact")
    card = account or contact
    if not card:
        raise Refused(refusal("customer_missing"))
    if number(card, "statecode") != ACTIVE:
        raise Refused(refusal("customer_inactive"))
    name = text(card, "name" if account else "fullname")
    if not name:
        raise Refused(refusal("customer_name_missing"))
    return Customer(
        table="account" if account else "contact",
        id=key(card, "accountid" if account else "contactid"),
        name=name,
        number=text(card, "accountnumber"),
        tax_number=text(card, settings.column_account_tax_number if account else settings.column_contact_tax_number),
        kpp=text(card, settings.column_account_kpp) if account else "",
        email=text(card, "emailaddress1"),
        phone=text(card, "telephone1" if account else "mobilephone"),
        address=Address(
            street=text(card, "address1_line1"),
            city=text(card, "address1_city"),
            postal_code=text(card, "address1_postalcode"),
            country=text(card, "address1_country"),
        ),
    )


def _product(row: Row) -> Product:
    return Product(
        id=key(row, "productid"),
        number=text(row, "productnumber"),
        name=text(row, "name"),
        is_service=number(row, "producttypecode") not in {None, GOODS},
    )


def _unit(row: Row | None, settings: Settings) -> Unit | None:
    if not row:
        return None
    return Unit(id=key(row, "uomid"), name=text(row, "name"), okei=text(row, settings.column_unit_okei))
