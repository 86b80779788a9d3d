"""The PyPI client b1sl-python, in an environment of its own, posting 20-line invoices to the same Service Layer."""

import asyncio
import json
from pathlib import Path
from typing import Any

from infra.demo.world import World
from tests.bench.figure import Baseline, Figure, Reach
from tests.foreign_client import PACKAGE, interpreter

PROGRAM = Path(__file__).with_name("foreign_program.py")
POSTS = 200
CUSTOMER, ITEM = "C1002", "S1000"


async def figure(world: World, ours: Figure) -> Figure:
    """Measure what one POST costs it, and hold our whole chain's cost beside it. RuntimeError where it can't be had."""
    python = await asyncio.to_thread(interpreter)
    b1 = world.stack["sapb1"]
    process = await asyncio.create_subprocess_exec(
        str(python),
        str(PROGRAM),
        *(b1["url"], b1["company"], b1["username"], b1["password"], str(POSTS)),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, said = await process.communicate()
    if process.returncode:
        raise RuntimeError(f"{PACKAGE} failed: {said.decode()[-2000:]}")
    posts: list[Any] = json.loads(out)
    return Figure(
        "our whole chain for such an invoice, beside another client's POST: CPU",
        ours.unit,
        ours.samples,
        Baseline(f"{PACKAGE}, one invoice", tuple(posts)),
        Reach(5),
    )
