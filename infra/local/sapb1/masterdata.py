"""Business partners and items: what they need, what they are given, what keeps them from being deleted."""

from decimal import Decimal
from typing import Any

from infra.local.sapb1 import company
from infra.local.sapb1.books import amount, key_text, property_where
from infra.local.sapb1.context import Context
from infra.local.sapb1.edm import Body
from infra.local.sapb1.errors import Duplicate, SapError, already_exists, not_updatable
from infra.local.sapb1.keys import check_unique_keys
from infra.local.sapb1.kinds import BY_SET

PARTNERS = "BusinessPartners"
ITEMS = "Items"
_ADDRESS_KEY = ("BPCode", "AddressName", "AddressType", "RowNum")


class MasterData:
    """Creates, changes and deletes partners and items."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def create_partner(self, sent: Body) -> Body:
        """Add a business partner. A code of its own, or the next of the series (2, "C00001")."""
        partner: Body = {
            "CardType": "cCustomer",
            "Frozen": "tNO",
            "Valid": "tYES",
            "VatLiable": "vLiable",
            "PriceListNum": company.PRICE_LIST,
            "SalesPersonCode": -1,
            "PayTermsGrpCode": company.CASH_TERMS,
            "DebitorAccount": company.RECEIVABLES_ACCOUNT,
            # As the real one: a new partner trades in local currency only unless it is told otherwise.
            "Currency": company.LOCAL_CURRENCY,
            "CurrentAccountBalance": Decimal(0),
            "BPAddresses": [],
            "ContactEmployees": [],
            "BPBranchAssignment": [],
            **{name: value for name, value in sent.items() if value is not None},
        }
        supplier = partner["CardType"] == "cSupplier"
        partner.setdefault("GroupCode", company.SUPPLIER_GROUP if supplier else company.CUSTOMER_GROUP)
        if partner.get("Series") == 2 and not partner.get("CardCode"):
            partner["CardCode"] = f"C{self._context.books.next('partner'):05}"
        if not partner.get("CardCode"):
            raise SapError(-5002, "Enter a business partner code [OCRD.CardCode]")
        self._check_partner(partner)
        addresses, contacts = partner["BPAddresses"], partner["ContactEmployees"]
        partner["BPAddresses"], partner["ContactEmployees"] = [], []
        self._merge_addresses(partner, addresses, replace=False)
        self._merge_contacts(partner, contacts, replace=False)
        check_unique_keys(self._context, "OCRD", partner)
        self._context.stamp(partner, created=True)
        try:
            self._context.books.insert(PARTNERS, key_text(partner["CardCode"]), partner)
        except Duplicate:
            raise SapError(
                -10,
                f"1320000140 - Business partner code '{partner['CardCode']}' already assigned to a business partner; "
                "enter a unique business partner code",
            ) from None
        return partner

    def _check_partner(self, partner: Body) -> None:
        groups = {"cSupplier": "bbpgt_VendorGroup"}
        group = self._require("BusinessPartnerGroups", partner["GroupCode"], "OCRD.GroupCode")
        if group["Type"] != groups.get(partner["CardType"], "bbpgt_CustomerGroup"):
            raise SapError(-5002, "Group is of another type than the business partner  [OCRD.GroupCode]")
        if partner["Currency"] != company.ALL_CURRENCIES:
            self._require("Currencies", partner["Currency"], "OCRD.Currency")
        self._require("PaymentTermsTypes", partner["PayTermsGrpCode"], "OCRD.GroupNum")
        self._require("SalesPersons", partner["SalesPersonCode"], "OCRD.SlpCode")
        self._require("ChartOfAccounts", partner["DebitorAccount"], "OCRD.DebPayAcct")
        if partner.get("VatGroup"):
            self._require("VatGroups", partner["VatGroup"], "OCRD.ECVatGroup")

    def _require(self, kind: str, code: object, field: str) -> Body:
        return self._context.require(kind, code, SapError(-5002, f"Invalid value  [{field}]"))

    def update_partner(self, stored: Body, sent: Body, *, replace: bool) -> None:
        """Change a business partner."""
        code = stored["CardCode"]
        if sent.get("CardCode") not in {None, code}:
            raise not_updatable("OCRD.CardCode")
        addresses, contacts = sent.pop("BPAddresses", None), sent.pop("ContactEmployees", None)
        if sent.get("CardType") not in {None, stored["CardType"]} and self._has_documents(code):
            raise not_updatable("OCRD.CardType")
        partner = {**stored, **sent}
        self._check_partner(partner)
        if addresses is not None:
            self._merge_addresses(partner, addresses, replace=replace)
        if contacts is not None:
            self._merge_contacts(partner, contacts, replace=replace)
        check_unique_keys(self._context, "OCRD", partner, key_text(code))
        self._context.stamp(partner)
        self._context.books.update(PARTNERS, key_text(code), partner)

    def _merge_addresses(self, partner: Body, sent: list[Body], *, replace: bool) -> None:
        """An address is changed in place only with BPCode, AddressName, AddressType and RowNum; else it is added.

        Without AddressType it is added silently; where the names clash, -2035 (both observed on the real one).
        """
        stored: list[Body] = partner["BPAddresses"]
        kept: list[Body] = []
        for address in sent:
            if not address.get("AddressName"):
                raise SapError(-5002, "Address is empty")
            match = None
            if all(address.get(name) is not None for name in _ADDRESS_KEY):
                match = next((one for one in stored if all(one[name] == address[name] for name in _ADDRESS_KEY)), None)
            if match is not None:
                match.update(address)
                kept.append(match)
                continue
            kind = address.get("AddressType") or "bo_BillTo"
            others = kept if replace else stored
            named = address.get("AddressType") is not None
            if named and any(
                one["AddressName"] == address["AddressName"] and one["AddressType"] == kind for one in others
            ):
                raise already_exists("'CRD1'")
            row = {**address, "AddressType": kind, "BPCode": partner["CardCode"]}
            row["RowNum"] = max((one["RowNum"] for one in stored), default=-1) + 1
            row["CreateDate"], row["CreateTime"] = self._context.clock.today(), self._context.clock.time_of_day()
            stored.append(row)
            kept.append(row)
        if replace:
            partner["BPAddresses"] = kept
        for kind, usual in (("bo_ShipTo", "ShipToDefault"), ("bo_BillTo", "BilltoDefault")):
            names = [one["AddressName"] for one in partner["BPAddresses"] if one["AddressType"] == kind]
            if partner.get(usual) not in names:
                partner[usual] = names[0] if names else None

    def _merge_contacts(self, partner: Body, sent: list[Body], *, replace: bool) -> None:
        stored: list[Body] = partner["ContactEmployees"]
        kept: list[Body] = []
        for contact in sent:
            match = next((one for one in stored if one["InternalCode"] == contact.get("InternalCode")), None)
            if match is not None:
                match.update(contact)
                kept.append(match)
                continue
            if not contact.get("Name"):
                raise SapError(-5002, "Contact name is empty [OCPR.Name]")
            if any(one["Name"] == contact["Name"] for one in (kept if replace else stored)):
                raise already_exists("'OCPR'")
            row = {"Active": "tYES", **contact, "CardCode": partner["CardCode"]}
            row["InternalCode"] = self._context.books.next("contact")
            self._context.stamp(row, created=True)
            stored.append(row)
            kept.append(row)
        if replace:
            partner["ContactEmployees"] = kept

    def _has_documents(self, code: str) -> bool:
        return any(
            next(iter(self._context.books.rows(kind, property_where("CardCode", "=", code), limit=1)), None) is not None
            for kind in (*BY_SET, "Drafts", "IncomingPayments")
        )

    def delete_partner(self, code: str) -> None:
        """Delete a business partner that nothing refers to."""
        if self._has_documents(code):
            raise SapError(-10, f"Business partner '{code}' is linked to documents and cannot be removed")
        self._context.books.delete(PARTNERS, key_text(code))

    def create_item(self, sent: Body) -> Body:
        """Add an item."""
        item: Body = {
            "Frozen": "tNO",
            "Valid": "tYES",
            "SalesItem": "tYES",
            "PurchaseItem": "tYES",
            "InventoryItem": "tYES",
            "ManageBatchNumbers": "tNO",
            "ManageSerialNumbers": "tNO",
            "ItemsGroupCode": company.ITEM_GROUP,
            "UoMGroupEntry": -1,
            "ItemPrices": [],
            **{name: value for name, value in sent.items() if value is not None},
        }
        if not item.get("ItemCode"):
            raise SapError(-5002, "Item code is empty [OITM.ItemCode]")
        self._check_item(item)
        item["ItemWarehouseInfoCollection"] = [
            {"WarehouseCode": row["WarehouseCode"], "ItemCode": item["ItemCode"]}
            for _, _, row in self._context.books.rows("Warehouses")
        ]
        check_unique_keys(self._context, "OITM", item)
        self._context.stamp(item, created=True)
        try:
            self._context.books.insert(ITEMS, key_text(item["ItemCode"]), item)
        except Duplicate:
            raise already_exists("'OITM'") from None
        return item

    def _check_item(self, item: Body) -> None:
        self._require("ItemGroups", item["ItemsGroupCode"], "OITM.ItmsGrpCod")
        self._require("UnitOfMeasurementGroups", item["UoMGroupEntry"], "OITM.UgpEntry")
        if item.get("SalesVATGroup"):
            group = self._require("VatGroups", item["SalesVATGroup"], "OITM.VatGourpSa")
            if group["Category"] != "bovcOutputTax":
                raise SapError(-5002, "Invalid value  [OITM.VatGourpSa]")
        if item.get("DefaultWarehouse"):
            self._require("Warehouses", item["DefaultWarehouse"], "OITM.DfltWH")
        if item.get("IncomeAccount"):
            self._require("ChartOfAccounts", item["IncomeAccount"], "OITM.IncomeAcct")
        if item["ManageBatchNumbers"] == item["ManageSerialNumbers"] == "tYES":
            raise SapError(-5002, "An item is managed by batches or by serial numbers, not by both [OITM.ManBtchNum]")
        for price in item["ItemPrices"]:
            self._require("PriceLists", price.get("PriceList"), "ITM1.PriceList")

    def update_item(self, stored: Body, sent: Body, *, replace: bool) -> None:
        """Change an item. Prices merge by price list."""
        code = stored["ItemCode"]
        if sent.get("ItemCode") not in {None, code}:
            raise not_updatable("OITM.ItemCode")
        prices: list[Body] = sent.pop("ItemPrices", [])
        sent.pop("ItemWarehouseInfoCollection", None)
        merged: dict[Any, Body] = {} if replace and prices else {one["PriceList"]: one for one in stored["ItemPrices"]}
        for price in prices:
            merged[price.get("PriceList")] = {**merged.get(price.get("PriceList"), {}), **price}
        item = {**stored, **sent, "ItemPrices": list(merged.values())}
        if item["InventoryItem"] != stored["InventoryItem"] and self._used(code):
            raise not_updatable("OITM.InvntItem")
        self._check_item(item)
        check_unique_keys(self._context, "OITM", item, key_text(code))
        self._context.stamp(item)
        self._context.books.update(ITEMS, key_text(code), item)

    def _used(self, code: str) -> bool:
        return any(
            line.get("ItemCode") == code
            for kind in (*BY_SET, "Drafts")
            for _, _, row in self._context.books.rows(kind)
            for line in row["DocumentLines"]
        )

    def delete_item(self, code: str) -> None:
        """Delete an item that nothing refers to."""
        if self._used(code):
            raise SapError(-10, f"Item '{code}' is linked to documents and cannot be removed")
        self._context.books.delete(ITEMS, key_text(code))

    def with_stock(self, item: Body) -> Body:
        """Give the item with what its warehouses hold now."""
        total = Decimal(0)
        infos = []
        for info in item["ItemWarehouseInfoCollection"]:
            row = self._context.books.get("_stock", key_text(item["ItemCode"], info["WarehouseCode"])) or {}
            held = amount(row, "quantity")
            total += held
            infos.append({**info, "InStock": held})
        return {**item, "QuantityOnStock": total, "ItemWarehouseInfoCollection": infos}
