"""Batches: order, atomic changesets, references, and the fence of a claim row."""

import asyncio

import httpx
import pytest

from infra.local.sapb1 import company
from tests.integration.sapb1.client import Client, Operation, batch_body, claimed, document, line
from tests.integration.sapb1.conftest import Start, prepare

DUPLICATE = "This entry already exists in the following tables '@ACX_CLAIM' (ODBC -2035)"


async def test_a_claim_and_its_invoice_are_created_together(prepared: Client) -> None:
    claim, invoice = await prepared.batch(claimed("k1"))
    assert (claim.status, claim.content_id, claim.in_changeset) == (201, "1", True)
    assert (invoice.status, invoice.content_id) == (201, "2")
    assert invoice.body["U_ACX_Key"] == "k1"
    assert invoice.body["DocTotal"] == 122


async def test_a_second_claim_takes_its_invoice_with_it(prepared: Client) -> None:
    await prepared.batch(claimed("k1"))
    before = await prepared.local("GET", "state")
    [refusal] = await prepared.batch(claimed("k1"))
    assert (refusal.status, refusal.in_changeset) == (400, False)
    assert refusal.body["error"]["code"] == "-2035"
    assert refusal.body["error"]["message"] == DUPLICATE
    assert await prepared.local("GET", "state") == before


async def test_a_refused_invoice_takes_its_claim_with_it(prepared: Client) -> None:
    before = await prepared.local("GET", "state")
    [refusal] = await prepared.batch(claimed("k1", document(line(company.EMPTY_ITEM))))
    assert refusal.body["error"]["code"] == "-10"
    assert await prepared.local("GET", "state") == before
    assert len(await prepared.batch(claimed("k1"))) == 2


async def test_a_broken_system_leaves_the_claim(start: Start) -> None:
    client = await prepare(await start(changeset_atomic="0"))
    [refusal] = await client.batch(claimed("k1", document(line(company.EMPTY_ITEM))))
    assert refusal.status == 400
    assert [row["Code"] for row in (await client.get("U_ACX_CLAIM"))["value"]] == ["k1"]


async def test_a_batch_stops_at_the_first_failure(prepared: Client) -> None:
    answers = await prepared.batch(
        Operation("GET", "VatGroups('S22')"),
        Operation("GET", "VatGroups('NO')"),
        Operation("GET", "VatGroups('S10')"),
    )
    assert [answer.status for answer in answers] == [200, 404]


async def test_what_came_before_the_failure_stays(prepared: Client) -> None:
    answers = await prepared.batch(claimed("k1"), claimed("k1"), claimed("k2"))
    assert [answer.status for answer in answers] == [201, 201, 400]
    assert len((await prepared.get("Invoices"))["value"]) == 1


async def test_a_later_operation_may_refer_to_an_earlier_one(prepared: Client) -> None:
    answers = await prepared.batch(
        [
            Operation("POST", "BusinessPartners", {"CardCode": "C1", "CardName": "One"}, "1"),
            Operation("PATCH", "$1", {"CardName": "Two"}, "2"),
        ]
    )
    assert [answer.status for answer in answers] == [201, 204]
    assert (await prepared.get("BusinessPartners('C1')"))["CardName"] == "Two"


async def test_an_action_on_what_was_just_created(prepared: Client) -> None:
    answers = await prepared.batch(
        [Operation("POST", "Orders", document(DocDueDate="2026-04-01"), "7"), Operation("POST", "$7/Cancel", None, "8")]
    )
    assert [answer.status for answer in answers] == [201, 204]
    assert (await prepared.get("Orders(1)"))["Cancelled"] == "tYES"


@pytest.mark.parametrize(
    ("operations", "code", "sentence"),
    [
        (
            [Operation("POST", "U_ACX_CLAIM", {"Code": "1"})],
            "244",
            "Content ID should be specified in each change set request.",
        ),
        ([Operation("GET", "Invoices", None, "1")], "-1000", "GET is not allowed in a change set."),
        ([Operation("PATCH", "$3", {}, "1")], "-1000", "Content ID '3' refers to nothing."),
    ],
)
async def test_a_changeset_that_makes_no_sense(
    prepared: Client, operations: list[Operation], code: str, sentence: str
) -> None:
    [refusal] = await prepared.batch(operations)
    assert refusal.status == 400
    assert refusal.body["error"]["code"] == code
    assert refusal.body["error"]["message"] == sentence


async def test_a_body_cut_short_is_refused_as_a_whole(prepared: Client) -> None:
    reply = await prepared.http.post(
        f"{prepared.root}/b1s/v2/$batch",
        content=batch_body(claimed("k1"))[:-20],
        headers={"Content-Type": "multipart/mixed; boundary=batch_1"},
    )
    assert reply.status_code == 400
    assert reply.json()["error"]["message"] == "Incomplete Batch Request Body!"
    assert (await prepared.get("U_ACX_CLAIM"))["value"] == []


async def test_v1_answers_202(prepared: Client) -> None:
    session = prepared.http.cookies["B1SESSION"]
    reply = await prepared.http.post(
        f"{prepared.root}/b1s/v1/$batch",
        content=batch_body(claimed("k1")),
        headers={"Content-Type": "multipart/mixed; boundary=batch_1", "Cookie": f"B1SESSION={session}"},
    )
    assert reply.status_code == 202
    assert "HTTP/1.1 201 Created\r\nContent-ID: 1\r\n" in reply.text


async def test_of_many_at_once_one_gets_the_key(prepared: Client) -> None:
    answers = await asyncio.gather(*(prepared.batch(claimed("k1")) for _ in range(10)))
    assert sorted(len(parts) for parts in answers) == [1] * 9 + [2]
    assert len((await prepared.get("Invoices"))["value"]) == 1


async def test_an_answer_that_is_lost_leaves_the_document(prepared: Client) -> None:
    await prepared.local("POST", "faults", {"kind": "drop_after", "match": "POST .*batch"})
    with pytest.raises(httpx.HTTPError):
        await prepared.batch(claimed("k1"))
    assert len((await prepared.get("Invoices", filter="U_ACX_Key eq 'k1'"))["value"]) == 1
    await prepared.local("POST", "faults", {"kind": "drop_before", "match": "POST .*batch"})
    with pytest.raises(httpx.HTTPError):
        await prepared.batch(claimed("k2"))
    assert (await prepared.get("Invoices", filter="U_ACX_Key eq 'k2'"))["value"] == []
