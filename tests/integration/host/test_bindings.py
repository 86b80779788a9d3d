"""Bindings as the worker reports them: which become triggers, and how the rest is refused."""

import json
from typing import Any

import pytest

from infra.local.host.bindings import HttpTrigger, IndexedFunction, ServiceBusTrigger, TimerTrigger, read_function
from infra.local.host.errors import HostError
from infra.local.host.settings import AppSettings

SETTINGS = AppSettings({"QUEUE": "changes", "SCHEDULE": "0 0 * * * *"})
QUEUE = {"type": "serviceBusTrigger", "name": "m", "direction": "IN", "connection": "Bus", "queueName": "%QUEUE%"}
HTTP = {"type": "httpTrigger", "name": "req", "direction": "IN", "route": "a", "authLevel": "FUNCTION"}
ANSWER = {"type": "http", "name": "$return", "direction": "OUT"}
TIMER = {"type": "timerTrigger", "name": "t", "direction": "IN", "schedule": "%SCHEDULE%"}


def read(*bindings: dict[str, Any]) -> Any:
    indexed = IndexedFunction("id", "f", tuple(json.dumps(binding) for binding in bindings))
    return read_function(indexed, SETTINGS).trigger


def test_queue_trigger() -> None:
    assert read(QUEUE) == ServiceBusTrigger("m", "changes", "Bus", many=False, sessions=False, binary=False)
    many = read(QUEUE | {"cardinality": "MANY", "dataType": "BINARY", "accessRights": "LISTEN"})
    assert many == ServiceBusTrigger("m", "changes", "Bus", many=True, sessions=False, binary=True)
    assert read(QUEUE | {"isSessionsEnabled": True, "cardinality": "ONE"}).sessions


def test_http_trigger() -> None:
    assert read(HTTP | {"methods": ["GET", "POST"]}, ANSWER) == HttpTrigger(
        "req", "a", "function", frozenset({"GET", "POST"})
    )
    assert {"GET", "DELETE"} <= read(HTTP, ANSWER).methods, "without methods, all are meant"


def test_timer_trigger() -> None:
    assert read(TIMER) == TimerTrigger("t", "0 0 * * * *", run_on_startup=False, use_monitor=True)
    assert read(TIMER | {"runOnStartup": True}).run_on_startup


@pytest.mark.parametrize(
    ("bindings", "sentence"),
    [
        ([QUEUE | {"cardinality": "MANY", "isSessionsEnabled": True}], "cardinality MANY together with"),
        ([QUEUE | {"autoCompleteMessages": False}], "auto_complete_messages=False"),
        ([QUEUE | {"topicName": "t"}], "this host runs Service Bus queues, not topics"),
        ([QUEUE | {"maxBatch": 1}], "the binding serviceBusTrigger has no property maxBatch here"),
        ([QUEUE | {"queueName": "%NOTHING%"}], "queueName: %NOTHING% does not resolve to a value: set NOTHING"),
        ([QUEUE | {"queueName": ""}], "queueName is empty"),
        ([QUEUE, ANSWER], "an http output needs an httpTrigger"),
        ([TIMER, {"type": "serviceBus", "name": "out", "direction": "OUT"}], "does not run the binding 'serviceBus'"),
        ([{"type": "queueTrigger", "name": "m", "direction": "IN"}], "does not run the binding 'queueTrigger'"),
        ([TIMER, QUEUE], "has 2 triggers"),
    ],
)
def test_what_the_host_does_not_run_is_refused_with_the_function(bindings: Any, sentence: str) -> None:
    with pytest.raises(HostError) as caught:
        read(*bindings)
    assert sentence in str(caught.value)
    assert str(caught.value).startswith("function f")
