"""Tables, columns and relationships as Dataverse knows them, read from compact descriptions.

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
from dataclasses import dataclass, field
from decimal import Decimal
from enum import Enum
from functools import cache
from typing import Any

from infra.dataverse.solution import SAMPLE_COLUMNS, TABLES
from infra.dataverse.solution import Column as SolutionColumn
from infra.dataverse.solution import Table as SolutionTable
from infra.local.dataverse.tables import STANDARD_TABLES

MONEY_DIGITS = 4
"""Money is stored as SQL Server's money and answered with its four digits."""

DECIMAL_DIGITS = 10
"""Decimal columns are decimal(23,10) in the database, and answered with all ten digits."""


class Kind(Enum):
    """What a column holds."""

    STRING = "String"
    MEMO = "Memo"
    GUID = "Guid"
    INTEGER = "Integer"
    BIGINT = "BigInt"
    DECIMAL = "Decimal"
    DOUBLE = "Double"
    MONEY = "Money"
    BOOLEAN = "Boolean"
    PICKLIST = "Picklist"
    STATE = "State"
    STATUS = "Status"
    DATETIME = "DateTime"
    DATE = "Date"
    LOOKUP = "Lookup"


CHOICES = frozenset({Kind.PICKLIST, Kind.STATE, Kind.STATUS})
TEXTS = frozenset({Kind.STRING, Kind.MEMO})
FRACTIONS = frozenset({Kind.DECIMAL, Kind.DOUBLE, Kind.MONEY})
NUMBERS = frozenset({Kind.INTEGER, Kind.BIGINT, *CHOICES, *FRACTIONS})


@dataclass(frozen=True)
class Target:
    """One table a lookup may point to."""

    table: str
    navigation: str = ""
    collection: str = ""
    on_delete: str = "removelink"


@dataclass(frozen=True)
class Column:
    """A column; ``partners`` of a State are the default statuses, of a Status the states, value by value."""

    name: str
    kind: Kind
    maximum_length: int | None = None
    digits: int = 0
    """Fractions: how many digits are stored and answered."""
    precision: int = 0
    """Fractions: how many digits a written value is rounded to."""
    minimum: Decimal | None = None
    maximum: Decimal | None = None
    options: dict[int, str] = field(default_factory=dict)
    partners: dict[int, int] = field(default_factory=dict)
    targets: tuple[Target, ...] = ()
    read_only: bool = False
    create_only: bool = False
    required: bool = False
    secret: bool = False
    is_price: bool = False
    calculated: bool = False
    """Accepted when written, and calculated over, as Dataverse does with totals."""
    default: str | None = None

    @property
    def wire_name(self) -> str:
        """The property's name in the Web API."""
        return f"_{self.name}_value" if self.kind is Kind.LOOKUP else self.name


@dataclass(frozen=True)
class Navigation:
    """A navigation property: the lookup column it follows, from the side it is on."""

    name: str
    table: str
    """The table at the other end."""
    column: str
    many: bool
    on_delete: str = "removelink"


@dataclass
class Table:
    """A table with its columns by logical name and by Web API name, and its navigation properties."""

    name: str
    set_name: str
    schema_name: str
    key: str
    primary_name: str
    owned: str
    columns: dict[str, Column] = field(default_factory=dict)
    navigations: dict[str, Navigation] = field(default_factory=dict)
    alternate_keys: dict[str, str] = field(default_factory=dict)
    """Alternate key column -> name of the key."""
    number_prefix: tuple[str, str] | None = None
    """The column that numbers itself, and the prefix of the number."""
    has_money: bool = False
    read_only: bool = False
    wire: dict[str, Column] = field(default_factory=dict)

    def add(self, column: Column) -> None:
        """Add a column."""
        self.columns[column.name] = column
        self.wire[column.wire_name] = column


Schema = dict[str, Table]


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


def _solution_column(column: SolutionColumn) -> Column:
    match column.type:
        case "String" | "Memo":
            return Column(column.name, Kind(column.type), column.max_length)
        case "Picklist":
            return Column(column.name, Kind.PICKLIST, options=dict(column.options))
        case "Decimal":
            bound = Decimal(100_000_000_000)
            precision = column.precision or 0
            return Column(column.name, Kind.DECIMAL, None, DECIMAL_DIGITS, precision, -bound, bound)
        case "Lookup":
            target = Target(column.target or "", column.name, column.relationship or "")
            return Column(column.name, Kind.LOOKUP, targets=(target,))
        case "Integer" | "Boolean" | "DateTime":
            return Column(column.name, Kind(column.type))


def _solution_table(table: SolutionTable) -> Table:
    made = parse_table(
        f"table {table.name} {table.set_name} {table.name} key={table.name}id name={table.primary_name} owned=user\n"
        "State: 0/1 Active; 1/2 Inactive\nStatus: 1/0 Active; 2/1 Inactive"
    )
    for column in table.columns:
        made.add(_solution_column(column))
    made.alternate_keys[table.key] = f"{table.key}key"
    return made


def _link(schema: Schema) -> None:
    for table in schema.values():
        for column in table.columns.values():
            for target in column.targets:
                if target.navigation:
                    forward = Navigation(target.navigation, target.table, column.name, many=False)
                    table.navigations[target.navigation] = forward
                if target.collection and target.table in schema:
                    back = Navigation(target.collection, table.name, column.name, many=True, on_delete=target.on_delete)
                    schema[target.table].navigations[target.collection] = back


@cache
def load_schema() -> Schema:
    """Give every table by its logical name: the standard ones and those of the imported solution."""
    schema = {table.name: table for table in map(parse_table, STANDARD_TABLES)}
    for name, columns in SAMPLE_COLUMNS.items():
        for column in columns:
            schema[name].add(_solution_column(column))
    for solution_table in TABLES:
        schema[solution_table.name] = _solution_table(solution_table)
    _link(schema)
    return schema
