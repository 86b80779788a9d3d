"""Workbook and alerts: their queries run, ask only for what the code records, and fire when they should."""

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from infra.azure import workbook
from tests.kql import ALERTS, QUERIES, ROOT, Rows, text
from tests.unit.telemetry import emitted

NOW = datetime(2026, 11, 24, 13, 0, tzinfo=UTC)
"""A Tuesday, 16 h in UTC+3."""
ALL = {**QUERIES, **{f"alerts/{name}": path for name, path in ALERTS.items()}}
AZURE = ROOT / "infra" / "azure"
Found = list[dict[str, Any]]


def metric(name: str, value: float, count: int = 1, minutes: float = 5, **dimensions: object) -> dict[str, Any]:
    """Give a measure as of some minutes ago."""
    return {
        "table": "customMetrics",
        "timestamp": ago(minutes),
        "name": name,
        "value": value,
        "valueCount": count,
        "valueSum": value,
        "valueMin": value / count,
        "valueMax": value / count,
        "customDimensions": {key: str(each) for key, each in dimensions.items()},
    }


def line(message: str, minutes: float = 5, **dimensions: object) -> dict[str, Any]:
    """Give a log line."""
    said = {key: str(each) for key, each in dimensions.items()}
    return {"table": "traces", "timestamp": ago(minutes), "message": message, "customDimensions": said}


def call(status: str, minutes: float = 5, messages: int = 1, target: str = "1C") -> dict[str, Any]:
    """Give a call of a system."""
    return {
        "table": "dependencies",
        "timestamp": ago(minutes),
        "type": "HTTP",
        "target": target,
        "success": status < "400",
        "resultCode": status,
        "duration": 5.0,
        "customDimensions": {"messages": str(messages)},
    }


def request(name: str, status: str, minutes: float = 5, *, success: bool | None = None) -> dict[str, Any]:
    """Give an invocation, or a request that the host turned away before there was one."""
    done = {
        "success": status < "400" if success is None else success,
        "resultCode": status,
        "duration": 5.0,
        "customDimensions": {},
    }
    return {"table": "requests", "timestamp": ago(minutes), "name": name, **done}


def ago(minutes: float) -> datetime:
    return (NOW - timedelta(minutes=minutes)).replace(tzinfo=None)


def run(name: str, *rows: dict[str, Any], now: datetime = NOW) -> Found:
    """Run an alert's query on rows."""
    tables = Rows(rows)
    try:
        return tables.run(text(ALERTS[name]), now)
    finally:
        tables.close()


@pytest.mark.parametrize("name", sorted(ALL))
def test_a_query_asks_only_for_dimensions_that_the_code_records(name: str) -> None:
    asked = set(re.findall(r"customDimensions\.(\w+)", ALL[name].read_text()))
    # What a table's name is the dimension of is the id of its record.
    assert asked <= emitted.dimensions() | {"invoice", "salesorder"}


@pytest.mark.parametrize("name", sorted(ALL))
def test_a_query_asks_only_for_events_and_measures_that_the_code_records(name: str) -> None:
    query = ALL[name].read_text()
    lists = re.findall(r'message (?:==|in) (\([^)]*\)|"[^"]*")', query)
    messages = {message for found in lists for message in re.findall(r'"([^"]*)"', found)}
    assert messages <= emitted.events()
    measures = set(re.findall(r'customMetrics\s*\| where name == "(\w+)"', query))
    assert measures <= emitted.measures()
    assert ("customMetrics" in query) == bool(measures)


@pytest.mark.parametrize("name", sorted(ALL))
def test_a_query_runs_on_empty_tables(name: str) -> None:
    tables = Rows([])
    tables.run(text(ALL[name]).replace("{document}", "none"), NOW)
    tables.close()


def test_the_workbook_is_made_of_all_queries() -> None:
    assert set(workbook.CHARTS) == set(QUERIES)
    assert workbook.WORKBOOK.read_text() == workbook.serialized(), "run python infra/azure/workbook.py"
    content = json.loads(workbook.serialized())
    shown = {item["name"]: item["content"]["query"] for item in content["items"] if item["type"] == 3}
    assert all(shown[name].strip() == text(QUERIES[name]).strip() for name in QUERIES)


def test_every_alert_is_a_rule_and_has_its_words() -> None:
    rules = re.findall(
        r"name: '(\w+)'\s+query: loadTextContent\('queries/alerts/(\w+).kql'\)", (AZURE / "alerts.bicep").read_text()
    )
    assert sorted(rules) == [(name, name) for name in sorted(ALERTS)]
    guide = re.findall(r"^## `(\w+)`", (AZURE / "ALERTS.md").read_text(), flags=re.MULTILINE)
    assert sorted(guide) == sorted(ALERTS)


def test_an_alerts_query_looks_as_far_back_as_its_rule() -> None:
    bicep = (AZURE / "alerts.bicep").read_text()
    spans = {"30m": "PT30M", "15m": "PT15M", "10m": "PT10M", "1h": "PT1H", "2h": "PT2H", "6h": "PT6H", "1d": "P1D"}
    spans |= {"hours": "PT4H"}
    for name, path in ALERTS.items():
        over = re.search(rf"alerts/{name}.kql'\)\s+severity: \d\s+every: '\w+'\s+over: '(\w+)'", bicep)
        assert over is not None
        assert {spans[span] for span in re.findall(r"ago\((\w+)\)", path.read_text())} == {over[1]}, name


def test_only_what_is_looked_at_within_twelve_hours_counts_as_one_alert_until_it_is_over() -> None:
    bicep = (AZURE / "alerts.bicep").read_text()
    hours = {
        pause: int(pause[1:-1].strip("T")) * {"M": 1 / 60, "H": 1, "D": 24}[pause[-1]]
        for pause in re.findall(r"every: '(\w+)'", bicep)
    }
    stateless = re.findall(r"autoMitigate: alert\.every != '(\w+)'", bicep)
    assert stateless == [pause for pause in hours if hours[pause] > 12]


def by() -> dict[str, str]:
    """Give the column that tells an alert's parts from each other; empty: it has none."""
    rule = r"alerts/(\w+)\.kql'\)\s+severity: \d\s+every: '\w+'\s+over: '\w+'\s+by: '(\w*)'"
    return dict(re.findall(rule, (AZURE / "alerts.bicep").read_text()))


CASES: dict[str, tuple[list[dict[str, Any]], list[dict[str, Any]]]] = {
    "oldest_waiting": (
        [metric("waiting_seconds", 2400, hop="export")],
        [metric("waiting_seconds", 600, hop="export"), metric("waiting_seconds", 9000, minutes=45, hop="export")],
    ),
    "backlog": (
        [metric("waiting", 150, target="onec", state="Retrying")],
        [
            metric("waiting", 500, target="onec", state="Refused"),
            metric("waiting", 90, target="onec", state="Retrying"),
        ],
    ),
    "refusals": (
        [
            metric("documents", 12, 12, target="onec", state="Refused", reason="tax_unclear"),
            metric("documents", 20, 20, target="onec", state="Posted"),
        ],
        [
            metric("documents", 12, 12, target="onec", state="Refused", reason="tax_unclear"),
            metric("documents", 90, 90, target="onec", state="Posted"),
        ],
    ),
    "target_fails": (
        [*[call("200")] * 10, *[call("500")] * 6],
        [*[call("200")] * 10, *[call("404")] * 6, *[call("500", messages=100)] * 100],
    ),
    "slow": (
        [metric("seconds_to_posted", 4000, 10, target="onec")],
        [metric("seconds_to_posted", 100, 10, target="onec")],
    ),
    "set_aside": (
        [metric("set_aside", 1, queue="poison")],
        [metric("set_aside", 1, minutes=10, queue="poison"), metric("set_aside", 0, minutes=5, queue="poison")],
    ),
    "webhooks_fail": (
        [*[line("sent", cause="sweep")] * 6, line("sent", cause="event:Update")],
        [*[line("sent", cause="sweep")] * 6, *[line("sent", cause="event:Update")] * 20],
    ),
    "nothing_exported": (
        [metric("seconds_to_posted", 3, minutes=300, target="onec")],
        [metric("seconds_to_posted", 3, minutes=30, target="onec")],
    ),
    "no_sweep": ([line("swept", minutes=40)], [line("swept", minutes=4)]),
    "misconfigured": ([line("misconfigured", problems="ONEC_URL: is missing")], [line("swept")]),
    "credentials": (
        [metric("credential_days_left", 12, setting="ONEC_PASSWORD")],
        [metric("credential_days_left", 200, setting="ONEC_PASSWORD")],
    ),
    "failed_invocations": (
        [request("export", "500")] * 3,
        [*[request("dataverse_events", "500")] * 3, request("export", "200")],
    ),
    "timers_fail": (
        [request("exchange_files_daily", "500", minutes=200)],
        [request("exchange_files_daily", "200"), request("export", "500"), *[line("payments wait", target="onec")] * 2],
    ),
}


def test_every_alert_has_a_case() -> None:
    assert set(CASES) == set(ALERTS)


@pytest.mark.parametrize("name", sorted(CASES))
def test_an_alert_fires_when_it_should_and_else_not(name: str) -> None:
    fires, rests = CASES[name]
    assert run(name, *fires)
    assert run(name, *rests) == []


@pytest.mark.parametrize("name", sorted(CASES))
def test_each_row_of_an_alert_is_an_alert_of_its_own_with_a_name_that_is_not_empty(name: str) -> None:
    rows = run(name, *CASES[name][0])
    texts = {column for row in rows for column, value in row.items() if isinstance(value, str)}
    assert texts == {by()[name]} - {""}
    names = [row[column] for row in rows for column in texts]
    assert all(names)
    assert len(set(names)) == len(names)


def test_a_rule_tells_its_alerts_apart_by_every_value_of_that_column() -> None:
    assert set(by()) == set(ALERTS)
    (dimension,) = re.findall(
        r"dimensions: empty\(alert\.by\) \? \[\] : \[\s+\{([^}]*)\}", (AZURE / "alerts.bicep").read_text()
    )
    assert dimension.split() == ["name:", "alert.by", "operator:", "'Include'", "values:", "[", "'*'", "]"]


def test_a_second_system_that_fails_is_an_alert_beside_the_first_one() -> None:
    calls = [*[call("500")] * 11, *[call("500", target="SAP Business One")] * 11]
    assert sorted(row["target"] for row in run("target_fails", *calls)) == ["1C", "SAP Business One"]


def test_an_event_of_another_organization_has_a_name_beside_a_wrong_setting() -> None:
    rows = run("misconfigured", line("misconfigured", problems="ONEC_URL: is missing"), line("another organization"))
    assert sorted(row["problem"] for row in rows) == ["ONEC_URL: is missing", "another organization"]


@pytest.mark.parametrize(
    ("name", "status"),
    [("dataverse_events", "503"), ("POST /api/dataverse/events", "401"), ("dataverse_events", "401")],
)
def test_webhooks_that_are_turned_away_are_an_alert_too(name: str, status: str) -> None:
    (row,) = run("webhooks_fail", *[request(name, status, success=name == "dataverse_events")] * 5)
    assert row == {"documents": 5, "what": "turned away"}


def test_a_probe_of_health_and_whoever_tries_addresses_are_no_failed_invocations() -> None:
    probe = request("health", "503", success=True)  # "success" is the function's own, whatever it answers
    strangers = [request("GET /api/health", "401"), request("GET /wp-login.php", "404")]
    assert run("failed_invocations", *[probe, *strangers] * 5) == []
    assert run("failed_invocations", *[request("health", "500"), request("export", "0", success=False)] * 3) != []


def test_payments_that_can_not_be_read_hour_after_hour_are_an_alert_that_names_the_system() -> None:
    hourly = [line("payments wait", minutes, target="sapb1") for minutes in (20, 80, 140)]
    assert run("timers_fail", *hourly) == [{"timer": "payments of sapb1", "times": 3}]
    assert run("timers_fail", *hourly[:2], line("payments wait", target="onec")) == []


@pytest.mark.parametrize(
    ("now", "fires"),
    [
        (datetime(2026, 11, 24, 9, 0, tzinfo=UTC), False),  # Tuesday noon: not yet four hours open
        (datetime(2026, 11, 24, 10, 0, tzinfo=UTC), True),
        (datetime(2026, 11, 24, 16, 0, tzinfo=UTC), False),  # closed
        (datetime(2026, 11, 22, 13, 0, tzinfo=UTC), False),  # Sunday
    ],
)
def test_nothing_exported_counts_in_working_time_alone(now: datetime, fires: bool) -> None:
    assert bool(run("nothing_exported", now=now)) is fires


@pytest.fixture
def filled() -> Iterator[Rows]:
    rows = [row for fires, rests in CASES.values() for row in (*fires, *rests)]
    tables = Rows([*rows, line("sent", invoice="7", target="onec", cause="event:Update"), line("swept")])
    yield tables
    tables.close()


@pytest.mark.parametrize("name", sorted(set(QUERIES) - {"trace_of_document", "retries", "round_trips"}))
def test_a_part_of_the_workbook_shows_something(name: str, filled: Rows) -> None:
    assert filled.run(text(QUERIES[name]), NOW)
