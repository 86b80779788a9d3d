"""The seam between the host and the process that knows Python functions.

Under Python 3.13 that is Microsoft's own worker (:mod:`infra.local.host.native_worker`), below it a caller of ours that
follows the same rules (:mod:`infra.local.host.direct_worker`). Values cross the seam as the worker's *Datum*: a value
and the name of its type on the real host's wire (``string``, ``bytes``, ``json``, ``http``, ``collection_string`` …).
"""

import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from infra.local.host.bindings import IndexedFunction


class Datum(Protocol):
    """A value and its wire type; None for an empty value."""

    value: Any
    type: str | None


@dataclass(frozen=True)
class Invocation:
    """One call: what the real host sends as an InvocationRequest."""

    id: str
    function_id: str
    parameter: str
    data: Datum
    metadata: dict[str, Datum] = field(default_factory=dict)
    trace_parent: str = ""
    trace_state: str = ""
    retry_count: int = 0
    max_retry_count: int = 0


@dataclass(frozen=True)
class Outcome:
    """How a call ended. ``outputs`` are the http output parameters, should a function not use its return value."""

    succeeded: bool
    returned: Datum | None = None
    outputs: tuple[tuple[str, Datum], ...] = ()
    error: str = ""
    traceback: str = ""


class Worker(Protocol):
    """A language worker, in this process: one app each, because the registry of functions is global."""

    async def index(self, folder: Path) -> list[IndexedFunction]:
        """Import the app in ``folder`` and give its functions; none without a function_app.py, as in Azure.

        :raises HostError: the app cannot be indexed.
        """
        ...

    def datum(self, value: Any, kind: str) -> Datum:
        """Wrap a value for this worker."""
        ...

    async def invoke(self, invocation: Invocation) -> Outcome:
        """Call a function; its exception is an outcome, only cancellation propagates."""
        ...

    def close(self) -> None:
        """Let go of the threads."""
        ...


def create_worker() -> Worker:
    """Give the worker for this Python."""
    if sys.version_info >= (3, 13):
        from infra.local.host.native_worker import NativeWorker  # noqa: PLC0415 - installed from Python 3.13 on

        return NativeWorker()
    from infra.local.host.direct_worker import DirectWorker  # noqa: PLC0415 - the other side of the choice

    return DirectWorker()
