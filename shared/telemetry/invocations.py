"""One invocation of a function: in the host's trace, and what it recorded handed over before it ends."""

import atexit
import logging
import os
import traceback
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from shared.errors import BridgeError
from shared.settings import APPLICATION_INSIGHTS, APPLICATION_INSIGHTS_SIGN_IN, TELEMETRY
from shared.telemetry import allowed, recorder
from shared.telemetry.outbox import Outbox, Sender
from shared.telemetry.trace import Place, Work, working

if TYPE_CHECKING:
    from azure.identity import ManagedIdentityCredential

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
LAST_SECONDS = 3.0
"""for what is left when the process ends"""


class TraceContext(Protocol):
    """What the host says of the trace; both may be empty."""

    @property
    def trace_parent(self) -> str | None:
        """Give the span of the invocation, as the host reports it."""
        ...


class Context(Protocol):
    """The part of ``azure.functions.Context`` that is used."""

    @property
    def trace_context(self) -> TraceContext:
        """Give the trace."""
        ...


@contextmanager
def invocation(context: Context) -> Iterator[None]:
    """Run an invocation in its host's span. What goes wrong unexpectedly is named by its class and line alone.

    An exception that reaches the host is written to its log with its text, which could quote data.
    """
    start(os.environ)
    place = Place.parse((context.trace_context.trace_parent or "").strip().lower()) or Place.new()
    with working(Work((place,))):
        try:
            yield
        except BridgeError:
            raise
        except Exception as error:  # noqa: BLE001 -- it is raised again, without its text
            recorder.say(logging.ERROR, "failed", {"cause": type(error).__name__, "at": _place_in_code(error)})
            raise RuntimeError(f"unexpected {type(error).__name__}") from None
        finally:
            if recorder.out.box is not None:
                recorder.out.box.flush()


def _place_in_code(error: Exception) -> str | None:
    """Give file and line of ours where an exception came through last, such as ``shared/sweep.py:93``."""
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        file = Path(frame.filename)
        if HERE not in file.parents and any(ROOT / folder in file.parents for folder in ("shared", "functions")):
            return f"{file.relative_to(ROOT).as_posix()}:{frame.lineno}"
    return None


def start(environment: Mapping[str, str]) -> None:
    """Open the outbox, once, where a connection string is set and TELEMETRY is not ``none``."""
    connection, way = environment.get(APPLICATION_INSIGHTS, ""), environment.get(TELEMETRY) or "opencensus"
    if recorder.out.box is not None or not connection or way == "none":
        return
    sign_in = environment.get(APPLICATION_INSIGHTS_SIGN_IN, "")
    recorder.out.box = Outbox(lambda: sender(way, connection, sign_in), allowed.scrub)
    atexit.register(stop)


def stop(seconds: float = LAST_SECONDS) -> None:
    """Send what is left, and close the outbox."""
    box, recorder.out.box = recorder.out.box, None
    atexit.unregister(stop)
    if box is not None:
        box.close(seconds)


def problems() -> list[str]:
    """Say why no telemetry leaves, in one sentence; nothing where all is well or none is wanted."""
    return [recorder.out.box.problem] if recorder.out.box is not None and recorder.out.box.problem else []


def sender(way: str, connection: str, sign_in: str = "") -> Sender:
    """Import an exporter: called in the outbox's thread, for it takes half a second of a cold start.

    ``way`` as TELEMETRY says; ``sign_in`` as APPLICATIONINSIGHTS_AUTHENTICATION_STRING. ImportError where its package
    is not installed, ValueError for a wrong connection string.
    """
    # What SDKs would tell Microsoft about themselves, and ask it, is nothing that a company switched on.
    for chatter in ("STATSBEAT_DISABLED_ALL", "SDKSTATS_DISABLED", "CONTROLPLANE_DISABLED"):
        os.environ.setdefault(f"APPLICATIONINSIGHTS_{chatter}", "true")
    os.environ.setdefault("APPLICATIONINSIGHTS_OPENTELEMETRY_RESOURCE_METRIC_DISABLED", "true")
    credential = _credential(sign_in)
    if way == "opentelemetry":
        from shared.telemetry.to_opentelemetry import OpenTelemetrySender  # noqa: PLC0415 -- see above

        return OpenTelemetrySender(connection, credential)
    from shared.telemetry.to_opencensus import OpenCensusSender  # noqa: PLC0415 -- see above

    return OpenCensusSender(connection, credential)


def _credential(sign_in: str) -> "ManagedIdentityCredential | None":
    """Give the identity that ``Authorization=AAD;ClientId=…`` names, as the Functions host reads it; None without."""
    parts = dict(part.partition("=")[::2] for part in sign_in.split(";") if part)
    if parts.get("Authorization", "").upper() != "AAD":
        return None
    from azure.identity import ManagedIdentityCredential  # noqa: PLC0415 -- see above

    return ManagedIdentityCredential(client_id=parts.get("ClientId"))
