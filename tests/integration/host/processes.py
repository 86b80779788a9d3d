"""Servers as processes of their own, as `make run` starts them: the broker, and a host with an app."""

import asyncio
import contextlib
import json
import os
import sys
import time
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

_Seen = TypeVar("_Seen")

ROOT = Path(__file__).resolve().parents[3]
APPS = Path(__file__).parent / "apps"
PATIENCE = 20.0
"""Seconds until what a test waits for counts as not happening."""


class Server:
    """A started server: its first line, and what it wrote to stderr."""

    def __init__(self, process: Process, line: Mapping[str, Any], log: Path) -> None:
        self.process, self.line, self.log = process, line, log

    def __getitem__(self, name: str) -> Any:
        return self.line[name]

    async def stop(self) -> int:
        """Send SIGTERM and give the exit status."""
        if self.process.returncode is None:
            self.process.terminate()
        return await self.process.wait()

    async def kill(self) -> None:
        """Kill it as a power cut would."""
        self.process.kill()
        await self.process.wait()


async def run_to_end(*arguments: str, environment: Mapping[str, str] | None = None) -> tuple[int, str]:
    """Run `python -m infra.local serve …` that ends by itself; give its status and stderr."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "infra.local", "serve", *arguments),
        cwd=ROOT,
        env={**os.environ, **(environment or {})},
        stdout=PIPE,
        stderr=PIPE,
    )
    _, errors = await asyncio.wait_for(process.communicate(), PATIENCE)
    return process.returncode or 0, errors.decode()


@contextlib.asynccontextmanager
async def serving(
    name: str, *arguments: str, log: Path, environment: Mapping[str, str] | None = None
) -> AsyncIterator[Server]:
    """Start a server, wait for its first line, and stop it in the end."""
    with log.open("ab") as errors:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "infra.local", "serve", name, *arguments),
            cwd=ROOT,
            env={**os.environ, **(environment or {})},
            stdout=PIPE,
            stderr=errors,
        )
    assert process.stdout is not None
    try:
        line = await asyncio.wait_for(process.stdout.readline(), PATIENCE)
        assert line, f"{name} ended before its first line:\n{_said(log)}"
        server = Server(process, json.loads(line), log)
        yield server
    finally:
        if process.returncode is None:
            process.terminate()
        await asyncio.wait_for(process.communicate(), PATIENCE)


def _said(log: Path) -> str:
    return log.read_text(encoding="utf-8")


class Record:
    """What the functions of the sample app wrote down."""

    def __init__(self, file: Path) -> None:
        self.file = file

    def lines(self, function: str) -> list[dict[str, Any]]:
        """Give the lines of one function so far."""
        if not self.file.exists():
            return []
        lines = [json.loads(line) for line in self.file.read_text(encoding="utf-8").splitlines()]
        return [line for line in lines if line["function"] == function]

    async def until(
        self, function: str, enough: Callable[[list[dict[str, Any]]], object], patience: float = PATIENCE
    ) -> list[dict[str, Any]]:
        """Wait until a function's lines are enough, and give them."""
        return await until(lambda: self.lines(function), enough, patience)


async def until(look: Callable[[], _Seen], enough: Callable[[_Seen], object], patience: float = PATIENCE) -> _Seen:
    """Look again and again until what is seen is enough; give it."""
    deadline = time.monotonic() + patience
    while True:
        seen = look()
        if enough(seen):
            return seen
        assert time.monotonic() < deadline, f"not within {patience:g} s; seen: {seen}"
        await asyncio.sleep(0.02)
