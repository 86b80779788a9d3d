"""The real exporters send to the local Application Insights: what arrives, and what comes of one that fails."""

import asyncio
import json
import logging
import select
import socket
from typing import Any

import pytest

from shared.telemetry import call, hop, invocation, invocations, observe, onward, problems, recorder, say, sent
from shared.telemetry.outbox import Outbox
from shared.telemetry.words import WORDS
from tests.integration.insights.conftest import WAIT, Insights, Open
from tests.unit.telemetry.test_allowed import HOSTILE, words
from tests.unit.telemetry.test_recorder import HOST, context, message

# OpenCensus is retired and will not be mended.
pytestmark = pytest.mark.filterwarnings("ignore:.locale.getdefaultlocale:DeprecationWarning")

KEY = "InstrumentationKey=00000000-0000-0000-0000-000000000001"
URL = "https://x/base/odata/standard.odata/Document_СчетНаОплатуПокупателю(guid'1')/Post()"


def work() -> None:
    """Record one of each."""
    with invocation(context()), hop("onec_connector", [message("a")], 2, target="onec"):
        with call("1C", "POST", URL) as seen:
            seen.status = 200
        with call("1C", "GET", URL) as seen:
            seen.status = 500
        say(logging.WARNING, "refused", {"target": "onec", "reason": "before_start"})
        observe("seconds_to_posted", 2.5, target="onec")
        with sent("results", [onward(message("a").traceparent)]):
            pass


async def arrived(box: Outbox) -> bool:
    return await asyncio.to_thread(box.wait, WAIT)


async def test_what_is_recorded_arrives_in_the_columns_that_queries_read(insights: Insights, box: Outbox) -> None:
    work()
    assert await arrived(box)
    assert problems() == []
    rows = await insights.rows()
    spans = {row["name"]: row for row in rows if row["table"] == "dependencies"}
    own = spans["onec_connector"]
    assert own["operation_Id"] == "a" * 32
    assert (own["operation_ParentId"], own["type"], own["success"]) == ("a" * 16, "InProc", True)
    assert own["customDimensions"]["target"] == "onec"
    (link,) = json.loads(own["customDimensions"]["_MS.links"])
    assert (link["operation_Id"], link["id"]) == (HOST.split("-")[1], HOST.split("-")[2])
    post = spans["POST Document_СчетНаОплатуПокупателю()/Post()"]
    assert (post["target"], post["type"], post["resultCode"], post["success"]) == ("1C", "HTTP", "200", True)
    assert (post["operation_ParentId"], post["customDimensions"]["attempt"]) == (own["id"], "2")
    failed = spans["GET Document_СчетНаОплатуПокупателю()/Post()"]
    assert (failed["resultCode"], failed["success"]) == ("500", False)
    sending = spans["send results"]
    assert (sending["target"], sending["type"]) == ("results", "Queue Message | Azure Service Bus")
    (line,) = [row for row in rows if row["table"] == "traces"]
    assert (line["message"], line["severityLevel"], line["operation_Id"]) == ("refused", 2, "a" * 32)
    assert line["customDimensions"].items() >= {"target": "onec", "reason": "before_start"}.items()
    measures = {row["name"]: row for row in rows if row["table"] == "customMetrics"}
    assert measures["seconds_to_posted"]["valueSum"] == 2.5
    assert measures["round_trips"]["customDimensions"] == {"hop": "onec_connector", "target": "1C"}
    assert (measures["round_trips"]["valueSum"], measures["round_trips"]["valueCount"]) == (2.0, 1)


async def test_nothing_hostile_leaves_the_process(insights: Insights, box: Outbox) -> None:
    for value in HOSTILE:
        with invocation(context()), hop("export", [message("a")], customer=value):
            say(logging.INFO, value, {"cause": value, "customer": value, value: value})
            observe("documents", 1.0, target=value, state=value, reason=value)
            with call(value, value, f"https://x/b1s/v2/{value}") as seen:
                seen.status = 200
            with sent(value, [onward(message("a").traceparent)]):
                pass
    assert await arrived(box)
    everything = (await insights.client.get("/_local/envelopes")).text
    assert json.loads(everything)
    for value in HOSTILE:
        assert json.dumps(value)[1:-1] not in everything
        for word in words(value):
            assert json.dumps(word)[1:-1] not in everything or word.lower() in WORDS, word


async def test_invocations_end_while_application_insights_stalls(open_box: Open) -> None:
    # It listens and never accepts: the exporter is connected, and waits for its answer.
    with socket.create_server(("127.0.0.1", 0)) as listener:
        box = open_box(f"{KEY};IngestionEndpoint=http://127.0.0.1:{listener.getsockname()[1]}/")
        work()
        connected, _, _ = await asyncio.to_thread(select.select, [listener], [], [], WAIT)
        assert connected
        # No answer comes before the end of this block: that invocations end in it shows that they don't wait for it.
        for _ in range(50):
            work()
        assert not box.wait(0.0)
    assert await arrived(box)


@pytest.mark.parametrize(
    "fault",
    [
        {"kind": "status", "status": 503},
        {"kind": "status", "status": 429, "retry_after": 1},
    ],
    ids=["503", "429"],
)
async def test_what_is_refused_for_now_arrives_later(insights: Insights, box: Outbox, fault: dict[str, Any]) -> None:
    await insights.fails(times=3, **fault)
    work()
    for _ in range(4):
        assert await arrived(box)
    assert "onec_connector" in {row.get("name") for row in await insights.rows()}
    assert problems() == []


@pytest.mark.parametrize("status", [400, 402])
async def test_what_is_refused_for_good_is_a_problem_and_no_more(insights: Insights, box: Outbox, status: int) -> None:
    await insights.fails(kind="status", status=status, times=100)
    work()
    assert await arrived(box)
    assert len(problems()) == 1
    work()


async def test_nobody_there_is_a_problem_and_no_more(open_box: Open) -> None:
    box = open_box(f"{KEY};IngestionEndpoint=http://127.0.0.1:9/")
    work()
    assert await arrived(box)
    assert problems() == ["Application Insights does not take telemetry now"]


@pytest.mark.parametrize("connection", ["nonsense", "InstrumentationKey=x;IngestionEndpoint=http://127.0.0.1:9/"])
async def test_a_wrong_connection_string_is_a_problem_and_no_more(open_box: Open, connection: str) -> None:
    box = open_box(connection)
    work()
    assert await arrived(box)
    (problem,) = problems()
    assert problem.startswith("telemetry is off: ValueError")


async def test_it_is_switched_on_once_by_the_settings(insights: Insights) -> None:
    settings = {"APPLICATIONINSIGHTS_CONNECTION_STRING": insights.connection_string}
    invocations.start(settings)
    box = recorder.out.box
    invocations.start(settings)
    assert box is not None
    assert recorder.out.box is box
    work()
    await asyncio.to_thread(invocations.stop, WAIT)
    assert recorder.out.box is None
    assert "onec_connector" in {row.get("name") for row in await insights.rows()}


@pytest.mark.parametrize(
    "environment",
    [
        {},
        {"APPLICATIONINSIGHTS_CONNECTION_STRING": ""},
        {"APPLICATIONINSIGHTS_CONNECTION_STRING": "x", "TELEMETRY": "none"},
    ],
)
def test_without_a_connection_string_nothing_is_opened(environment: dict[str, str]) -> None:
    invocations.start(environment)
    assert recorder.out.box is None
    assert problems() == []
