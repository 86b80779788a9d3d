"""What may leave: a list of dimensions, each with its shape. Whatever is not on it is removed, whoever recorded it.

Shapes are GUIDs, hashes, times, short numbers (a tax number, a telephone or an account number is longer), words that
the bridge itself uses, and causes: sentences of ours, of which only known words remain.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import get_args
from urllib.parse import unquote, urlsplit
from uuid import UUID

from shared.messages import State, Table
from shared.refusals import CATALOGUE
from shared.routes import Target
from shared.settings import Settings
from shared.telemetry.items import Event, Item, Metric
from shared.telemetry.words import EVENTS, HOPS, METRICS, WORDS

Value = str | int | float
Shape = Callable[[object], Value | None]

QUEUES = frozenset({"changes", "results", "poison", "onec", "sapb1"})
SYSTEMS = frozenset({"Dataverse", "1C", "SAP Business One", "Service Bus", "Key Vault", "Blob Storage"})
_HEX_CODE = re.compile(r"0x[0-9a-fA-F]{1,8}")
_SHORT_NUMBER = re.compile(r"-?[0-9]{1,6}")
_NUMBER_IN_GROUPS = re.compile(r"[0-9]+(?:[^\w…]+[0-9]+)+")
"""as telephone and card numbers are written; a status and a code have a word between them"""
_CLASS = re.compile(r"[A-Z][A-Za-z]{0,38}(Error|Exception|Timeout|Exit|Interrupt)")
_TOKEN = re.compile(r"\w+")
_ENTITY = r"(Document|Catalog|InformationRegister|AccumulationRegister|Enum|ChartOf[A-Za-z]+)_\w{1,80}"
"""as 1C names its objects"""
_SEGMENT = re.compile(rf"([A-Za-z$_][A-Za-z0-9_.$]{{0,80}}|{_ENTITY})(\(\))?")
_ENTITY_NAME = re.compile(_ENTITY)
_METHODS = frozenset({"GET", "POST", "PATCH", "PUT", "DELETE", "HEAD"})
MAX_CAUSE = 300
REMOVED = "removed"


def _one_of(words: frozenset[str]) -> Shape:
    return lambda value: text if (text := str(value)) in words else None


def _pattern(expression: str) -> Shape:
    compiled = re.compile(expression)
    return lambda value: text if compiled.fullmatch(text := str(value)) else None


def _number(longest: int) -> Shape:
    def shape(value: object) -> Value | None:
        if isinstance(value, bool) or not isinstance(value, int | float):
            return None
        return value if abs(value) < 10**longest else None

    return shape


def _guid(value: object) -> Value | None:
    try:
        return str(UUID(str(value)))
    except ValueError:
        return None


def _time(value: object) -> Value | None:
    return value.isoformat(timespec="seconds") if isinstance(value, datetime) else None


def _either(*shapes: Shape) -> Shape:
    return lambda value: next((found for shape in shapes if (found := shape(value)) is not None), None)


def _cause(value: object) -> Value | None:
    """Keep of a sentence of ours what are known words, short numbers and codes; ``…`` stands for the rest."""
    without_numbers = _NUMBER_IN_GROUPS.sub("…", str(value)[:MAX_CAUSE])
    return _TOKEN.sub(lambda match: match[0] if _known(match[0]) else "…", without_numbers)


def _known(token: str) -> bool:
    if token.lower() in WORDS or token in _OWN_WORDS:
        return True
    return any(pattern.fullmatch(token) for pattern in (_HEX_CODE, _SHORT_NUMBER, _CLASS, _ENTITY_NAME))


_STATES = frozenset(State)
_TABLES = frozenset(get_args(Table))
_OWN_WORDS = (
    frozenset(str(field.alias) for field in Settings.model_fields.values())
    | frozenset(token for name in (*_TABLES, *_STATES, *CATALOGUE) for token in _TOKEN.findall(name))
    | frozenset(token for system in SYSTEMS for token in _TOKEN.findall(system))
    | QUEUES
)
_LONG_ID = _either(_guid, _pattern(r"[0-9a-f]{64}"))
_COUNT = _number(7)
_TARGET = _one_of(frozenset(get_args(Target)) | SYSTEMS | QUEUES)

DIMENSIONS: Mapping[str, Shape] = {
    "id": _guid,
    "organization": _guid,
    **dict.fromkeys(_TABLES, _either(_guid, _COUNT)),
    "table": _one_of(_TABLES),
    "target": _TARGET,
    "queue": _one_of(frozenset(f"{queue}{dead}" for queue in QUEUES for dead in ("", "/$deadletterqueue"))),
    **dict.fromkeys(sorted(get_args(Target)), _COUNT),
    "state": _one_of(_STATES),
    "reason": _either(_one_of(frozenset(CATALOGUE)), _cause),
    "accounting_id": _either(_guid, _pattern(r"[0-9]{1,9}")),
    "message_id": _LONG_ID,
    "sequence_number": _number(19),
    "version": _number(19),
    "attempt": _COUNT,
    "messages": _COUNT,
    "seconds": _number(9),
    "next": _time,
    "cause": _cause,
    "message": _cause,
    "why": _cause,
    "problems": _cause,
    "code": _cause,
    "pass": _cause,
    REMOVED: _COUNT,
    "on": _pattern(r"[0-9]{4}-[0-9]{2}-[0-9]{2}"),
    "hop": _one_of(HOPS),
    "setting": _one_of(_OWN_WORDS),
    "at": _pattern(r"(shared|functions)/[a-z0-9_/]+\.py:[0-9]{1,5}"),
}
"""Every dimension that may leave, and what shape its value must have."""


def dimensions(given: Mapping[str, object]) -> dict[str, Value]:
    """Give the dimensions that may leave; ``removed`` counts the others, without a word of them."""
    kept: dict[str, Value] = {}
    removed = 0
    for name, value in given.items():
        if value is None:
            continue
        shape = DIMENSIONS.get(name)
        found = None if shape is None else shape(value)
        if found is None:
            removed += 1
        else:
            kept[name] = found
    return {**kept, REMOVED: removed} if removed else kept


def operation(method: str, url: str) -> str:
    """Name a request without its ids: ``GET /api/data/v9.2/invoices(…)?$filter=…`` is ``GET invoices()``.

    Keys in parentheses and quotes go, the query goes, and so does every part of a path that is not a name such as
    systems give their entities.
    """
    path = re.sub(r"'(?:[^']|'')*'", "", unquote(urlsplit(url).path))
    segments = [part for part in re.sub(r"\([^()]*\)", "()", path).split("/") if part]
    shown = [segment if _SEGMENT.fullmatch(segment) else "…" for segment in segments[_prefix(segments) :]]
    return f"{method if method in _METHODS else '…'} {'/'.join(shown[-2:]) or '/'}"


def _prefix(segments: list[str]) -> int:
    """Count the leading parts of a path that say where the service is: up to its version or ``standard.odata``."""
    roots = [
        index + 1
        for index, segment in enumerate(segments)
        if segment == "standard.odata" or re.fullmatch(r"v[0-9][0-9.]*", segment)
    ]
    return roots[0] if roots and roots[0] < len(segments) else max(0, len(segments) - 1)


def scrub(item: Item) -> Item:
    """Give an item as it may leave."""
    clean = dimensions(item.dimensions)
    if isinstance(item, Event):
        return replace(item, name=item.name if item.name in EVENTS else "event", dimensions=clean)
    if isinstance(item, Metric):
        return replace(item, name=item.name if item.name in METRICS else "measure", dimensions=clean)
    return replace(
        item,
        name=_span_name(item.name),
        target=str(_TARGET(item.target) or ""),
        result=item.result if re.fullmatch(r"[0-9]{3}|[A-Za-z]{1,40}", item.result) else "",
        dimensions=clean,
    )


def _span_name(name: str) -> str:
    verb, _, rest = name.partition(" ")
    if name in HOPS or (verb == "send" and rest in QUEUES):
        return name
    if verb in _METHODS and all(part in {"", "…"} or _SEGMENT.fullmatch(part) for part in rest.split("/")):
        return name
    return "…"
