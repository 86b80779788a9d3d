"""Customers and products to business partners and items. Pure; names and enums are those of Service Layer's $metadata.

Lengths stand in the database (OCRD, CRD1, OITM). A name that is longer is cut after 99 characters and ends in an
ellipsis, and the whole of it goes where Business One has room: FreeText of a partner, User_Text of an item.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any
from uuid import UUID

from shared.books import Sapb1Books
from shared.documents import Address, Customer, Line, Product
from shared.errors import Refused
from shared.fieldmap import to_send
from shared.refusals import refusal

Body = dict[str, Any]

CARD_CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,14}")
COUNTRY = re.compile(r"[A-Za-z]{2}")
NAME, CODE, TAX_NUMBER = 100, 50, 32
ALL_CURRENCIES = "##"
BILL_TO, SHIP_TO = ("Bill to", "bo_BillTo"), ("Ship to", "bo_ShipTo")
"""AddressName and AddressType of the addresses that we write; SAP makes the first of each type the default."""


class Mode(Enum):
    """What a change in the CRM does to a field that accounting has already."""

    OVERWRITE = "the CRM's word counts"
    IF_EMPTY = "accounting's word counts, where it has one"
    IF_NEW = "written once, with the record"


@dataclass(frozen=True)
class Field:
    """A property of a partner, and the customer's field that fills it, up to ``limit`` characters."""

    name: str
    attribute: str
    limit: int
    mode: Mode
    cut: bool = False
    """a longer value is shortened; else it goes whole into FreeText of a new partner"""


PARTNER_FIELDS = (
    Field("CardName", "name", NAME, Mode.OVERWRITE, cut=True),
    Field("FederalTaxID", "tax_number", TAX_NUMBER, Mode.IF_EMPTY),
    Field("EmailAddress", "email", 100, Mode.OVERWRITE),
    Field("Phone1", "phone", 20, Mode.OVERWRITE),
)
ADDRESS_FIELDS = (
    Field("Street", "street", 100, Mode.OVERWRITE),
    Field("City", "city", 100, Mode.OVERWRITE),
    Field("ZipCode", "postal_code", 20, Mode.OVERWRITE),
)
PARTNER_SETTINGS = (("GroupCode", "customers_group"), ("PayTermsGrpCode", "payment_terms"))
"""Property ← the route's setting, where it has one; with a new partner only."""


def cut(name: str, limit: int = NAME) -> str:
    """Shorten a name by the rule of this module."""
    return name if len(name) <= limit else name[: limit - 1] + "…"


def settings(books: Sapb1Books, names: Sequence[tuple[str, str]]) -> Body:
    """Give the properties that the route decides."""
    values = {name: getattr(books, setting) for name, setting in names}
    return {name: value for name, value in values.items() if value is not None}


def card_code(customer: Customer, key: UUID) -> str:
    """Give the CardCode of a customer that we create: its account number where that can be one, else from its key."""
    number = customer.number.strip()
    return number if CARD_CODE.fullmatch(number) else f"C{key.hex[:14].upper()}"


def partner(customer: Customer, code: str, books: Sapb1Books) -> Body:
    """Give the body of a new business partner, its address both as bill-to and as ship-to."""
    if len(customer.tax_number) > TAX_NUMBER:
        raise Refused(refusal("too_long", field="tax number", limit=TAX_NUMBER))
    rest: list[str] = []
    body: Body = {
        "CardCode": code,
        "CardType": "cCustomer",
        "CompanyPrivate": "cPrivate" if customer.is_person else "cCompany",
        "Currency": ALL_CURRENCIES,
        **_fitting(customer, PARTNER_FIELDS, rest),
        **settings(books, PARTNER_SETTINGS),
    }
    address = _address(customer.address, rest)
    if address:
        body["BPAddresses"] = [
            {"AddressName": name, "AddressType": kind} | address for name, kind in (BILL_TO, SHIP_TO)
        ]
    if rest:
        body["FreeText"] = "\n".join(rest)
    return body | to_send(customer.extras, None)


def partner_changes(row: Mapping[str, Any], customer: Customer) -> Body:
    """Give what of a partner has to change after its customer changed in the CRM; empty where nothing has to.

    A field that the CRM has empty is left as it is, and so is an address that is not one of ours: only where the
    partner has none of a type at all, ours is added.
    """
    changes = {}
    for field in PARTNER_FIELDS:
        value = _fitting(customer, (field,), []).get(field.name)
        held = row.get(field.name) or ""
        if value is None or value == held or field.mode is Mode.IF_NEW or (field.mode is Mode.IF_EMPTY and held):
            continue
        changes[field.name] = value
    addresses = list(_address_changes(row, _address(customer.address, [])))
    return changes | ({"BPAddresses": addresses} if addresses else {})


def _address_changes(row: Mapping[str, Any], wanted: Body) -> Iterable[Body]:
    held = row.get("BPAddresses") or []
    for name, kind in (BILL_TO, SHIP_TO) if wanted else ():
        same_type = [one for one in held if one.get("AddressType") == kind]
        ours = next((one for one in same_type if one.get("AddressName") == name), None)
        if ours is None:
            if not same_type:
                yield {"AddressName": name, "AddressType": kind} | wanted
        elif any((ours.get(field) or "") != value for field, value in wanted.items()):
            # all four, or Service Layer appends another one without a word
            key = {"BPCode": row["CardCode"], "AddressName": name, "AddressType": kind, "RowNum": ours["RowNum"]}
            yield key | wanted


def fingerprint(customer: Customer) -> str:
    """Give what a partner is made of; another one means that the CRM's card changed."""
    return customer.model_dump_json(include={"name", "tax_number", "email", "phone", "address"})


def _address(address: Address, rest: list[str]) -> Body:
    found = _fitting(address, ADDRESS_FIELDS, rest)
    country = country_of(address)
    if country:
        found["Country"] = country
    elif address.country.strip():
        rest.append(address.country.strip())
    return found


def country_of(address: Address) -> str:
    """Give the two letters of a country as SAP writes them; empty where the CRM has none, or a name."""
    country = address.country.strip()
    return country.upper() if COUNTRY.fullmatch(country) else ""


def _fitting(record: object, fields: Sequence[Field], rest: list[str]) -> Body:
    found = {}
    for field in fields:
        value = getattr(record, field.attribute).strip()
        if len(value) > field.limit:
            rest.append(value)
            if field.cut:
                found[field.name] = cut(value, field.limit)
        elif value:
            found[field.name] = value
    return found


def item_code(line: Line) -> str:
    """Give the ItemCode of a line's product. Refused where the product has no number, or too long a one."""
    if line.product is None:
        raise ValueError("a write-in line has no product")
    number = line.product.number.strip()
    if not number:
        raise Refused(refusal("product_number_missing", line=line.number))
    if len(number) > CODE:
        raise Refused(refusal("too_long", field="productnumber", limit=CODE))
    return number


def item(product: Product, code: str, books: Sapb1Books) -> Body:
    """Give the body of a new item. A service is never kept in stock, nor is anything where the route wants none."""
    in_stock = not product.is_service and books.stock != "non_inventory_only"
    body: Body = {
        "ItemCode": code,
        **item_names(product),
        "ItemsGroupCode": books.items_group,
        "InventoryItem": "tYES" if in_stock else "tNO",
        "SalesItem": "tYES",
        "PurchaseItem": "tNO",
    }
    return body | to_send(product.extras, None)


def item_names(product: Product) -> Body:
    """Give what of an item follows the CRM: its name, and the whole of a long one."""
    body: Body = {"ItemName": cut(product.name)}
    return body | {"User_Text": product.name} if len(product.name) > NAME else body
