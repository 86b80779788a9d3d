"""The whole stack as processes: each server by itself, so that each can be killed and started again by itself."""

import asyncio
import json
import os
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from infra.local.serving import STOP_WITH_PARENT

ROOT = Path(__file__).resolve().parents[2]
START_SECONDS = 60.0
STOP_SECONDS = 15.0


class StackError(Exception):
    """A server did not start; the text says which, and where its log is."""


@dataclass
class Server:
    """One running server: its process, what its first line said, and where its log is."""

    name: str
    process: Process
    first_line: dict[str, Any]
    log: Path


@dataclass
class Stack:
    """Servers that belong together; leaving the context stops all of them, in the reverse order."""

    folder: Path
    """where state and logs are kept"""
    servers: dict[str, Server] = field(default_factory=dict)

    async def __aenter__(self) -> Self:
        self.folder.mkdir(parents=True, exist_ok=True)
        return self

    async def __aexit__(self, *exception: object) -> None:
        for name in reversed(list(self.servers)):
            await self.stop(name)

    def __getitem__(self, name: str) -> dict[str, Any]:
        """Give what a server's first line said."""
        return self.servers[name].first_line

    def first_lines(self) -> dict[str, dict[str, Any]]:
        """Give what every running server's first line said, by name."""
        return {name: dict(server.first_line) for name, server in self.servers.items()}

    async def start(self, name: str, settings: Mapping[str, str] | None = None, port: int = 0) -> dict[str, Any]:
        """Start a server and wait for its first line."""
        log = self.folder / f"{name}.log"
        command = [sys.executable, "-m", "infra.local", "serve", name, "--port", str(port)]
        command += ["--state", str(self.folder / f"{name}.sqlite")]
        for key, value in (settings or {}).items():
            command += ["--set", f"{key}={value}"]
        with log.open("ab") as errors:
            process = await asyncio.create_subprocess_exec(
                *command,
                cwd=ROOT,
                stdin=PIPE,
                stdout=PIPE,
                stderr=errors,
                env={**os.environ, "PYTHONUNBUFFERED": "1", STOP_WITH_PARENT: "1"},
                # Ctrl-C reaches this process alone; it then stops the others in order.
                start_new_session=True,
            )
        if process.stdout is None:
            raise StackError(f"{name}: no output to read")
        try:
            line = await asyncio.wait_for(process.stdout.readline(), START_SECONDS)
            first_line = json.loads(line)
        except (TimeoutError, ValueError):
            if process.returncode is None:
                process.kill()
            await process.wait()
            raise StackError(f"{name} did not start; see {log}") from None
        self.servers[name] = Server(name, process, first_line, log)
        return dict(first_line)

    async def stop(self, name: str) -> None:
        """Stop a server; one that does not stop in time is killed."""
        process = self.servers.pop(name).process
        if process.returncode is not None:
            return
        process.send_signal(signal.SIGTERM)
        try:
            await asyncio.wait_for(process.wait(), STOP_SECONDS)
        except TimeoutError:
            process.kill()
            await process.wait()
