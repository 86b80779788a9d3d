"""What every timer over Dataverse shares: a run has a budget, goes page by page, and keeps a checkpoint after each.

A run that is stopped anywhere is resumed by the next one; at worst it settles one page twice.
"""

import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

from shared.dataverse.answers import StartOver
from shared.dataverse.checkpoints import Checkpoint, Checkpoints
from shared.dataverse.client import Dataverse
from shared.telemetry import say

BUDGET = timedelta(minutes=4)
"""A run stops well inside functionTimeout and goes on where it was."""

Page = Any
"""A page as Dataverse gives it, with its rows and its links."""
Ask = Callable[[str], Awaitable[Page]]
"""Reads the page behind a link; the first one where the link is empty."""
Settle = Callable[[Page, str], Awaitable[int]]
"""Enqueues what a page leads to, and gives how much that was; also takes the name of the pass, empty outside of one."""


class Passes:
    """Begins runs."""

    def __init__(self, dataverse: Dataverse, now: Callable[[], datetime], budget: timedelta = BUDGET) -> None:
        """``now`` gives an aware time; ``budget`` is how long a run may take."""
        self._dataverse = dataverse
        self._now = now
        self._budget = budget

    async def begin(self) -> "Run":
        """Begin a run, in the right organization only."""
        await self._dataverse.check_organization()
        return Run(Checkpoints(self._dataverse, self._now), self._now, self._now() + self._budget)


@dataclass(frozen=True)
class Run:
    """One run of a timer; ``until`` is when its time is up."""

    checkpoints: Checkpoints
    now: Callable[[], datetime]
    until: datetime

    async def over(self, name: str, ask: Ask, settle: Settle) -> int:
        """Go on with what the checkpoint ``name`` stands for, until its end or the time is up; give what was enqueued.

        A pass has a name of its own from its first page to its last, however many runs it takes. After it a page's
        delta link, where it has one, is what the next run goes on with.
        """
        checkpoint, count = await self.checkpoints.read(name), 0
        while self.now() < self.until:
            try:
                page = await ask(checkpoint.link)
            except StartOver as error:
                say(logging.WARNING, "a pass starts over", {"pass": name, "code": str(error)})
                checkpoint = replace(checkpoint, link="", pass_name="")
                page = await ask("")
            within = not checkpoint.link or bool(checkpoint.pass_name)
            pass_name = (checkpoint.pass_name or str(uuid4())) if within else ""
            count += await settle(page, pass_name)
            following = page.get("@odata.nextLink", "")
            link = following or page.get("@odata.deltaLink", "")
            checkpoint = await self._moved(checkpoint, link, pass_name if following else "")
            if not following:
                break
        return count

    async def _moved(self, checkpoint: Checkpoint, link: str, pass_name: str) -> Checkpoint:
        """Move a checkpoint on; one that never left the start, such as that of a single page, is not written."""
        if not link and not checkpoint.row_id:
            return checkpoint
        return await self.checkpoints.save(checkpoint, link, pass_name)
