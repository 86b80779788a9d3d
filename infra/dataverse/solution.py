"""The Dataverse solution this product needs, as data.

One source for everybody who must agree on it: the set-up that creates it in a real environment, the local
Dataverse that behaves as if it had been imported, and the tests. Publisher prefix ``acx``, option values from
the publisher's range. Column types carry the names of Dataverse's own AttributeMetadata.
"""

from dataclasses import dataclass
from typing import Literal

from shared.dataverse.journal import STATE_VALUES

ColumnType = Literal["String", "Memo", "Picklist", "Integer", "Decimal", "Boolean", "DateTime", "Lookup"]


PUBLISHER = "accountingbridge"
PREFIX, OPTION_PREFIX = "acx", 71719
SOLUTION = "AccountingBridge"
VERSION = "1.0.0.0"


@dataclass(frozen=True)
class Column:
    """A custom column: logical name (equal to its schema name), type, and what the type needs."""

    name: str
    type: ColumnType
    label: str
    max_length: int | None = None
    precision: int | None = None
    target: str | None = None
    """Lookup: the table it points to. The navigation property is named as the column."""
    relationship: str | None = None
    """Lookup: the relationship's name, which is also the collection-valued navigation property on the target."""
    options: tuple[tuple[int, str], ...] = ()


@dataclass(frozen=True)
class Table:
    """A custom table with its primary name column, its columns and its alternate key."""

    name: str
    set_name: str
    label: str
    primary_name: str
    columns: tuple[Column, ...]
    key: str
    """The one column of the alternate key."""


STATES = tuple((value, state.value) for state, value in STATE_VALUES.items())


def _parent(table: str) -> Column:
    return Column(
        name=f"acx_{table}id",
        type="Lookup",
        label="Order" if table == "salesorder" else table.capitalize(),
        target=table,
        relationship=f"acx_{table}_accountingexports",
    )


ACCOUNTING_EXPORT = Table(
    name="acx_accountingexport",
    set_name="acx_accountingexports",
    label="Accounting export",
    primary_name="acx_name",
    key="acx_key",
    columns=(
        Column("acx_key", "String", "Key (target:table:id)", max_length=100),
        Column("acx_name", "String", "Name", max_length=200),
        Column("acx_target", "String", "Accounting system", max_length=20),
        Column("acx_state", "Picklist", "State", options=STATES),
        Column("acx_number", "String", "Accounting number", max_length=100),
        Column("acx_accountingid", "String", "Accounting id", max_length=100),
        Column("acx_link", "String", "Link", max_length=1000),
        Column("acx_message", "Memo", "Message", max_length=4000),
        Column("acx_version", "String", "Version", max_length=20),
        Column("acx_hash", "String", "Hash of the content", max_length=64),
        Column("acx_writtenhash", "String", "Hash of what was last written", max_length=64),
        Column("acx_generation", "Integer", "Generation"),
        Column("acx_attempts", "Integer", "Attempts"),
        Column("acx_changedon", "DateTime", "State since"),
        Column("acx_postedon", "DateTime", "Posted on"),
        Column("acx_nextattempton", "DateTime", "Next attempt"),
        Column("acx_total", "Decimal", "Total in accounting", precision=4),
        Column("acx_currency", "String", "Currency", max_length=3),
        Column("acx_dated", "String", "Date in accounting (YYYY-MM-DD)", max_length=10),
        Column("acx_paidamount", "Decimal", "Paid amount", precision=4),
        Column("acx_hangson", "Memo", "Hangs on (JSON)", max_length=100_000),
        Column("acx_lines", "Memo", "Exported line ids (JSON)", max_length=1_000_000),
        Column("acx_correlationid", "String", "Correlation id", max_length=100),
        Column("acx_retry", "Boolean", "Retry"),
        _parent("invoice"),
        _parent("salesorder"),
        _parent("account"),
        _parent("contact"),
        _parent("product"),
    ),
)

SYNC_CHECKPOINT = Table(
    name="acx_synccheckpoint",
    set_name="acx_synccheckpoints",
    label="Sync checkpoint",
    primary_name="acx_name",
    key="acx_key",
    columns=(
        Column("acx_key", "String", "Key", max_length=100),
        Column("acx_name", "String", "Name", max_length=200),
        Column("acx_link", "Memo", "Delta or next link", max_length=8000),
        Column("acx_savedon", "DateTime", "Saved on"),
    ),
)

TABLES: tuple[Table, ...] = (ACCOUNTING_EXPORT, SYNC_CHECKPOINT)

SAMPLE_COLUMNS: dict[str, tuple[Column, ...]] = {
    # What a company adds to Microsoft's tables by itself; their names are settings of the product. Dataverse has no
    # tax-number column of its own.
    "account": (
        Column("acx_taxnumber", "String", "Tax number", max_length=20),
        Column("acx_kpp", "String", "KPP", max_length=9),
    ),
    "contact": (Column("acx_taxnumber", "String", "Tax number", max_length=20),),
    "invoice": (Column("acx_documentdate", "DateTime", "Document date"),),
    "invoicedetail": (Column("acx_taxrate", "String", "Tax rate", max_length=10),),
    "salesorderdetail": (Column("acx_taxrate", "String", "Tax rate", max_length=10),),
    "uom": (Column("acx_okei", "String", "OKEI code", max_length=4),),
}
