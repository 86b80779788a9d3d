"""Addresses and headers: which resource a path names, which query options and preferences come with it."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from infra.local.sapb1.errors import SapError, unsupported

_KEYED = re.compile(r"(?P<name>[\w$]+)(?:\((?P<key>.*)\))?", re.DOTALL)
_KEY_PART = re.compile(r"\s*(?:(?P<name>\w+)\s*=\s*)?(?:'(?P<text>(?:[^']|'')*)'|(?P<number>-?\d+))\s*(?:,|$)")

QUERY_OPTIONS = frozenset({"$select", "$filter", "$orderby", "$top", "$skip", "$count", "$inlinecount"})


@dataclass(frozen=True)
class Call:
    """One operation: a request, or one part of a batch. Header names are in lower case; ``path`` is decoded.

    ``base`` is the service's address, ``http://127.0.0.1:50000/b1s/v2``; ``batched`` inside a changeset.
    """

    method: str
    version: str
    base: str
    path: str
    query: Sequence[tuple[str, str]] = ()
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    batched: bool = False


@dataclass(frozen=True)
class Answer:
    """What goes back."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""


@dataclass(frozen=True)
class Segment:
    """One step of a path: ``Invoices(1)`` → name and key parts ("" for an unnamed part)."""

    name: str
    key: tuple[tuple[str, str | int], ...] | None = None


def unrecognized() -> SapError:
    """An address that is no entity set and no service (captured: HTTP 400, code 200)."""
    return SapError(200, "Unrecognized resource path.")


def _split(path: str) -> list[str]:
    parts = [""]
    quoted = False
    for letter in path:
        quoted ^= letter == "'"
        if letter == "/" and not quoted:
            parts.append("")
        else:
            parts[-1] += letter
    return [part for part in parts if part]


def _key(text: str) -> tuple[tuple[str, str | int], ...]:
    parts: list[tuple[str, str | int]] = []
    position = 0
    while position < len(text):
        match = _KEY_PART.match(text, position)
        if match is None:
            raise unrecognized()
        value: str | int = int(match["number"]) if match["number"] else match["text"].replace("''", "'")
        parts.append((match["name"] or "", value))
        position = match.end()
    if not parts:
        raise unrecognized()
    return tuple(parts)


def parse_path(path: str) -> list[Segment]:
    """Give the segments of a decoded path."""
    segments: list[Segment] = []
    for part in _split(path):
        match = _KEYED.fullmatch(part.removeprefix("SAPB1."))
        if match is None:
            raise unrecognized()
        segments.append(Segment(match["name"], None if match["key"] is None else _key(match["key"])))
    if not segments:
        raise unrecognized()
    return segments


def options(call: Call) -> dict[str, str]:
    """Give the query options. SapError for one that is unknown, or said twice."""
    found: dict[str, str] = {}
    for name, value in call.query:
        if name not in QUERY_OPTIONS:
            raise unsupported(f"Query option '{name}'")
        if name in found:
            raise SapError(201, f"Invalid query option '{name}'")
        found[name] = value
    return found


def whole(name: str, value: str) -> int:
    """Give a count such as $top. SapError unless it is a whole number."""
    if not value.isdigit():
        raise SapError(201, f"Invalid query option '{name}': {value}")
    return int(value)


def flag(name: str, value: str) -> bool:
    """Give $count's or $inlinecount's meaning."""
    meaning = {"true": True, "false": False, "allpages": True, "none": False}.get(value)
    if meaning is None:
        raise SapError(201, f"Invalid query option '{name}': {value}")
    return meaning


@dataclass(frozen=True)
class Preferences:
    """What the Prefer header asks for."""

    no_content: bool = False
    page_size: int | None = None


def preferences(headers: Mapping[str, str]) -> Preferences:
    """Read Prefer (and B1S-PageSize). SapError for a preference the local company doesn't know."""
    no_content = False
    size = headers.get("b1s-pagesize")
    for part in headers.get("prefer", "").split(","):
        name, _, value = part.strip().partition("=")
        match name.strip():
            case "":
                continue
            case "return-no-content":
                no_content = True
            case "odata.maxpagesize" | "maxpagesize":
                size = value.strip()
            case other:
                raise unsupported(f"Preference '{other}'")
    return Preferences(no_content, None if size is None else whole("odata.maxpagesize", size))
