"""Customers and products to business partners and items. Pure; names and enums are those of Service Layer's $metadata.

Lengths stand in the database (OCRD, CRD1, OITM). A name that is longer is cut after 99 characters and ends in an
ellipsis, and the whole of it goes where Business One has room: FreeText of a partner, User_Text of an item. What of a
card follows the CRM later stands in ``PARTNER``, ``ADDRESS`` and ``ITEM``: in a card that the bridge made, and in one
that somebody typed. Bank details and accounts are the accountant's, always.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

from shared.books import Sapb1Books
from shared.documents import Address, Customer, Line, Product
from shared.errors import Refused
from shared.fieldmap import Copied, copied, cut, merged, plain, to_send
from shared.refusals import refusal

Body = dict[str, Any]

CARD_CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,14}")
COUNTRY = re.compile(r"[A-Za-z]{2}")
NAME, CODE, TAX_NUMBER = 100, 50, 32
ALL_CURRENCIES = "##"
BILL_TO, SHIP_TO = ("Bill to", "bo_BillTo"), ("Ship to", "bo_ShipTo")
"""AddressName and AddressType of the addresses that we write; SAP makes the first of each type the default."""


PARTNER = (
    Copied("CardName", "name", NAME, own="overwrite", typed="only_if_new", cut=True),
    Copied("FederalTaxID", "tax_number", TAX_NUMBER, own="only_if_empty", typed="only_if_new"),
    Copied("EmailAddress", "email", 100, own="overwrite", typed="only_if_empty"),
    Copied("Phone1", "phone", 20, own="overwrite", typed="only_if_empty"),
)
"""What is copied from a customer into BusinessPartners. Its group, terms and currency: with a new partner only."""
ADDRESS = (
    Copied("Street", "street", 100, own="overwrite", typed="only_if_empty"),
    Copied("City", "city", 100, own="overwrite", typed="only_if_empty"),
    Copied("ZipCode", "postal_code", 20, own="overwrite", typed="only_if_empty"),
)
"""The same, into BPAddresses: those two that carry our names, or where a partner has none of a type."""
ITEM = (Copied("ItemName", "name", NAME, own="overwrite", typed="only_if_new", cut=True),)
"""What is copied from a product into Items. Group and kind: with a new item only."""
PARTNER_SETTINGS = (("GroupCode", "customers_group"), ("PayTermsGrpCode", "payment_terms"))
"""Property ← the route's setting, where it has one; with a new partner only."""


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
    body: Body = {
        "CardCode": code,
        "CardType": "cCustomer",
        "CompanyPrivate": "cPrivate" if customer.is_person else "cCompany",
        "Currency": ALL_CURRENCIES,
        **to_send(copied(PARTNER, customer), None),
        **settings(books, PARTNER_SETTINGS),
    }
    address = _address(customer.address)
    if address:
        body["BPAddresses"] = [
            {"AddressName": name, "AddressType": kind} | address for name, kind in (BILL_TO, SHIP_TO)
        ]
    if rest := [*_too_long(PARTNER, customer), *_too_long(ADDRESS, customer.address), *_named(customer.address)]:
        body["FreeText"] = "\n".join(rest)
    return body | to_send(customer.extras, None)


def partner_changes(row: Mapping[str, Any], customer: Customer, *, own: bool) -> Body:
    """Give what of a partner has to change after its customer changed in the CRM; empty where nothing has to.

    ``own``: the bridge made it. A field that the CRM has empty is left as it is, and so is an address that is not one
    of ours: only where the partner has none of a type at all, ours is added.
    """
    changes = to_send(merged(copied(PARTNER, customer, own=own), customer.extras), row)
    if own and "CardName" in changes:
        changes |= _whole(row, "CardName", "FreeText", customer.name)
    addresses = list(_address_changes(row, _address(customer.address), own=own))
    return changes | ({"BPAddresses": addresses} if addresses else {})


def _address_changes(row: Mapping[str, Any], wanted: Body, *, own: bool) -> Iterable[Body]:
    held = row.get("BPAddresses") or []
    for name, kind in (BILL_TO, SHIP_TO) if wanted else ():
        same_type = [one for one in held if one.get("AddressType") == kind]
        ours = next((one for one in same_type if one.get("AddressName") == name), None)
        if not same_type:
            yield {"AddressName": name, "AddressType": kind} | wanted
        elif own and ours and any((ours.get(field) or "") != value for field, value in wanted.items()):
            # all four, or Service Layer appends another one without a word
            key = {"BPCode": row["CardCode"], "AddressName": name, "AddressType": kind, "RowNum": ours["RowNum"]}
            yield key | wanted


def _whole(row: Mapping[str, Any], short: str, whole: str, name: str) -> Body:
    """Keep the whole of a name that was cut, in the place of the one that was kept before; other text stays."""
    name = plain(name)
    lines, before = str(row.get(whole) or "").splitlines(), str(row.get(short) or "")
    kept = [line for line in lines if len(line) <= NAME or cut(line, NAME) != before]
    made = [*kept, name] if len(name) > NAME and name not in kept else kept
    return {} if made == lines else {whole: "\n".join(made)}


def _address(address: Address) -> Body:
    country = country_of(address)
    return to_send(copied(ADDRESS, address), None) | ({"Country": country} if country else {})


def country_of(address: Address) -> str:
    """Give the two letters of a country as SAP writes them; empty where the CRM has none, or a name."""
    country = address.country.strip()
    return country.upper() if COUNTRY.fullmatch(country) else ""


def _named(address: Address) -> list[str]:
    """Give a country that is a name: SAP takes two letters."""
    return [country] if (country := address.country.strip()) and not country_of(address) else []


def _too_long(fields: Sequence[Copied], record: object) -> list[str]:
    """Give what doesn't fit its field, whole."""
    values = [(field, plain(str(getattr(record, field.source)))) for field in fields]
    return [value for field, value in values if len(value) > field.limit]


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
        **to_send(copied(ITEM, product), None),
        "ItemsGroupCode": books.items_group,
        "InventoryItem": "tYES" if in_stock else "tNO",
        "SalesItem": "tYES",
        "PurchaseItem": "tNO",
    }
    if whole := _too_long(ITEM, product):
        body["User_Text"] = whole[0]
    return body | to_send(product.extras, None)


def item_changes(row: Mapping[str, Any], product: Product, *, own: bool) -> Body:
    """Give what of an item has to change after its product changed in the CRM; empty where nothing has to."""
    changes = to_send(merged(copied(ITEM, product, own=own), product.extras), row)
    if own and "ItemName" in changes:
        changes |= _whole(row, "ItemName", "User_Text", product.name)
    return changes
