"""Requests and answers as the Web API sees them, whether they came alone or inside a ``$batch``."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from http import HTTPStatus
from uuid import uuid4

from infra.local.dataverse.errors import DataverseError, not_understood
from infra.local.dataverse.reading import ANNOTATIONS, PAGE_SIZE
from infra.local.dataverse.session import Session, User
from infra.local.dataverse.store import Ref
from infra.local.dataverse.values import guid
from shared.jsontext import dumps

_PREFERENCE = re.compile(r'\s*([A-Za-z.\-]+)\s*(?:=\s*("[^"]*"|[^,;]*))?\s*(?:[,;]|\Z)')
_KNOWN_MSCRM = frozenset(
    {
        "mscrm.suppressduplicatedetection",
        "mscrm.bypasscustompluginexecution",
        "mscrm.bypassbusinesslogicexecution",
        "mscrm.bypassbusinesslogicexecutionstepids",
        "mscrm.mergelabels",
        "mscrm.solutionuniquename",
    }
)
JSON_TYPE = "application/json; odata.metadata=minimal"


@dataclass(frozen=True)
class Preferences:
    """What the header Prefer asks for."""

    representation: bool = False
    page_size: int = PAGE_SIZE
    track_changes: bool = False
    annotations: frozenset[str] = frozenset()
    continue_on_error: bool = False
    applied: tuple[str, ...] = ()


def _preference(made: dict[str, object], name: str, value: str) -> None:
    match name:
        case "return" if value in {"representation", "minimal"}:
            made["representation"] = value == "representation"
        case "odata.maxpagesize" if value.isdecimal() and int(value) > 0:
            made["page_size"] = min(int(value), PAGE_SIZE)
        case "odata.track-changes":
            made["track_changes"] = True
        case "odata.include-annotations":
            patterns = [pattern.strip() for pattern in value.split(",")]
            made["annotations"] = frozenset(
                known for known in ANNOTATIONS if any(fnmatchcase(known, pattern) for pattern in patterns)
            )
        case "odata.continue-on-error":
            made["continue_on_error"] = value != "false"
        case _:
            raise not_understood(f"The preference '{name}{'=' if value else ''}{value}' is not supported.")


def parse_preferences(header: str) -> Preferences:
    """Read a Prefer header; an unknown preference is refused, though the standard lets a server pass over it."""
    made: dict[str, object] = {}
    applied, position = [], 0
    while position < len(header):
        match = _PREFERENCE.match(header, position)
        if match is None or match.end() == position:
            raise not_understood(f"The header Prefer can't be read at '{header[position:]}'.")
        position = match.end()
        _preference(made, match[1].lower(), (match[2] or "").strip().strip('"'))
        applied.append(match[0].strip(" ,;"))
    return Preferences(**made, applied=tuple(applied))  # type: ignore[arg-type]  # filled by name above


@dataclass
class ApiRequest:
    """One operation: ``path`` and ``query`` as they stand in the address behind the API's root."""

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    """Names in lower case."""
    body: bytes
    base: str
    session: Session
    references: dict[str, Ref] = field(default_factory=dict)
    content_id: str | None = None

    @property
    def preferences(self) -> Preferences:
        """What Prefer asks for."""
        return parse_preferences(self.headers.get("prefer", ""))


@dataclass
class ApiAnswer:
    """What is answered."""

    status: int
    body: str = ""
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def reason(self) -> str:
        """The status in words."""
        return HTTPStatus(self.status).phrase


def refusal(error: DataverseError) -> ApiAnswer:
    """Give the answer of a refusal."""
    body = dumps({"error": {"code": error.code, "message": error.message}})
    return ApiAnswer(error.status, body, {"Content-Type": JSON_TYPE, "OData-Version": "4.0", **error.headers})


_STREAMED = "application/json; odata.metadata=minimal; odata.streaming=true"


def ok(body: str, preferences: Preferences | None = None, etag: str | None = None, status: int = 200) -> ApiAnswer:
    """Give an answer with a body, with what was preferred and the row's version."""
    headers = {"Content-Type": _STREAMED, "OData-Version": "4.0"}
    if etag is not None:
        headers["ETag"] = etag
    if preferences is not None and preferences.applied:
        headers["Preference-Applied"] = ", ".join(preferences.applied)
    return ApiAnswer(status, body, headers)


def new_session(user: User, headers: Mapping[str, str], tag: str | None) -> Session:
    """Give the session of a request; headers that this server doesn't know are refused."""
    for name in headers:
        if (name.startswith("mscrm") or name == "callerobjectid") and name not in _KNOWN_MSCRM:
            raise not_understood(f"The header '{name}' is not served by this local server.")
    if headers.get("odata-version", "4.0") != "4.0":
        raise not_understood(f"The OData version '{headers['odata-version']}' is not supported.")
    steps = headers.get("mscrm.bypassbusinesslogicexecutionstepids", "")
    bypass = headers.get("mscrm.bypassbusinesslogicexecution", "")
    return Session(
        user,
        request_id=guid(headers.get("x-ms-client-request-id", "")) or str(uuid4()),
        correlation_id=guid(headers.get("x-ms-correlation-request-id", "")) or str(uuid4()),
        user_agent=headers.get("user-agent", ""),
        tag=tag,
        bypassed_steps=frozenset(step.strip().lower() for step in steps.split(",") if step.strip()),
        bypass_asynchronous="CustomAsync" in bypass,
    )
