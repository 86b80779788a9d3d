"""The fresh company by name: its codes, accounts and rates. All of it is fictional.

The constants are for whoever has to name them: the demonstration, the tests, a route's settings. What the rows
look like is in ``seed.py``.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

COMPANY = "SBO_DEMO_EU"
COMPANY_NAME = "Adriatic Demo Trading d.o.o."
USERNAME = "manager"
PASSWORD = "b1-local-only"
VERSION = "1000310"

LOCAL_CURRENCY = "EUR"
SYSTEM_CURRENCY = "EUR"
ALL_CURRENCIES = "##"
"""BusinessPartners.Currency of a partner that may be invoiced in any currency."""
COUNTRY = "SI"

VAT_GROUPS: Mapping[str, Decimal] = {
    "S22": Decimal(22),
    "S19": Decimal(19),
    "S10": Decimal(10),
    "S95": Decimal("9.5"),
    "S7": Decimal(7),
    "S5": Decimal(5),
    "S0": Decimal(0),
    "SEX": Decimal(0),
}
"""Output tax by code. S0 is taxed at zero, SEX is exempt."""
INPUT_VAT_GROUP = "P22"
SALES_TAX_CODES: Mapping[str, Decimal] = {"T22": Decimal(22), "T19": Decimal(19), "T10": Decimal(10), "T0": Decimal(0)}
"""Used only by a company set to sales tax."""
DEFAULT_VAT_GROUP = "S22"

WAREHOUSE = "01"
SECOND_WAREHOUSE = "02"
BRANCH = 1
SECOND_BRANCH = 2
CLOSED_BRANCH = 3
FREIGHT = 1
"""AdditionalExpenses.ExpensCode."""

SALES_ACCOUNT = "4000000"
SERVICES_ACCOUNT = "4010000"
FREIGHT_ACCOUNT = "4020000"
RECEIVABLES_ACCOUNT = "1200000"
TAX_ACCOUNT = "2600000"
BANK_ACCOUNT = "1100000"
CASH_ACCOUNT = "1000000"
CLOSED_ACCOUNT = "4090000"

CASH_TERMS = -1
NET_30 = 1
NET_14 = 2
CUSTOMER_GROUP = 100
SUPPLIER_GROUP = 101
ITEM_GROUP = 100
PRICE_LIST = 1
SALES_PERSON = 1
COST_CENTRE = "CC1"
UNIT_OF_MEASURE = 1

INVOICE_SERIES = 4
SECOND_INVOICE_SERIES = 40
"""A second series of A/R invoices, numbers from 900001."""
MANUAL_SERIES = -1
"""Not a series: HandWritten with a DocNum of one's own."""
LOCKED_INVOICE_SERIES = 41

PERIODS = (2025, 2027)
"""First and last year that has posting periods, one a month."""
RATES_FROM = date(2025, 12, 1)
RATES_TO = date(2027, 3, 31)
RATES: Mapping[str, Decimal] = {"USD": Decimal("0.92"), "RUB": Decimal("0.0105")}
"""EUR for one unit, the same on each day from RATES_FROM to RATES_TO. GBP has none: the accountant must enter it."""

CUSTOMER = "C20000"
CUSTOMER_TAX_NUMBER = "SI10000001"
SUPPLIER = "V10000"
"""A supplier with the customer's tax number: must never be matched."""
FROZEN_CUSTOMER = "C90000"
EURO_CUSTOMER = "C21000"
"""A customer that may be invoiced in EUR only."""
STOCK_ITEM = "A1000"
STOCK_ON_HAND = Decimal(1000)
SERVICE_ITEM = "S1000"
"""Not kept in stock."""
EMPTY_ITEM = "A2000"
"""Kept in stock; there is none."""
BATCH_ITEM = "B1000"
SERIAL_ITEM = "B2000"
FROZEN_ITEM = "A9000"
PURCHASE_ITEM = "P1000"
"""Not for sale."""


@dataclass(frozen=True)
class SeriesSeed:
    """A numbering series as the company starts with it; ``document`` is the object code."""

    series: int
    document: int
    name: str
    first: int
    locked: bool = False


SERIES = (
    SeriesSeed(1, 2, "Manual", 1),
    SeriesSeed(2, 2, "CUST", 1),
    SeriesSeed(3, 4, "Manual", 1),
    SeriesSeed(INVOICE_SERIES, 13, "Primary", 1),
    SeriesSeed(SECOND_INVOICE_SERIES, 13, "CRM", 900001),
    SeriesSeed(LOCKED_INVOICE_SERIES, 13, "Old", 500001, locked=True),
    SeriesSeed(5, 14, "Primary", 1),
    SeriesSeed(6, 15, "Primary", 1),
    SeriesSeed(8, 17, "Primary", 1),
    SeriesSeed(15, 24, "Primary", 1),
)

STOCK: Mapping[tuple[str, str], Decimal] = {
    (STOCK_ITEM, WAREHOUSE): STOCK_ON_HAND,
    (BATCH_ITEM, WAREHOUSE): Decimal(50),
    (SERIAL_ITEM, WAREHOUSE): Decimal(5),
}
