"""What an administrator sees at a glance: health, what waits, was refused or was set aside, and the settings."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any

from shared import health
from shared.dataverse import journal
from shared.dataverse.client import Dataverse
from shared.dataverse.columns import moment, text
from shared.dataverse.sales import SALES
from shared.errors import Misconfigured, Unavailable
from shared.files.asking import KINDS, by_hand
from shared.messages import State
from shared.routes import NAMES, Target
from shared.settings import SECRETS, Settings
from shared.wiring import Wiring

WAITING = (State.WAITING, State.PAUSED, State.RETRYING, State.DRAFT)
SHOWN = 50
"""Journal rows of a kind and accounting system on the page; their number is shown whole, up to the 5,000 that Dataverse
counts."""
SECRET = "\N{BULLET}" * 3
"""stands for a secret that is set"""
_COLUMNS = ("acx_key", "acx_state", "acx_message", "acx_changedon", "acx_number", "acx_link")


@dataclass(frozen=True)
class Entry:
    """A journal row as the page shows it."""

    table: str
    id: str
    state: State
    number: str
    message: str
    changed_at: datetime | None
    address: str = ""
    """where a browser shows the accounting document"""


@dataclass(frozen=True)
class Entries:
    """The latest rows of a kind, and how many there are."""

    shown: tuple[Entry, ...] = ()
    count: int = 0


@dataclass(frozen=True)
class Check:
    """One system and what is wrong with it: nothing, where it works."""

    system: str
    problems: tuple[str, ...]


@dataclass(frozen=True)
class Overview:
    """Everything on the page. What can't be read now is empty, and a check says why."""

    checks: tuple[Check, ...]
    waiting: Mapping[Target, Entries] = field(default_factory=dict)
    refused: Mapping[Target, Entries] = field(default_factory=dict)
    """both by accounting system"""
    set_aside: tuple[dict[str, Any], ...] = ()
    automatic: frozenset[tuple[Target, str]] = frozenset()
    """accounting system and table of what goes through by itself, and may be looked at again"""
    files: tuple[tuple[str, str], ...] = ()
    """kind and route of what is handed out by hand"""
    settings: dict[str, str] = field(default_factory=dict)
    """by name (see :func:`in_force`)"""


async def look(wiring: Wiring) -> Overview:
    """Ask every system, all at once; what is away takes nothing else along."""
    problems = await health.check(wiring)
    try:
        settings = wiring.settings
    except Misconfigured:
        return Overview((Check("Settings", tuple(problems)),))
    used = sorted({route.target for route in settings.routes if not route.by_hand})
    waiting, refused, messages, *asked = await asyncio.gather(
        _asked("Dataverse", lambda: _by_target(wiring.dataverse, WAITING)),
        _asked("Dataverse", lambda: _by_target(wiring.dataverse, (State.REFUSED,))),
        _asked("Service Bus", wiring.operations.messages),
        *(_asked(NAMES[target], partial(wiring.reach, target)) for target in used),
    )
    reached = [check for _, check in asked]
    return Overview(
        checks=(Check("Settings, Dataverse", tuple(problems)), messages[1], *reached),
        waiting=waiting[0] or {},
        refused=refused[0] or {},
        set_aside=tuple((messages[0] or {"messages": []})["messages"]),
        automatic=frozenset(
            (route.target, table.name) for route in settings.routes for table in SALES if route.way == table.way
        ),
        files=tuple((kind, route.name) for kind in KINDS for route in by_hand(settings, kind)),
        settings=in_force(settings),
    )


async def _asked(system: str, question: Callable[[], Awaitable[Any]]) -> tuple[Any, Check]:
    try:
        return await question(), Check(system, ())
    except Misconfigured as error:
        return None, Check(system, error.problems)
    except Unavailable as error:
        return None, Check(system, (str(error),))


async def _by_target(dataverse: Dataverse, states: Collection[State]) -> dict[Target, Entries]:
    found = await asyncio.gather(*(_rows(dataverse, target, states) for target in NAMES))
    return dict(zip(NAMES, found, strict=True))


async def _rows(dataverse: Dataverse, target: Target, states: Collection[State]) -> Entries:
    wanted = " or ".join(f"acx_state eq {journal.STATE_VALUES[state]}" for state in states)
    query = {
        "$select": ",".join(_COLUMNS),
        "$filter": f"acx_target eq '{target}' and ({wanted})",
        "$orderby": "acx_changedon desc",
        "$count": "true",
    }
    page = await dataverse.get(journal.SET, query, page=SHOWN)
    return Entries(tuple(_entry(row) for row in page["value"]), int(page["@odata.count"]))


def _entry(row: dict[str, Any]) -> Entry:
    _, _, record = text(row, "acx_key").partition(":")
    table, _, identity = record.partition(":")
    changed = moment(row, "acx_changedon")
    state = journal.state_of(row)
    number, message = text(row, "acx_number"), text(row, "acx_message")
    return Entry(table, identity, state, number, message, changed, text(row, "acx_link"))


def in_force(settings: Settings) -> dict[str, str]:
    """Give the settings by their names, as text. A secret shows only whether it is set."""
    shown: dict[str, str] = {}
    for name, about in type(settings).model_fields.items():
        value = getattr(settings, name)
        setting = about.alias or name
        if setting in SECRETS:
            shown[setting] = SECRET if value is not None else ""
        else:
            shown[setting] = "" if value is None else _text(value)
    return shown


def _text(value: object) -> str:
    if isinstance(value, tuple):
        return ", ".join(str(getattr(each, "name", each)) for each in value)
    return str(value)
