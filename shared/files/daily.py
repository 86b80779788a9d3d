"""Once a day: the files of the days that are over go into a container, each day and route by itself.

How far a route is stands in a checkpoint, so that a day on which something was away is made up for by the next run.
What was issued, or mended, only after its day had been delivered comes in a file of its own.
"""

import logging
from collections.abc import Callable
from datetime import date, datetime, timedelta

from shared.dataverse.checkpoints import Checkpoint, Checkpoints
from shared.decision import pause_of
from shared.errors import BridgeError
from shared.files.asking import KINDS, Asked, by_hand
from shared.files.container import Container
from shared.files.handing_out import HandingOut
from shared.passes import BUDGET
from shared.retry import cause_of
from shared.routes import Route, plain_name
from shared.settings import Settings
from shared.telemetry import say

BACK = timedelta(days=31)
"""How many days are made up for; older ones are asked for by hand."""


class Daily:
    """Delivers files into a container."""

    def __init__(  # noqa: PLR0917 -- what a step is wired from, and the clock
        self,
        settings: Settings,
        handing_out: HandingOut,
        checkpoints: Checkpoints,
        container: Container,
        now: Callable[[], datetime],
        budget: timedelta = BUDGET,
    ) -> None:
        """``now`` gives an aware time; after ``budget`` no further day is begun."""
        self._settings, self._handing_out, self._checkpoints = settings, handing_out, checkpoints
        self._container, self._now, self._budget = container, now, budget

    async def run(self) -> dict[str, int]:
        """Deliver what is due; give the documents by route and kind. One route's trouble does not hold up the others.

        Raises the last trouble, so that the run counts as failed.
        """
        until, counts, trouble = self._now() + self._budget, dict[str, int](), list[BridgeError]()
        for kind in KINDS:
            for route in by_hand(self._settings, kind):
                try:
                    counts[f"{route.name}:{kind}"] = await self._route(kind, route, until)
                except BridgeError as error:
                    say(logging.ERROR, "a file waits", {"route": route.name, "cause": cause_of(error)})
                    trouble.append(error)
        if trouble:
            raise trouble[-1]
        return counts

    async def _route(self, kind: str, route: Route, until: datetime) -> int:
        yesterday = self._now().astimezone(route.zone).date() - timedelta(days=1)
        checkpoint = await self._checkpoints.read(f"files:{KINDS[kind].name}:{plain_name(route.name)}")
        day, count = _next_day(checkpoint, yesterday), 0
        first = day
        waits = pause_of(route, self._settings) is not None
        if waits and not checkpoint.link:
            # The pause may be long: what is dated in it is delivered afterwards, not yesterday's alone.
            checkpoint = await self._checkpoints.save(checkpoint, (day - timedelta(days=1)).isoformat(), "")
        while day <= yesterday and self._now() < until:
            asked = Asked(kind, day, day, (route,), f"{plain_name(route.name)}/{kind}_{day}.zip")
            async with self._handing_out.made(asked, self._now) as file:
                if waits:
                    await file.delivered()  # nothing but the word that it waits
                elif file.documents or file.refused:
                    await self._container.put(file.name, file.path)
                    await file.delivered()
                count += file.documents
            if not waits:
                checkpoint = await self._checkpoints.save(checkpoint, day.isoformat(), checkpoint.pass_name)
            day += timedelta(days=1)
        if not waits and first <= yesterday and self._now() < until:
            count += await self._late(kind, route, first - timedelta(days=1), checkpoint)
        return count

    async def _late(self, kind: str, route: Route, until: date, checkpoint: Checkpoint) -> int:
        """Deliver what no file holds of the days before those of this run.

        Only beside a new day, so once a day: the journal has heard by then of what the files before hold. Each such
        file has a name of its own. The checkpoint says which one is on its way: what a run leaves behind that stopped
        before the journal had heard all of it is made anew, under its name, so that no second file holds the same.
        """
        if checkpoint.pass_name:
            until = date.fromisoformat(checkpoint.pass_name)
        name = f"{plain_name(route.name)}/{kind}_late_{until}.zip"
        asked = Asked(kind, until - BACK, until, (route,), name, unheld=True)
        async with self._handing_out.made(asked, self._now) as file:
            if not file.documents:
                await file.delivered()
                return 0
            checkpoint = await self._checkpoints.save(checkpoint, checkpoint.link, until.isoformat())
            await self._container.put(file.name, file.path)
            await file.delivered()
            await self._checkpoints.save(checkpoint, checkpoint.link, "")
            return file.documents


def _next_day(checkpoint: Checkpoint, yesterday: date) -> date:
    """Give the day after the last one that was delivered; a first run begins with yesterday."""
    if not checkpoint.link:
        return yesterday
    return max(date.fromisoformat(checkpoint.link) + timedelta(days=1), yesterday - BACK)
