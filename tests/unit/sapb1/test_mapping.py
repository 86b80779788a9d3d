"""Canonical records become the bodies that Business One takes."""

from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from shared.documents import Address, Customer
from shared.errors import Refused
from shared.sapb1 import cards
from shared.sapb1.mapping import PreparedDocument
from tests.unit.sapb1.examples import ADVICE, COMPANY, CUSTOMER, PUMP, document, invoice, key_of, line, route

KEY = UUID("12345678-9abc-5def-8123-456789abcdef")
LONG = "Very long name " * 10


def test_an_invoice_says_everything_that_the_route_decides() -> None:
    made = document(
        invoice(
            line("2", "50", product=PUMP, number=1),
            line("1", "10", product=None, description="Delivery by hand", rate="9.5", number=2),
        )
    )
    books: dict[str, Any] = {"series": 72, "branch": 1, "payment_terms": 2, "cost_center": "SALES", "sales_person": 3}
    key = key_of(made)
    body = PreparedDocument(made, route(**books), COMPANY).body(key, "C1", ["PUMP-7", "S1000"])
    common = {
        "Currency": "EUR",
        "DiscountPercent": 0,
        "WarehouseCode": "01",
        "CostingCode": "SALES",
        "ShipDate": "2026-02-09",
    }
    assert body == {
        "DocType": "dDocument_Items",
        "CardCode": "C1",
        "NumAtCard": "INV-01001",
        "DocDate": "2026-02-10",
        "TaxDate": "2026-02-10",
        "DocDueDate": "2026-03-12",
        "DocCurrency": "EUR",
        "DiscountPercent": 0,
        "Comments": "Dynamics 365: INV-01001",
        "U_ACX_Key": str(key),
        "U_ACX_Version": "7001",
        "U_ACX_Hash": made.hash,
        "Series": 72,
        "BPL_IDAssignedToInvoice": 1,
        "PaymentGroupCode": 2,
        "SalesPersonCode": 3,
        "DocumentLines": [
            {"ItemCode": "PUMP-7", "Quantity": Decimal(2), "UnitPrice": Decimal(50), "VatGroup": "S22"} | common,
            {
                "ItemCode": "S1000",
                "ItemDescription": "Delivery by hand",
                "Quantity": Decimal(1),
                "UnitPrice": Decimal(10),
                "VatGroup": "S95",
            }
            | common,
        ],
    }


def test_what_the_route_leaves_open_is_left_to_business_one() -> None:
    body = PreparedDocument(document(), route(), COMPANY).body(KEY, "C1", ["ADVICE"])
    assert not {"Series", "BPL_IDAssignedToInvoice", "PaymentGroupCode", "SalesPersonCode"} & body.keys()
    assert "CostingCode" not in body["DocumentLines"][0]


def test_a_long_description_is_cut_and_kept_whole_in_the_details() -> None:
    made = document(invoice(line(product=None, description=LONG)))
    sent = PreparedDocument(made, route(), COMPANY).body(KEY, "C1", ["S1000"])["DocumentLines"][0]
    assert len(sent["ItemDescription"]) == 100
    assert sent["ItemDescription"].endswith("…")
    assert sent["ItemDetails"] == LONG


@pytest.mark.parametrize(
    ("made", "code"),
    [
        (invoice(line(rate="7")), "rate_not_mapped"),
        (invoice(line(product=None, description="")), "line_without_product"),
        (invoice(number="N" * 101), "too_long"),
        (invoice(line(net="1.00", tax="9.99")), "total_not_reachable"),
    ],
)
def test_what_can_be_refused_is_refused_before_the_books_are_touched(made: Any, code: str) -> None:
    with pytest.raises(Refused) as refused:
        PreparedDocument(document(made), route(), COMPANY)
    assert refused.value.refusal.code == code


def test_without_vat_and_zero_percent_are_different_tax_codes() -> None:
    made = document(invoice(line(rate="0", number=1), line(rate=None, number=2)))
    lines = PreparedDocument(made, route(), COMPANY).body(KEY, "C1", ["A", "B"])["DocumentLines"]
    assert [each["VatGroup"] for each in lines] == ["S0", "SEX"]


@pytest.mark.parametrize(
    ("number", "code"),
    [
        ("C20000", "C20000"),
        ("  n.1_2-3 ", "n.1_2-3"),
        ("", "C123456789ABC5D"),
        ("SIXTEEN-LETTERS-", "C123456789ABC5D"),
        ("with space", "C123456789ABC5D"),
        ("quote'd", "C123456789ABC5D"),
        ("Клиент", "C123456789ABC5D"),
    ],
)
def test_the_card_code_is_the_account_number_or_comes_from_the_key(number: str, code: str) -> None:
    made = cards.card_code(CUSTOMER.model_copy(update={"number": number}), KEY)
    assert made == code
    assert len(made) <= 15


def test_a_partner_says_what_the_crm_knows() -> None:
    books = route(customers_group=105, payment_terms=2).sapb1_books
    assert cards.partner(CUSTOMER, "N-100", books) == {
        "CardCode": "N-100",
        "CardName": "Northwind d.o.o.",
        "CardType": "cCustomer",
        "CompanyPrivate": "cCompany",
        "Currency": "##",
        "FederalTaxID": "SI55500001",
        "EmailAddress": "office@northwind.example",
        "Phone1": "+386 1 555 00 01",
        "GroupCode": 105,
        "PayTermsGrpCode": 2,
        "BPAddresses": [
            {"AddressName": name, "AddressType": kind}
            | {"Street": "Main Street 5", "City": "Ljubljana", "ZipCode": "1000", "Country": "SI"}
            for name, kind in (("Bill to", "bo_BillTo"), ("Ship to", "bo_ShipTo"))
        ],
    }


def test_a_person_without_anything_is_a_private_partner() -> None:
    person = Customer(table="contact", id=UUID(int=1), name="Ana Kovač")
    assert cards.partner(person, "C1", route().sapb1_books) == {
        "CardCode": "C1",
        "CardName": "Ana Kovač",
        "CardType": "cCustomer",
        "CompanyPrivate": "cPrivate",
        "Currency": "##",
    }


def test_what_is_too_long_for_its_field_is_kept_whole_in_the_remarks() -> None:
    made = CUSTOMER.model_copy(
        update={"name": LONG, "phone": "1" * 21, "address": Address(street="S" * 101, country="Slovenia")}
    )
    body = cards.partner(made, "C1", route().sapb1_books)
    assert len(body["CardName"]) == 100
    assert "Phone1" not in body
    assert "BPAddresses" not in body
    assert body["FreeText"].split("\n") == [LONG.strip(), "1" * 21, "S" * 101, "Slovenia"]


def test_a_tax_number_is_never_cut() -> None:
    with pytest.raises(Refused) as refused:
        cards.partner(CUSTOMER.model_copy(update={"tax_number": "9" * 33}), "C1", route().sapb1_books)
    assert refused.value.refusal.code == "too_long"


@pytest.mark.parametrize(
    ("product", "stock", "in_stock"),
    [
        (PUMP, "invoice_issues", "tYES"),
        (PUMP, "non_inventory_only", "tNO"),
        (ADVICE, "invoice_issues", "tNO"),
        (ADVICE, "non_inventory_only", "tNO"),
    ],
)
def test_only_goods_of_a_route_that_issues_stock_are_kept_in_stock(product: Any, stock: str, in_stock: str) -> None:
    body = cards.item(product, product.number, route(stock=stock).sapb1_books)
    assert body["InventoryItem"] == in_stock
    assert (body["SalesItem"], body["PurchaseItem"], body["ItemsGroupCode"]) == ("tYES", "tNO", 100)


@pytest.mark.parametrize(("number", "code"), [("", "product_number_missing"), ("P" * 51, "too_long")])
def test_an_item_code_is_the_whole_product_number_or_none(number: str, code: str) -> None:
    with pytest.raises(Refused) as refused:
        cards.item_code(line(product=PUMP.model_copy(update={"number": number})))
    assert refused.value.refusal.code == code
