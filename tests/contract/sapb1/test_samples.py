"""What the local Service Layer says, beside what real ones were heard to say."""

import json
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import httpx
import jsonschema
import pytest
from referencing import Registry
from referencing.jsonschema import DRAFT202012

from infra.local.sapb1 import company, server
from infra.local.serving import ServeOptions, listen
from tests.integration.sapb1.client import Client, Operation, batch_body, document, line


@pytest.fixture
async def b1() -> AsyncIterator[Client]:
    runner, root = await listen(server.create(ServeOptions(settings={"now": "2026-03-10T10:00:00Z"})))
    async with httpx.AsyncClient() as http:
        client = Client(http, root)
        await client.login()
        yield client
    await runner.cleanup()


@pytest.fixture(scope="module")
def samples(contracts: Path) -> Path:
    return contracts / "sapb1" / "samples"


def _shape(text: str) -> list[str]:
    """Give the lines of a multipart body with everything that changes from one answer to the next taken out."""
    text = re.sub(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "ID", text)
    text = re.sub(r'W/"[0-9A-F]+"', "ETAG", text)
    text = re.sub(r"Location: \S+/b1s", "Location: HOST/b1s", text)
    text = re.sub(r"Content-Length: \d+", "Content-Length: N", text)
    return [("BODY" if row.startswith("{") else row) for row in text.split("\r\n")]


@pytest.mark.parametrize("version", ["v1", "v2"])
async def test_a_batch_is_answered_byte_for_byte_as_captured(b1: Client, samples: Path, version: str) -> None:
    captured = (samples / f"batch.{version}.response.txt").read_bytes().decode()
    session = b1.http.cookies["B1SESSION"]
    partner = "BusinessPartners('C00001')"
    reply = await b1.http.post(
        f"{b1.root}/b1s/{version}/$batch",
        content=batch_body(
            [
                Operation("POST", "BusinessPartners", {"CardCode": "C00001", "CardName": "One"}, "1"),
                Operation("PATCH", partner, {"CardName": "Two"}, "2"),
                Operation("PATCH", partner, {"CardName": "Three"}, "3"),
            ]
        ),
        headers={"Content-Type": "multipart/mixed; boundary=batch_1", "Cookie": f"B1SESSION={session}"},
    )
    assert reply.status_code == (200 if version == "v2" else 202)
    assert _shape(reply.text) == _shape(captured)


async def test_login_answers_with_the_same_fields(b1: Client, samples: Path) -> None:
    captured = json.loads((samples / "login.v2.response.json").read_text(encoding="utf-8"))["body"]
    body = (await b1.login()).body
    assert list(body) == list(captured)
    assert [type(value) for value in body.values()] == [type(value) for value in captured.values()]
    assert body["@odata.context"].endswith("/b1s/v2/$metadata#B1Sessions/$entity")


def _captured(samples: Path, code: int) -> list[tuple[int, str]]:
    """Give statuses and sentences of the captured errors of a code."""
    found = []
    for entry in json.loads((samples / "errors.json").read_text(encoding="utf-8")):
        error = entry["body"]["error"]
        if int(error["code"]) == code:
            message = error["message"]
            found.append((entry["http"], message["value"] if isinstance(message, dict) else message))
    return found


async def _no_session(b1: Client) -> tuple[int, str, str]:
    return (await b1.call("GET", "Items", headers={"Cookie": "B1SESSION=none"})).error


async def _no_row(b1: Client) -> tuple[int, str, str]:
    return (await b1.call("GET", "Invoices(1)")).error


async def _second_partner(b1: Client) -> tuple[int, str, str]:
    await b1.add("BusinessPartners", {"CardCode": "c1", "CardName": "One"})
    return await b1.refused("BusinessPartners", {"CardCode": "c1", "CardName": "One"})


async def _deleted_invoice(b1: Client) -> tuple[int, str, str]:
    await b1.add("Invoices", document())
    return (await b1.call("DELETE", "Invoices(1)")).error


async def _stale(b1: Client) -> tuple[int, str, str]:
    headers = {"If-Match": 'W/"0"'}
    return (await b1.call("PATCH", "Items('A1000')", {"ItemName": "x"}, headers=headers)).error


async def _wrong_login(b1: Client) -> tuple[int, str, str]:
    return await b1.refused("Login", {"CompanyDB": "x", "UserName": "y", "Password": "z"})


async def _no_content_id(b1: Client) -> tuple[int, str, str]:
    [part] = await b1.batch([Operation("POST", "Invoices", {})])
    return part.status, part.body["error"]["code"], part.body["error"]["message"]


async def _empty_batch(b1: Client) -> tuple[int, str, str]:
    headers = {"Content-Type": "multipart/mixed; boundary=b"}
    reply = await b1.http.post(f"{b1.root}/b1s/v2/$batch", content=b"", headers=headers)
    return reply.status_code, reply.json()["error"]["code"], reply.json()["error"]["message"]


Provocation = Callable[[Client], Awaitable[tuple[int, str, str]]]
PROVOKED: dict[int, Provocation] = {
    301: _no_session,
    -2028: _no_row,
    -10: _second_partner,
    -5006: _deleted_invoice,
    -2039: _stale,
    100000027: _wrong_login,
    244: _no_content_id,
    -1000: _empty_batch,
}


@pytest.mark.parametrize("code", list(PROVOKED))
async def test_an_error_reads_as_captured(b1: Client, samples: Path, code: int) -> None:
    status, said_code, sentence = await PROVOKED[code](b1)
    assert said_code == str(code)
    assert (status, sentence) in _captured(samples, code)


async def test_a_duplicate_reads_as_captured_but_names_its_table(b1: Client, samples: Path) -> None:
    [(status, sentence)] = _captured(samples, -2035)
    item = {"ItemCode": company.STOCK_ITEM}
    said = await b1.refused("Items", item)
    assert said[:2] == (status, "-2035")
    assert said[2].replace(" 'OITM'", "") == sentence


async def test_the_shapes_of_errors(b1: Client, samples: Path) -> None:
    captured = {
        (entry["v"], int(entry["body"]["error"]["code"])): entry["body"]
        for entry in json.loads((samples / "errors.json").read_text(encoding="utf-8"))
    }
    session = b1.http.cookies["B1SESSION"]
    assert (await b1.call("GET", "Invoices(1)")).body == captured[2, -2028]
    v1 = await b1.call("GET", "Invoices(1)", version="v1", headers={"Cookie": f"B1SESSION={session}"})
    assert v1.body == captured[1, -2028]


async def test_what_is_written_out_fits_the_description(b1: Client, contracts: Path) -> None:
    for file, name, path in (
        ("sales", "Document", "Invoices"),
        ("businesspartners", "BusinessPartner", "BusinessPartners"),
        ("inventory", "Item", "Items"),
        ("banking", "Payment", "IncomingPayments"),
    ):
        description = json.loads(
            (contracts / "sapb1" / "ballerina-openapi" / f"{file}.openapi.json").read_text(encoding="utf-8")
        )
        if path == "Invoices":
            await b1.add("Invoices", document(line(), DocumentAdditionalExpenses=[{"ExpenseCode": 1, "LineTotal": 5}]))
        if path == "IncomingPayments":
            paid = [{"DocEntry": 1, "SumApplied": 1}]
            cash = {"CashSum": 1, "CashAccount": company.CASH_ACCOUNT, "PaymentInvoices": paid}
            await b1.add(path, {"CardCode": company.CUSTOMER, **cash})
        response = await b1.http.get(f"{b1.root}/b1s/v2/{path}")
        for row in response.json()["value"]:
            _validate(description, name, _without_nulls(row))


def _validate(description: dict[str, Any], name: str, row: object) -> None:
    resource = DRAFT202012.create_resource({"$id": "urn:b1", **description})
    registry: Registry[Any] = Registry().with_resource("urn:b1", resource)
    reference = {"$ref": f"urn:b1#/components/schemas/{name}"}
    jsonschema.Draft202012Validator(reference, registry=registry).validate(row)


def _without_nulls(value: Any) -> Any:
    """Leave out nulls and annotations: the description knows neither, though Service Layer sends both."""
    if isinstance(value, dict):
        return {k: _without_nulls(v) for k, v in value.items() if v is not None and not k.startswith("@odata")}
    return [_without_nulls(item) for item in value] if isinstance(value, list) else value
