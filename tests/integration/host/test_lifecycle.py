"""A host from start to end: what stops it from starting, what outlives the broker, how it stops."""

import asyncio
import contextlib
import json
import socket
import textwrap
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from azure.servicebus import ServiceBusMessage
from azure.servicebus.aio import ServiceBusClient

from tests.integration.host.processes import APPS, Record, Server, run_to_end, serving, until

HEAD = """
from typing import List
import azure.functions as func
app = func.FunctionApp()
"""
BUS = "Endpoint=sb://localhost:1;SharedAccessKeyName=a;SharedAccessKey=b;UseDevelopmentEmulator=true;"


def write_app(folder: Path, code: str, **configuration: object) -> Path:
    folder.mkdir(exist_ok=True)
    (folder / "host.json").write_text(json.dumps({"version": "2.0", **configuration}), encoding="utf-8")
    (folder / "function_app.py").write_text(HEAD + textwrap.dedent(code), encoding="utf-8")
    return folder


@pytest.mark.parametrize(
    ("code", "sentence"),
    [
        (
            """
            @app.route("a")
            def same(req: func.HttpRequest) -> str: ...
            @app.function_name("same")
            @app.route("b")
            def other(req: func.HttpRequest) -> str: ...
            """,
            "does not have a unique",
        ),
        ("another = func.FunctionApp()", "More than one"),
        ("import nowhere_to_be_found", "nowhere_to_be_found"),
        (
            """
            @app.service_bus_queue_trigger("m", queue_name="q", connection="Bus", cardinality="many")
            async def f(m: list[func.ServiceBusMessage]) -> None: ...
            """,
            "cannot load the f function",
        ),
        (
            """
            @app.route("a")
            async def f(request: func.HttpRequest) -> str: ...
            """,
            "cannot load the f function",
        ),
        (
            """
            @app.route("a")
            async def f(req: func.HttpRequest) -> int: ...
            """,
            'Python return annotation "int" does not match binding type "http"',
        ),
        (
            """
            @app.service_bus_queue_trigger(
                "m", queue_name="q", connection="Bus", cardinality="many", is_sessions_enabled=True
            )
            async def f(m: List[func.ServiceBusMessage]) -> None: ...
            """,
            "function f: cardinality MANY together with is_sessions_enabled is refused",
        ),
        (
            """
            @app.service_bus_queue_trigger("m", queue_name="q", connection="Other")
            async def f(m: func.ServiceBusMessage) -> None: ...
            """,
            "function f: the connection Other is not set",
        ),
    ],
)
async def test_app_that_cannot_run_ends_the_start_with_a_sentence(tmp_path: Path, code: str, sentence: str) -> None:
    app = write_app(tmp_path / "app", code)
    status, errors = await run_to_end("host", "--set", f"app={app}", environment={"Bus": BUS})
    assert status == 1
    assert sentence in errors


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("--set", "app=/nowhere"), "/nowhere is not a folder."),
        (("--set", "folder=."), "The host has no setting folder"),
        (("--set", f"app={APPS}"), "host.json is missing"),
    ],
)
async def test_wrong_command_line_ends_the_start_with_a_sentence(arguments: tuple[str, ...], sentence: str) -> None:
    status, errors = await run_to_end("host", *arguments)
    assert status == 1
    assert sentence in errors


async def test_folder_without_function_app_runs_nothing_and_says_so(tmp_path: Path) -> None:
    (tmp_path / "host.json").write_text('{"version": "2.0"}', encoding="utf-8")
    log = tmp_path / "log"
    async with serving("host", "--set", f"app={tmp_path}", log=log) as host, httpx.AsyncClient() as http:
        key = {"x-functions-key": host["master_key"]}
        assert (await http.get(host["url"] + "/admin/functions", headers=key)).json() == []
    assert "WARNING host: No functions found" in log.read_text(encoding="utf-8")


async def test_keys_are_new_at_each_start_and_levels_and_timeout_are_honoured(tmp_path: Path) -> None:
    app = write_app(
        tmp_path / "app",
        """
        import asyncio, logging
        @app.route("slow")
        async def slow(req: func.HttpRequest) -> str:
            logging.warning("a warning")
            logging.info("a note")
            await asyncio.sleep(30)
            return "never"
        """,
        functionTimeout="00:00:00.2",
        logging={"logLevel": {"default": "Information", "Function.slow.User": "Warning"}},
        extensions={"http": {"routePrefix": "v1"}},
    )
    log = tmp_path / "log"
    keys = set()
    for _ in range(2):
        async with serving("host", "--set", f"app={app}", log=log) as host, httpx.AsyncClient() as http:
            keys |= {host["function_key"], host["master_key"]}
            answer = await http.get(f"{host['url']}/v1/slow", params={"code": host["function_key"]})
            assert answer.status_code == 500
    assert len(keys) == 4
    text = log.read_text(encoding="utf-8")
    assert "WARNING slow: a warning" in text
    assert "a note" not in text
    assert "Timeout value of 0.2 s was exceeded" in text


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class Own:
    """A broker that can be killed and a host of the test's own."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.port = folder, free_port()
        self.record = Record(folder / "record.jsonl")

    def broker(self) -> contextlib.AbstractAsyncContextManager[Server]:
        config = ("--set", f"config={APPS / 'Config.json'}", "--state", str(self.folder / "broker.sqlite"))
        return serving("servicebus", "--port", str(self.port), *config, log=self.folder / "broker.log")

    def host(
        self, connection_string: str, app: Path = APPS / "sample"
    ) -> contextlib.AbstractAsyncContextManager[Server]:
        settings = APPS / "sample" / "settings.json"
        return serving(
            "host",
            *("--set", f"app={app}", "--set", f"settings={settings}", "--set", "master_key=m"),
            log=self.folder / "host.log",
            environment={"RECORD": str(self.record.file), "ServiceBusConnection": connection_string},
        )

    def log(self) -> str:
        return (self.folder / "host.log").read_text(encoding="utf-8")

    def bodies(self, function: str) -> list[str]:
        return [line["body"] for line in self.record.lines(function) if "body" in line]


async def send(connection_string: str, queue: str, *messages: ServiceBusMessage) -> None:
    async with (
        ServiceBusClient.from_connection_string(connection_string) as client,
        client.get_queue_sender(queue) as sender,
    ):
        await sender.send_messages(list(messages))


@pytest.fixture
async def own(tmp_path: Path) -> AsyncIterator[Own]:
    yield Own(tmp_path)


async def test_listeners_come_back_with_the_broker(own: Own) -> None:
    async with contextlib.AsyncExitStack() as stack:
        async with own.broker() as broker:
            address = broker["connection_string"]
            await stack.enter_async_context(own.host(address))
            await send(address, "single", ServiceBusMessage("first"))
            await send(address, "lanes", ServiceBusMessage("first", session_id="s"))
            await until(lambda: own.bodies("one") and own.bodies("lane"), bool)
            await broker.kill()
        await until(own.log, lambda log: "The listener of lanes lost its broker" in log)
        async with own.broker():
            await send(address, "single", ServiceBusMessage("second"))
            await send(address, "batch", ServiceBusMessage("second"))
            await send(address, "lanes", ServiceBusMessage("second", session_id="s"))
            await until(
                lambda: (own.bodies("one"), own.bodies("lane"), own.record.lines("many")),
                lambda seen: "second" in seen[0] and "second" in seen[1] and seen[2],
            )
            assert "The listener of lanes reached its broker again" in own.log()


async def test_lost_lock_is_logged_and_its_message_comes_again(own: Own, tmp_path: Path) -> None:
    app = write_app(
        tmp_path / "app",
        """
        import asyncio, json, os
        async def note(function, message):
            with open(os.environ["RECORD"], "a") as file:
                file.write(json.dumps({"function": function, "count": message.delivery_count}) + "\\n")
            if message.delivery_count == 1:
                await asyncio.sleep(2.6)  # the locks last 2 s
        @app.service_bus_queue_trigger("m", queue_name="batch", connection="ServiceBusConnection", cardinality="many")
        async def many(m: List[func.ServiceBusMessage]) -> None:
            await note("many", m[0])
        @app.service_bus_queue_trigger(
            "m", queue_name="lanes", connection="ServiceBusConnection", is_sessions_enabled=True
        )
        async def lane(m: func.ServiceBusMessage) -> None:
            await note("lane", m)
        """,
        extensions={"serviceBus": {"maxAutoLockRenewalDuration": "00:00:00", "sessionIdleTimeout": "00:00:01"}},
    )
    async with own.broker() as broker:
        address = broker["connection_string"]
        async with own.host(address, app):
            await send(address, "batch", ServiceBusMessage("a batch's locks are never renewed"))
            await send(address, "lanes", ServiceBusMessage("nor are these, by the setting", session_id="s"))
            for function in ("many", "lane"):
                lines = await own.record.until(function, lambda lines: len(lines) == 2)
                assert [line["count"] for line in lines] == [1, 2]
            await until(own.log, lambda log: "WARNING many: The lock of message" in log and "WARNING lane: " in log)


async def test_stop_lets_running_invocations_end_and_starts_no_more(own: Own) -> None:
    async with own.broker() as broker:
        address = broker["connection_string"]
        async with own.host(address) as host, httpx.AsyncClient(base_url=host["url"]) as http:
            await send(address, "lanes", *(ServiceBusMessage(f"wait 0.{9 + n}", session_id="s") for n in range(2)))
            await own.record.until("lane", bool)
            slow = asyncio.create_task(http.get("/api/slow", params={"seconds": "1", "code": "m"}))
            await own.record.until("slow", bool)
            status = await host.stop()
            assert status == 0
            assert (await slow).text == "slept"
            with pytest.raises(httpx.TransportError):
                await http.get("/api/ping")
        assert [line["event"] for line in own.record.lines("lane")] == ["started", "ended"]
        async with own.host(address):
            lines = await own.record.until("lane", lambda lines: len(lines) == 4)
        assert [line["body"] for line in lines] == ["wait 0.9", "wait 0.9", "wait 0.10", "wait 0.10"]
        assert lines[2]["delivery_count"] == 1


async def test_killed_host_leaves_its_message_to_the_next(own: Own) -> None:
    async with own.broker() as broker:
        address = broker["connection_string"]
        async with own.host(address) as host:
            await send(address, "single", ServiceBusMessage("wait 1", message_id="the one"))
            await own.record.until("one", bool)
            await host.kill()
        async with own.host(address):
            await own.record.until("one-ended", bool)
        assert [line["message_id"] for line in own.record.lines("one")] == ["the one", "the one"]
