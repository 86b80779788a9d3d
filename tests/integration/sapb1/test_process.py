"""The server as a process: its first line, and what is left after it was killed."""

import asyncio
import json
import sys
from asyncio.subprocess import PIPE, Process
from pathlib import Path

import httpx

from infra.local.sapb1 import company
from tests.conftest import ROOT
from tests.integration.sapb1.client import Client, document


async def _serve(state: Path, *settings: str) -> tuple[Process, dict[str, str]]:
    command = ["-m", "infra.local", "serve", "sapb1", "--state", str(state)]
    process = await asyncio.create_subprocess_exec(sys.executable, *command, *settings, cwd=ROOT, stdout=PIPE)
    assert process.stdout is not None
    return process, json.loads(await process.stdout.readline())


async def test_what_was_answered_survives_a_kill(tmp_path: Path) -> None:
    state = tmp_path / "b1.sqlite"
    process, line = await _serve(state, "--set", "now=2026-03-10T10:00:00Z")
    assert set(line) == {"service", "url", "company", "username", "password"}
    async with httpx.AsyncClient() as http:
        client = Client(http, line["url"].removesuffix("/b1s/v2"))
        await client.login()
        await client.add("Invoices", document())
        process.kill()
        await process.wait()
        again, line = await _serve(state)
        client.root = line["url"].removesuffix("/b1s/v2")
        await client.login()
        assert (await client.get("Invoices(1)"))["DocTotal"] == 122
        assert (await client.get(f"Items('{company.STOCK_ITEM}')"))["QuantityOnStock"] == company.STOCK_ON_HAND - 1
    again.terminate()
    assert await again.wait() == 0
