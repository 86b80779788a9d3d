"""A file as the answer to a request: bounded in time and size, because Functions holds a whole answer in memory."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from shared.files.asking import read
from shared.files.handing_out import HandingOut, TooMuch
from shared.settings import Settings

BUDGET = timedelta(seconds=180)
"""Azure's front end gives an answer up after 230 seconds."""
LARGEST = 90 * 1024 * 1024
"""Bytes: the host takes some 100 MB from a worker."""


@dataclass(frozen=True)
class Answered:
    """The ZIP and its name."""

    name: str
    content: bytes


async def answer(
    handing_out: HandingOut,
    settings: Settings,
    kind: str,
    given: Mapping[str, str],
    now: Callable[[], datetime],
    *,
    largest: int = LARGEST,
) -> Answered:
    """Make the file that is asked for, and tell the journal. WrongRequest says what is wrong with the request."""
    asked = read(kind, given, settings)
    async with handing_out.made(asked, now, now() + BUDGET) as file:
        _check(file.size, largest)
        content = _whole(file.path)
        await file.delivered()
        return Answered(file.name, content)


def _check(size: int, largest: int) -> None:
    if size > largest:
        raise TooMuch(f"the file has more than {largest >> 20} MB: ask for a shorter period, or for one entity")


def _whole(path: Path) -> bytes:
    return path.read_bytes()
