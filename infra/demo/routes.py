"""The routes of the sample companies: two automatic ways and two by hand, each to 1C and to SAP Business One."""

from typing import Any
from uuid import UUID

from infra.demo.books import WRITE_IN_CODE, WRITE_IN_ITEM, WRITE_IN_NAME
from infra.demo.company import BY_HAND, EUROPEAN, EUROPEAN_SERVICES, RUSSIAN, RUSSIAN_SERVICES
from infra.local.onec import base as onec
from infra.local.sapb1 import company as sapb1
from shared.routes import Way

RUSSIAN_INVOICING, EUROPEAN_INVOICING, RUSSIAN_FULFILLING, EUROPEAN_FULFILLING = BY_HAND
_START = {"start_date": "2026-07-01"}
_INVOICES = _START | {"dates": {"document": "datedelivered", "shipment": "datedelivered", "due": "duedate"}}
_ORDERS = _START | {"dates": {"document": "datefulfilled", "shipment": "datefulfilled", "due": "requestdeliveryby"}}
_ONEC = {
    "organization": onec.ORGANIZATION,
    "bank_account": onec.BANK_ACCOUNT,
    "goods_kind": onec.ITEM_KIND_GOODS,
    "services_kind": onec.ITEM_KIND_SERVICES,
    "item_group": onec.ITEM_GROUP,
    "write_in_item": str(WRITE_IN_ITEM),
    "country": onec.RUSSIA,
    "warehouse": onec.WAREHOUSE,
}
_ONEC_FILE = {
    "organization_name": onec.ORGANIZATION_NAME,
    "organization_inn": onec.ORGANIZATION_INN,
    "organization_kpp": onec.ORGANIZATION_KPP,
    "write_in_item_name": WRITE_IN_NAME,
    "warehouse_name": onec.WAREHOUSE_NAME,
}
_SAPB1 = {
    "stock": "non_inventory_only",
    "warehouse": sapb1.WAREHOUSE,
    "vat_groups": {"22": "S22", "10": "S10", "0": "S0", "none": "SEX"},
    "write_in_item": WRITE_IN_CODE,
    "items_group": sapb1.ITEM_GROUP,
    "customers_group": sapb1.CUSTOMER_GROUP,
    "series": sapb1.INVOICE_SERIES,
}
_SAPB1_FILE = {
    "local_currency": "EUR",
    "amount_decimals": 2,
    "price_decimals": 6,
    "quantity_decimals": 6,
    "tax_by_group": False,
}


def routes() -> list[dict[str, Any]]:
    """Give them as ROUTES has them."""
    onec_file, sapb1_file = {"file": _ONEC_FILE}, {"file": _SAPB1_FILE}
    act, delivery = {"schet_faktura": "create"}, {"services_document": "delivery"}
    act_by_hand = onec_file | {"schet_faktura": "accountant"}
    return [
        _russian("ru", RUSSIAN.business_unit, "2B", {}),
        _european("eu", EUROPEAN.business_unit, "2B", {}),
        _russian("ru-services", RUSSIAN_SERVICES.business_unit, "2A", act) | {"create_invoice": True},
        _european("eu-services", EUROPEAN_SERVICES.business_unit, "2A", delivery) | {"create_invoice": True},
        _russian("ru-by-hand", RUSSIAN_INVOICING.business_unit, "1B", onec_file),
        _european("eu-by-hand", EUROPEAN_INVOICING.business_unit, "1B", sapb1_file),
        _russian("ru-services-by-hand", RUSSIAN_FULFILLING.business_unit, "1A", act_by_hand) | {"create_invoice": True},
        _european("eu-services-by-hand", EUROPEAN_FULFILLING.business_unit, "1A", delivery | sapb1_file),
    ]


def _russian(name: str, unit: UUID, way: Way, books: dict[str, Any]) -> dict[str, Any]:
    where = {"target": "onec", "time_zone": "Europe/Moscow", "onec": _ONEC | books}
    return _of(name, unit, way) | where


def _european(name: str, unit: UUID, way: Way, books: dict[str, Any]) -> dict[str, Any]:
    where = {"target": "sapb1", "time_zone": "Europe/Ljubljana", "sapb1": _SAPB1 | books}
    return _of(name, unit, way) | where


def _of(name: str, unit: UUID, way: Way) -> dict[str, Any]:
    return {"name": name, "business_unit": str(unit), "way": way, **(_ORDERS if way in {"1A", "2A"} else _INVOICES)}
