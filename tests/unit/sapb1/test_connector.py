"""The connector where Service Layer answers strangely: nothing is written twice, and nothing is believed blindly."""

import json
import re
from typing import Any
from uuid import UUID

import httpx
import pytest
from pydantic import SecretStr

from infra.local.sapb1 import metadata
from infra.local.sapb1.edm import Model
from shared.accounting import Bindings, Outcome
from shared.documents import Customer, card_hash
from shared.errors import Misconfigured, Refused, Unavailable
from shared.http import Http
from shared.messages import Document, Journalled, State
from shared.refusals import refusal
from shared.routes import Route
from shared.sapb1 import fence
from shared.sapb1.connector import Sapb1Connector
from tests.unit.sapb1.examples import (
    ADVICE,
    CUSTOMER,
    ORGANIZATION,
    document,
    invoice,
    key_of,
    line,
    order,
    route,
    services,
)
from tests.unit.sapb1.scripted import URL, batch_of, error

BOUND = {f"account:{CUSTOMER.id}": "C1", f"product:{ADVICE.id}": "ADVICE"}
CARDS = {f"account:{CUSTOMER.id}": card_hash(CUSTOMER), f"product:{ADVICE.id}": card_hash(ADVICE)}
ITEM = {
    "ItemCode": "ADVICE",
    "SalesItem": "tYES",
    "InventoryItem": "tNO",
    "ManageBatchNumbers": "tNO",
    "ManageSerialNumbers": "tNO",
    "Valid": "tYES",
    "Frozen": "tNO",
}
WRITTEN = {
    "DocEntry": 11,
    "DocNum": 501,
    "DocTotal": 122,
    "DocTotalFc": 0,
    "DocCurrency": "EUR",
    "CancelStatus": "csNo",
}


class Sap:
    """A company whose rows and batch answers a test decides."""

    def __init__(self, *batches: httpx.Response) -> None:
        self.batches = list(batches)
        self.found: dict[str, list[list[dict[str, Any]]]] = {"Invoices": [], "Drafts": []}
        self.claim: httpx.Response = error(404, "-2028", "No matching records found (ODBC -2028)")
        self.approvals = "tNO"
        self.calls: list[str] = []
        self.bodies: list[str] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        name = request.url.path.removeprefix("/b1s/v2/")
        self.calls.append(f"{request.method} {name}")
        if name == "$metadata":
            return httpx.Response(200, text=metadata.edmx(Model({})))
        if name == "Login" or (name == fence.CLAIMS and request.method == "POST"):
            return httpx.Response(200, json={"SessionId": "s"})
        if name == "$batch":
            self.bodies.append(request.content.decode())
            return self.batches.pop(0)
        if name.startswith(f"{fence.CLAIMS}("):
            return self.claim if str(key_of(document())) in name else error(404, "-2028")
        if name.startswith("Invoices("):
            return error(404, "-2028", "No matching records found (ODBC -2028)")
        return httpx.Response(200, json=self._read(name, request.url.params.get("$filter", "")))

    def _read(self, name: str, where: str) -> dict[str, Any]:
        if name == "CompanyService_GetAdminInfo":
            accuracy = {"TotalsAccuracy": 2, "PriceAccuracy": 6, "AccuracyofQuantities": 3}
            return accuracy | {"EnableApprovalProcedureInDI": self.approvals, "LocalCurrency": "EUR"}
        if name == "CompanyService_GetCompanyInfo":
            return {"GroupLinesInVATCalculation": "tNO"}
        if name == "VatGroups":
            rates = {"S22": 22, "S95": 9.5, "S0": 0, "SEX": 0}
            lines = {code: [{"Effectivefrom": "2000-01-01", "Rate": rate}] for code, rate in rates.items()}
            return {
                "value": [
                    {"Code": code, "Category": "bovcOutputTax", "Inactive": "tNO", "VatGroups_Lines": lines[code]}
                    for code in re.findall(r"'(\w+)'", where)
                ]
            }
        if name == "Items":
            return {"value": [ITEM]}
        if name in self.found and where:
            return {"value": self.found[name].pop(0) if self.found[name] else []}
        return {"value": []}


async def export(
    sap: Sap, made: Document | None = None, known: dict[str, str] | None = None, way: Route | None = None
) -> Outcome:
    """Export a document into the company."""
    made = made or document()
    http = Http("SAP Business One", httpx.MockTransport(sap))
    connector = Sapb1Connector(http, URL, "SBO", "bridge", SecretStr("x"), ORGANIZATION)
    bindings = Bindings(BOUND if known is None else known, CARDS)
    return await connector.export(made, way or route(), key_of(made), bindings)


def written(**more: Any) -> dict[str, Any]:
    """Give an invoice as Business One holds it."""
    return WRITTEN | {fence.KEY: str(key_of(document())), fence.HASH: document().hash} | more


def batches(*rows: object) -> list[httpx.Response]:
    """Give successful answers of changesets."""
    return [batch_of((1, 201, "{}"), (2, 201, json.dumps(row, ensure_ascii=False))) for row in rows]


def failing(status: int, code: str, message: str = "") -> httpx.Response:
    """Give the answer of a changeset that failed."""
    return batch_of((1, status, json.dumps({"error": {"code": code, "message": message}})))


def journal(**more: Any) -> Journalled:
    """Give a journal row of a posted document."""
    values: dict[str, Any] = {"row_id": UUID(int=1), "etag": "W/1", "state": State.POSTED, "accounting_id": "11"}
    return Journalled(**(values | more))


async def test_the_claim_goes_first_and_carries_the_key() -> None:
    sap = Sap(*batches(written()))
    outcome = await export(sap)
    assert (outcome.number, outcome.accounting_id, outcome.state) == ("501", "11", State.POSTED)
    (body,) = sap.bodies
    assert body.index(f"/{fence.CLAIMS}") < body.index("/Invoices")
    assert body.count(str(key_of(document()))) == 3  # Code, Name, and the invoice's own field


@pytest.mark.parametrize("answer", [batch_of((1, 204, ""), (2, 204, "")), batch_of((1, 201, "{}"), (2, 201, "[]"))])
async def test_an_answer_without_the_document_is_looked_up(answer: httpx.Response) -> None:
    sap = Sap(answer)
    sap.found["Invoices"] = [[written()]]
    assert (await export(sap)).number == "501"
    assert sap.calls.count("POST $batch") == 1


async def test_an_invoice_that_was_committed_between_two_look_ups_is_found() -> None:
    sap = Sap(failing(404, "-2028"))
    sap.claim = httpx.Response(200, json={"Code": "x", "Name": "invoice x"})
    sap.found["Invoices"] = [[], [written()]]
    assert (await export(sap)).number == "501"


async def test_ambiguity_without_a_document_waits_for_the_next_attempt() -> None:
    sap = Sap(failing(404, "-2028", "No matching records found (ODBC -2028)"))
    with pytest.raises(Unavailable, match=r"-2028.*was not found; no document was written") as raised:
        await export(sap)
    assert raised.value.answered, "it is about this document, and no neighbour waits for it"
    assert sap.calls.count("POST $batch") == 1


async def test_what_sap_says_of_when_to_come_again_outlives_the_look_up() -> None:
    sap = Sap(httpx.Response(503, headers={"Retry-After": "120"}))
    with pytest.raises(Unavailable, match="no document was written") as raised:
        await export(sap)
    assert raised.value.retry_after == 120


@pytest.mark.parametrize("status", [400, 404, 408])
async def test_a_page_that_is_not_saps_refuses_no_document(status: int) -> None:
    """A relay or a proxy before Service Layer speaks while SAP is away: the document waits, and nobody is told off."""
    sap = Sap(httpx.Response(status, html="<html><body>No listener is connected</body></html>"))
    with pytest.raises(Unavailable, match="no document was written"):
        await export(sap)
    assert sap.calls.count("POST $batch") == 1


async def test_a_claim_that_was_given_back_meanwhile_waits_for_the_next_attempt() -> None:
    sap = Sap(failing(400, "-2035", "This entry already exists in the following tables 'ACX_CLAIM' (ODBC -2035)"))
    with pytest.raises(Unavailable, match="another attempt"):
        await export(sap)


async def test_what_is_there_already_but_not_ours_is_refused() -> None:
    sap = Sap(failing(400, "-10", "Quantity falls into negative inventory"))
    with pytest.raises(Refused) as refused:
        await export(sap)
    assert refused.value.refusal.values == {"message": "Quantity falls into negative inventory"}


async def test_a_claim_without_a_document_is_a_broken_fence() -> None:
    sap = Sap(failing(400, "-2035", "This entry already exists"))
    sap.claim = httpx.Response(200, json={"Code": "x", "Name": "invoice x"})
    with pytest.raises(Misconfigured, match="the fence is broken"):
        await export(sap)


@pytest.mark.parametrize(
    ("row", "code"),
    [
        (written(**{fence.HASH: "other"}), "changed_after_export"),
        (written(DocTotal=121), "total_differs"),
        (written(CancelStatus="csYes"), "cancelled_in_accounting"),
    ],
)
async def test_what_the_journal_knows_is_looked_at_before_anything_is_written(row: dict[str, Any], code: str) -> None:
    sap = Sap()
    sap.found["Invoices"] = [[row]]
    with pytest.raises(Refused) as refused:
        await export(sap, document(journal=journal()), known={})
    assert refused.value.refusal.code == code
    assert not [call for call in sap.calls if call.startswith("POST") and call != "POST Login"]


async def test_a_document_that_the_journal_knows_is_never_made_again() -> None:
    sap = Sap()
    with pytest.raises(Refused) as refused:
        await export(sap, document(journal=journal()))
    assert refused.value.refusal.code == "deleted_in_accounting"


async def test_an_earlier_attempt_is_looked_for_first() -> None:
    sap = Sap()
    sap.found["Invoices"] = [[written()]]
    assert (await export(sap, document(attempt=1))).number == "501"
    assert "POST $batch" not in sap.calls
    assert sap.calls[-2:] == ["GET Drafts", "GET Invoices"]


async def test_the_live_document_counts_and_not_its_cancelled_copies() -> None:
    sap = Sap()
    rows = [
        written(DocEntry=10, DocNum=500, CancelStatus="csYes"),
        written(DocEntry=12, DocNum=502, CancelStatus="csCancellation"),
        written(DocEntry=13, DocNum=503),
        written(DocEntry=14, DocNum=504),
    ]
    sap.found["Invoices"] = [rows]
    assert (await export(sap, document(attempt=1))).number == "503"


async def test_an_approved_invoice_counts_more_than_its_draft() -> None:
    sap = Sap()
    sap.found = {"Drafts": [[written(DocEntry=77)]], "Invoices": [[written()]]}
    assert (await export(sap, document(attempt=1))).state is State.POSTED


async def test_a_draft_is_kept_behind_a_claim_of_its_own() -> None:
    sap = Sap(failing(404, "-2028"))
    sap.found["Drafts"] = [[written(DocEntry=77)]]
    outcome = await export(sap)
    assert (outcome.state, outcome.number, outcome.accounting_id) == (State.DRAFT, "", "Drafts(77)")
    assert outcome.remark == refusal("draft_waits", draft=77)
    assert sap.calls[-1] == f"POST {fence.CLAIMS}"


async def test_where_approvals_make_drafts_nothing_is_written_without_looking() -> None:
    sap = Sap()
    sap.approvals = "tYES"
    sap.found["Drafts"] = [[written(DocEntry=77)]]
    assert (await export(sap)).state is State.DRAFT
    assert "POST $batch" not in sap.calls


async def test_a_second_draft_of_the_same_invoice_is_pointed_out() -> None:
    sap = Sap()
    sap.found["Drafts"] = [[written(DocEntry=76, DocumentStatus="bost_Close"), written(DocEntry=77)]]
    sap.found["Invoices"] = [[written()]]
    outcome = await export(sap, document(attempt=1))
    assert (outcome.state, outcome.number) == (State.POSTED, "501")
    assert outcome.remark == refusal("second_draft", drafts="77")


async def test_a_second_draft_of_a_delivery_and_of_its_invoice_is_pointed_out_as_well() -> None:
    sap, made = Sap(), document(order(), attempt=1)
    row = written(DocumentStatus="bost_Open") | {fence.HASH: made.hash}
    sap.found["Drafts"] = [[row | {"DocEntry": 77}], [row | {"DocEntry": 78}]]
    sap.found["DeliveryNotes"], sap.found["Invoices"] = [[row]], [[row]]

    outcome = await export(sap, made, way=services(create_invoice=True))

    assert (outcome.state, outcome.accounting_id) == (State.POSTED, "DeliveryNotes(11)")
    assert outcome.remark == refusal("second_draft", drafts="77, 78")


@pytest.mark.parametrize(
    ("row", "total"),
    [
        (written(DocTotal=122, DocTotalFc=0), "122"),
        (written(DocTotal=112, DocTotalFc=122, DocCurrency="USD"), "122"),
        (written(DocTotal=102, WTAmount=20), "102"),  # withholding tax is not part of the comparison
        (written(DocTotal=90, DocTotalFc=100, WTAmountFC=22), "100"),
    ],
)
async def test_the_total_is_read_in_the_currency_of_the_document(row: dict[str, Any], total: str) -> None:
    assert str((await export(Sap(*batches(row)))).total) == total


async def test_a_total_that_differs_names_the_document_that_now_exists() -> None:
    with pytest.raises(Refused) as refused:
        await export(Sap(*batches(written(DocTotal=121.99))))
    assert refused.value.refusal.code == "total_differs"
    assert refused.value.refusal.values == {
        "number": "501",
        "accounting": "121.99",
        "crm": "122.00",
        "difference": "-0.01",
    }


async def test_a_document_of_another_organization_is_never_written() -> None:
    sap = Sap()
    with pytest.raises(Misconfigured, match="another Dataverse organization"):
        await export(sap, document(organization_id=UUID(int=9)))
    assert sap.calls == []


@pytest.mark.parametrize(
    "made",
    [
        invoice(line(rate="7")),
        invoice(line(net="100.00", tax="21.99")),
        invoice(customer=Customer(table="account", id=UUID(int=5), name="X", tax_number="9" * 33)),
    ],
)
async def test_a_refusal_writes_nothing(made: Any) -> None:
    sap = Sap()
    with pytest.raises(Refused):
        await export(sap, document(made), known={})
    assert "POST $batch" not in sap.calls


async def test_names_of_any_script_come_through() -> None:
    sap = Sap(*batches(written(CardName="Ромашка — «ООО»")))
    assert (await export(sap)).number == "501"
