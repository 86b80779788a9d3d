"""``$batch``: journal writes, changesets, and what happens when an operation is refused."""

from typing import Any

import httpx

from shared.jsontext import dumps, loads
from tests.integration.dataverse.conftest import Client, Goods

Operation = tuple[str, str, Any, dict[str, str]]


def _http(operation: Operation, root: str, content_id: int | None = None) -> str:
    method, path, body, headers = operation
    lines = ["Content-Type: application/http", "Content-Transfer-Encoding: binary"]
    if content_id is not None:
        lines.append(f"Content-ID: {content_id}")
    address = path if path.startswith("$") else f"{root}{path}"
    lines += ["", f"{method} {address} HTTP/1.1"]
    if body is not None:
        headers = {"Content-Type": "application/json; type=entry", **headers}
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", "" if body is None else dumps(body), ""])


def operation(method: str, path: str, body: Any = None, **headers: str) -> Operation:
    """Give an operation of a batch; header names are given with underscores."""
    return method, path, body, {name.replace("_", "-"): value for name, value in headers.items()}


async def send(client: Client, *parts: Operation | list[Operation], prefer: str = "") -> httpx.Response:
    """Send a batch; a list is a changeset."""
    root, text = client.organization.root, ""
    for part in parts:
        text += "--batch_1\r\n"
        if isinstance(part, list):
            text += "Content-Type: multipart/mixed; boundary=changeset_1\r\n\r\n"
            text += "".join(f"--changeset_1\r\n{_http(item, root, number)}" for number, item in enumerate(part, 1))
            text += "--changeset_1--\r\n"
        else:
            text += _http(part, root)
    headers = {"Content-Type": 'multipart/mixed; boundary="batch_1"'} | ({"Prefer": prefer} if prefer else {})
    return await client.send("POST", "$batch", f"{text}--batch_1--\r\n".encode(), **headers)


def statuses(answer: httpx.Response) -> list[int]:
    """Give the status of every operation in the order of the answer."""
    return [int(line.split(" ")[1]) for line in answer.text.split("\r\n") if line.startswith("HTTP/1.1 ")]


def journal(key: str, **values: Any) -> dict[str, Any]:
    """Give the body of a journal row."""
    return {"acx_key": key, "acx_name": key, "acx_target": "onec", **values}


async def test_the_journal_is_written_in_one_batch(admin: Client, bridge: Client, goods: Goods) -> None:
    invoice = await admin.create("invoices", goods.invoice(goods.line()))
    old = await bridge.create("acx_accountingexports", journal("onec:invoice:old"))
    etag = (await bridge.get(f"acx_accountingexports({old})"))["@odata.etag"]
    answer = await send(
        bridge,
        operation(
            "POST", "acx_accountingexports", journal("k1", **{"acx_invoiceid@odata.bind": f"/invoices({invoice})"})
        ),
        operation("PATCH", f"acx_accountingexports({old})", {"acx_number": "77"}, If_Match=etag),
        operation("PATCH", f"acx_accountingexports({old})", {"acx_number": "78"}, If_Match=etag),
        operation("POST", "acx_accountingexports", journal("K1")),
        operation("PATCH", "acx_accountingexports(acx_key='k1')", {"acx_number": "5"}, If_Match="*"),
        prefer="odata.continue-on-error",
    )
    assert answer.status_code == 200
    assert answer.headers["Content-Type"].startswith("multipart/mixed; boundary=batchresponse_")
    assert statuses(answer) == [204, 204, 412, 412, 204]
    assert "0x80060882" in answer.text
    assert "0x80060892" in answer.text
    row = await bridge.get("acx_accountingexports(acx_key='k1')?$select=acx_number,_acx_invoiceid_value")
    assert (row["acx_number"], row["_acx_invoiceid_value"]) == ("5", invoice)
    assert (await bridge.get(f"acx_accountingexports({old})"))["acx_number"] == "77"


async def test_without_continue_on_error_a_batch_stops_at_the_first_refusal(bridge: Client) -> None:
    answer = await send(
        bridge,
        operation("POST", "acx_accountingexports", journal("a")),
        operation("POST", "acx_accountingexports", journal("x" * 101)),
        operation("POST", "acx_accountingexports", journal("b")),
    )
    assert answer.status_code == 400
    assert statuses(answer) == [204, 400]
    rows = await bridge.get("acx_accountingexports?$select=acx_key")
    assert [row["acx_key"] for row in rows["value"]] == ["a"]


async def test_a_changeset_is_done_as_a_whole_or_not_at_all(bridge: Client) -> None:
    answer = await send(
        bridge,
        [
            operation("POST", "acx_accountingexports", journal("a")),
            operation("POST", "acx_accountingexports", journal("a")),
        ],
        operation("GET", "acx_accountingexports?$select=acx_key"),
        prefer="odata.continue-on-error",
    )
    assert statuses(answer) == [412, 200]
    assert (await bridge.get("acx_accountingexports?$select=acx_key"))["value"] == []


async def test_a_changeset_refers_to_what_it_created(bridge: Client) -> None:
    answer = await send(
        bridge,
        [
            operation("POST", "accounts", {"name": "One"}),
            operation("POST", "contacts", {"lastname": "Two", "parentcustomerid_account@odata.bind": "$1"}),
            operation("PATCH", "$1", {"primarycontactid@odata.bind": "$2"}),
        ],
    )
    assert statuses(answer) == [204, 204, 204]
    rows = await bridge.get("accounts?$select=name&$expand=primarycontactid($select=fullname)")
    assert rows["value"][0]["primarycontactid"]["fullname"] == "Two"
    assert "Content-ID: 2" in answer.text


async def test_a_read_in_a_changeset_or_too_many_operations_are_refused(bridge: Client) -> None:
    answer = await send(bridge, [operation("GET", "accounts")])
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "0x80060888")
    answer = await send(bridge, *[operation("GET", "accounts?$top=1")] * 1001)
    assert answer.status_code == 400
    assert "1000" in answer.json()["error"]["message"]


async def test_lines_must_end_in_crlf(bridge: Client) -> None:
    body = b"--b\nContent-Type: application/http\n\nGET accounts HTTP/1.1\n\n--b--\n"
    answer = await bridge.send("POST", "$batch", body, Content_Type="multipart/mixed; boundary=b")
    assert answer.status_code == 400
    assert "CRLF" in answer.json()["error"]["message"]


async def test_answers_to_reads_are_whole_responses(bridge: Client) -> None:
    await bridge.create("accounts", {"name": "Ромашка"})
    answer = await send(bridge, operation("GET", "accounts?$select=name"))
    head, _, rest = answer.text.partition("HTTP/1.1 200 OK\r\n")
    assert "Content-Type: application/http\r\nContent-Transfer-Encoding: binary\r\n\r\n" in head
    headers, _, body = rest.partition("\r\n\r\n")
    assert "OData-Version: 4.0" in headers
    assert loads(body.split("\r\n--batchresponse_")[0])["value"][0]["name"] == "Ромашка"
