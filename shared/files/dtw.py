"""Files that SAP Business One imports with Data Transfer Workbench: documents with their lines, partners, items.

What a row says is what the automatic way writes (``sapb1.mapping``, ``sapb1.cards``). ``DocNum`` only ties a
document to its lines, unless the CRM's number is to be the document's.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from io import TextIOBase
from typing import Any
from uuid import UUID

from shared.accounting import Bindings
from shared.books import DtwColumn, DtwFile, Sapb1File
from shared.documents import Customer, Line, Product
from shared.errors import Refused
from shared.fieldmap import cut
from shared.files.dtw_columns import COLUMNS, file_names
from shared.files.seen import Seen
from shared.files.sheets import Sheet, cell, like_formula
from shared.keys import accounting_key
from shared.messages import Document
from shared.refusals import refusal
from shared.routes import Route
from shared.sapb1 import cards
from shared.sapb1.company import Company
from shared.sapb1.kinds import INVOICE, SERVICES, main_kind
from shared.sapb1.mapping import PreparedDocument

Row = dict[str, Any]
TARGET = "sapb1"
DAYS = frozenset({"DocDate", "DocDueDate", "TaxDate", "ShipDate"})
"""Properties that hold a day; Service Layer writes it otherwise than Workbench."""
TEXTS = {"ItemDescription": cards.NAME} | {
    field.to: field.limit for field in (*cards.PARTNER, *cards.ADDRESS, *cards.ITEM) if field.limit == cards.NAME
}
"""Properties that people fill with words, and how long they are: what makes them harmless has to fit as well."""


def company_of(file: Sapb1File) -> Company:
    """Give how the company computes, as the route says it."""
    return Company(
        totals=file.amount_decimals,
        prices=file.price_decimals,
        quantities=file.quantity_decimals,
        tax_by_group=file.tax_by_group,
        local_currency=file.local_currency,
    )


def columns_of(file: Sapb1File, name: DtwFile, own: Sequence[str]) -> tuple[DtwColumn, ...]:
    """Give a file's columns: the company's template, or ours and the fields of its own (``own``)."""
    template = file.columns.get(name)
    if template is not None:
        return template
    there = {column.name for column in COLUMNS[name]}
    return (*COLUMNS[name], *(DtwColumn(name=to) for to in own if to not in there))


@dataclass
class _Table:
    """One file; it is made with its first row, so that no empty file is imported."""

    name: str
    columns: tuple[DtwColumn, ...]
    create: Callable[[str], TextIOBase]
    sheet: Sheet | None = field(default=None, init=False)

    def add(self, row: Row) -> None:
        if self.sheet is None:
            titles = [column.title or column.name for column in self.columns]
            self.sheet = Sheet(self.create(self.name), [column.name for column in self.columns], titles)
        self.sheet.add(_value(column, row) for column in self.columns)


def _value(column: DtwColumn, row: Row) -> object:
    if column.constant is not None:
        return column.constant
    name = column.source or column.name
    value = row.get(name)
    if name in TEXTS and isinstance(value, str):
        return cut(value, TEXTS[name] - max(len(cell(value)) - len(value), 0))
    return date.fromisoformat(value) if column.name in DAYS and isinstance(value, str) and value else value


class WorkbenchFiles:
    """Writes the files of one route."""

    def __init__(
        self, route: Route, own_fields: Mapping[str, Sequence[str]], create: Callable[[str], TextIOBase], seen: Seen
    ) -> None:
        """``own_fields``: kind of record → properties of a company's own; ``create`` begins a file of that name."""
        books = route.sapb1_books
        if books.file is None:
            raise ValueError(f"route {route.name} hands out no files")
        self._route, self._books, self._seen = route, books, seen
        self._company = company_of(books.file)
        records = {"documents": "document", "lines": "line", "partners": "customer", "items": "product"}
        services = SERVICES[books.services_document or "delivery"]
        names = file_names(services if route.automatic_way == "2A" else INVOICE)
        self._tables = {
            name: _Table(file_name, columns_of(books.file, name, own_fields.get(records.get(name, ""), ())), create)
            for name, file_name in names.items()
        }
        self._count = 0

    @property
    def names(self) -> list[str]:
        """The files that have rows."""
        return [table.name for table in self._tables.values() if table.sheet is not None]

    def end(self) -> None:
        """Nothing: a file of rows has no end of its own."""

    def add(self, document: Document) -> None:
        """Write a document, and the partner and items that it names and the files do not have yet.

        Refused: nothing is written.
        """
        sale, bindings = document.sale, Bindings(document.bindings, document.cards)
        kind = main_kind(sale, self._books)
        if document.base is not None and kind is INVOICE:
            raise Refused(refusal("base_unusable", base=document.base.number or document.base.accounting_id))
        prepared = PreparedDocument(document, self._route, self._company)
        key = self._key(document, sale.table, sale.id, document.generation)
        code = bindings.get(sale.customer) or self._card_code(document, sale.customer)
        items = [] if prepared.is_service else [self._item_code(line, bindings) for line in prepared.lines]
        body = prepared.body(key, code, items, kind)
        partner = None if bindings.get(sale.customer) else cards.partner(sale.customer, code, self._books)
        new_items = [] if prepared.is_service else self._new_items(prepared.lines, items, bindings)
        customer = str(sale.customer.id)
        if self._seen.first(f"code {code.upper()}", customer) != customer and partner is not None:
            raise Refused(refusal("customer_code_taken", value=code))
        if prepared.number is not None and self._seen.first(f"number {prepared.number}", str(sale.id)) != str(sale.id):
            raise Refused(refusal("number_taken", number=prepared.number, year=sale.document_date.year))
        # Everything that can be refused is behind us.
        for item_code, product in new_items:
            if self._seen.is_new(f"item {item_code}"):
                self._tables["items"].add(cards.item(product, item_code, self._books))
        if partner is not None and self._seen.is_new(f"partner {code}"):
            self._add_partner(partner)
        self._add_document(body)

    def _add_partner(self, partner: Row) -> None:
        self._tables["partners"].add(partner)
        for address in partner.get("BPAddresses", ()):
            self._tables["addresses"].add({"ParentKey": partner["CardCode"]} | address)

    def _add_document(self, body: Row) -> None:
        self._count += 1
        number = body.get("DocNum", self._count)
        self._tables["documents"].add({"DocNum": number} | body)
        for row in body["DocumentLines"]:
            self._tables["lines"].add({"ParentKey": number} | row)
        for row in body.get("DocumentAdditionalExpenses", ()):
            self._tables["expenses"].add({"ParentKey": number} | row)

    @staticmethod
    def _key(document: Document, table: str, record: UUID, generation: int = 0) -> UUID:
        return accounting_key(document.organization_id, TARGET, table, record, generation)

    def _card_code(self, document: Document, customer: Customer) -> str:
        return cards.card_code(customer, self._key(document, customer.table, customer.id))

    def _item_code(self, line: Line, bindings: Bindings) -> str:
        if line.product is None:
            if self._books.write_in_item is None:
                raise Refused(refusal("write_in_unset", line=line.number, route=self._route.name))
            return self._books.write_in_item
        code = bindings.get(line.product) or cards.item_code(line)
        if like_formula(code):
            # An apostrophe before it would make it another code.
            raise Refused(refusal("code_like_formula", line=line.number, value=code))
        return code

    @staticmethod
    def _new_items(lines: Sequence[Line], codes: Sequence[str], bindings: Bindings) -> list[tuple[str, Product]]:
        return [
            (code, line.product)
            for line, code in zip(lines, codes, strict=True)
            if line.product is not None and bindings.get(line.product) is None
        ]
