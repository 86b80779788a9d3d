"""A company's own fields, without code: which Dataverse column goes to which accounting property, and when.

    FIELD_MAP = [
      {"target": "sapb1", "record": "document", "from": "new_project", "to": "U_Project"},
      {"target": "onec", "record": "customer", "from": "new_region", "to": "ДополнительнаяИнформация",
       "mode": "only_if_empty"},
      {"target": "sapb1", "record": "line", "from": "productid.new_centre", "to": "CostingCode2",
       "values": {"717190000": "N", "717190001": "S"}},
      {"target": "sapb1", "record": "product", "constant": "CRM", "to": "U_Source", "mode": "only_if_new"}
    ]

Pure: rules and a row go in, extras of a canonical record come out; extras and what accounting holds go in, what is to
be sent comes out. What the bridge itself copies into cards is such a map too: see ``Copied``.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated, Any, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from shared.books import Setting, Text
from shared.documents import Extra, Mode
from shared.errors import Misconfigured, Refused
from shared.refusals import refusal
from shared.routes import Target

_MIDNIGHT = re.compile(r"(\d{4}-\d{2}-\d{2})(?:T00:00:00(?:\.0+)?Z?)?")

RecordKind = Literal["document", "line", "customer", "product"]
Source = Annotated[str, StringConstraints(pattern=r"^([a-z_][a-z0-9_]*\.)?[a-z_][a-z0-9_]{0,127}$")]
Constant = str | int | bool

RELATED: dict[RecordKind, frozenset[str]] = {
    "document": frozenset({"customerid_account", "customerid_contact", "transactioncurrencyid"}),
    "line": frozenset({"productid", "uomid"}),
    "customer": frozenset({"account", "contact"}),
    "product": frozenset(),
}
"""The related rows that are read with each record; of a customer, which of its two tables the column stands in."""

PROTECTED: dict[Target, frozenset[str]] = {
    "onec": frozenset(
        {
            *("Ref_Key", "DataVersion", "DeletionMark", "Posted", "Number", "Date", "Code", "LineNumber", "Товары"),
            *("Услуги", "Организация_Key", "Контрагент_Key", "ДоговорКонтрагента_Key", "ВалютаДокумента_Key"),
            *("СуммаДокумента", "СуммаВключаетНДС", "Количество", "Цена", "Сумма", "СтавкаНДС", "СуммаНДС", "ИНН"),
            *("КПП", "НалоговыйНомер", "Номенклатура", "Номенклатура_Key", "Комментарий", "Артикул"),
            *("ОсновнойБанковскийСчет_Key", "ГоловнойКонтрагент_Key", "ОбособленноеПодразделение"),
            *("КонтактнаяИнформация", "СтруктурнаяЕдиница_Key", "ОрганизацияПолучатель_Key", "ДокументБезНДС"),
            *("КурсВзаиморасчетов", "КратностьВзаиморасчетов", "СчетУчетаРасчетовСКонтрагентом_Key"),
            *("СчетУчетаРасчетовПоАвансам_Key", "СчетУчета_Key", "СчетДоходов_Key", "СчетРасходов_Key"),
            "СчетУчетаНДСПоРеализации_Key",
        }
    ),
    "sapb1": frozenset(
        {
            *("DocEntry", "DocNum", "CardCode", "ItemCode", "DocDate", "TaxDate", "DocDueDate", "DocCurrency"),
            *("DocumentLines", "DocumentAdditionalExpenses", "LineNum", "Quantity", "UnitPrice", "Price", "LineTotal"),
            *(
                "VatGroup",
                "TaxCode",
                "FederalTaxID",
                "CardType",
                "BaseType",
                "BaseEntry",
                "BaseLine",
                "DiscountPercent",
            ),
            *("BPAddresses", "BPBankAccounts", "BPAccountReceivablePaybleCollection", "ContactEmployees"),
            *("DebitorAccount", "DownPaymentClearAct", "DefaultAccount", "DefaultBankCode", "DefaultBranch"),
            *("HouseBank", "HouseBankAccount", "HouseBankCountry", "HouseBankBranch", "HouseBankIBAN", "IBAN"),
            *("DocRate", "DocTotal", "DocTotalFc", "TotalDiscount", "TotalDiscountFC", "VatPercent", "Rounding"),
            *("RoundingDiffAmount", "PriceAfterVAT", "GrossPrice", "GrossTotal", "GrossTotalFC", "RowTotalFC"),
            *("TaxTotal", "NetTaxAmount", "TaxPercentagePerRow", "TaxLiable", "TaxOnly"),
            *("ControlAccount", "AccountCode", "COGSAccountCode"),
            *("U_ACX_Key", "U_ACX_Version", "U_ACX_Hash"),
        }
    ),
}
"""What decides identity, amounts or tax is the product's own, or the accountant's; so are bank details and accounts."""

EMPTY = frozenset({"", "00000000-0000-0000-0000-000000000000", "0001-01-01T00:00:00"})
"""What a property holds that nobody has filled, beside nothing and 0: 1C has no null."""


class FieldRule(Setting):
    """One property and where its value comes from."""

    target: Target
    record: RecordKind
    source: Source | None = Field(default=None, alias="from")
    """a column of the record, or ``relation.column`` of a related row"""
    constant: Constant | None = None
    to: Text
    """property of the accounting record; a user-defined field begins with U_"""
    mode: Mode = "overwrite"
    values: dict[str, Constant] | None = None
    """the CRM's value as text → what accounting gets"""

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if (self.source is None) == (self.constant is None):
            raise ValueError("needs either from or constant")
        if self.values is not None and self.source is None:
            raise ValueError("values: only with from")
        if self.to in PROTECTED[self.target]:
            raise ValueError(
                f"to: “{self.to}” is not for a field map: it decides identity, amounts or tax, or is the accountant's"
            )
        relation = self.relation
        if self.record == "customer" and self.source and not relation:
            raise ValueError("from: begin it with “account.” or “contact.”")
        if relation and relation not in RELATED[self.record]:
            known = ", ".join(sorted(RELATED[self.record])) or "none"
            raise ValueError(f"from: a {self.record} is not read with “{relation}” (known: {known})")
        return self

    def __str__(self) -> str:
        """Name the rule in a sentence for an administrator."""
        taken = f"“{self.source}”" if self.source else "a constant"
        return f"FIELD_MAP: {taken} → “{self.to}” of a {self.record}"

    @property
    def relation(self) -> str:
        """The related row that the column stands in; empty for the record itself."""
        return self.source.rpartition(".")[0] if self.source else ""

    @property
    def column(self) -> str:
        """The column's name, without its relation."""
        return self.source.rpartition(".")[2] if self.source else ""


def doubled(rules: Iterable[FieldRule]) -> list[str]:
    """Name the properties that two rules would write."""
    seen: set[tuple[str, str, str]] = set()
    problems = []
    for rule in rules:
        place = (rule.target, rule.record, rule.to)
        if place in seen:
            problems.append(f"two rules write “{rule.to}” of a {rule.record} in {rule.target}")
        seen.add(place)
    return problems


def columns(rules: Iterable[FieldRule], record: RecordKind, relation: str = "") -> list[str]:
    """Give the columns of a record, or of a row related to it, that the rules read."""
    found = {rule.column for rule in rules if rule.record == record and rule.source and rule.relation == relation}
    return sorted(found)


def extras(rules: Iterable[FieldRule], target: Target, record: RecordKind, row: Mapping[str, Any]) -> tuple[Extra, ...]:
    """Give what the rules take from a row. Refused where a table of values lacks the row's value."""
    return tuple(
        Extra(to=rule.to, value=_value(rule, row), mode=rule.mode)
        for rule in rules
        if rule.target == target and rule.record == record
    )


def _value(rule: FieldRule, row: Mapping[str, Any]) -> str | int | bool | Decimal | None:
    if rule.source is None:
        return rule.constant
    holder = row.get(rule.relation) if rule.relation else row
    value = holder.get(rule.column) if isinstance(holder, Mapping) else None
    if value is None or value == "":
        return None
    if not isinstance(value, str | int | bool | Decimal):
        raise Misconfigured(f"FIELD_MAP: the column {rule.source} holds neither text, a number nor yes/no")
    if rule.values is None:
        return value.strip() if isinstance(value, str) else value
    known = str(value).strip()
    if known not in rule.values:
        raise Refused(refusal("value_not_mapped", field=rule.source, value=known[:50], to=rule.to))
    return rule.values[known]


@dataclass(frozen=True)
class Copied:
    """A property of a card, and the field of the CRM's record that is copied into it: the built-in part of the map."""

    to: str
    source: str
    """the canonical record's field"""
    limit: int
    """how many characters the property holds"""
    own: Mode
    """in a card that the bridge made"""
    typed: Mode
    """in a card that somebody typed, and the bridge found; never more eager than ``own``"""
    cut: bool = False
    """a longer value is cut; else it is not sent"""


def plain(text: str) -> str:
    """Let the spaces of a text run together, and line breaks with them."""
    return " ".join(text.split())


def cut(text: str, limit: int) -> str:
    """Cut a text to what a property holds: its first characters and an ellipsis."""
    return text if len(text) <= limit else text[: limit - 1] + "…"


def copied(fields: Iterable[Copied], record: object, *, own: bool = True) -> tuple[Extra, ...]:
    """Give what a record puts into its card. Spaces run together; what is empty in the CRM is left out."""
    found = []
    for field in fields:
        value = plain(str(getattr(record, field.source)))
        if value and (field.cut or len(value) <= field.limit):
            mode = field.own if own else field.typed
            found.append(Extra(to=field.to, value=cut(value, field.limit), mode=mode))
    return tuple(found)


def merged(built_in: Iterable[Extra], own: Sequence[Extra]) -> tuple[Extra, ...]:
    """Put a company's own fields beside what the bridge copies; a property that they name is theirs."""
    theirs = {extra.to for extra in own}
    return (*(extra for extra in built_in if extra.to not in theirs), *own)


def to_send(given: Iterable[Extra], held: Mapping[str, Any] | None) -> dict[str, Any]:
    """Give the properties to send for a record: ``held`` is what accounting has, None where it is new.

    A value that the CRM has not is never sent: nothing is emptied.
    """
    return {extra.to: extra.value for extra in given if extra.value is not None and _is_due(extra, held)}


def kept(given: Iterable[Extra], held: Mapping[str, Any]) -> set[str]:
    """Name the properties that a record which is written anew has to leave as accounting holds them."""
    return {extra.to for extra in given if extra.mode != "overwrite" and not _is_due(extra, held)}


def _is_due(extra: Extra, held: Mapping[str, Any] | None) -> bool:
    if held is None:
        return True
    now = held.get(extra.to)
    if extra.mode == "overwrite":
        return not _same(now, extra.value)
    return extra.mode == "only_if_empty" and _is_empty(now)


def _is_empty(value: Any) -> bool:
    if isinstance(value, bool):
        return False
    if isinstance(value, int | Decimal):
        return bool(value == 0)
    return value is None or (isinstance(value, str) and value in EMPTY)


def _same(held: Any, value: Any) -> bool:
    """Compare as the systems write: 1C gives whole numbers as text, and both give a date with its midnight."""
    if isinstance(value, bool) or isinstance(held, bool):
        return held is value
    if held is None:
        return bool(value == "")
    mine, theirs = str(value), str(held)
    if isinstance(value, int | Decimal) or isinstance(held, int | Decimal):
        try:
            return Decimal(mine) == Decimal(theirs)
        except ArithmeticError:
            return False
    return mine == theirs or _day(mine) == _day(theirs) is not None


def _day(text: str) -> str | None:
    found = _MIDNIGHT.fullmatch(text)
    return found[1] if found else None
