"""The local Application Insights takes and refuses telemetry as the real ingestion does."""

import asyncio
import gzip
import json
from typing import Any

import pytest

from tests.integration.insights.conftest import Insights

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"


def envelope(key: str, kind: str = "MessageData", **data: Any) -> dict[str, Any]:
    """Give an envelope that is taken."""
    whole: dict[str, dict[str, Any]] = {
        "MessageData": {"message": "swept"},
        "RemoteDependencyData": {"name": "GET invoices", "duration": "0.00:00:01.250", "target": "Dataverse"},
        "RequestData": {
            "id": "b" * 16,
            "duration": "00:00:00.0420000",
            "responseCode": "202",
            "name": "dataverse_events",
        },
        "MetricData": {"metrics": [{"name": "retries", "value": 3, "count": 2, "min": 1, "max": 2}]},
        "ExceptionData": {"exceptions": [{"typeName": "KeyError", "message": "a"}]},
        "EventData": {"name": "started"},
    }
    return {
        "name": "Microsoft.ApplicationInsights.X",
        "time": "2026-11-24T12:00:00.000000Z",
        "iKey": key,
        "tags": {"ai.operation.id": TRACE},
        "data": {"baseType": kind, "baseData": {"ver": 2, **whole.get(kind, {}), **data}},
    }


async def track(insights: Insights, *envelopes: Any, path: str = "/v2.1/track") -> tuple[int, dict[str, Any]]:
    answer = await insights.client.post(f"{insights.url}{path}", json=list(envelopes))
    return answer.status_code, answer.json()


@pytest.mark.parametrize("path", ["/v2.1/track", "/v2/track", "//v2.1/track"])
async def test_telemetry_is_taken_at_each_address_that_exporters_use(insights: Insights, path: str) -> None:
    status, body = await track(insights, envelope(insights.key), path=path)
    assert (status, body) == (200, {"itemsReceived": 1, "itemsAccepted": 1, "appId": None, "errors": []})


@pytest.mark.parametrize("packed", [True, False])
@pytest.mark.parametrize("lines", [True, False])
async def test_gzip_and_one_object_a_line_are_taken(insights: Insights, packed: bool, lines: bool) -> None:
    envelopes = [envelope(insights.key), envelope(insights.key, "EventData")]
    body = ("\n".join(map(json.dumps, envelopes)) if lines else json.dumps(envelopes)).encode()
    headers = {"Content-Encoding": "gzip"} if packed else {}
    answer = await insights.client.post("/v2/track", content=gzip.compress(body) if packed else body, headers=headers)
    assert answer.json()["itemsAccepted"] == 2


async def test_each_kind_becomes_a_row_of_its_table(insights: Insights) -> None:
    kinds = ("MessageData", "RemoteDependencyData", "RequestData", "MetricData", "ExceptionData", "EventData")
    await track(insights, *(envelope(insights.key, kind) for kind in kinds))
    rows = {row["table"]: row for row in await insights.rows(operation=TRACE)}
    assert set(rows) == {"traces", "dependencies", "requests", "customMetrics", "exceptions", "customEvents"}
    assert (rows["dependencies"]["duration"], rows["dependencies"]["itemType"]) == (1250.0, "dependency")
    assert (rows["requests"]["duration"], rows["requests"]["resultCode"]) == (42.0, "202")
    measure = rows["customMetrics"]
    assert (measure["valueSum"], measure["valueCount"], measure["valueMin"], measure["valueMax"]) == (3.0, 2, 1.0, 2.0)
    assert await insights.rows(operation="0" * 32) == []
    assert [row["table"] for row in await insights.rows(table="requests")] == ["requests"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"iKey": "00000000-0000-0000-0000-000000000000"}, "Invalid instrumentation key"),
        ({"iKey": None}, "Invalid instrumentation key"),
        ({"time": ""}, "109: Field 'time' on type 'Envelope' is required but missing or empty"),
        ({"name": None}, "109: Field 'name' on type 'Envelope' is required but missing or empty"),
        ({"time": "yesterday"}, "103: Field 'time'"),
        ({"tags": {"ai.operation.id": 7}}, "103: Field 'tags'"),
        ({"data": None}, "109: Field 'data' on type 'Envelope'"),
        ({"data": {"baseType": "PageViewData", "baseData": {"ver": 2}}}, "102: Unexpected base type 'PageViewData'"),
        ({"data": {"baseType": "MessageData"}}, "109: Field 'baseData'"),
        ({"data": {"baseType": "MessageData", "baseData": {"ver": 2, "message": ""}}}, "109: Field 'message'"),
        ({"data": {"baseType": "MessageData", "baseData": {"message": "a"}}}, "109: Field 'ver'"),
        (
            {"data": {"baseType": "RemoteDependencyData", "baseData": {"ver": 2, "name": "a", "duration": "1 s"}}},
            "103: Field 'duration'",
        ),
        (
            {"data": {"baseType": "MessageData", "baseData": {"ver": 2, "message": "a", "properties": {"n": 1}}}},
            "103: Field 'properties'",
        ),
        (
            {"data": {"baseType": "MetricData", "baseData": {"ver": 2, "metrics": [{"name": "a", "value": "1"}]}}},
            "109: Field 'value' on type 'DataPoint'",
        ),
    ],
)
async def test_a_bad_envelope_is_named_and_its_neighbour_taken(
    insights: Insights, change: dict[str, Any], message: str
) -> None:
    bad = envelope(insights.key) | change
    status, body = await track(insights, bad)
    assert (status, body["itemsAccepted"]) == (400, 0)
    status, body = await track(insights, envelope(insights.key), bad)
    assert (status, body["itemsReceived"], body["itemsAccepted"]) == (206, 2, 1)
    (error,) = body["errors"]
    assert (error["index"], error["statusCode"]) == (1, 400)
    assert error["message"].startswith(message)
    assert len(await insights.rows()) == 1


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b"nonsense", b"\xff\xfe"])
async def test_what_is_no_telemetry_is_400(insights: Insights, body: bytes) -> None:
    answer = await insights.client.post("/v2.1/track", content=body)
    assert answer.status_code == 400
    assert await insights.rows() == []


@pytest.mark.parametrize("status", [402, 429, 503])
async def test_it_can_be_told_to_refuse(insights: Insights, status: int) -> None:
    await insights.fails(kind="status", status=status, retry_after=7)
    answer = await insights.client.post("/v2.1/track", json=[envelope(insights.key)])
    assert (answer.status_code, answer.headers["Retry-After"]) == (status, "7")
    assert (await track(insights, envelope(insights.key)))[0] == 200


async def test_it_forgets_when_told(insights: Insights) -> None:
    await track(insights, envelope(insights.key))
    await insights.client.delete("/_local/rows")
    assert await insights.rows() == []
    answer = await insights.client.get("/_local/rows", params={"table": "others"})
    assert answer.status_code == 400


async def test_it_serves_by_name_with_the_line_that_others_read() -> None:
    import sys

    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "infra.local", "serve", "insights", "--port", "0", stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    line = json.loads(await process.stdout.readline())
    process.terminate()
    await process.wait()
    assert set(line) == {"service", "connection_string", "url"}
    assert line["service"] == "insights"
    assert f"IngestionEndpoint={line['url']}/" in line["connection_string"]
