"""Golden cases: what stands in the CRM, and the body that reaches Business One. One table a rule."""

from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from shared.documents import Address, Sale
from shared.errors import Refused
from shared.sapb1.basing import based
from shared.sapb1.kinds import DELIVERY, INVOICE, ORDER, Kind, base_of
from shared.sapb1.mapping import PreparedDocument
from tests.unit.sapb1.examples import COMPANY, CUSTOMER, PUMP, document, freight, invoice, line, order, route

KEY = UUID(int=1)


def body(made: Sale, kind: Kind = INVOICE, *, on_top: bool = False, **decided: Any) -> dict[str, Any]:
    """Give the body of a document, each line on the item ``I1``, ``I2`` …"""
    prepared = PreparedDocument(document(made), route(**decided), COMPANY)
    items = [] if prepared.is_service else [f"I{number}" for number, _ in enumerate(prepared.lines, 1)]
    return prepared.body(KEY, "C1", items, kind, on_top=on_top)


def refused(made: Sale, **decided: Any) -> tuple[str, dict[str, str]]:
    """Give the refusal of a document."""
    with pytest.raises(Refused) as raised:
        body(made, **decided)
    return raised.value.refusal.code, raised.value.refusal.values


DECIDED: dict[str, Any] = {
    "series": 72,
    "base_series": 61,
    "branch": 1,
    "payment_terms": 2,
    "cost_center": "SALES",
    "sales_person": 3,
    "ship_to": "Ship to",
    "pay_to": "Bill to",
    "warehouse": "02",
}
DECISIONS = ("BPL_IDAssignedToInvoice", "PaymentGroupCode", "SalesPersonCode", "ShipToCode", "PayToCode")
HEADER = ("Series", *DECISIONS, "HandWritten", "DocNum")


@pytest.mark.parametrize(
    ("kind", "decided", "header"),
    [
        #          way 2B                         Series BPL  terms person addresses            hand  number
        (INVOICE, {}, (None, None, None, None, None, None, None, None)),
        (INVOICE, DECIDED, (72, 1, 2, 3, "Ship to", "Bill to", None, None)),
        (INVOICE, DECIDED | {"crm_number": True}, (None, 1, 2, 3, "Ship to", "Bill to", "tYES", 4711)),
        #          way 2A
        (DELIVERY, DECIDED, (61, 1, 2, 3, "Ship to", "Bill to", None, None)),
        (ORDER, DECIDED, (61, 1, 2, 3, "Ship to", "Bill to", None, None)),
        (ORDER, {"crm_number": True}, (None, None, None, None, None, None, "tYES", 4711)),
    ],
)
def test_rule_17_the_header_says_what_the_route_names(
    kind: Kind, decided: dict[str, Any], header: tuple[object, ...]
) -> None:
    made = body(invoice(number="4711"), kind, **decided)
    assert tuple(made.get(name) for name in HEADER) == header
    (only,) = made["DocumentLines"]
    assert (only["WarehouseCode"], only.get("CostingCode")) == (
        decided.get("warehouse", "01"),
        decided.get("cost_center"),
    )


def test_rule_17_the_invoice_on_top_has_its_own_series() -> None:
    made = body(order(number="4711"), on_top=True, crm_number=True, series=72)
    assert (made["Series"], "DocNum" in made, "HandWritten" in made) == (72, False, False)


@pytest.mark.parametrize("number", ["INV-7", "", "0", "2147483648", "٤٢", "12.5", "-3"])
def test_rule_17_a_number_that_business_one_can_not_have_is_refused(number: str) -> None:
    assert refused(invoice(number=number), crm_number=True) == ("number_not_numeric", {"value": number})


@pytest.mark.parametrize("number", ["1", "0042", "2147483647", " 7 "])
def test_rule_17_a_number_is_taken_as_it_is(number: str) -> None:
    assert body(invoice(number=number), crm_number=True)["DocNum"] == int(number)


BY_COUNTRY = {
    "vat_groups_by_country": {"de": {"0": "EU0"}, "US": {"0": "X0"}, "Österreich": {"0": "EU0"}, "Slovenia": {}}
}
TAX_CODES = {"tax_codes": {"SI": {"22": "SI22", "0": "SI0"}, "*": {"22": "X22"}}}


@pytest.mark.parametrize(
    ("country", "rate", "decided", "tax"),
    [
        # country  rate   the route                 on the line
        ("SI", "22", {}, {"VatGroup": "S22"}),
        ("SI", "9.5", {}, {"VatGroup": "S95"}),
        ("SI", "0", {}, {"VatGroup": "S0"}),
        ("SI", None, {}, {"VatGroup": "SEX"}),
        ("SI", "0", BY_COUNTRY, {"VatGroup": "S0"}),
        ("DE", "0", BY_COUNTRY, {"VatGroup": "EU0"}),
        ("us", "0", BY_COUNTRY, {"VatGroup": "X0"}),
        ("DE", "22", BY_COUNTRY, {"VatGroup": "S22"}),
        ("", "0", BY_COUNTRY, {"VatGroup": "S0"}),
        ("österreich ", "0", BY_COUNTRY, {"VatGroup": "EU0"}),
        ("Slovenia", "0", BY_COUNTRY, {"VatGroup": "S0"}),
        ("Germany", "0", {}, {"VatGroup": "S0"}),
        ("SI", "22", TAX_CODES, {"TaxCode": "SI22"}),
        ("si", "0", TAX_CODES, {"TaxCode": "SI0"}),
        ("AT", "22", TAX_CODES, {"TaxCode": "X22"}),
        ("Austria", "22", TAX_CODES, {"TaxCode": "X22"}),
        ("", "22", TAX_CODES, {"TaxCode": "X22"}),
    ],
)
def test_rule_17_the_tax_code_follows_rate_and_country(
    country: str, rate: str | None, decided: dict[str, Any], tax: dict[str, str]
) -> None:
    customer = CUSTOMER.model_copy(update={"address": Address(country=country)})
    (only,) = body(invoice(line(rate=rate), customer=customer), **decided)["DocumentLines"]
    assert {name: only[name] for name in ("VatGroup", "TaxCode") if name in only} == tax


def test_rule_17_a_name_that_may_be_a_country_of_the_route_is_refused() -> None:
    abroad = CUSTOMER.model_copy(update={"address": Address(country="Germany")})
    values = {"country": "Germany", "route": "eu"}
    assert refused(invoice(line(rate="0"), customer=abroad), **BY_COUNTRY) == ("country_unclear", values)


def test_rule_17_a_country_without_a_code_for_the_rate_is_refused() -> None:
    abroad = CUSTOMER.model_copy(update={"address": Address(country="AT")})
    values = {"line": "1", "rate": "0", "country": "AT", "route": "eu"}
    assert refused(invoice(line(rate="0"), customer=abroad), **TAX_CODES) == ("tax_code_unset", values)


@pytest.mark.parametrize(
    ("stock", "kind", "reserve"),
    [
        ("invoice_issues", INVOICE, None),
        ("reserve_invoice", INVOICE, "tYES"),
        ("reserve_invoice", DELIVERY, None),
        ("non_inventory_only", INVOICE, None),
        ("from_delivery", INVOICE, None),
    ],
)
def test_rule_14_only_a_reserve_invoice_says_so(stock: str, kind: Kind, reserve: str | None) -> None:
    assert body(invoice(line(product=PUMP)), kind, stock=stock).get("ReserveInvoice") == reserve


@pytest.mark.parametrize(("kind", "due"), [(INVOICE, "2026-03-12"), (DELIVERY, "2026-02-09"), (ORDER, "2026-02-09")])
def test_rule_19_the_due_date_of_a_delivery_is_its_shipment(kind: Kind, due: str) -> None:
    made = body(invoice(shipment_date=date(2026, 2, 9), due_date=date(2026, 3, 12)), kind)
    assert (made["DocDate"], made["TaxDate"], made["DocDueDate"]) == ("2026-02-10", "2026-02-10", due)
    assert made["DocumentLines"][0]["ShipDate"] == "2026-02-09"


# --- write-ins and freight

BY_HAND = line("3", "10", product=None, description="Installation")
ACCOUNT = {"write_in_account": "4010000"}


@pytest.mark.parametrize(
    ("lines", "decided", "doc_type", "rows"),
    [
        # every line a write-in: totals on the account
        (
            (BY_HAND,),
            ACCOUNT,
            "dDocument_Service",
            [{"AccountCode": "4010000", "LineTotal": Decimal("30.00"), "ItemDescription": "Installation"}],
        ),
        # one product among them: items
        (
            (BY_HAND, line("1", "5", number=2)),
            ACCOUNT,
            "dDocument_Items",
            [{"ItemCode": "I1", "Quantity": Decimal(3), "UnitPrice": Decimal(10)}, {"ItemCode": "I2"}],
        ),
        # no account named: items
        ((BY_HAND,), {}, "dDocument_Items", [{"ItemCode": "I1", "Quantity": Decimal(3)}]),
        # freight makes no product of it
        ((BY_HAND, freight()), ACCOUNT | {"freight_expense": 1}, "dDocument_Service", [{"AccountCode": "4010000"}]),
    ],
)
def test_rule_04_write_ins_stand_on_an_item_or_on_an_account(
    lines: tuple[Any, ...], decided: dict[str, Any], doc_type: str, rows: list[dict[str, Any]]
) -> None:
    made = body(invoice(*lines), **decided)
    assert made["DocType"] == doc_type
    assert [
        {name: row[name] for name in wanted} for row, wanted in zip(made["DocumentLines"], rows, strict=True)
    ] == rows
    if doc_type == "dDocument_Service":
        assert not {"ItemCode", "Quantity", "UnitPrice", "WarehouseCode"} & made["DocumentLines"][0].keys()


@pytest.mark.parametrize(
    ("rate", "expense"),
    [
        ("22", {"LineTotal": Decimal(10), "VatGroup": "S22"}),
        (None, {"LineTotal": Decimal(10), "VatGroup": "SEX"}),
    ],
)
def test_rule_17_freight_is_an_additional_expense(rate: str | None, expense: dict[str, Any]) -> None:
    tax = "2.20" if rate else "0"
    made = body(invoice(line(), freight(tax=tax, rate=rate)), freight_expense=7)
    assert made["DocumentAdditionalExpenses"] == [{"ExpenseCode": 7} | expense]
    assert len(made["DocumentLines"]) == 1


def test_rule_17_freight_without_a_code_is_refused() -> None:
    assert refused(invoice(line(), freight())) == ("freight_expense_unset", {"route": "eu"})


def test_rule_17_freight_in_a_foreign_currency_is_refused() -> None:
    made = invoice(line(), freight(), currency="USD")
    assert refused(made, freight_expense=7) == ("freight_currency", {"currency": "USD"})


def test_freight_alone_is_no_document() -> None:
    assert refused(invoice(freight()), freight_expense=7)[0] == "no_lines"


# --- prices that include the tax


@pytest.mark.parametrize(
    ("quantity", "price", "net", "tax", "sent"),
    [
        # per unit with tax      inside          what Business One takes
        ("1", "122", "100.00", "22.00", "100.000000"),
        ("3", "10", "24.59", "5.41", "8.196667"),
        ("1", "0.05", "0.04", "0.01", "0.040000"),
        ("7", "12.2", "70.00", "15.40", "10.000000"),
    ],
)
def test_rule_16_prices_with_the_tax_inside_go_without_it(
    quantity: str, price: str, net: str, tax: str, sent: str
) -> None:
    made = invoice(line(quantity, price, net, tax), tax_inside=True)
    assert body(made)["DocumentLines"][0]["UnitPrice"] == Decimal(sent)
    assert made.total == made.net + made.tax


def test_rule_16_a_tax_inside_that_business_one_would_not_find_is_refused() -> None:
    made = invoice(line("1", "0.14", "0.12", "0.02"), tax_inside=True)
    code, values = refused(made)
    assert (code, values["field"], values["difference"]) == ("total_not_reachable", "line 1: tax", "0.01")


# --- tolerance


@pytest.mark.parametrize(
    ("tolerance", "tax", "accepted"),
    [("0", "21.99", False), ("0.01", "21.99", True), ("0.01", "21.98", False), ("0.05", "22.05", True)],
)
def test_rule_16_the_tolerance_is_for_the_whole_document(tolerance: str, tax: str, accepted: bool) -> None:
    made = invoice(line(tax=tax))
    if accepted:
        assert body(made, tolerance=Decimal(tolerance))["DocumentLines"]
    else:
        assert refused(made, tolerance=Decimal(tolerance))[0] == "total_not_reachable"


# --- copying


def test_rule_04_equal_lines_are_each_copied_once() -> None:
    made = body(invoice(line("2", "5", number=1), line("2", "5", number=2)))
    rows = [
        {"LineNum": n, "ItemCode": f"I{n + 1}", "VatGroup": "S22", "LineStatus": "bost_Open"}
        | {"RemainingOpenQuantity": Decimal(2), "Quantity": Decimal(2), "Price": Decimal(5)}
        for n in (1, 0)
    ]
    base = {"DocEntry": 5, "DocNum": 50, "CardCode": "C1", "DocCurrency": "EUR", "DocumentLines": rows}
    base |= {"DocumentStatus": "bost_Open", "CancelStatus": "csNo", "DocumentAdditionalExpenses": []}
    lines = invoice(line("2", "5", number=1), line("2", "5", number=2)).lines
    copied = based(made, lines, DELIVERY, base)
    assert [(row["BaseType"], row["BaseEntry"], row["BaseLine"]) for row in copied["DocumentLines"]] == [
        (15, 5, 0),
        (15, 5, 1),
    ]
    for wrong in ({"CardCode": "C2"}, {"DocCurrency": "USD"}, {"CancelStatus": "csYes"}):
        with pytest.raises(Refused) as raised:
            based(made, lines, DELIVERY, base | wrong)
        assert raised.value.refusal.code == "base_unusable"


@pytest.mark.parametrize(
    ("accounting_id", "base"),
    [
        ("DeliveryNotes(12)", (DELIVERY, 12)),
        ("Orders(7)", (ORDER, 7)),
        ("Drafts(7)", None),
        ("12", None),
        ("", None),
        ("Orders(x)", None),
        ("Invoices(3)", None),
    ],
)
def test_rule_04_only_a_delivery_or_an_order_is_a_base(accounting_id: str, base: object) -> None:
    assert base_of(accounting_id) == base
