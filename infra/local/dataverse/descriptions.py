"""Reads the compact descriptions of tables.

A description starts with ``table NAME SETNAME SCHEMANAME key=… name=… owned=user|parent|organization|none`` and has
a line for each kind of column::

    String 80: billto_city billto_country
    Money 0 1000000000000: discountamount          each Money column brings its own NAME_base
    Picklist paymenttermscode: 1 Net 30; 2 …       State 0/1 Active (its default status); Status 1/0 New (its state)
    Lookup customerid: account customerid_account invoice_customer_accounts restrict; contact …

A lookup names, for each table it may point to: the table, the navigation property, the collection-valued navigation
property on the other side, and what deleting the other side does (restrict, cascade, removelink). ``ro`` marks what
only the system writes, ``calculated`` what is accepted and calculated over, ``create`` what is fixed at creation,
``req`` what the system requires, ``price`` what the organization's pricing precision rounds,
``secret`` what is never given back.
"""

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from infra.local.dataverse.schema import DECIMAL_DIGITS, MONEY_DIGITS, TEXTS, Column, Kind, Table, Target


def _choice(item: str) -> tuple[int, int | None, str]:
    number, _, label = item.strip().partition(" ")
    value, _, partner = number.partition("/")
    return int(value), int(partner) if partner else None, label


def _targets(text: str) -> tuple[Target, ...]:
    return tuple(Target(*item.split()) for item in text.split(";"))


_FLAGS = {
    "ro": "read_only",
    "create": "create_only",
    "req": "required",
    "secret": "secret",
    "price": "is_price",
    "calculated": "calculated",
}


def _columns(line: str) -> Iterable[Column]:
    head, _, tail = line.partition(":")
    kind_name, *words = head.split()
    kind = Kind(kind_name)
    flags: dict[str, Any] = {_FLAGS[word]: True for word in words if word in _FLAGS}
    default = next((word[8:] for word in words if word.startswith("default=")), None)
    arguments = [word for word in words if word not in _FLAGS and not word.startswith("default=")]
    if kind in {Kind.PICKLIST, Kind.LOOKUP}:
        name = arguments[0]
        if kind is Kind.LOOKUP:
            yield Column(name, kind, targets=_targets(tail), **flags)
            return
        yield Column(name, kind, options=_options(tail)[0], default=default, **flags)
        return
    if kind in {Kind.STATE, Kind.STATUS}:
        options, partners = _options(tail)
        yield Column("statecode" if kind is Kind.STATE else "statuscode", kind, options=options, partners=partners)
        return
    length, digits, precision, bounds = None, 0, 0, arguments
    if kind in TEXTS:
        length, bounds = int(arguments[0]), []
    elif kind in {Kind.DECIMAL, Kind.DOUBLE}:
        precision, bounds = int(arguments[0]), arguments[1:]
        digits = max(precision, DECIMAL_DIGITS) if kind is Kind.DECIMAL else precision
    elif kind is Kind.MONEY:
        digits = precision = MONEY_DIGITS
    minimum, maximum = (Decimal(bounds[0]), Decimal(bounds[1])) if bounds else (None, None)
    for name in tail.split():
        yield Column(name, kind, length, digits, precision, minimum, maximum, default=default, **flags)


def _options(text: str) -> tuple[dict[int, str], dict[int, int]]:
    items = [_choice(item) for item in text.split(";") if item.strip()]
    return {value: label for value, _, label in items}, {value: other for value, other, _ in items if other is not None}


_EVERYWHERE = """
DateTime ro: createdon modifiedon
DateTime create: overriddencreatedon
BigInt ro: versionnumber
Integer: importsequencenumber timezoneruleversionnumber utcconversiontimezonecode
Lookup createdby ro: systemuser createdby
Lookup modifiedby ro: systemuser modifiedby
Lookup createdonbehalfby ro: systemuser createdonbehalfby
Lookup modifiedonbehalfby ro: systemuser modifiedonbehalfby
"""

_USER_OWNED = """
Lookup ownerid: systemuser ownerid
Lookup owninguser ro: systemuser owninguser
Lookup owningteam ro: team owningteam
Lookup owningbusinessunit ro: businessunit owningbusinessunit
"""

_EXCHANGE_RATE = "Decimal 12 0.000000000001 100000000000 ro: exchangerate"


def _add_line(table: Table, line: str) -> None:
    for column in _columns(line):
        table.add(column)
        if column.kind is Kind.MONEY:
            table.add(
                Column(f"{column.name}_base", Kind.MONEY, digits=MONEY_DIGITS, precision=MONEY_DIGITS, read_only=True)
            )


def _add_standard_columns(table: Table) -> None:
    lines = _EVERYWHERE
    if table.owned == "user":
        lines += _USER_OWNED
    elif table.owned == "parent":
        lines += "\n".join(f"Lookup {name} ro: {name_of} {name}" for name, name_of in _PARENT_OWNED)
    if table.has_money:
        lines += f"\n{_EXCHANGE_RATE}"
    for line in lines.splitlines():
        if line:
            _add_line(table, line)


_PARENT_OWNED = (("ownerid", "systemuser"), ("owninguser", "systemuser"), ("owningbusinessunit", "businessunit"))


def parse_table(description: str) -> Table:
    """Read one description; ValueError or KeyError where it doesn't follow the form."""
    lines = [line for line in description.splitlines() if line.strip()]
    _, name, set_name, schema_name, *words = lines[0].split()
    settings = dict(word.split("=", 1) for word in words if "=" in word)
    table = Table(name, set_name, schema_name, settings["key"], settings["name"], settings["owned"])
    table.has_money = "money" in words
    table.read_only = "readonly" in words
    if "number" in settings:
        column, prefix = settings["number"].split(":")
        table.number_prefix = (column, prefix)
    table.add(Column(table.key, Kind.GUID, create_only=True))
    for line in lines[1:]:
        _add_line(table, line)
    _add_standard_columns(table)
    return table
