"""Canonical records: what a document is, whatever system it came from or goes to.

Amounts are Decimal in the document's currency; ``net`` is without tax and after every discount. A tax ``rate`` is in
percent; ``None`` means without VAT, which is not the same as 0 %.
"""

import hashlib
from datetime import date
from decimal import Decimal
from typing import Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

CustomerTable = Literal["account", "contact"]
SaleTable = Literal["invoice", "salesorder"]
LineKind = Literal["product", "write_in", "freight"]
"""of the catalogue; typed by hand; the document's freight, which the CRM keeps in the header"""


class Record(BaseModel):
    """Base of the canonical records: immutable, closed."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)


Mode = Literal["overwrite", "only_if_new", "only_if_empty"]
"""When a value is written: always, only into a new record, or only where accounting has none"""


class Extra(Record):
    """A property that a company's field map adds to a record."""

    to: str
    value: str | int | bool | Decimal | None
    mode: Mode


class Address(Record):
    """A postal address; every part may be empty."""

    street: str = ""
    city: str = ""
    postal_code: str = ""
    country: str = ""


class Customer(Record):
    """Who buys: an account, or a contact (a person)."""

    table: CustomerTable
    id: UUID
    merged: tuple[UUID, ...] = ()
    """records of the CRM that were merged into this one, which inherits what they are in accounting"""
    name: str
    number: str = ""
    """account.accountnumber"""
    tax_number: str = ""
    """ИНН, VAT number …: the configured column"""
    kpp: str = ""
    """КПП, Russian legal entities only"""
    email: str = ""
    phone: str = ""
    address: Address = Field(default_factory=Address)
    extras: tuple[Extra, ...] = ()

    @property
    def is_person(self) -> bool:
        """Whether this is a person rather than a company or a sole trader."""
        return self.table == "contact"


class Unit(Record):
    """A unit of measure; ``okei`` is its code in the Russian classifier where one is configured."""

    id: UUID
    name: str
    okei: str = ""


class Product(Record):
    """A product or a service of the catalogue."""

    id: UUID
    number: str
    name: str
    is_service: bool
    extras: tuple[Extra, ...] = ()

    @property
    def table(self) -> Literal["product"]:
        """The Dataverse table it stands in."""
        return "product"


def _kind_by_product(given: dict[str, Any]) -> LineKind:
    return "write_in" if given.get("product") is None else "product"


class Line(Record):
    """One line. A write-in line and freight have no product; the ``description`` says what it is."""

    id: UUID
    """the line's own id; freight has the document's"""
    number: int
    """position in the document, from 1"""
    product: Product | None
    kind: LineKind = Field(default_factory=_kind_by_product)
    """where it is not given: by whether there is a product"""
    unit: Unit | None
    description: str
    quantity: Decimal
    price: Decimal
    """per unit, as in the CRM, before discounts; it includes the tax where the sale's ``tax_inside`` says so"""
    net: Decimal
    tax: Decimal
    rate: Decimal | None
    extras: tuple[Extra, ...] = ()

    @property
    def gross(self) -> Decimal:
        """What the customer pays for the line."""
        return self.net + self.tax


class Currency(Record):
    """ISO 4217 code and the number of digits after the point of its minor unit."""

    code: str
    precision: int

    @property
    def minor_unit(self) -> Decimal:
        """The smallest amount, such as 0.01."""
        return Decimal(1).scaleb(-self.precision)


class Sale(Record):
    """What is carried into the books: an issued invoice (way 2B), or a fulfilled order (way 2A, services rendered)."""

    table: SaleTable = "invoice"
    id: UUID
    number: str
    document_date: date
    shipment_date: date
    due_date: date
    currency: Currency
    customer: Customer
    lines: tuple[Line, ...]
    net: Decimal
    tax: Decimal
    total: Decimal
    tax_inside: bool = False
    """prices in the CRM include the tax; ``net`` never does"""
    extras: tuple[Extra, ...] = ()
    order_id: UUID | None = None
    """invoice: the order that it was made from"""

    def content_hash(self) -> str:
        """Give the SHA-256 of the business content: equal content, equal hash, whatever the row versions are.

        Customer, products and units count by their ids: a new telephone number is no change of the sale. Of a
        company's own fields those count that are always written: the others change nothing that stands.
        """
        only_id = {"name", "number", "is_service", "okei", "extras"}
        content = self._as_written().model_dump_json(
            exclude={
                "customer": set(Customer.model_fields) - {"table", "id"},
                "lines": {"__all__": {"product": only_id, "unit": only_id}},
            }
        )
        return hashlib.sha256(content.encode()).hexdigest()

    def _as_written(self) -> "Sale":
        lines = tuple(line.model_copy(update={"extras": _always(line.extras)}) for line in self.lines)
        return self.model_copy(update={"extras": _always(self.extras), "lines": lines})

    def content_hashes(self) -> frozenset[str]:
        """Give its hash, and those it had under the customers that were merged into its customer since.

        A merge in the CRM is no change of the sale: what was exported keeps its customer in accounting.
        """
        earlier = (self.customer.model_copy(update={"id": merged}) for merged in self.customer.merged)
        return frozenset(
            {self.content_hash(), *(self.model_copy(update={"customer": each}).content_hash() for each in earlier)}
        )


def _always(extras: tuple[Extra, ...]) -> tuple[Extra, ...]:
    return tuple(extra for extra in extras if extra.mode == "overwrite")


def card_hash(record: Customer | Product) -> str:
    """Give the SHA-256 of all that a customer's or a product's card is made of; another one: the card changed."""
    return hashlib.sha256(record.model_dump_json(exclude={"id", "merged"}).encode()).hexdigest()
