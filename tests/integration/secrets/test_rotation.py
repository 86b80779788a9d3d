"""Secrets are rotated while documents are on their way: the bridge goes on without a restart, and loses none.

The real steps, clients and identity, against the local Dataverse, 1C, Service Layer and Key Vault over real sockets.
"""

from collections import deque
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass, field
from functools import partial
from typing import Any, cast

import pytest

from shared import webhook
from shared.breaker import Breaker
from shared.bus import CHANGES, RESULTS, Envelope, ServiceBus
from shared.health import check
from shared.http import Http
from shared.identity import Identity
from shared.intake import Incoming
from shared.messages import State
from shared.wiring import Step, Wiring
from tests.faults.company import People, Sale
from tests.faults.systems import Systems, systems
from tests.integration.secrets.conftest import RunningVault

TARGETS = {"onec": "ONEC_PASSWORD", "sapb1": "SAPB1_PASSWORD"}


@dataclass
class Queues:
    """Every queue in memory; what is to come later waits until a test says that it is later."""

    waiting: deque[tuple[str, Envelope]] = field(default_factory=deque)
    later: list[tuple[str, Envelope]] = field(default_factory=list)

    async def send(self, queue: str, envelopes: Iterable[Envelope]) -> None:
        """Keep the messages."""
        for envelope in envelopes:
            (self.waiting if envelope.not_before is None else self.later).append((queue, envelope))


class Bridge:
    """One process of the bridge that is never restarted."""

    def __init__(self, running: Systems, vault: RunningVault, **changes: str) -> None:
        self.people = People(running)
        self.systems = running
        self._queues = Queues()
        named = {name: f"keyvault:{name.lower().replace('_', '-')}" for name in (*TARGETS.values(), SIGN_IN)}
        environment = running.environment(generous=False, **{"KEY_VAULT_URL": vault.url, **named, **changes})
        self.wiring = Wiring({name: value for name, value in environment.items() if value})
        vars(self.wiring)["bus"] = cast(ServiceBus, self._queues)

    async def issue(self, target: str) -> Sale:
        """Let a manager issue an invoice; its event arrives."""
        invoice = await self.people.enter(target, await self.people.customer(target), 2)
        await self.people.issue(invoice)
        await self.systems.local("dataverse", "events/idle")
        for body, headers in self.systems.events:
            await webhook.receive(self.wiring, body, headers)
        self.systems.events.clear()
        return invoice

    async def work(self) -> None:
        """Settle what can be settled now."""
        while self._queues.waiting:
            queue, envelope = self._queues.waiting.popleft()
            incoming = Incoming(queue, envelope.body, envelope.message_id, envelope.session_id)
            await self._step(queue).handle([incoming])

    async def work_later(self) -> None:
        """Settle what was put off."""
        self._queues.waiting += self._queues.later
        self._queues.later.clear()
        await self.work()

    def _step(self, queue: str) -> Step:
        steps: dict[str, Any] = {CHANGES: "export", RESULTS: "writeback"}
        step: Step = getattr(self.wiring, steps.get(queue, queue))
        return step

    async def state(self, invoice: Sale) -> State:
        """Read the journal."""
        journal = await self.people.journal(invoice)
        assert journal is not None
        return journal.state


SIGN_IN = "DATAVERSE_CLIENT_SECRET"


@pytest.fixture(scope="session")
async def running() -> AsyncIterator[Systems]:
    """The systems on both sides of the bridge."""
    async with systems() as started:
        yield started


@pytest.fixture(autouse=True)
async def connections(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[None]:
    """Close in the end what the wiring of a test's processes opened; a process of Azure ends with its connections."""
    opened: list[Http | Identity] = []

    def http(*arguments: Any, **more: Any) -> Http:
        opened.append(made := Http(*arguments, **more))
        return made

    def identity() -> Identity:
        opened.append(made := Identity())
        return made

    monkeypatch.setattr("shared.wiring.Http", http)
    monkeypatch.setattr("shared.wiring.Identity", identity)
    yield
    for each in opened:
        await each.close()


@dataclass
class Clock:
    """Stands until it is moved."""

    at: float = 1000.0

    def __call__(self) -> float:
        return self.at


@pytest.fixture
def breaker_clock() -> Clock:
    """The time by which the breakers wait."""
    return Clock()


@pytest.fixture
async def bridge(
    running: Systems, vault: RunningVault, breaker_clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Bridge]:
    """The bridge, with every secret in the vault as the systems take it now."""
    monkeypatch.setattr("shared.secrets.REREAD_SECONDS", 0.0)  # no clock of a test passes five seconds
    for owner in ("connector", "wiring"):
        monkeypatch.setattr(f"shared.{owner}.Breaker", partial(Breaker, clock=breaker_clock))
    for name, value in running.environment().items():
        if name in {*TARGETS.values(), SIGN_IN}:
            await vault.put(name.lower().replace("_", "-"), value)
    yield Bridge(running, vault)
    for target in TARGETS:
        await rotate(running, target, running.first_lines[target]["password"])
    await rotate(running, "dataverse", running.first_lines["dataverse"]["client_secret"])


async def rotate(running: Systems, system: str, secret: str) -> None:
    """Let a system take another secret from now on, and end what was signed in with the old one."""
    if system == "onec":
        await running.local("onec", "password", password=secret)
        await running.local("onec", "sessions/expire")
    elif system == "sapb1":
        await running.local("sapb1", "settings", password=secret)
        await running.local("sapb1", "expire")
    else:
        client_id = running.first_lines["dataverse"]["client_id"]
        await running.local("dataverse", "secret", client_id=client_id, secret=secret)
        await running.local("dataverse", "tokens", method="DELETE")


async def enter(vault: RunningVault, system: str, secret: str) -> None:
    """Enter the new secret in the vault."""
    name = SIGN_IN if system == "dataverse" else TARGETS[system]
    await vault.put(name.lower().replace("_", "-"), secret)


@pytest.mark.parametrize("target", TARGETS)
async def test_accounting_and_vault_are_rotated_between_two_documents(
    bridge: Bridge, running: Systems, vault: RunningVault, target: str
) -> None:
    first = await bridge.issue(target)
    await bridge.work()
    await rotate(running, target, "Новый пароль 1")
    await enter(vault, target, "Новый пароль 1")
    second = await bridge.issue(target)
    await bridge.work()

    assert [await bridge.state(first), await bridge.state(second)] == [State.POSTED, State.POSTED]


@pytest.mark.parametrize("target", TARGETS)
async def test_a_document_between_both_rotations_waits_and_is_not_lost(
    bridge: Bridge, running: Systems, vault: RunningVault, breaker_clock: Clock, target: str
) -> None:
    await rotate(running, target, "Новый пароль 2")
    invoice = await bridge.issue(target)
    await bridge.work()
    waiting = await bridge.state(invoice)
    await enter(vault, target, "Новый пароль 2")
    await bridge.work_later()
    not_asked = await bridge.state(invoice)
    breaker_clock.at += 60
    await bridge.work_later()

    assert (waiting, not_asked, await bridge.state(invoice)) == (State.RETRYING, State.RETRYING, State.POSTED)


async def test_dataverses_secret_is_rotated_while_the_bridge_runs(
    bridge: Bridge, running: Systems, vault: RunningVault, breaker_clock: Clock
) -> None:
    await bridge.issue("onec")
    await bridge.work()
    await rotate(running, "dataverse", "another-secret")
    invoice = await bridge.issue("onec")
    await bridge.work()
    await enter(vault, "dataverse", "another-secret")
    await bridge.work_later()
    not_asked = await bridge.people.journal(invoice)
    breaker_clock.at += 60
    await bridge.work_later()

    assert not_asked is None
    assert await bridge.state(invoice) is State.POSTED


async def test_the_vault_is_asked_once_for_many_documents(
    bridge: Bridge, running: Systems, vault: RunningVault
) -> None:
    for _ in range(3):
        await bridge.issue("onec")
    await bridge.work()

    assert (await vault.local("GET", "stats"))["reads"] == {"dataverse-client-secret": 1, "onec-password": 1}


async def test_a_vault_that_is_away_stops_nothing_that_has_its_secrets(
    bridge: Bridge, running: Systems, vault: RunningVault, monkeypatch: pytest.MonkeyPatch
) -> None:
    await bridge.issue("sapb1")
    await bridge.work()
    monkeypatch.setattr("shared.secrets.KEPT_SECONDS", 0.0)
    vault.fault("status", status=503, times=1000, match="/secrets/")
    await running.local("sapb1", "expire")
    invoice = await bridge.issue("sapb1")
    await bridge.work()

    assert await bridge.state(invoice) is State.POSTED


async def test_health_says_which_secret_the_vault_does_not_give(bridge: Bridge, vault: RunningVault) -> None:
    assert [problem for problem in await check(bridge.wiring) if "ServiceBus" not in problem] == []
    another = Bridge(bridge.systems, vault)
    await vault.local("DELETE", "secrets/sapb1-password")
    problems = await check(another.wiring)

    assert [problem.split(":")[0] for problem in problems] == ["SAPB1_PASSWORD"]


async def test_dataverse_by_the_apps_identity_needs_no_secret(running: Systems, vault: RunningVault) -> None:
    line = running.first_lines["dataverse"]
    form = {
        "grant_type": "client_credentials",
        "client_id": line["client_id"],
        "client_secret": line["client_secret"],
        "scope": f"{line['url']}/.default",
    }
    token = (await vault.outside.post(line["token_url"], data=form)).json()["access_token"]
    await vault.local("POST", "tokens", resource=line["url"], token=token)
    absent = dict.fromkeys(("DATAVERSE_TOKEN_URL", "DATAVERSE_CLIENT_ID", SIGN_IN), "")
    plain = {name: running.first_lines[target]["password"] for target, name in TARGETS.items()}
    bridge = Bridge(running, vault, **absent, **plain)

    invoice = await bridge.issue("onec")
    await bridge.work()

    assert await bridge.state(invoice) is State.POSTED
