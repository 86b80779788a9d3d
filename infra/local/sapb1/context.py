"""What every part of the company works with: books, settings, clock, model, and a few look-ups."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any

from infra.local.sapb1 import company
from infra.local.sapb1.amounts import Precision
from infra.local.sapb1.books import Books, amount, key_text
from infra.local.sapb1.clock import Clock
from infra.local.sapb1.edm import Body, Model, Property
from infra.local.sapb1.errors import SapError
from infra.local.sapb1.settings import Settings

_UDF_TYPES = {"db_Alpha": "String", "db_Memo": "String", "db_Numeric": "Int32", "db_Date": "Date", "db_Float": "Double"}
DOCUMENT_TABLES = ("OINV", "ORIN", "ODLN", "ORDR", "ODRF")
LINE_TABLES = ("INV1", "RIN1", "DLN1", "RDR1", "DRF1")
DECIMALS: dict[str | None, int] = {
    "cdWithoutDecimals": 0,
    "cd1Digit": 1,
    "cd2Digits": 2,
    "cd3Digits": 3,
    "cd4Digits": 4,
    "cd5Digits": 5,
    "cd6Digits": 6,
}
"""Currencies.Decimals; cdDefault is the company's"""


def canonical_table(table: str) -> str:
    """Header fields are shared by all marketing documents, whichever table they were asked for on; so are lines'."""
    if table in DOCUMENT_TABLES:
        return "OINV"
    return "INV1" if table in LINE_TABLES else table


@dataclass
class Context:
    """One company."""

    books: Books
    settings: Settings
    clock: Clock
    visible_fields: set[str] = field(default_factory=set)
    """Keys of UserFieldsMD and UserTablesMD rows that Service Layer has loaded; see ``require_restart``."""
    _model: Model | None = None

    def __post_init__(self) -> None:
        self.reload_metadata()

    @property
    def precision(self) -> Precision:
        """Give the company's decimals."""
        return Precision(self.settings.amounts, self.settings.prices, self.settings.vat_by)

    def precision_of(self, currency: str) -> Precision:
        """Give the decimals of amounts in a currency: its own, where it has any."""
        row = self.books.get("Currencies", key_text(currency)) or {}
        digits = DECIMALS.get(row.get("Decimals"))
        return self.precision if digits is None else replace(self.precision, amounts=digits)

    @property
    def model(self) -> Model:
        """Give the model with the user-defined fields in force."""
        if self._model is None:
            fields: dict[str, list[Property]] = {}
            for key, _, row in self.books.rows("UserFieldsMD"):
                if key in self.visible_fields:
                    fields.setdefault(canonical_table(row["TableName"]), []).append(_user_field(row))
            self._model = Model(fields)
        return self._model

    def reload_metadata(self) -> None:
        """See every field and table there is, as after a restart of Service Layer."""
        self.visible_fields = {
            key if kind == "UserFieldsMD" else f"@{key}"
            for kind in ("UserFieldsMD", "UserTablesMD")
            for key, _, _ in self.books.rows(kind)
        }
        self._model = None

    def reload_model(self) -> None:
        """Forget the model, after an operation was taken back that may have changed it."""
        self.metadata_changed()

    def metadata_changed(self) -> None:
        """After a field or table was added or taken away."""
        if self.settings.require_restart:
            gone = [
                key
                for key in self.visible_fields
                if not self.books.exists(*(("UserTablesMD", key[1:]) if key[0] == "@" else ("UserFieldsMD", key)))
            ]
            self.visible_fields.difference_update(gone)
            self._model = None
        else:
            self.reload_metadata()

    def user_tables(self) -> Iterator[str]:
        """Give the names of the user tables that can be reached."""
        for key, _, _ in self.books.rows("UserTablesMD"):
            if f"@{key}" in self.visible_fields:
                yield key

    def require(self, kind: str, key: object, error: SapError) -> Body:
        """Give a row of reference data, or raise ``error``."""
        row = None if key is None else self.books.get(kind, key_text(key))
        if row is None:
            raise error
        return row

    def rate(self, currency: str, day: str) -> Decimal:
        """Give the rate of a currency on a day. SapError where nobody has entered it (words and code captured)."""
        row = self.books.get("_rates", key_text(currency, day))
        known = company.RATES_FROM.isoformat() <= day <= company.RATES_TO.isoformat()
        if row is None and currency in company.RATES and known:
            return company.RATES[currency]
        if row is None:
            raise SapError(-4006, f"Update the exchange rate , '{currency}'")
        return amount(row, "rate")

    def check_period(self, day: str, table: str) -> Body:
        """Give the posting period of a day. SapError where it is locked (-4013, captured) or there is none."""
        period = self.books.get("_periods", day[:7])
        if period is None:
            raise SapError(-5002, f"Date deviates from permissible range  [{table}.DocDate]")
        if period["status"] != "open":
            raise SapError(-4013, "Posting period locked; specify an alternative date")
        return period

    def inactive(self, row: Body, day: str) -> bool:
        """Tell whether a partner or an item may not be used on a day: frozen then, or not valid."""
        if row.get("Frozen") == "tYES" and _covers(row, "Frozen", day):
            return True
        return row.get("Valid") == "tNO" or not _covers(row, "Valid", day)

    def stamp(self, row: Body, *, created: bool = False) -> None:
        """Write the dates of creation and change."""
        row["UpdateDate"] = self.clock.today()
        row["UpdateTime"] = self.clock.time_of_day()
        if created:
            row["CreateDate"] = row["UpdateDate"]
            row["CreateTime"] = row["UpdateTime"]


def _covers(row: Body, name: str, day: str) -> bool:
    """Tell whether the range FrozenFrom to FrozenTo (or Valid…) holds a day; open ends hold everything."""
    start, end = row.get(f"{name}From"), row.get(f"{name}To")
    return (start is None or start <= day) and (end is None or day <= end)


def _user_field(row: Body) -> Property:
    kind = _UDF_TYPES[row["Type"]]
    if row.get("SubType") == "st_Time":
        kind = "Time"
    length: Any = row.get("EditSize") if row["Type"] == "db_Alpha" else None
    default = row.get("DefaultValue") if kind == "String" else None
    return Property(f"U_{row['Name']}", kind, length=length, default=default)
