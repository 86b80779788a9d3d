"""What is measured after a sweep: what waits in a real journal, what was set aside, which credentials end soon."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, cast
from uuid import uuid4

import httpx
import pytest

from shared.dataverse import journal
from shared.dataverse.batch import Operation
from shared.dataverse.journal import STATE_VALUES
from shared.errors import Unavailable
from shared.messages import State
from shared.operations import PLACES, Operations
from shared.routes import Target
from shared.watch import COUNTED, Watch
from tests.builders import onec_route, sapb1_route, settings
from tests.integration.sweep.conftest import Organization
from tests.unit.telemetry.conftest import Recorded, recorded

__all__ = ["recorded"]

NOON = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)


@dataclass
class SetAside:
    """What lies on the broker, by place."""

    counts: dict[str, int] = field(default_factory=dict)
    failure: Unavailable | None = None

    async def messages(self) -> dict[str, Any]:
        """List it."""
        if self.failure is not None:
            raise self.failure
        return {"messages": [{"queue": place} for place, number in self.counts.items() for _ in range(number)]}


@dataclass
class Kit:
    """A watch over a real Dataverse, and what it said."""

    organization: Organization
    recorded: Recorded
    broker: SetAside = field(default_factory=SetAside)

    async def journal(self, target: Target, *states: State) -> None:
        """Put rows into the journal."""
        for state in states:
            key = f"{target}:invoice:{uuid4()}"
            row = {"acx_key": key, "acx_name": "row", "acx_target": target, "acx_state": STATE_VALUES[state]}
            await self.organization.do(Operation("POST", journal.SET, row))

    async def run(self, *targets: Target, **changes: str) -> None:
        """Measure once, with a route to each of these systems (1C alone where none is named)."""
        routes = {"onec": onec_route(), "sapb1": sapb1_route()}
        organization = str(self.organization.settings.dataverse_organization_id)
        given = settings(
            *(routes[each] for each in targets or ("onec",)), DATAVERSE_ORGANIZATION_ID=organization, **changes
        )
        # Of the operations it asks for the list alone.
        broker = cast(Operations, self.broker)
        await Watch(given, self.organization.ours, broker, lambda: NOON).run()

    def measured(self, name: str, *dimensions: str) -> dict[tuple[str, ...], float]:
        """Give a measure by its dimensions."""
        return {
            tuple(str(metric.dimensions[each]) for each in dimensions): metric.total
            for metric in self.recorded.metrics.get(name, [])
        }

    def waits(self) -> list[str]:
        """Give why something could not be measured."""
        return [str(event.dimensions["cause"]) for event in self.recorded.events if event.name == "watch waits"]


@pytest.fixture
def kit(organization: Organization, recorded: Recorded) -> Kit:
    """A company without a care."""
    return Kit(organization, recorded)


async def test_what_waits_is_counted_by_system_and_state(kit: Kit) -> None:
    await kit.journal("onec", State.RETRYING, State.RETRYING, State.REFUSED, State.POSTED, State.PAID)
    await kit.journal("sapb1", State.REFUSED, State.DRAFT)
    await kit.run("onec", "sapb1")
    nothing = {(target, state.value): 0.0 for target in ("onec", "sapb1") for state in COUNTED}
    assert kit.measured("waiting", "target", "state") == nothing | {
        ("onec", "Retrying"): 2.0,
        ("onec", "Refused"): 1.0,
        ("sapb1", "Refused"): 1.0,
        ("sapb1", State.DRAFT.value): 1.0,
    }


async def test_a_system_that_no_route_leads_to_is_not_counted(kit: Kit) -> None:
    await kit.journal("sapb1", State.REFUSED)
    await kit.run("onec")
    assert {target for target, _ in kit.measured("waiting", "target", "state")} == {"onec"}


async def test_more_rows_than_a_page_are_counted_all(kit: Kit) -> None:
    await kit.journal("onec", *[State.PAUSED] * 7)  # a page of the client here has three
    await kit.run()
    assert kit.measured("waiting", "target", "state")["onec", "Paused"] == 7.0


async def test_what_was_set_aside_is_counted_and_nothing_is_a_number_too(kit: Kit) -> None:
    kit.broker.counts = {"poison": 2, "onec": 1}
    await kit.run()
    assert kit.measured("set_aside", "queue") == {(place,): 0.0 for place in PLACES} | {
        ("poison",): 2.0,
        ("onec",): 1.0,
    }


async def test_the_days_that_credentials_still_have_are_told(kit: Kit) -> None:
    await kit.run(CREDENTIALS_EXPIRE='{"ONEC_PASSWORD": "2026-12-01", "SAPB1_PASSWORD": "2026-11-20"}')
    days = {("ONEC_PASSWORD",): 7.0, ("SAPB1_PASSWORD",): -4.0}
    assert kit.measured("credential_days_left", "setting") == days


async def test_where_dataverse_is_away_the_rest_is_measured_all_the_same(kit: Kit) -> None:
    async with httpx.AsyncClient(base_url=kit.organization.url, trust_env=False) as client:
        fault = {"kind": "status", "status": 503, "match": "acx_accountingexports", "times": 10}
        (await client.post("/_local/faults", json=fault)).raise_for_status()
    await kit.run(CREDENTIALS_EXPIRE='{"ONEC_PASSWORD": "2026-12-01"}')
    assert "waiting" not in kit.recorded.metrics
    assert kit.measured("set_aside", "queue").keys() == {(place,) for place in PLACES}
    assert kit.measured("credential_days_left", "setting") == {("ONEC_PASSWORD",): 7.0}
    assert kit.waits() == ["Dataverse: answered 503"]


async def test_where_the_broker_is_away_the_journal_is_counted_all_the_same(kit: Kit) -> None:
    await kit.journal("onec", State.RETRYING)
    kit.broker.failure = Unavailable("Service Bus", "no connection")
    await kit.run()
    assert kit.measured("waiting", "target", "state")["onec", "Retrying"] == 1.0
    assert "set_aside" not in kit.recorded.metrics
    assert kit.waits() == ["Service Bus: no connection"]
