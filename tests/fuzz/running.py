"""The real functions in the local host, behind a real socket, with the real queues and Dataverse; calls in parallel."""

import asyncio
import json
import time
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from infra.local.stack import ROOT, Stack
from tests.builders import SECRETS, environment
from tests.fuzz.checking import Answered, wrong, wrong_in_log
from tests.fuzz.mutating import Call, Key, Mutator, Target

AT_ONCE = 8
RARELY = "0 0 0 29 2 *"
EVENTS = ROOT.parent / "shared" / "contracts" / "dataverse" / "events"
"""Real webhook bodies; where they are absent the one below stands for them."""
PLAIN = {
    "PrimaryEntityName": "invoice",
    "PrimaryEntityId": "00000000-0000-0000-0000-000000000001",
    "MessageName": "Update",
    "OrganizationId": "00000000-0000-0000-0000-000000000002",
    "CorrelationId": "00000000-0000-0000-0000-000000000003",
    "OperationId": "00000000-0000-0000-0000-000000000004",
    "OperationCreatedOn": "/Date(1527757530151)/",
    "InitiatingUserId": "00000000-0000-0000-0000-000000000005",
    "InputParameters": [
        {"key": "Target", "value": {"__type": "Entity:#", "Attributes": [{"key": "name", "value": ""}]}}
    ],
}


@dataclass
class Figures:
    """What came of a run."""

    statuses: Counter[str] = field(default_factory=Counter)
    """by function and status"""
    problems: list[str] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def calls(self) -> int:
        """How many there were."""
        return self.statuses.total()


@dataclass
class Fuzzed:
    """The running host, and who may be hurt."""

    host: dict[str, Any]
    log: Path
    secrets: tuple[str, ...]
    organization: str
    targets: tuple[Target, ...]

    def mutator(self, seed: int) -> Mutator:
        """Give what makes the calls."""
        return Mutator(seed, bodies(), self.targets, self.organization)

    async def run(self, mutator: Mutator, numbers: Sequence[int], most_problems: int = 20) -> Figures:
        """Make calls, several at once; stop early where many go wrong. The log is looked at in the end."""
        figures, began = Figures(), time.monotonic()
        waiting = iter(numbers)
        limits = httpx.Limits(max_connections=AT_ONCE, max_keepalive_connections=AT_ONCE)
        async with httpx.AsyncClient(base_url=self.host["url"], trust_env=False, timeout=60, limits=limits) as client:

            async def work() -> None:
                for number in waiting:
                    if len(figures.problems) >= most_problems:
                        return
                    await self._one(client, mutator.call(number), number, figures)

            await asyncio.gather(*(work() for _ in range(AT_ONCE)))
        figures.seconds = time.monotonic() - began
        log = await asyncio.to_thread(self.log.read_text, encoding="utf-8", errors="replace")
        figures.problems += [f"the log has {problem}" for problem in wrong_in_log(log, self.secrets)]
        return figures

    async def _one(self, client: httpx.AsyncClient, call: Call, number: int, figures: Figures) -> None:
        headers = dict(call.headers)
        if key := self._key(call):
            headers["x-functions-key"] = key
        request = client.build_request(call.method, "/", headers=headers, content=call.body)
        # httpx would tidy the path up; what is meant is sent.
        request.url = request.url.copy_with(raw_path=call.path.encode())
        response = await client.send(request)
        answer = Answered(response.status_code, response.headers.get("content-type", ""), response.text)
        there = Target(call.function, call.path.partition("?")[0]) in self.targets
        figures.statuses[f"{call.function if there else 'elsewhere'} {answer.status}"] += 1
        if problem := wrong(call, answer, self.secrets):
            figures.problems.append(
                f"call {number}: {call.method} {call.path[:200]} with {len(call.body)} bytes: the answer {problem}"
            )

    def _key(self, call: Call) -> str:
        own: dict[str, str] = self.host["function_keys"]
        another = next(name for name in sorted(own, reverse=True) if name != call.function)
        keys: dict[Key, str] = {
            "own": own.get(call.function, ""),
            "all": self.host["function_key"],
            "another's": own[another],
            "wrong": "wrong",
            "none": "",
        }
        return keys[call.key]


def bodies() -> list[bytes]:
    """Give the real webhook bodies that are at hand."""
    real = [file.read_bytes() for file in sorted(EVENTS.glob("*.json"))] if EVENTS.is_dir() else []
    return [*real, json.dumps(PLAIN).encode()]


@asynccontextmanager
async def fuzzed(folder: Path) -> AsyncIterator[Fuzzed]:
    """Start Service Bus, Dataverse and the host; nobody works on the queues, so that answers alone are looked at."""
    async with Stack(folder) as stack:
        servers = ("servicebus", "dataverse")
        await asyncio.gather(*(stack.start(name) for name in servers))
        line = stack["dataverse"]
        values = environment(
            DATAVERSE_URL=line["url"],
            DATAVERSE_ORGANIZATION_ID=line["organization_id"],
            DATAVERSE_TOKEN_URL=line["token_url"],
            DATAVERSE_CLIENT_ID=line["client_id"],
            DATAVERSE_CLIENT_SECRET=line["client_secret"],
            ServiceBusConnection=stack["servicebus"]["connection_string"],
            FUNCTIONS_WORKER_RUNTIME="python",
            **{f"{timer}_SCHEDULE": RARELY for timer in ("SWEEP", "RECONCILE", "PAYMENTS")},
            **{f"AzureWebJobs.{name}.Disabled": "true" for name in ("export", "writeback", "onec_connector")},
            **{"AzureWebJobs.sapb1_connector.Disabled": "true"},
        )
        settings = folder / "local.settings.json"
        settings.write_text(json.dumps({"IsEncrypted": False, "Values": values}, ensure_ascii=False))
        host = await stack.start("host", {"app": str(ROOT), "settings": str(settings)})
        secrets = (*SECRETS, line["client_secret"], host["function_key"], host["master_key"], "SharedAccessKey")
        yield Fuzzed(
            host=host,
            log=stack.servers["host"].log,
            secrets=(*secrets, *host["function_keys"].values()),
            organization=line["organization_id"],
            targets=await _targets(host),
        )


async def _targets(host: dict[str, Any]) -> tuple[Target, ...]:
    """Ask the host for every HTTP function that the app has."""
    async with httpx.AsyncClient(trust_env=False) as client:
        answer = await client.get(f"{host['url']}/admin/functions", headers={"x-functions-key": host["master_key"]})
    found = answer.raise_for_status().json()
    addresses = {each["name"]: each["invoke_url_template"] for each in found if each["invoke_url_template"]}
    return tuple(Target(name, address.removeprefix(host["url"])) for name, address in sorted(addresses.items()))
