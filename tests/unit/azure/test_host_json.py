"""host.json: sections that Functions 4 knows, and values that the code and the queues count on."""

import json
import re
from datetime import timedelta
from typing import Any

from infra.local.host.settings import read_host_json, time_span
from shared.bus import TARGET_QUEUES
from shared.http import DEADLINE
from shared.settings import Settings
from tests.unit.azure.bindings import service_bus_triggers
from tests.unit.azure.templates import ROOT

RAW: dict[str, Any] = json.loads((ROOT / "host.json").read_text(encoding="utf-8"))
HOST = read_host_json(ROOT)
SERVICE_BUS = HOST.extensions.service_bus


def test_every_section_is_one_of_functions_4() -> None:
    # The local host refuses every name that the real one, with the Service Bus extension 5, does not have.
    assert HOST.version == "2.0"
    assert set(RAW) <= {"version", "functionTimeout", "logging", "extensionBundle", "extensions"}


def test_the_extension_bundle_is_the_current_major_version() -> None:
    assert HOST.extension_bundle is not None
    assert HOST.extension_bundle.id == "Microsoft.Azure.Functions.ExtensionBundle"
    assert HOST.extension_bundle.version == "[4.*, 5.0.0)"


def test_an_invocation_outlives_the_slowest_answer() -> None:
    assert HOST.timeout is not None
    assert HOST.timeout >= 2 * DEADLINE


def test_a_lane_is_held_as_long_as_an_invocation_may_take() -> None:
    assert HOST.timeout is not None
    assert SERVICE_BUS.max_auto_lock_renewal_duration >= timedelta(seconds=HOST.timeout)


def test_there_is_a_session_for_each_lane() -> None:
    assert SERVICE_BUS.max_concurrent_sessions == Settings.model_fields["lanes"].default


def test_an_idle_lane_is_given_up_at_once() -> None:
    assert SERVICE_BUS.idle_timeout <= 1.0


def test_a_message_is_completed_when_its_function_returns() -> None:
    assert RAW["extensions"]["serviceBus"]["autoCompleteMessages"] is True


def test_no_function_is_both_batched_and_in_sessions() -> None:
    # The two together are said to ignore maxConcurrentSessions, and with it the lanes.
    for trigger in service_bus_triggers():
        in_sessions = trigger["queueName"] in TARGET_QUEUES.values()

        assert bool(trigger.get("isSessionsEnabled")) == in_sessions
        assert ("cardinality" in trigger) == (not in_sessions)


def test_routes_are_where_the_readme_and_dataverse_expect_them() -> None:
    assert HOST.extensions.http.route_prefix == "api"


def test_nothing_that_an_alert_counts_is_sampled_away() -> None:
    sampling = RAW["logging"]["applicationInsights"]["samplingSettings"]
    excluded = set(sampling["excludedTypes"].split(";"))

    assert excluded >= {"Request", "Exception"}
    assert excluded <= {"Dependency", "Event", "Exception", "PageView", "Request", "Trace"}


def test_times_are_written_as_dotnet_reads_them() -> None:
    text = (ROOT / "host.json").read_text(encoding="utf-8")
    for value in re.findall(r'"(\d[\d.:]*:\d\d)"', text):
        assert isinstance(time_span(value), timedelta)
