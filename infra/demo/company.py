"""The sample companies: a Russian one whose books are in 1C, a European one whose books are in SAP Business One.

Everybody and everything here is invented. The same seed gives the same documents each time.
"""

import random
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from decimal import Decimal
from uuid import UUID, uuid5

from shared.dataverse.sales import INVOICE, ORDER, SalesTable
from shared.money import allocate, rounded
from shared.routes import Way

NAMESPACE = UUID("2d6b7c55-6b7e-5a36-9d0b-1b7a1ce2a901")
CENT = Decimal("0.01")
ISSUED_FROM = date(2026, 9, 1)


def sample_id(kind: str, name: str) -> UUID:
    """Give the id of a sample record."""
    return uuid5(NAMESPACE, f"{kind}/{name}")


@dataclass(frozen=True)
class Company:
    """A legal entity and what its documents look like."""

    code: str
    name: str
    target: str
    currencies: tuple[str, ...]
    rates: tuple[str, ...]
    """as they stand in the CRM's column; ``none`` is without VAT"""
    way: Way = "2B"

    @property
    def business_unit(self) -> UUID:
        """businessunitid"""
        return sample_id("businessunit", self.code)


_RATES = ("22", "22", "10", "none")
RUSSIAN = Company("RU", "ООО «Северный контур»", "onec", ("RUB", "RUB", "RUB", "EUR"), _RATES)
EUROPEAN = Company("EU", "Adriatic Demo Trading d.o.o.", "sapb1", ("EUR",), _RATES)
RUSSIAN_SERVICES = Company("RS", "ООО «Северный контур. Услуги»", "onec", ("RUB",), _RATES, "2A")
EUROPEAN_SERVICES = Company("ES", "Adriatic Demo Services d.o.o.", "sapb1", ("EUR",), _RATES, "2A")
BY_HAND = (
    Company("RH", "ООО «Северный контур. Вручную»", "onec", ("RUB", "RUB", "RUB", "EUR"), _RATES, "1B"),
    Company("EH", "Adriatic Demo By Hand d.o.o.", "sapb1", ("EUR",), _RATES, "1B"),
    Company("RHS", "ООО «Северный контур. Услуги вручную»", "onec", ("RUB",), _RATES, "1A"),
    Company("EHS", "Adriatic Demo Services By Hand d.o.o.", "sapb1", ("EUR",), _RATES, "1A"),
)
"""Companies whose accountant imports files: nothing of theirs reaches the books by itself."""
COMPANIES = (RUSSIAN, EUROPEAN, RUSSIAN_SERVICES, EUROPEAN_SERVICES, *BY_HAND)


@dataclass(frozen=True)
class SampleCustomer:
    """A customer; ``known`` means that accounting has it already, typed by hand."""

    company: Company
    table: str
    name: str
    number: str = ""
    tax_number: str = ""
    kpp: str = ""
    city: str = ""
    country: str = ""
    known: bool = False

    @property
    def id(self) -> UUID:
        """accountid or contactid"""
        return sample_id(self.table, self.name)


def inn(first_nine: str) -> str:
    """Give a company's ИНН: nine digits and their check digit."""
    weights = (2, 4, 10, 3, 5, 9, 4, 6, 8)
    total = sum(int(digit) * weight for digit, weight in zip(first_nine, weights, strict=True))
    return first_nine + str(total % 11 % 10)


def _russian(name: str, serial: str, city: str, *, known: bool = False) -> SampleCustomer:
    tax_number = inn(serial)
    return SampleCustomer(RUSSIAN, "account", name, "", tax_number, f"{serial[:4]}01001", city, "Россия", known)


def _european(name: str, number: str, tax_number: str, city: str, *, known: bool = False) -> SampleCustomer:
    return SampleCustomer(EUROPEAN, "account", name, number, tax_number, "", city, "SI", known)


CUSTOMERS = (
    _russian("ООО «Полярная звезда»", "780100001", "Санкт-Петербург", known=True),
    _russian("АО «Ладожский причал»", "780200002", "Санкт-Петербург", known=True),
    _russian("ООО «Карельский лес»", "100100003", "Петрозаводск"),
    _russian("ООО «Белые ночи — сервис»", "780500004", "Санкт-Петербург"),
    _russian("ООО «Онежский берег»", "100200005", "Кондопога"),
    _russian("АО «Вологодские кружева»", "352500006", "Вологда"),
    SampleCustomer(RUSSIAN, "contact", "Лосева Мария Андреевна", city="Псков", country="Россия"),
    _european("Jadran Logistika d.o.o.", "", "SI10000001", "Koper", known=True),
    _european("Triglav Studio d.o.o.", "K1002", "SI20000002", "Kranj"),
    _european("Bled Hotels d.d.", "K1003", "SI30000003", "Bled"),
    _european("Ptuj Vino d.o.o.", "", "SI40000004", "Ptuj"),
    _european("Sava Energija d.d.", "K1005", "SI50000005", "Ljubljana"),
    SampleCustomer(EUROPEAN, "contact", "Ana Primer", city="Maribor", country="SI"),
)
CUSTOMERS_BY_HAND = {
    "onec": _russian("ООО «Ручная работа»", "782500007", "Санкт-Петербург"),
    "sapb1": _european("Ročno Delo d.o.o.", "K1007", "SI60000006", "Ljubljana"),
}
"""By target: customers of the companies by hand alone, so that their cards are in the files too."""


@dataclass(frozen=True)
class SampleProduct:
    """A product; ``known`` means that accounting has it already under the same number."""

    number: str
    name: str
    service: bool
    price: Decimal
    unit: str
    known: bool = False

    @property
    def id(self) -> UUID:
        """productid"""
        return sample_id("product", self.number)


UNITS = {"шт": "796", "ч": "356", "упак": "778"}
PRODUCTS = (
    SampleProduct("S1000", "Consulting / Консультация", True, Decimal("85.00"), "ч", known=True),
    SampleProduct("S2000", "Installation / Монтаж", True, Decimal("120.00"), "ч"),
    SampleProduct("S2010", "Support / Поддержка", True, Decimal("49.90"), "ч"),
    SampleProduct("G1000", "Label printer / Принтер этикеток", False, Decimal("310.00"), "шт", known=True),
    SampleProduct("G1010", "Barcode scanner / Сканер", False, Decimal("74.35"), "шт"),
    SampleProduct("G1020", "Thermal labels / Этикетки", False, Decimal("6.15"), "упак"),
    SampleProduct("G1030", "Docking station / Док-станция", False, Decimal("129.99"), "шт"),
    SampleProduct("G1040", "Cable set / Кабели", False, Decimal("17.40"), "упак"),
)
WRITE_INS = ("Delivery to the site / Доставка на объект", "Individual set-up / Индивидуальная настройка")


@dataclass(frozen=True)
class SampleLine:
    """A line as the CRM has it; amounts in the invoice's currency."""

    product: SampleProduct | None
    description: str
    quantity: Decimal
    price: Decimal
    discount: Decimal
    rate: str
    tax: Decimal

    @property
    def net(self) -> Decimal:
        """Before the header's discount, without tax."""
        return self.quantity * self.price - self.discount


@dataclass(frozen=True)
class SampleSale:
    """An invoice (ways 1B and 2B) or an order (1A and 2A) as a manager would enter it."""

    number: str
    company: Company
    customer: SampleCustomer
    currency: str
    dated: date
    lines: tuple[SampleLine, ...]
    discount: Decimal
    total: Decimal = field(compare=False)

    @property
    def table(self) -> SalesTable:
        """Where it stands in Dataverse."""
        return INVOICE if self.company.way in {"1B", "2B"} else ORDER

    @property
    def id(self) -> UUID:
        """invoiceid or salesorderid"""
        return sample_id(self.table.name, self.number)


def invoices(count: int, seed: int = 2026) -> list[SampleSale]:
    """Give this many invoices, half of them of each company, with 1 to 20 lines."""
    return _sales((RUSSIAN, EUROPEAN), count, seed)


def orders(count: int, seed: int = 2027) -> list[SampleSale]:
    """Give this many orders, half of them of each company, with 1 to 20 lines."""
    return _sales((RUSSIAN_SERVICES, EUROPEAN_SERVICES), count, seed)


def sales_by_hand(count: int, seed: int = 2028) -> list[SampleSale]:
    """Give this many invoices and as many orders of the companies whose accountant imports files."""
    invoicing, fulfilling = BY_HAND[:2], BY_HAND[2:]
    sales = [*_sales(invoicing, count, seed), *_sales(fulfilling, count, seed + 1)]
    firsts = {sale.company.code: sale for sale in reversed(sales)}.values()
    return [
        replace(sale, customer=CUSTOMERS_BY_HAND[sale.company.target]) if sale in firsts else sale for sale in sales
    ]


def _sales(companies: tuple[Company, Company], count: int, seed: int) -> list[SampleSale]:
    generator = random.Random(seed)  # noqa: S311 -- sample data
    return [_sale(generator, companies[index % 2], index) for index in range(count)]


def _sale(generator: random.Random, company: Company, index: int) -> SampleSale:
    own = [customer for customer in CUSTOMERS if customer.company.target == company.target]
    drafts = [_line(generator, company) for _ in range(1 + (index * 7) % 20)]
    nets = [draft.net for draft in drafts]
    discount = rounded(sum(nets, Decimal(0)) / 10, CENT) if index % 5 == 4 else Decimal(0)
    shares = allocate(discount, nets, CENT)
    lines = tuple(
        SampleLine(
            draft.product,
            draft.description,
            draft.quantity,
            draft.price,
            draft.discount,
            draft.rate,
            tax=_tax(draft.net - share, draft.rate),
        )
        for draft, share in zip(drafts, shares, strict=True)
    )
    total = sum((line.net + line.tax for line in lines), Decimal(0)) - discount
    return SampleSale(
        number=f"{company.code}-{1001 + index // 2}",
        company=company,
        customer=own[(index // 2) % len(own)],
        currency=generator.choice(company.currencies),
        dated=ISSUED_FROM + timedelta(days=index),
        lines=lines,
        discount=discount,
        total=total,
    )


def _line(generator: random.Random, company: Company) -> SampleLine:
    product = None if generator.random() < 0.15 else generator.choice(PRODUCTS)
    description = generator.choice(WRITE_INS) if product is None else ""
    price = Decimal(generator.randint(500, 40_000)) / 100 if product is None else product.price
    quantity = Decimal(generator.randint(1, 12))
    discount = rounded(quantity * price / 20, CENT) if generator.random() < 0.25 else Decimal(0)
    return SampleLine(product, description, quantity, price, discount, generator.choice(company.rates), Decimal(0))


def _tax(net: Decimal, rate: str) -> Decimal:
    return Decimal(0) if rate == "none" else rounded(net * Decimal(rate) / 100, CENT)
