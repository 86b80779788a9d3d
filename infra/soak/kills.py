"""Killing servers of the stack by their own process ids, and starting them again where they were."""

import asyncio
import random
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from infra.local.stack import Stack

VICTIMS = ("host", "host", "servicebus", "dataverse", "onec", "sapb1")
"""The host twice as often: it is what Azure restarts most."""


@dataclass
class Killer:
    """Kills and restarts; ``settings`` are each server's own, as it was first started."""

    stack: Stack
    settings: Mapping[str, Mapping[str, str]]
    choice: random.Random
    killed: Counter[str] = field(default_factory=Counter)
    """how often each server was"""
    _ports: dict[str, int] = field(default_factory=dict)

    def port(self, name: str) -> int:
        """Give the port that a server had from the start."""
        if name not in self._ports:
            line = self.stack[name]
            said = line["url"] if "url" in line else line["connection_string"].split(";")[0].removeprefix("Endpoint=")
            self._ports[name] = urlsplit(said).port or 0
        return self._ports[name]

    async def kill(self, name: str, away: float) -> None:
        """Kill a server with SIGKILL, leave it away for some seconds, and start it at the same port and state."""
        port = self.port(name)
        process = self.stack.servers.pop(name).process
        process.kill()
        await process.wait()
        self.killed[name] += 1
        await asyncio.sleep(away)
        await self.stack.start(name, self.settings.get(name), port)

    async def run(self, seconds: float, pause: tuple[float, float] = (2.0, 6.0)) -> None:
        """Kill one server after the other until the time is up; in the end all of them run."""
        loop = asyncio.get_running_loop()
        until = loop.time() + seconds
        while loop.time() < until:
            await asyncio.sleep(self.choice.uniform(*pause))
            await self.kill(self.choice.choice(VICTIMS), self.choice.uniform(0.0, 3.0))
