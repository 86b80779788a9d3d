"""What the local host's log says: cheaper to ask than Dataverse, whose time is measured too."""

import asyncio
import re
import time
from dataclasses import dataclass, field
from pathlib import Path

PATIENCE = 120.0
_SECONDS = re.compile(r"in accounting .*?\bseconds=([0-9.]+)")


@dataclass
class HostLog:
    """The log from here on."""

    path: Path
    _at: int = field(init=False)
    seconds: list[float] = field(default_factory=list)
    """from webhook to posted, of each document"""
    journalled: int = 0
    """results that stand in the journal"""

    def __post_init__(self) -> None:
        self._at = self.path.stat().st_size

    async def until_journalled(self, count: int) -> None:
        """Wait until the journal was told of so many. TimeoutError where nothing comes for two minutes."""
        seen, since = self.journalled, time.monotonic()
        while self.journalled < count:
            await asyncio.sleep(0.05)
            self._read()
            if self.journalled > seen:
                seen, since = self.journalled, time.monotonic()
            elif time.monotonic() - since > PATIENCE:
                raise TimeoutError(f"{seen} of {count} documents arrived; see {self.path}")

    def _read(self) -> None:
        with self.path.open("rb") as log:
            log.seek(self._at)
            new = log.read()
        whole = new[: new.rfind(b"\n") + 1]
        self._at += len(whole)
        for line in whole.decode().splitlines():
            self.journalled += " journal written " in line
            if found := _SECONDS.search(line):
                self.seconds.append(float(found[1]))
