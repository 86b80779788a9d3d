"""The columns of the files for Data Transfer Workbench, where a route names no others. Pure.

Names are those of DI API, which Workbench reads in the first heading row. A company's own template replaces a file's
columns in the setting ``sapb1.file.columns``; ``from`` names what the automatic way writes, where that is called
otherwise.
"""

from collections.abc import Mapping, Sequence

from shared.books import DtwColumn, DtwFile
from shared.sapb1 import fence
from shared.sapb1.kinds import DELIVERY, INVOICE, ORDER, Kind


def _columns(*names: str, **sources: str) -> tuple[DtwColumn, ...]:
    return tuple(DtwColumn.model_validate({"name": name, "from": sources.get(name)}) for name in names)


COLUMNS: Mapping[DtwFile, tuple[DtwColumn, ...]] = {
    "documents": _columns(
        *("DocNum", "DocType", "HandWritten", "DocDate", "DocDueDate", "TaxDate", "CardCode", "NumAtCard"),
        *("DocCurrency", "Comments", "DiscountPercent", "Series", "SalesPersonCode", "PaymentGroupCode"),
        *("ReserveInvoice", "BPL_IDAssignedToInvoice", "ShipToCode", "PayToCode"),
        NumAtCard=fence.KEY,
    ),
    "lines": _columns(
        *("ParentKey", "LineNum", "ItemCode", "ItemDescription", "ItemDetails", "Quantity", "UnitPrice", "Currency"),
        *("DiscountPercent", "LineTotal", "RowTotalFC", "AccountCode", "WarehouseCode", "VatGroup", "TaxCode"),
        *("ShipDate", "CostingCode"),
    ),
    "expenses": _columns("ParentKey", "LineNum", "ExpenseCode", "LineTotal", "VatGroup", "TaxCode"),
    "partners": _columns(
        *("CardCode", "CardName", "CardType", "CompanyPrivate", "GroupCode", "Currency", "FederalTaxID"),
        *("PayTermsGrpCode", "Phone1", "EmailAddress", "FreeText"),
    ),
    "addresses": _columns(
        *("ParentKey", "LineNum", "AddressName", "AddressType", "Street", "City", "ZipCode", "Country")
    ),
    "items": _columns(
        *("ItemCode", "ItemName", "ItemsGroupCode", "InventoryItem", "SalesItem", "PurchaseItem", "User_Text")
    ),
}
_TABLES: dict[Kind, Sequence[str]] = {
    INVOICE: ("OINV", "INV1", "INV3"),
    DELIVERY: ("ODLN", "DLN1", "DLN3"),
    ORDER: ("ORDR", "RDR1", "RDR3"),
}


def file_names(kind: Kind) -> dict[DtwFile, str]:
    """Name the files, each after the table that it fills, in the order in which they are imported."""
    documents, lines, expenses = _TABLES[kind]
    return {
        "items": "1_OITM.csv",
        "partners": "2_OCRD.csv",
        "addresses": "2_CRD1.csv",
        "documents": f"3_{documents}.csv",
        "lines": f"3_{lines}.csv",
        "expenses": f"3_{expenses}.csv",
    }
