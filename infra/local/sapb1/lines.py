"""The lines of a marketing document: what they name must exist and be allowed, and what is left out is filled in."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from infra.local.sapb1 import company
from infra.local.sapb1.amounts import PricedLine, Taxed, priced, rounded
from infra.local.sapb1.books import amount, key_text
from infra.local.sapb1.context import Context
from infra.local.sapb1.edm import Body
from infra.local.sapb1.errors import SapError, unsupported
from infra.local.sapb1.kinds import BY_CODE, DocumentKind

QUANTITIES = 6
"""Decimals of quantities (AdminInfo.AccuracyofQuantities)."""
COST_CENTRES = ("CostingCode", "CostingCode2", "CostingCode3", "CostingCode4", "CostingCode5", "COGSCostingCode")
_INHERITED = (
    "ItemCode",
    "ItemDescription",
    "UnitPrice",
    "DiscountPercent",
    "VatGroup",
    "TaxCode",
    "WarehouseCode",
    "AccountCode",
    "MeasureUnit",
    "FreeText",
    "ProjectCode",
    *COST_CENTRES,
)


@dataclass(frozen=True)
class Heading:
    """What the lines must know of their document."""

    kind: DocumentKind
    service: bool
    partner: Mapping[str, Any]
    currency: str
    rate: Decimal
    """1 for the local currency."""
    day: str
    """The posting date."""
    tax_date: str
    branch: int | None

    @property
    def foreign(self) -> bool:
        """Tell whether the document is in a foreign currency."""
        return self.currency != company.LOCAL_CURRENCY


def _total_name(heading: Heading) -> str:
    """Name the property that holds a line's total in the document's currency."""
    return "RowTotalFC" if heading.foreign else "LineTotal"


@dataclass(frozen=True)
class BuiltLine:
    """A line with its price and its tax."""

    body: Body
    price: PricedLine
    tax: Taxed


class Lines:
    """Builds lines."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def _refuse(self, heading: Heading, code: int, sentence: str, column: str, position: int) -> SapError:
        return SapError(code, f"{sentence} [{heading.kind.line_table}.{column}][line: {position + 1}]")

    def build(self, heading: Heading, sent: Mapping[str, Any], position: int) -> BuiltLine:
        """Give the line at ``position`` (from 0). SapError for anything it may not say."""
        line: Body = {**self._from_base(heading, sent, position), **sent}
        line["LineNum"] = line["VisualOrder"] = position
        quantity, list_price = (
            self._service(heading, line, position) if heading.service else self._item(heading, line, position)
        )
        self._dimensions(heading, line, position)
        code, rate = self._tax(heading, line, position)
        unit_price = self._unit_price(heading, line, list_price)
        precision = self._context.precision_of(heading.currency)
        price = priced(precision, quantity, unit_price, line.get("DiscountPercent"), line.get(_total_name(heading)))
        line |= {
            "UnitPrice": price.unit_price,
            "Price": price.price,
            "DiscountPercent": price.discount_percent,
            "Currency": heading.currency,
            "Rate": heading.rate if heading.foreign else Decimal(0),
            "TaxPercentagePerRow": rate,
        }
        return BuiltLine(line, price, Taxed(price.total, code, rate, discountable=True))

    def _unit_price(self, heading: Heading, line: Body, list_price: Decimal | None) -> Decimal | None:
        if line.get("Currency") not in {None, heading.currency}:
            raise unsupported("A line in another currency than its document's")
        if line.get("LineTotal" if heading.foreign else "RowTotalFC"):
            raise unsupported(
                "A line total in another currency than the document's (LineTotal local, RowTotalFC foreign)"
            )
        unit_price: Decimal | None = line.get("UnitPrice")
        after_discount: Decimal | None = line.get("Price")
        if unit_price is None and after_discount is not None:
            discount = line.get("DiscountPercent") or Decimal(0)
            unit_price = after_discount / (1 - discount / 100) if discount != 100 else after_discount
        if unit_price is None and line.get(_total_name(heading)) is None:
            unit_price = list_price
        return unit_price

    def _from_base(self, heading: Heading, sent: Mapping[str, Any], position: int) -> Body:
        base_type = sent.get("BaseType")
        if sent.get("BaseEntry") is None or base_type in {None, -1}:
            return {"BaseType": -1, "BaseEntry": None, "BaseLine": None}
        if base_type not in heading.kind.bases:
            raise self._refuse(heading, -5002, "Base document type is not allowed ", "BaseType", position)
        base = self._context.require(
            BY_CODE[base_type].set,
            sent["BaseEntry"],
            self._refuse(heading, -5002, "Base document does not exist ", "BaseEntry", position),
        )
        if base["CardCode"] != heading.partner["CardCode"]:
            raise SapError(-5002, "Base document card and target document card do not match.")
        found = next((one for one in base["DocumentLines"] if one["LineNum"] == sent.get("BaseLine", 0)), None)
        if found is None:
            raise self._refuse(heading, -5002, "Base document line does not exist ", "BaseLine", position)
        if base["Cancelled"] == "tYES" or base["CancelStatus"] != "csNo" or found["LineStatus"] == "bost_Close":
            raise self._refuse(
                heading, -5002, "One of the base documents has already been closed ", "BaseEntry", position
            )
        if base_type == 13 and heading.kind.stock < 0 and base.get("ReserveInvoice") != "tYES":
            raise self._refuse(heading, -5002, "Base document is not a reserve invoice ", "BaseEntry", position)
        if (base["DocType"] == "dDocument_Service") != heading.service:
            raise self._refuse(heading, -5002, "Base document is of another type ", "BaseEntry", position)
        if sent.get("ItemCode") not in {None, found.get("ItemCode")}:
            raise self._refuse(heading, -5002, "Item differs from the base document's ", "ItemCode", position)
        if amount(sent, "Quantity") > found["RemainingOpenQuantity"] and base_type != 17:
            raise self._refuse(
                heading, -5002, "Quantity exceeds the open quantity of the base document ", "Quantity", position
            )
        inherited = {name: found.get(name) for name in _INHERITED}
        inherited |= {name: value for name, value in found.items() if name.startswith("U_")}
        if heading.service:
            return {**inherited, _total_name(heading): found[_total_name(heading)]}
        return {**inherited, "Quantity": found["RemainingOpenQuantity"]}

    def _item(self, heading: Heading, line: Body, position: int) -> tuple[Decimal, Decimal | None]:
        code = line.get("ItemCode")
        if not code:
            # Captured with the object's name, not the table's, in the brackets.
            raise SapError(
                -5002, f"Item number is missing; specify an item number [DocumentLines.ItemCode][line: {position + 1}]"
            )
        # An unknown code in a document is bad master data, which Service Layer answers with -2028.
        item = self._context.require("Items", code, SapError(-2028, "No matching records found (ODBC -2028)"))
        if self._context.inactive(item, heading.day):
            raise self._refuse(heading, -5002, f"Item '{code}' is inactive ", "ItemCode", position)
        if item["SalesItem"] == "tNO":
            raise self._refuse(heading, -5002, f"Item '{code}' is not a sales item ", "ItemCode", position)
        quantity = Decimal(1) if line.get("Quantity") is None else rounded(line["Quantity"], QUANTITIES)
        if quantity <= 0:
            raise self._refuse(heading, -5002, "Enter number greater than 0 ", "Quantity", position)
        warehouse = line.get("WarehouseCode") or item.get("DefaultWarehouse") or self._warehouse(heading)
        row = self._context.require(
            "Warehouses",
            warehouse,
            self._refuse(heading, -5002, "Enter a valid warehouse code ", "WhsCode", position),
        )
        if row.get("Inactive") == "tYES":
            raise self._refuse(heading, -5002, "Warehouse is inactive ", "WhsCode", position)
        if heading.branch is not None and row.get("BusinessPlaceID") not in {None, heading.branch}:
            raise self._refuse(heading, -5002, "Warehouse belongs to another branch ", "WhsCode", position)
        self._check_allocation(line, item, quantity)
        if line.get("UoMEntry") is not None:
            self._context.require(
                "UnitOfMeasurements",
                line["UoMEntry"],
                self._refuse(heading, -5002, "Unit of measure does not exist ", "UomEntry", position),
            )
        # The quantity counts sales units; stock moves in inventory units, unless the line says otherwise.
        per_unit = item.get("SalesItemsPerUnit") or Decimal(1)
        if line.get("UseBaseUnits") == "tYES":
            per_unit = Decimal(1)
        line |= {
            "ItemDescription": line.get("ItemDescription") or item.get("ItemName"),
            "Quantity": quantity,
            "UnitsOfMeasurment": per_unit,
            "InventoryQuantity": rounded(quantity * per_unit, QUANTITIES),
            "WarehouseCode": warehouse,
            "AccountCode": line.get("AccountCode") or item.get("IncomeAccount") or company.SALES_ACCOUNT,
            "MeasureUnit": line.get("MeasureUnit") or item.get("SalesUnit"),
            "UoMEntry": line.get("UoMEntry", -1),
            "_Stocked": item["InventoryItem"] == "tYES",
        }
        self._account(heading, line, position)
        return quantity, self._list_price(heading, item)

    def _warehouse(self, heading: Heading) -> str:
        branch = self._context.books.get("BusinessPlaces", key_text(heading.branch)) or {}
        return branch.get("DefaultWarehouseID") or company.WAREHOUSE

    def _check_allocation(self, line: Body, item: Body, quantity: Decimal) -> None:
        """Refuse a line of a batch- or serial-managed item that doesn't say which (captured)."""
        for managed, collection in (("ManageBatchNumbers", "BatchNumbers"), ("ManageSerialNumbers", "SerialNumbers")):
            if item[managed] != "tYES":
                continue
            allocated = line.get(collection) or []
            serial = collection == "SerialNumbers"
            total = sum((Decimal(1) if serial else amount(one, "Quantity") for one in allocated), Decimal(0))
            if total != quantity:
                raise SapError(-4014, "Cannot add row without complete selection of batch/serial numbers")

    def _list_price(self, heading: Heading, item: Body) -> Decimal | None:
        for one in item.get("ItemPrices") or []:
            if one.get("PriceList") != (heading.partner.get("PriceListNum") or company.PRICE_LIST):
                continue
            price = amount(one, "Price")
            if (one.get("Currency") or company.LOCAL_CURRENCY) == heading.currency:
                return price
            if (one.get("Currency") or company.LOCAL_CURRENCY) == company.LOCAL_CURRENCY:
                return price / heading.rate
        return None

    def _service(self, heading: Heading, line: Body, position: int) -> tuple[Decimal, None]:
        if not line.get("AccountCode"):
            raise self._refuse(heading, -5002, "G/L account is missing ", "AcctCode", position)
        if line.get("ItemCode"):
            raise self._refuse(heading, -5002, "A service document has no items ", "ItemCode", position)
        if amount(line, "Quantity") not in {Decimal(0), Decimal(1)}:
            raise unsupported("Quantity in a line of a service document")
        self._account(heading, line, position)
        line |= {"Quantity": Decimal(0), "InventoryQuantity": Decimal(0), "WarehouseCode": None, "_Stocked": False}
        return Decimal(1), None

    def _account(self, heading: Heading, line: Body, position: int) -> None:
        account = self._context.require(
            "ChartOfAccounts",
            line["AccountCode"],
            self._refuse(heading, -5002, "Enter a valid G/L account ", "AcctCode", position),
        )
        if account.get("ActiveAccount", "tYES") == "tNO" or account.get("FrozenFor") == "tYES":
            raise self._refuse(heading, -5002, "G/L account is inactive ", "AcctCode", position)

    def _dimensions(self, heading: Heading, line: Body, position: int) -> None:
        for name in COST_CENTRES:
            if line.get(name):
                self._context.require(
                    "DistributionRules",
                    line[name],
                    self._refuse(heading, -5002, "Enter a valid distribution rule ", "OcrCode", position),
                )
        if line.get("SalesPersonCode") is not None:
            self._context.require(
                "SalesPersons",
                line["SalesPersonCode"],
                self._refuse(heading, -5002, "Invalid value ", "SlpCode", position),
            )

    def _tax(self, heading: Heading, line: Body, position: int) -> tuple[str, Decimal]:
        item = self._context.books.get("Items", key_text(line.get("ItemCode") or "")) or {}
        usual = item.get("SalesVATGroup") or heading.partner.get("VatGroup") or company.DEFAULT_VAT_GROUP
        return self.tax_of(
            heading,
            line,
            usual,
            lambda column: self._refuse(heading, -5002, "Enter a valid tax code ", column, position),
        )

    def tax_of(self, heading: Heading, line: Body, usual: str, refusal: Any) -> tuple[str, Decimal]:
        """Give code and rate of the tax of a line or an expense, on the document's tax date."""
        name, other = "VatGroup", "TaxCode"
        if self._context.settings.tax_system == "sales_tax":
            name, other, usual = "TaxCode", "VatGroup", "T22"
        if line.get(other):
            raise refusal(other)
        code = line.get(name) or usual
        line[name] = code
        if name == "TaxCode":
            row = self._context.require("SalesTaxCodes", code, refusal(name))
            if row.get("Inactive") == "tYES" or row.get("ValidForAR") == "tNO":
                raise refusal(name)
            return code, amount(row, "Rate")
        group = self._context.require("VatGroups", code, refusal(name))
        if group.get("Inactive") == "tYES" or group.get("Category") != "bovcOutputTax":
            raise refusal(name)
        rates = [one for one in group.get("VatGroups_Lines") or [] if one["Effectivefrom"] <= heading.tax_date]
        if not rates:
            raise refusal(name)
        return code, amount(max(rates, key=lambda one: one["Effectivefrom"]), "Rate")
