"""Golden cases: partners and items, new and changed; what follows the CRM and what is the accountant's."""

from typing import Any

import pytest

from shared.documents import Address, Customer, Extra, Product
from shared.sapb1 import cards
from tests.unit.sapb1.examples import CUSTOMER, PUMP, route

BOTH = (("Bill to", "bo_BillTo"), ("Ship to", "bo_ShipTo"))
AT_HOME = {"Street": "Main Street 5", "City": "Ljubljana", "ZipCode": "1000", "Country": "SI"}
HELD: dict[str, Any] = {
    "CardCode": "N-100",
    "CardName": "Northwind d.o.o.",
    "FederalTaxID": "SI55500001",
    "EmailAddress": "office@northwind.example",
    "Phone1": "+386 1 555 00 01",
    "FreeText": None,
    "BPAddresses": [
        {"AddressName": name, "AddressType": kind, "RowNum": number} | AT_HOME
        for number, (name, kind) in enumerate(BOTH)
    ],
}
MOVED = CUSTOMER.address.model_copy(update={"street": "New Street 1"})
LONG = ("Northwind " * 12).strip()
CUT = f"{LONG[:99]}…"
OTHER = ("Westwind " * 12).strip()


def customer(**changes: Any) -> Customer:
    """Give the customer, changed in the CRM."""
    return CUSTOMER.model_copy(update=changes)


def own_field(mode: Any, value: Any = "new", to: str = "U_Region") -> tuple[Extra, ...]:
    """Give a company's own field."""
    return (Extra(to=to, value=value, mode=mode),)


@pytest.mark.parametrize(
    ("crm", "held", "ours", "typed"),
    [
        # in the CRM, accounting has, is sent into ours, is sent into one that was typed by hand
        ({}, {}, {}, {}),
        ({"name": "Northwind SI"}, {}, {"CardName": "Northwind SI"}, {}),
        ({"name": "Northwind SI"}, {"CardName": None}, {"CardName": "Northwind SI"}, {}),
        ({"email": "x@y.example"}, {}, {"EmailAddress": "x@y.example"}, {}),
        ({"email": "x@y.example"}, {"EmailAddress": ""}, *[{"EmailAddress": "x@y.example"}] * 2),
        ({"phone": "1"}, {}, {"Phone1": "1"}, {}),
        ({"phone": "1"}, {"Phone1": None}, {"Phone1": "1"}, {"Phone1": "1"}),
        ({"phone": ""}, {}, {}, {}),
        ({"phone": "1" * 21}, {}, {}, {}),
        ({"tax_number": "SI9"}, {}, {}, {}),
        ({"tax_number": "SI9"}, {"FederalTaxID": None}, {"FederalTaxID": "SI9"}, {}),
        ({"number": "N-101"}, {}, {}, {}),
        ({"address": Address()}, {}, {}, {}),
        ({"extras": own_field("overwrite")}, {"U_Region": "old"}, {"U_Region": "new"}, {"U_Region": "new"}),
        ({"extras": own_field("overwrite")}, {"U_Region": "new"}, {}, {}),
        ({"extras": own_field("only_if_empty")}, {"U_Region": "old"}, {}, {}),
        ({"extras": own_field("only_if_empty")}, {"U_Region": None}, {"U_Region": "new"}, {"U_Region": "new"}),
        ({"extras": own_field("only_if_new")}, {"U_Region": None}, {}, {}),
        ({"extras": own_field("overwrite", None)}, {"U_Region": "old"}, {}, {}),
        ({"name": "X", "extras": own_field("only_if_new", "Y", "CardName")}, {}, {}, {}),
        ({"extras": own_field("overwrite", "Y", "CardName")}, {}, {"CardName": "Y"}, {"CardName": "Y"}),
    ],
)
def test_rule_10_a_changed_partner_field_by_field(
    crm: dict[str, Any], held: dict[str, Any], ours: dict[str, Any], typed: dict[str, Any]
) -> None:
    assert cards.partner_changes(HELD | held, customer(**crm), own=True) == ours
    assert cards.partner_changes(HELD | held, customer(**crm), own=False) == typed


def test_rule_10_our_addresses_are_changed_in_place_and_others_left_alone() -> None:
    moved, wanted = customer(address=MOVED), AT_HOME | {"Street": "New Street 1"}
    keys = [
        {"BPCode": "N-100", "AddressName": name, "AddressType": kind, "RowNum": number}
        for number, (name, kind) in enumerate(BOTH)
    ]
    assert cards.partner_changes(HELD, moved, own=True)["BPAddresses"] == [key | wanted for key in keys]
    assert cards.partner_changes(HELD, moved, own=False) == {}
    theirs = HELD | {"BPAddresses": [HELD["BPAddresses"][0] | {"AddressName": "Office"}]}
    for own in (True, False):
        (added,) = cards.partner_changes(theirs, moved, own=own)["BPAddresses"]
        assert added == {"AddressName": "Ship to", "AddressType": "bo_ShipTo"} | wanted


@pytest.mark.parametrize(
    ("name", "card_name", "text", "changes"),
    [
        pytest.param(LONG, "Northwind", None, {"CardName": CUT, "FreeText": LONG}, id="a name that grew"),
        pytest.param(
            LONG, "Northwind", "Pays late", {"CardName": CUT, "FreeText": f"Pays late\n{LONG}"}, id="notes stay"
        ),
        pytest.param(
            "Northwind",
            CUT,
            f"{LONG}\nPays late",
            {"CardName": "Northwind", "FreeText": "Pays late"},
            id="shrank",
        ),
        pytest.param(
            OTHER,
            CUT,
            f"Pays late\n{LONG}",
            {"CardName": f"{OTHER[:99]}…", "FreeText": f"Pays late\n{OTHER}"},
            id="another long one",
        ),
        pytest.param("Northwind", "N.", "Pays late", {"CardName": "Northwind"}, id="never long"),
    ],
)
def test_the_whole_of_a_long_name_is_kept_beside_what_a_person_wrote(
    name: str, card_name: str, text: str | None, changes: dict[str, str]
) -> None:
    held = HELD | {"CardName": card_name, "FreeText": text}
    assert cards.partner_changes(held, customer(name=name), own=True) == changes
    assert cards.partner_changes(held, customer(name=name), own=False) == {}


@pytest.mark.parametrize(
    ("product", "held", "ours", "typed"),
    [
        (PUMP, {"ItemName": "Pump 7", "User_Text": None}, {}, {}),
        (PUMP, {"ItemName": "Pump 6", "User_Text": None}, {"ItemName": "Pump 7"}, {}),
        (PUMP, {"ItemName": CUT, "User_Text": LONG}, {"ItemName": "Pump 7", "User_Text": ""}, {}),
        (
            PUMP.model_copy(update={"name": LONG}),
            {"ItemName": "Pump 7", "User_Text": "Fragile"},
            {"ItemName": CUT, "User_Text": f"Fragile\n{LONG}"},
            {},
        ),
        (
            PUMP.model_copy(update={"extras": own_field("only_if_empty", 5, "U_Grade")}),
            {"ItemName": "Pump 7", "U_Grade": 0},
            {"U_Grade": 5},
            {"U_Grade": 5},
        ),
    ],
)
def test_rule_10_a_changed_item_field_by_field(
    product: Product, held: dict[str, Any], ours: dict[str, Any], typed: dict[str, Any]
) -> None:
    assert cards.item_changes(held, product, own=True) == ours
    assert cards.item_changes(held, product, own=False) == typed


def test_rule_10_what_somebody_typed_is_never_treated_with_less_respect_than_ours() -> None:
    eagerness = ["only_if_new", "only_if_empty", "overwrite"]
    for field in (*cards.PARTNER, *cards.ADDRESS, *cards.ITEM):
        assert eagerness.index(field.typed) <= eagerness.index(field.own), field.to
        assert field.typed != "overwrite", field.to


def test_rule_10_a_new_partner_takes_a_companys_own_fields_in_every_mode() -> None:
    modes = ("overwrite", "only_if_new", "only_if_empty")
    fields = tuple(Extra(to=f"U_{mode}", value=7, mode=mode) for mode in modes)
    body = cards.partner(customer(extras=fields), "C1", route().sapb1_books)
    assert [body[f"U_{mode}"] for mode in modes] == [7, 7, 7]
