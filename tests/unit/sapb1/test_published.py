"""Which names a route, and a company's field map, need of Service Layer, and what their absence stops."""

from typing import Any
from uuid import UUID

import httpx
import pytest
from pydantic import SecretStr

from infra.local.sapb1 import metadata
from infra.local.sapb1.edm import Model, Property
from shared.errors import Misconfigured, Unavailable
from shared.fieldmap import FieldRule
from shared.http import Http
from shared.routes import Route
from shared.sapb1 import cards
from shared.sapb1.basing import based
from shared.sapb1.client import ServiceLayer
from shared.sapb1.kinds import DELIVERY, INVOICE, ORDER, Kind
from shared.sapb1.mapping import PreparedDocument
from shared.sapb1.published import Names, Published, needed, problems
from tests.unit.sapb1.examples import COMPANY, CUSTOMER, PUMP, document, freight, invoice, line, order, route, services
from tests.unit.sapb1.scripted import URL, Scripted

OWN = {"OINV": [Property("U_Project", "String")], "INV1": [Property("U_Place", "String")]}
MASTER = {"OCRD": [Property("U_Region", "String")], "OITM": [Property("U_Grade", "Int32")]}
EVERYTHING: dict[str, Any] = {
    "series": 72,
    "branch": 1,
    "payment_terms": 2,
    "cost_center": "SALES",
    "sales_person": 3,
    "customers_group": 105,
    "freight_expense": 1,
    "stock": "reserve_invoice",
    "write_in_account": "4010000",
}


def rule(record: str, to: str) -> FieldRule:
    """Give a rule of a field map."""
    return FieldRule.model_validate({"target": "sapb1", "record": record, "constant": "x", "to": to})


def published(*absent: str, rules: tuple[FieldRule, ...] = ()) -> Published:
    """Give the names of a Service Layer that lacks some."""
    text = metadata.edmx(Model(OWN | MASTER))
    for name in absent:
        assert f'Name="{name}"' in text
        text = text.replace(f'Name="{name}"', 'Name="Other"')
    return asked(httpx.Response(200, text=text), rules=rules)[0]


def asked(*answers: httpx.Response, rules: tuple[FieldRule, ...] = ()) -> tuple[Published, Scripted]:
    """Give the names of a Service Layer that answers so, and what it was asked."""
    script = Scripted(*answers)
    client = ServiceLayer(Http("SAP", httpx.MockTransport(script)), URL, "SBO", "user", SecretStr("x"))
    return Published(client, rules), script


@pytest.mark.parametrize(
    ("chosen", "absent", "named"),
    [
        (route(), "NumAtCard", "Invoices.NumAtCard"),
        (route(), "WarehouseCode", "Invoices/DocumentLines.WarehouseCode"),
        (route(), "Street", "BusinessPartners/BPAddresses.Street"),
        (route(), "User_Text", "Items.User_Text"),
        (route(), "FreeText", "BusinessPartners.FreeText"),
        (route(), "Invoices", "Invoices.CardCode"),
        (route(), "DeliveryNotes", None),
        (route(), "CostingCode", None),
        (route(cost_center="X"), "CostingCode", "Invoices/DocumentLines.CostingCode"),
        (route(), "BPL_IDAssignedToInvoice", None),
        (route(branch=1), "BPL_IDAssignedToInvoice", "Invoices.BPL_IDAssignedToInvoice"),
        (route(), "ExpenseCode", None),
        (route(freight_expense=1), "ExpenseCode", "Invoices/DocumentAdditionalExpenses.ExpenseCode"),
        (route(), "TaxCode", None),
        (route(tax_codes={"*": {"22": "T"}}), "TaxCode", "Invoices/DocumentLines.TaxCode"),
        (route(crm_number=True), "HandWritten", "Invoices.HandWritten"),
        (services(), "Invoices", None),
        (services(), "DeliveryNotes", "DeliveryNotes.CardCode"),
        (services(create_invoice=True), "Invoices", "Invoices.CardCode"),
    ],
)
async def test_rule_17_a_route_is_stopped_by_what_its_own_documents_need(
    chosen: Route, absent: str, named: str | None
) -> None:
    own = published(absent)
    if named is None:
        await own.check(chosen)
        return
    with pytest.raises(Misconfigured) as raised:
        await own.check(chosen)
    assert f"route “eu”: SAP Business One has no {named}" in raised.value.problems


@pytest.mark.parametrize(
    ("good", "wrong", "place"),
    [
        (rule("document", "U_Project"), rule("document", "U_Projekt"), "Invoices.U_Projekt"),
        (rule("document", "Project"), rule("document", "U_Place"), "Invoices.U_Place"),
        (rule("line", "U_Place"), rule("line", "U_Project"), "Invoices/DocumentLines.U_Project"),
        (rule("customer", "U_Region"), rule("customer", "U_Grade"), "BusinessPartners.U_Grade"),
        (rule("product", "U_Grade"), rule("product", "Shelf"), "Items.Shelf"),
    ],
)
async def test_a_wrong_name_of_the_field_map_is_an_error_that_names_it(
    good: FieldRule, wrong: FieldRule, place: str
) -> None:
    if good.to.startswith("U_"):
        await published(rules=(good,)).check(route())
    with pytest.raises(Misconfigured) as raised:
        await published(rules=(wrong,)).check(route())
    (problem,) = raised.value.problems
    assert problem.startswith(
        f"FIELD_MAP: a constant → “{wrong.to}” of a {wrong.record}: SAP Business One has no {place}"
    )
    assert ("restart Service Layer" in problem) == wrong.to.startswith("U_")


async def test_a_rule_of_the_other_system_is_not_its_matter() -> None:
    other = FieldRule.model_validate({"target": "onec", "record": "customer", "constant": "x", "to": "Источник"})
    await published(rules=(other,)).check(route())


async def test_metadata_are_read_once_and_a_failure_stands_for_a_while() -> None:
    own, script = asked(httpx.Response(200, text=metadata.edmx(Model({}))), rules=(rule("customer", "U_Region"),))
    for _ in range(3):
        with pytest.raises(Misconfigured, match="U_Region"):
            await own.check(route())
    assert [request.url.path.rpartition("/")[2] for request in script.requests] == ["$metadata"]


@pytest.mark.parametrize("answer", [httpx.Response(200, html="<html/>"), httpx.Response(200, text="<cut")])
async def test_what_is_no_metadata_is_an_outage_and_asked_again(answer: httpx.Response) -> None:
    own, script = asked(answer, httpx.Response(200, text=metadata.edmx(Model({}))))
    with pytest.raises(Unavailable, match="metadata"):
        await own.check(route())
    await own.check(route())
    assert len(script.requests) == 2


def _sent(known: Names, place: str, body: dict[str, Any]) -> set[str]:
    """Name what of a body is not among the names that are checked at start."""
    own = {name for name in body if not name.startswith("U_ACX_")}
    lacking = {f"{place}.{name}" for name in own - known[place]}
    for name in own:
        if isinstance(body[name], list):
            lacking |= {each for row in body[name] for each in _sent(known, f"{place}/{name}", row)}
    return lacking


@pytest.mark.parametrize("kind", [INVOICE, DELIVERY, ORDER])
@pytest.mark.parametrize("crm_number", [False, True])
def test_every_name_that_is_sent_is_checked_at_start(kind: Kind, crm_number: bool) -> None:
    by_kind = {DELIVERY: "delivery", ORDER: "order"}
    decided = route(
        way="2B" if kind is INVOICE else "2A",
        services_document=by_kind.get(kind),
        crm_number=crm_number,
        **EVERYTHING,
    )
    known = needed(decided)
    make = invoice if kind is INVOICE else order
    rows = (line(product=PUMP, number=1), line(product=None, description="x" * 300, number=2), freight())
    mixed = PreparedDocument(document(make(*rows, number="4711")), decided, COMPANY)
    by_hand = document(make(line(product=None, description="By hand"), number="4711"))
    on_account = PreparedDocument(by_hand, decided, COMPANY)
    key = UUID(int=1)
    lacking = _sent(known, kind.set, mixed.body(key, "C1", ["A", "B"], kind))
    lacking |= _sent(known, kind.set, on_account.body(key, "C1", [], kind))
    assert lacking == set()


def test_every_name_that_a_copied_invoice_sends_is_checked_at_start() -> None:
    decided = services(create_invoice=True, **EVERYTHING)
    prepared = PreparedDocument(document(order(line(product=PUMP), freight(), number="4711")), decided, COMPANY)
    body = prepared.body(UUID(int=1), "C1", ["A"], INVOICE, on_top=True)
    (row,) = body["DocumentLines"]
    held = row | {"LineNum": 0, "LineStatus": "bost_Open", "RemainingOpenQuantity": 1, "Price": row["UnitPrice"]}
    base = {"DocEntry": 1, "DocNum": 1, "CardCode": "C1", "DocCurrency": "EUR", "DocumentLines": [held]}
    base |= {"CancelStatus": "csNo", "DocumentStatus": "bost_Open"}
    base |= {"DocumentAdditionalExpenses": [{"ExpenseCode": 1, "LineTotal": 10, "LineNum": 0}]}
    assert _sent(needed(decided), "Invoices", based(body, prepared.lines, DELIVERY, base)) == set()


def test_every_name_of_a_card_is_checked_at_start() -> None:
    decided = route(**EVERYTHING)
    known = needed(decided)
    long = {"name": "N" * 200}
    partner = cards.partner(CUSTOMER.model_copy(update=long), "C1", decided.sapb1_books)
    item = cards.item(PUMP.model_copy(update=long), "P1", decided.sapb1_books)
    assert _sent(known, "BusinessPartners", partner) | _sent(known, "Items", item) == set()


def test_nothing_is_known_of_a_service_layer_that_publishes_nothing() -> None:
    assert len(problems({}, route(), ())) == sum(len(names) for names in needed(route()).values())
