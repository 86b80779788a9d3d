"""Lanes over several hosts: a lane has one of them at a time, and no call goes beside the lanes."""

import contextlib
from collections import Counter
from pathlib import Path

from azure.servicebus import ServiceBusMessage
from azure.servicebus.aio import ServiceBusClient

from tests.integration.host.processes import APPS, Record, serving

HOSTS, LANES, EACH = 3, 4, 10
"""Three hosts could work on six lanes (maxConcurrentSessions is 2): only the sessions hold them back."""
BODIES = ["wait 2", *(f"wait 0.0{position}" for position in range(1, EACH))]
"""The first of each lane keeps its host busy until every lane has one."""


async def test_lanes_bound_the_calls_of_all_hosts_together(tmp_path: Path) -> None:
    record = Record(tmp_path / "record.jsonl")
    async with contextlib.AsyncExitStack() as stack:
        config = f"config={APPS / 'Config.json'}"
        broker = await stack.enter_async_context(serving("servicebus", "--set", config, log=tmp_path / "broker.log"))
        connection = broker["connection_string"]
        where = ("--set", f"app={APPS / 'sample'}", "--set", f"settings={APPS / 'sample' / 'settings.json'}")
        environment = {"RECORD": str(record.file), "ServiceBusConnection": connection}
        for number in range(HOSTS):
            log = tmp_path / f"host{number}.log"
            await stack.enter_async_context(serving("host", *where, log=log, environment=environment))
        client = await stack.enter_async_context(ServiceBusClient.from_connection_string(connection, retry_total=0))
        sender = await stack.enter_async_context(client.get_queue_sender("lanes"))
        await sender.send_messages(
            [ServiceBusMessage(body, session_id=f"lane {lane}") for body in BODIES for lane in range(LANES)]
        )
        ended = LANES * EACH
        lines = await record.until("lane", lambda lines: sum(line["event"] == "ended" for line in lines) == ended)

    at_work: Counter[str] = Counter()
    busiest = 0
    for line in lines:
        at_work[line["session_id"]] += 1 if line["event"] == "started" else -1
        assert max(at_work.values()) <= 1, "two hosts were in one lane"
        busiest = max(busiest, at_work.total())
    assert busiest == LANES
    assert len({line["process"] for line in lines}) > 1
    for lane in range(LANES):
        bodies = [line["body"] for line in lines if line["session_id"] == f"lane {lane}" and line["event"] == "ended"]
        assert bodies == BODIES
