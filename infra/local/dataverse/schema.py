"""Tables, columns and relationships as Dataverse knows them."""

from dataclasses import dataclass, field
from decimal import Decimal
from enum import Enum

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
    schema_name: str = ""
    """As a definition spelled it; of Microsoft's own columns only the logical name is known here."""
    label: str = ""

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
    custom: bool = False
    label: str = ""
    collection_label: str = ""
    change_tracking: bool = True
    pending_keys: dict[str, str] = field(default_factory=dict)
    """Alternate key column -> name of the key, while its index is not built."""
    failed_keys: set[str] = field(default_factory=set)
    """Columns of those whose index can't be built, because rows stand against it."""

    def add(self, column: Column) -> None:
        """Add a column."""
        self.columns[column.name] = column
        self.wire[column.wire_name] = column


Schema = dict[str, Table]
