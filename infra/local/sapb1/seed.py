"""The rows of the fresh company: reference data, series, periods, stock, a few partners and items."""

from decimal import Decimal
from typing import Any

from infra.local.sapb1 import company
from infra.local.sapb1.books import Books, key_text


def _accounts() -> list[dict[str, Any]]:
    names = {
        company.SALES_ACCOUNT: ("Domestic sales of goods", "at_Revenues"),
        company.SERVICES_ACCOUNT: ("Services rendered", "at_Revenues"),
        company.FREIGHT_ACCOUNT: ("Freight charged", "at_Revenues"),
        company.RECEIVABLES_ACCOUNT: ("Trade receivables", "at_Other"),
        company.TAX_ACCOUNT: ("Output tax", "at_Other"),
        company.BANK_ACCOUNT: ("Bank", "at_Other"),
        company.CASH_ACCOUNT: ("Petty cash", "at_Other"),
        company.CLOSED_ACCOUNT: ("Sales before 2020", "at_Revenues"),
    }
    return [
        {
            "Code": code,
            "Name": name,
            "AccountType": kind,
            "FormatCode": code,
            "AcctCurrency": company.ALL_CURRENCIES,
            "CashAccount": "tYES" if code in {company.BANK_ACCOUNT, company.CASH_ACCOUNT} else "tNO",
            "FrozenFor": "tYES" if code == company.CLOSED_ACCOUNT else "tNO",
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
            "TaxAccount": company.TAX_ACCOUNT,
            "VatGroups_Lines": [{"Effectivefrom": since, "Rate": rate}],
        }
        for code, rate in company.VAT_GROUPS.items()
    ]
    vat.append(
        {
            "Code": company.INPUT_VAT_GROUP,
            "Name": "Input tax 22 %",
            "Category": "bovcInputTax",
            "TaxAccount": company.TAX_ACCOUNT,
            "VatGroups_Lines": [{"Effectivefrom": since, "Rate": Decimal(22)}],
        }
    )
    return {
        "VatGroups": ("Code", vat),
        "SalesTaxCodes": (
            "Code",
            [
                {"Code": code, "Name": f"Sales tax {rate} %", "Rate": rate}
                for code, rate in company.SALES_TAX_CODES.items()
            ],
        ),
        "Currencies": (
            "Code",
            [
                {
                    "Code": code,
                    "Name": name,
                    "DocumentsCode": code,
                    "InternationalDescription": name,
                    "Rounding": "rsNoRounding",
                }
                for code, name in (("EUR", "Euro"), ("USD", "US Dollar"), ("RUB", "Russian Rouble"), ("GBP", "Pound"))
            ],
        ),
        "Warehouses": (
            "WarehouseCode",
            [
                {
                    "WarehouseCode": company.WAREHOUSE,
                    "WarehouseName": "Main",
                    "Country": company.COUNTRY,
                    "BusinessPlaceID": company.BRANCH,
                },
                {
                    "WarehouseCode": company.SECOND_WAREHOUSE,
                    "WarehouseName": "Port",
                    "BusinessPlaceID": company.SECOND_BRANCH,
                },
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
                    "BPLID": company.BRANCH,
                    "BPLName": "Main branch",
                    "MainBPL": "tYES",
                    "Country": company.COUNTRY,
                    "DefaultWarehouseID": company.WAREHOUSE,
                },
                {
                    "BPLID": company.SECOND_BRANCH,
                    "BPLName": "Port branch",
                    "Country": company.COUNTRY,
                    "DefaultWarehouseID": company.SECOND_WAREHOUSE,
                },
                {
                    "BPLID": company.CLOSED_BRANCH,
                    "BPLName": "Closed branch",
                    "Country": company.COUNTRY,
                    "Disabled": "tYES",
                },
            ],
        ),
        "PaymentTermsTypes": (
            "GroupNumber",
            [
                {"GroupNumber": company.CASH_TERMS, "PaymentTermsGroupName": "- Cash Basic -"},
                {"GroupNumber": company.NET_30, "PaymentTermsGroupName": "Net 30", "NumberOfAdditionalDays": 30},
                {"GroupNumber": company.NET_14, "PaymentTermsGroupName": "Net 14", "NumberOfAdditionalDays": 14},
            ],
        ),
        "AdditionalExpenses": (
            "ExpensCode",
            [
                {
                    "ExpensCode": company.FREIGHT,
                    "Name": "Freight",
                    "RevenuesAccount": company.FREIGHT_ACCOUNT,
                    "OutputVATGroup": company.DEFAULT_VAT_GROUP,
                }
            ],
        ),
        "ChartOfAccounts": ("Code", _accounts()),
        "ItemGroups": (
            "Number",
            [{"Number": company.ITEM_GROUP, "GroupName": "Items", "RevenuesAccount": company.SALES_ACCOUNT}],
        ),
        "BusinessPartnerGroups": (
            "Code",
            [
                {"Code": company.CUSTOMER_GROUP, "Name": "Customers", "Type": "bbpgt_CustomerGroup"},
                {"Code": company.SUPPLIER_GROUP, "Name": "Vendors", "Type": "bbpgt_VendorGroup"},
            ],
        ),
        "SalesPersons": (
            "SalesEmployeeCode",
            [
                {"SalesEmployeeCode": -1, "SalesEmployeeName": "-No Sales Employee-"},
                {"SalesEmployeeCode": company.SALES_PERSON, "SalesEmployeeName": "Sales desk"},
            ],
        ),
        "PriceLists": (
            "PriceListNo",
            [
                {
                    "PriceListNo": company.PRICE_LIST,
                    "PriceListName": "Base",
                    "BasePriceList": company.PRICE_LIST,
                    "Factor": Decimal(1),
                    "DefaultPrimeCurrency": company.LOCAL_CURRENCY,
                }
            ],
        ),
        "DistributionRules": (
            "FactorCode",
            [{"FactorCode": company.COST_CENTRE, "FactorDescription": "Sales", "InWhichDimension": 1}],
        ),
    }


def partners() -> list[dict[str, Any]]:
    """Give the business partners, as a client would post them."""
    ship = {
        "AddressName": "Warehouse",
        "AddressType": "bo_ShipTo",
        "Street": "Harbour Road 1",
        "City": "Koper",
        "Country": company.COUNTRY,
    }
    bill = {
        "AddressName": "Office",
        "AddressType": "bo_BillTo",
        "Street": "Main Street 1",
        "City": "Ljubljana",
        "Country": company.COUNTRY,
    }
    return [
        {
            "CardCode": company.CUSTOMER,
            "CardName": "Blue Harbour Ltd.",
            "CardType": "cCustomer",
            "FederalTaxID": company.CUSTOMER_TAX_NUMBER,
            "Currency": company.ALL_CURRENCIES,
            "PayTermsGrpCode": company.NET_30,
            "BPAddresses": [bill, ship],
        },
        {
            "CardCode": company.EURO_CUSTOMER,
            "CardName": "Euro Only d.o.o.",
            "CardType": "cCustomer",
            "FederalTaxID": "SI10000002",
        },
        {
            "CardCode": company.FROZEN_CUSTOMER,
            "CardName": "Closed Shop d.o.o.",
            "CardType": "cCustomer",
            "FederalTaxID": "SI10000009",
            "Frozen": "tYES",
            "Valid": "tNO",
        },
        {
            "CardCode": company.SUPPLIER,
            "CardName": "Blue Harbour Ltd.",
            "CardType": "cSupplier",
            "FederalTaxID": company.CUSTOMER_TAX_NUMBER,
            "Currency": company.ALL_CURRENCIES,
        },
    ]


def items() -> list[dict[str, Any]]:
    """Give the items, as a client would post them."""
    price = [{"PriceList": company.PRICE_LIST, "Price": Decimal(100), "Currency": company.LOCAL_CURRENCY}]
    return [
        {
            "ItemCode": company.STOCK_ITEM,
            "ItemName": "Pump",
            "ItemsGroupCode": company.ITEM_GROUP,
            "SalesUnit": "pcs",
            "ItemPrices": price,
        },
        {"ItemCode": company.EMPTY_ITEM, "ItemName": "Valve", "ItemsGroupCode": company.ITEM_GROUP},
        {
            "ItemCode": company.SERVICE_ITEM,
            "ItemName": "Consulting",
            "InventoryItem": "tNO",
            "SalesUnit": "h",
            "ItemPrices": price,
        },
        {"ItemCode": company.BATCH_ITEM, "ItemName": "Paint", "ManageBatchNumbers": "tYES"},
        {"ItemCode": company.SERIAL_ITEM, "ItemName": "Drive", "ManageSerialNumbers": "tYES"},
        {
            "ItemCode": company.FROZEN_ITEM,
            "ItemName": "Old pump",
            "Frozen": "tYES",
            "Valid": "tNO",
            "InventoryItem": "tNO",
        },
        {"ItemCode": company.PURCHASE_ITEM, "ItemName": "Packaging", "SalesItem": "tNO"},
    ]


def found(books: Books) -> None:
    """Write reference data, series, periods and stock into empty books. Partners and items are posted by the caller."""
    for kind, (key, rows) in _tables().items():
        for row in rows:
            code = row[key]
            books.insert(kind, key_text(code), row, code if isinstance(code, int) else 0)
    for seed in company.SERIES:
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
    first, last = company.PERIODS
    for number, (year, month) in enumerate((y, m) for y in range(first, last + 1) for m in range(1, 13)):
        books.insert("_periods", f"{year}-{month:02}", {"status": "open", "entry": number + 1}, number)
    for (item, warehouse), quantity in company.STOCK.items():
        books.insert("_stock", key_text(item, warehouse), {"quantity": quantity})
    for name in ("FederalTaxID", "CardCode", "ItemCode", "NumAtCard"):
        books.index(name)
