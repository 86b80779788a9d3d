"""host.json, local.settings.json and app settings: what is honoured, and how the rest is refused."""

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from infra.local.host.errors import HostError
from infra.local.host.servicebus_connection import Connection, find_connection
from infra.local.host.settings import AppSettings, HostJson, read_app_settings, read_host_json


def host_json(folder: Path, **content: Any) -> HostJson:
    (folder / "host.json").write_text(json.dumps({"version": "2.0", **content}), encoding="utf-8")
    return read_host_json(folder)


def service_bus(**options: Any) -> dict[str, Any]:
    return {"extensions": {"serviceBus": options}}


def test_defaults_are_those_of_the_host(tmp_path: Path) -> None:
    configuration = host_json(tmp_path)
    options = configuration.extensions.service_bus
    assert configuration.timeout == 1800
    assert configuration.extensions.http.route_prefix == "api"
    assert (options.max_message_batch_size, options.max_concurrent_sessions, options.prefetch_count) == (1000, 8, 0)
    assert options.max_auto_lock_renewal_duration == timedelta(minutes=5)
    assert options.idle_timeout == 60


def test_what_an_app_sets_is_honoured(tmp_path: Path) -> None:
    configuration = host_json(
        tmp_path,
        functionTimeout="1.00:10:00",
        telemetryMode="OpenTelemetry",
        extensionBundle={"id": "Microsoft.Azure.Functions.ExtensionBundle", "version": "[4.*, 5.0.0)"},
        logging={
            "logLevel": {"default": "Warning", "Function.export": "Debug"},
            "applicationInsights": {"samplingSettings": {"isEnabled": True}},
        },
        extensions={
            "http": {"routePrefix": ""},
            "serviceBus": {
                "prefetchCount": 10,
                "autoCompleteMessages": True,
                "maxAutoLockRenewalDuration": "00:10:00",
                "maxConcurrentCalls": 4,
                "maxConcurrentSessions": 2,
                "maxMessageBatchSize": 50,
                "minMessageBatchSize": 5,
                "maxBatchWaitTime": "00:00:02",
                "sessionIdleTimeout": "00:00:00.5",
                "clientRetryOptions": {"mode": "fixed", "tryTimeout": "00:00:10", "delay": "00:00:01", "maxRetries": 1},
            },
        },
    )
    options = configuration.extensions.service_bus
    assert configuration.timeout == 87000
    assert (options.idle_timeout, options.max_batch_wait_time.total_seconds()) == (0.5, 2)
    assert options.client_retry_options.max_retries == 1


def test_no_time_limit(tmp_path: Path) -> None:
    assert host_json(tmp_path, functionTimeout="-1").timeout is None


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ({"watchFiles": []}, "host.json: watchFiles is not a setting this host knows."),
        ({"functiontimeout": "00:01:00"}, "host.json: functiontimeout is not a setting this host knows."),
        (
            service_bus(maxConcurrentcalls=1),
            "extensions.serviceBus.maxConcurrentcalls is not a setting this host knows",
        ),
        (service_bus(autoCompleteMessages=False), "extensions.serviceBus.autoCompleteMessages"),
        (service_bus(sessionIdleTimeout="30 s"), "'30 s' is not a time span"),
        (service_bus(sessionIdleTimeout="00:99:00"), "minutes and seconds at 59"),
        (service_bus(transportType="amqpWebSockets"), "extensions.serviceBus.transportType"),
        (service_bus(minMessageBatchSize=9, maxMessageBatchSize=3), "minMessageBatchSize is larger"),
        ({"extensions": {"queues": {}}}, "extensions.queues is not a setting this host knows"),
        ({"version": "1.0"}, "host.json: version"),
    ],
)
def test_unknown_and_wrong_settings_are_refused_by_name(tmp_path: Path, content: Any, sentence: str) -> None:
    with pytest.raises(HostError) as caught:
        host_json(tmp_path, **content)
    assert sentence in str(caught.value)


def test_missing_host_json_is_refused(tmp_path: Path) -> None:
    with pytest.raises(HostError, match=r"host\.json is missing"):
        read_host_json(tmp_path)


def local_settings(folder: Path, content: Any) -> Path:
    path = folder / "local.settings.json"
    path.write_text(json.dumps(content), encoding="utf-8")
    return path


def test_values_are_app_settings_and_the_environment_overrides_them(tmp_path: Path) -> None:
    local_settings(tmp_path, {"IsEncrypted": False, "Values": {"A": "file", "B": "file"}, "Host": {"LocalHttpPort": 1}})
    settings = read_app_settings(tmp_path, None, {"B": "environment"})
    assert (settings.get("A"), settings.get("B"), settings.get("C")) == ("file", "environment", None)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ({"IsEncrypted": True}, "IsEncrypted"),
        ({"Values": {"PORT": 1}}, "Values.PORT"),
        ({"values": {}}, "values is not a setting this host knows"),
        ({"Host": {"CORS": "*"}}, "Host.CORS is not a setting this host knows"),
        ({"ConnectionStrings": {"a": "b"}}, "put them into Values"),
        ({"Values": {"FUNCTIONS_WORKER_RUNTIME": "node"}}, "this host runs python"),
    ],
)
def test_wrong_local_settings_are_refused(tmp_path: Path, content: Any, sentence: str) -> None:
    path = local_settings(tmp_path, content)
    with pytest.raises(HostError) as caught:
        read_app_settings(tmp_path, path, {})
    assert sentence in str(caught.value)


def test_named_settings_file_must_exist(tmp_path: Path) -> None:
    with pytest.raises(HostError, match="is missing"):
        read_app_settings(tmp_path, tmp_path / "nothing.json", {})


def test_placeholders_are_expanded_and_a_missing_one_is_named() -> None:
    settings = AppSettings({"QUEUE": "changes", "EMPTY": ""})
    assert settings.expand("a-%QUEUE%-b", "here") == "a-changes-b"
    with pytest.raises(HostError, match=r"function x, queueName: %EMPTY% does not resolve to a value: set EMPTY in"):
        settings.expand("%EMPTY%", "function x, queueName")


def test_connection_string_wins_over_identity() -> None:
    identity = {"Bus__fullyQualifiedNamespace": "x.servicebus.windows.net", "Bus__credential": "managedidentity"}
    by_name = find_connection("Bus", AppSettings({**identity, "Bus": "Endpoint=sb://y"}), "f")
    by_identity = find_connection("Bus", AppSettings({**identity, "Bus__clientId": "id"}), "f")
    assert by_name == Connection(connection_string="Endpoint=sb://y")
    assert by_identity == Connection(namespace="x.servicebus.windows.net", managed_identity=True, client_id="id")


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({}, "the connection Bus is not set"),
        ({"Bus__tenant": "x"}, "does not know Bus__tenant"),
        ({"Bus__fullyQualifiedNamespace": "x", "Bus__credential": "password"}, "only managedidentity"),
    ],
)
def test_connection_that_is_missing_or_not_understood_is_refused(values: dict[str, str], sentence: str) -> None:
    with pytest.raises(HostError) as caught:
        find_connection("Bus", AppSettings(values), "f")
    assert sentence in str(caught.value)


def test_function_is_switched_off_by_setting() -> None:
    settings = AppSettings({"AzureWebJobs.a.Disabled": "true", "AzureWebJobs_b_Disabled": "1"})
    assert [settings.is_disabled(name) for name in ("a", "b", "c")] == [True, True, False]
