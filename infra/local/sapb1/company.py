"""The fresh company: every code, account and rate in it. All of it is fictional.

The constants are for whoever has to name them: the demonstration, the tests, a route's settings.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from infra.local.sapb1.books import Books, key_text

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


def _accounts() -> list[dict[str, Any]]:
    names = {
        SALES_ACCOUNT: ("Domestic sales of goods", "at_Revenues"),
        SERVICES_ACCOUNT: ("Services rendered", "at_Revenues"),
        FREIGHT_ACCOUNT: ("Freight charged", "at_Revenues"),
        RECEIVABLES_ACCOUNT: ("Trade receivables", "at_Other"),
        TAX_ACCOUNT: ("Output tax", "at_Other"),
        BANK_ACCOUNT: ("Bank", "at_Other"),
        CASH_ACCOUNT: ("Petty cash", "at_Other"),
        CLOSED_ACCOUNT: ("Sales before 2020", "at_Revenues"),
    }
    return [
        {
            "Code": code,
            "Name": name,
            "AccountType": kind,
            "FormatCode": code,
            "AcctCurrency": ALL_CURRENCIES,
            "CashAccount": "tYES" if code in {BANK_ACCOUNT, CASH_ACCOUNT} else "tNO",
            "FrozenFor": "tYES" if code == CLOSED_ACCOUNT else "tNO",
        }
        for code, (name, kind) in names.items()
    ]


def _tables() -> dict[str, tuple[str, list[dict[str, Any]]]]:
    """Give the reference data: set → (key property, rows)."""
    since = "2000-01-01"
    vat = [
        {
            "Code": code,
            "Name": f"Output tax {rate} %" if code != "SEX" else "Exempt",
            "Category": "bovcOutputTax",
            "TaxAccount": TAX_ACCOUNT,
            "VatGroups_Lines": [{"Effectivefrom": since, "Rate": rate}],
        }
        for code, rate in VAT_GROUPS.items()
    ]
    vat.append(
        {
            "Code": INPUT_VAT_GROUP,
            "Name": "Input tax 22 %",
            "Category": "bovcInputTax",
            "TaxAccount": TAX_ACCOUNT,
            "VatGroups_Lines": [{"Effectivefrom": since, "Rate": Decimal(22)}],
        }
    )
    return {
        "VatGroups": ("Code", vat),
        "SalesTaxCodes": (
            "Code",
            [{"Code": code, "Name": f"Sales tax {rate} %", "Rate": rate} for code, rate in SALES_TAX_CODES.items()],
        ),
        "Currencies": (
            "Code",
            [
                {"Code": code, "Name": name, "DocumentsCode": code, "InternationalDescription": name}
                for code, name in (("EUR", "Euro"), ("USD", "US Dollar"), ("RUB", "Russian Rouble"), ("GBP", "Pound"))
            ],
        ),
        "Warehouses": (
            "WarehouseCode",
            [
                {"WarehouseCode": WAREHOUSE, "WarehouseName": "Main", "Country": COUNTRY, "BusinessPlaceID": BRANCH},
                {"WarehouseCode": SECOND_WAREHOUSE, "WarehouseName": "Port", "BusinessPlaceID": SECOND_BRANCH},
            ],
        ),
        "UnitOfMeasurements": (
            "AbsEntry",
            [{"AbsEntry": -1, "Code": "Manual", "Name": "Manual"}, {"AbsEntry": 1, "Code": "PCS", "Name": "Pieces"}],
        ),
        "UnitOfMeasurementGroups": ("AbsEntry", [{"AbsEntry": -1, "Code": "Manual", "Name": "Manual", "BaseUoM": -1}]),
        "BusinessPlaces": (
            "BPLID",
            [
                {
                    "BPLID": BRANCH,
                    "BPLName": "Main branch",
                    "MainBPL": "tYES",
                    "Country": COUNTRY,
                    "DefaultWarehouseID": WAREHOUSE,
                },
                {
                    "BPLID": SECOND_BRANCH,
                    "BPLName": "Port branch",
                    "Country": COUNTRY,
                    "DefaultWarehouseID": SECOND_WAREHOUSE,
                },
                {"BPLID": CLOSED_BRANCH, "BPLName": "Closed branch", "Country": COUNTRY, "Disabled": "tYES"},
            ],
        ),
        "PaymentTermsTypes": (
            "GroupNumber",
            [
                {"GroupNumber": CASH_TERMS, "PaymentTermsGroupName": "- Cash Basic -"},
                {"GroupNumber": NET_30, "PaymentTermsGroupName": "Net 30", "NumberOfAdditionalDays": 30},
                {"GroupNumber": NET_14, "PaymentTermsGroupName": "Net 14", "NumberOfAdditionalDays": 14},
            ],
        ),
        "AdditionalExpenses": (
            "ExpensCode",
            [
                {
                    "ExpensCode": FREIGHT,
                    "Name": "Freight",
                    "RevenuesAccount": FREIGHT_ACCOUNT,
                    "OutputVATGroup": DEFAULT_VAT_GROUP,
                }
            ],
        ),
        "ChartOfAccounts": ("Code", _accounts()),
        "ItemGroups": ("Number", [{"Number": ITEM_GROUP, "GroupName": "Items", "RevenuesAccount": SALES_ACCOUNT}]),
        "BusinessPartnerGroups": (
            "Code",
            [
                {"Code": CUSTOMER_GROUP, "Name": "Customers", "Type": "bbpgt_CustomerGroup"},
                {"Code": SUPPLIER_GROUP, "Name": "Vendors", "Type": "bbpgt_VendorGroup"},
            ],
        ),
        "SalesPersons": (
            "SalesEmployeeCode",
            [
                {"SalesEmployeeCode": -1, "SalesEmployeeName": "-No Sales Employee-"},
                {"SalesEmployeeCode": SALES_PERSON, "SalesEmployeeName": "Sales desk"},
            ],
        ),
        "PriceLists": (
            "PriceListNo",
            [
                {
                    "PriceListNo": PRICE_LIST,
                    "PriceListName": "Base",
                    "BasePriceList": PRICE_LIST,
                    "Factor": Decimal(1),
                    "DefaultPrimeCurrency": LOCAL_CURRENCY,
                }
            ],
        ),
        "DistributionRules": (
            "FactorCode",
            [{"FactorCode": COST_CENTRE, "FactorDescription": "Sales", "InWhichDimension": 1}],
        ),
    }


def partners() -> list[dict[str, Any]]:
    """Give the business partners, as a client would post them."""
    ship = {
        "AddressName": "Warehouse",
        "AddressType": "bo_ShipTo",
        "Street": "Harbour Road 1",
        "City": "Koper",
        "Country": COUNTRY,
    }
    bill = {
        "AddressName": "Office",
        "AddressType": "bo_BillTo",
        "Street": "Main Street 1",
        "City": "Ljubljana",
        "Country": COUNTRY,
    }
    return [
        {
            "CardCode": CUSTOMER,
            "CardName": "Blue Harbour Ltd.",
            "CardType": "cCustomer",
            "FederalTaxID": CUSTOMER_TAX_NUMBER,
            "Currency": ALL_CURRENCIES,
            "PayTermsGrpCode": NET_30,
            "BPAddresses": [bill, ship],
        },
        {
            "CardCode": EURO_CUSTOMER,
            "CardName": "Euro Only d.o.o.",
            "CardType": "cCustomer",
            "FederalTaxID": "SI10000002",
        },
        {
            "CardCode": FROZEN_CUSTOMER,
            "CardName": "Closed Shop d.o.o.",
            "CardType": "cCustomer",
            "FederalTaxID": "SI10000009",
            "Frozen": "tYES",
            "Valid": "tNO",
        },
        {
            "CardCode": SUPPLIER,
            "CardName": "Blue Harbour Ltd.",
            "CardType": "cSupplier",
            "FederalTaxID": CUSTOMER_TAX_NUMBER,
            "Currency": ALL_CURRENCIES,
        },
    ]


def items() -> list[dict[str, Any]]:
    """Give the items, as a client would post them."""
    price = [{"PriceList": PRICE_LIST, "Price": Decimal(100), "Currency": LOCAL_CURRENCY}]
    return [
        {
            "ItemCode": STOCK_ITEM,
            "ItemName": "Pump",
            "ItemsGroupCode": ITEM_GROUP,
            "SalesUnit": "pcs",
            "ItemPrices": price,
        },
        {"ItemCode": EMPTY_ITEM, "ItemName": "Valve", "ItemsGroupCode": ITEM_GROUP},
        {
            "ItemCode": SERVICE_ITEM,
            "ItemName": "Consulting",
            "InventoryItem": "tNO",
            "SalesUnit": "h",
            "ItemPrices": price,
        },
        {"ItemCode": BATCH_ITEM, "ItemName": "Paint", "ManageBatchNumbers": "tYES"},
        {"ItemCode": SERIAL_ITEM, "ItemName": "Drive", "ManageSerialNumbers": "tYES"},
        {"ItemCode": FROZEN_ITEM, "ItemName": "Old pump", "Frozen": "tYES", "Valid": "tNO", "InventoryItem": "tNO"},
        {"ItemCode": PURCHASE_ITEM, "ItemName": "Packaging", "SalesItem": "tNO"},
    ]


STOCK: Mapping[tuple[str, str], Decimal] = {
    (STOCK_ITEM, WAREHOUSE): STOCK_ON_HAND,
    (BATCH_ITEM, WAREHOUSE): Decimal(50),
    (SERIAL_ITEM, WAREHOUSE): Decimal(5),
}


def found(books: Books) -> None:
    """Write reference data, series, periods and rates into empty books. Partners and items are posted by the caller."""
    for kind, (key, rows) in _tables().items():
        for row in rows:
            code = row[key]
            books.insert(kind, key_text(code), row, code if isinstance(code, int) else 0)
    for seed in SERIES:
        books.insert(
            "_series",
            key_text(seed.series),
            {
                "Document": str(seed.document),
                "DocumentSubType": "--",
                "InitialNumber": seed.first,
                "NextNumber": seed.first,
                "Name": seed.name,
                "Series": seed.series,
                "Locked": "tYES" if seed.locked else "tNO",
                "IsManual": "tYES" if seed.name == "Manual" else "tNO",
                "PeriodIndicator": "Default",
            },
            seed.series,
        )
    first, last = PERIODS
    for number, (year, month) in enumerate((y, m) for y in range(first, last + 1) for m in range(1, 13)):
        books.insert("_periods", f"{year}-{month:02}", {"status": "open", "entry": number + 1}, number)
    day = RATES_FROM
    while day <= RATES_TO:
        for currency, rate in RATES.items():
            books.insert("_rates", key_text(currency, day.isoformat()), {"rate": rate})
        day += timedelta(days=1)
    for (item, warehouse), quantity in STOCK.items():
        books.insert("_stock", key_text(item, warehouse), {"quantity": quantity})
    for name in ("FederalTaxID", "CardCode", "ItemCode", "NumAtCard"):
        books.index(name)
