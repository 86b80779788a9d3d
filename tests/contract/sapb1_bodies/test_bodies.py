"""Every body that goes to Business One holds against SAP's own metadata: names, lengths of enums, types."""

import json
import re
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID
from xml.etree import ElementTree

import pytest
from jsonschema import Draft202012Validator

from infra.sapb1.objects import CLAIM_TABLE, DOCUMENT_FIELDS
from shared import edmx
from shared.jsontext import dumps
from shared.sapb1 import cards, held, items, partners, payments, published
from shared.sapb1.basing import HEADER, based
from shared.sapb1.cancelling import cancellation
from shared.sapb1.company import SALES_TAX_CODE, VatGroup, read_vat_group
from shared.sapb1.kinds import DELIVERY, INVOICE, ORDER
from shared.sapb1.mapping import PreparedDocument
from tests.unit.sapb1.examples import COMPANY, CUSTOMER, PUMP, document, freight, invoice, line, order, route, services

BOOKS: dict[str, Any] = {
    "series": 72,
    "branch": 1,
    "payment_terms": 2,
    "cost_center": "SALES",
    "sales_person": 3,
    "customers_group": 105,
}
LONG = "Long " * 60


class Metadata:
    """Types and enums of a real $metadata."""

    def __init__(self, path: Path) -> None:
        self.properties: dict[str, dict[str, str]] = {}
        self.writable: dict[str, set[str]] = {}
        self.enums: dict[str, set[str]] = {}
        self.sets: dict[str, str] = {}
        for element in ElementTree.parse(path).iter():  # noqa: S314 -- a file of the contracts, not of the network
            kind, name = element.tag.rpartition("}")[2], element.get("Name", "")
            if kind in {"EntityType", "ComplexType"}:
                found = {each.get("Name", ""): each for each in element if each.tag.endswith("}Property")}
                self.properties[name] = {each: found[each].get("Type", "") for each in found}
                self.writable[name] = {each for each in found if found[each].get("Writable") != "false"}
            elif kind == "EnumType":
                self.enums[name] = {each.get("Name", "") for each in element}
            elif kind == "EntitySet":
                self.sets[name] = element.get("EntityType", "").rpartition(".")[2]

    def problems(self, type_name: str, body: dict[str, Any]) -> Iterator[str]:
        """Say what of a body the type doesn't know, or knows otherwise. User-defined fields are not its matter."""
        for name, value in body.items():
            if name.startswith("U_ACX_"):
                continue
            declared = self.properties[type_name].get(name)
            if declared is None or name not in self.writable[type_name]:
                yield f"{type_name}.{name} is not there, or not writable"
            elif collection := re.fullmatch(r"Collection\(SAPB1\.(\w+)\)", declared):
                for row in value:
                    yield from self.problems(collection[1], row)
            elif not self._fits(declared, value):
                yield f"{type_name}.{name} is {declared}, not {value!r}"

    def _fits(self, declared: str, value: object) -> bool:
        if declared == "Edm.String":
            return isinstance(value, str)
        if declared == "Edm.Int32":
            return isinstance(value, int)
        if declared == "Edm.Double":
            return isinstance(value, int | Decimal)
        if declared == "Edm.DateTime":
            return isinstance(value, str) and re.fullmatch(r"\d{4}-\d\d-\d\d", value) is not None
        return value in self.enums[declared.rpartition(".")[2]]


@pytest.fixture(scope="session")
def metadata(contracts: Path) -> Metadata:
    """The metadata of a real company."""
    return Metadata(contracts / "sapb1" / "sap-sdk-metadata-v3-2021.xml")


def invoice_body() -> dict[str, Any]:
    """Give the body of an invoice that says everything it can say."""
    lines = (line(product=PUMP, number=1), line(product=None, description=LONG, number=2))
    made = document(invoice(*lines))
    return PreparedDocument(made, route(**BOOKS), COMPANY).body(UUID(int=1), "C1", ["A", "B"])


def partner_body() -> dict[str, Any]:
    """Give the body of a partner that says everything it can say."""
    return cards.partner(CUSTOMER.model_copy(update={"name": LONG}), "C1", route(**BOOKS).sapb1_books)


def item_body() -> dict[str, Any]:
    """Give the body of an item that says everything it can say."""
    return cards.item(PUMP.model_copy(update={"name": LONG}), "P1", route(**BOOKS).sapb1_books)


def document_bodies() -> list[tuple[str, dict[str, Any]]]:
    """Give the bodies of every kind of document, with freight, on an account, numbered, reserving, and copied."""
    lines = (line(product=PUMP, number=1), freight())
    made = document(order(*lines, number="4711"))
    decided = route(**BOOKS, freight_expense=1, stock="reserve_invoice", crm_number=True, tax_codes={"*": {"22": "T"}})
    items = PreparedDocument(made, decided, COMPANY)
    by_hand = document(invoice(line(product=None, description="By hand"), currency="USD"))
    on_account = PreparedDocument(by_hand, route(write_in_account="4010000"), COMPANY)
    found: list[tuple[str, dict[str, Any]]] = []
    for kind in (INVOICE, DELIVERY, ORDER):
        found.append((kind.set, items.body(UUID(int=1), "C1", ["A"], kind)))
        found.append((kind.set, on_account.body(UUID(int=1), "C1", [], kind)))
    (row,) = found[0][1]["DocumentLines"]
    held = row | {"LineNum": 0, "LineStatus": "bost_Open", "RemainingOpenQuantity": 1, "Price": row["UnitPrice"]}
    base = {"DocEntry": 1, "DocNum": 1, "CardCode": "C1", "DocCurrency": "EUR", "DocumentLines": [held]}
    base |= {"CancelStatus": "csNo", "DocumentStatus": "bost_Open"}
    base |= {"DocumentAdditionalExpenses": [{"ExpenseCode": 1, "LineTotal": 10, "LineNum": 0}]}
    found.append(("Invoices", based(found[0][1], items.lines, DELIVERY, base)))
    found.append(("Drafts", found[0][1] | {"DocObjectCode": "oDeliveryNotes"}))
    cancelled = cancellation(5, date(2026, 2, 10))["Document"]
    found.append(("Invoices", {name: value for name, value in cancelled.items() if name != "DocEntry"}))
    return found


BODIES = [
    ("Invoices", invoice_body()),
    *document_bodies(),
    ("BusinessPartners", partner_body()),
    ("Items", item_body()),
    ("UserTablesMD", CLAIM_TABLE),
    *(("UserFieldsMD", field) for field in DOCUMENT_FIELDS),
]


@pytest.mark.parametrize(("entity", "body"), BODIES)
def test_a_body_says_only_what_sap_takes(metadata: Metadata, entity: str, body: dict[str, Any]) -> None:
    assert list(metadata.problems(metadata.sets[entity], body)) == []


@pytest.mark.parametrize(
    ("file", "schema", "body"),
    [
        ("sales", "Document", invoice_body()),
        ("businesspartners", "BusinessPartner", partner_body()),
        ("inventory", "Item", item_body()),
    ],
)
def test_a_body_holds_against_the_newest_schema(contracts: Path, file: str, schema: str, body: dict[str, Any]) -> None:
    text = (contracts / "sapb1" / "ballerina-openapi" / f"{file}.openapi.json").read_text(encoding="utf-8")
    validator = Draft202012Validator({"$ref": f"#/components/schemas/{schema}", **json.loads(text)})
    assert [error.message for error in validator.iter_errors(json.loads(dumps(body)))] == []


@pytest.mark.parametrize(
    ("entity", "names"),
    [
        ("Invoices", held.SELECT),
        ("Drafts", held.SELECT),
        ("DeliveryNotes", held.SELECT),
        ("Orders", held.SELECT),
        ("DeliveryNotes", HEADER),
        ("BusinessPartners", partners.CARD),
        ("SalesTaxCodes", SALES_TAX_CODE),
        ("BusinessPartners", partners.SELECT),
        ("Items", items.SELECT),
        ("VatGroups", ("Code", "Category", "Inactive", "VatGroups_Lines")),
        ("IncomingPayments", ("DocEntry", "CardCode", "Cancelled", "PaymentInvoices")),
        ("CreditNotes", ("DocEntry", "CardCode", "CancelStatus", "DocumentLines")),
        ("BusinessPartners", ("CardCode", "FatherCard", "FatherType")),
        ("UserFieldsMD", ("Name", "Type", "Size", "TableName")),
        ("UserTablesMD", ("TableName", "TableType")),
    ],
)
def test_what_is_asked_for_exists(metadata: Metadata, entity: str, names: tuple[str, ...]) -> None:
    known = metadata.properties[metadata.sets[entity]].keys()
    assert [name for name in names if name not in known and not name.startswith("U_ACX_")] == []


def test_what_payments_are_told_by_exists(metadata: Metadata) -> None:
    wanted = {"DocEntry", "InvoiceType", *payments.APPLIED, *(name for names in payments.LET_OFF for name in names)}
    assert wanted <= metadata.properties["PaymentInvoice"].keys()
    assert "it_Invoice" in metadata.enums["BoRcptInvTypes"]
    assert "cPayments_sum" in metadata.enums["BoFatherCardTypes"]


def test_a_real_company_has_every_name_that_is_checked_at_start(contracts: Path) -> None:
    content = (contracts / "sapb1" / "sap-sdk-metadata-v3-2021.xml").read_bytes()
    known = published.by_place(edmx.read(content))
    books: dict[str, Any] = BOOKS | {"freight_expense": 1, "stock": "reserve_invoice", "write_in_account": "4010000"}
    routes = [route(crm_number=True, **books), route(tax_codes={"*": {"22": "T"}}, **books)]
    routes += [services(create_invoice=True, services_document=each, **books) for each in ("delivery", "order")]
    for each in routes:
        assert published.problems(known, each, ()) == []


def test_the_company_settings_that_decide_the_arithmetic_exist(metadata: Metadata) -> None:
    wanted = {"LocalCurrency", "TotalsAccuracy", "PriceAccuracy", "AccuracyofQuantities", "EnableApprovalProcedureInDI"}
    assert wanted <= metadata.properties["AdminInfo"].keys()
    assert "GroupLinesInVATCalculation" in metadata.properties["CompanyInfo"]


def test_a_vat_group_is_read_as_sap_writes_it() -> None:
    lines = [{"Effectivefrom": None, "Rate": 20}, {"Effectivefrom": "2026-01-01T00:00:00Z", "Rate": Decimal("22.0")}]
    row = {"Code": "S1", "Category": "bovcOutputTax", "Inactive": "tNO", "VatGroups_Lines": lines}
    group = read_vat_group(row)
    assert isinstance(group, VatGroup)
    assert [rate for _, rate in group.rates] == [20, 22]
    assert read_vat_group(row | {"Category": "bovcInputTax"}) is None
    assert read_vat_group(row | {"Inactive": "tYES"}) is None
