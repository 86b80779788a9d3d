"""Who asks, and what a request carries along to everything that it causes."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from infra.local.dataverse.schema import Table
from infra.local.dataverse.store import Ref, Row


@dataclass(frozen=True)
class User:
    """A user of the organization; an administrator may change what is read-only for others."""

    ref: Ref
    directory_id: str
    is_admin: bool


@dataclass(frozen=True)
class Event:
    """Something that happened to a row, as steps are told of it."""

    message: str
    table: Table
    id: str
    sent: Mapping[str, Any]
    """The columns that the request carried."""
    target: Mapping[str, Any]
    """The columns that were written, those that the system added among them."""
    before: Row | None
    after: Row | None
    depth: int


@dataclass
class Session:
    """One request: its user, its ids, and the events and jobs that its transaction has brought about."""

    user: User
    request_id: str
    correlation_id: str
    user_agent: str = ""
    tag: str | None = None
    bypassed_steps: frozenset[str] = frozenset()
    bypass_asynchronous: bool = False
    jobs: list[str] = field(default_factory=list)
    """System jobs to be run after the commit."""
