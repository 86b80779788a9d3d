"""What the host and the app log: one line each on stderr, with the time, the level and the function's name.

The levels of host.json are honoured by category, as in the real host: ``Function.NAME.User`` for what a function logs,
``Function.NAME`` for the host's own lines about it, ``Host`` for the rest; the longest match wins.
"""

import io
import logging
import sys
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from datetime import UTC, datetime

current_function: ContextVar[str] = ContextVar("current_function", default="")
"""The function whose invocation runs in this context."""

running: dict[str, str] = {}
"""The functions by the id of their running invocations."""

invocation_ids: list[Callable[[], str | None]] = []
"""Where a worker says which invocation a thread of its own works for: its threads do not inherit this context."""

HOST_LOGGER = "infra.local.host"

_LEVELS = {
    "Trace": logging.DEBUG,
    "Debug": logging.DEBUG,
    "Information": logging.INFO,
    "Warning": logging.WARNING,
    "Error": logging.ERROR,
    "Critical": logging.CRITICAL,
    "None": logging.CRITICAL + 1,
}
_DEFAULT_LEVEL = logging.INFO
# The runtime logs an exception that the host reports with the function's name anyway.
_DOUBLED = {"Native invocation failed", "Native sync invocation failed"}


def function_of(record: logging.LogRecord) -> str:
    """Give the function a record belongs to; an empty text for the host's own."""
    name: str = getattr(record, "function", "") or current_function.get()
    if not name:
        name = next((running[found] for source in invocation_ids if (found := source()) in running), "")
    return name


def category(record: logging.LogRecord) -> str:
    """Give the category the real host would file a record under."""
    name = function_of(record)
    if not name:
        return "Host"
    return f"Function.{name}" if record.name.startswith(HOST_LOGGER) else f"Function.{name}.User"


class _ByCategory(logging.Filter):
    def __init__(self, levels: Mapping[str, str]) -> None:
        super().__init__()
        self._configured = {key: _LEVELS[value] for key, value in levels.items()}
        self._known: dict[str, int] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        if record.msg in _DOUBLED:
            return False
        found = category(record)
        if found == "Host" and not record.name.startswith(HOST_LOGGER) and record.levelno < logging.WARNING:
            return False  # the receivers' own chatter; inside a function it is the app's
        if found not in self._known:
            self._known[found] = self._level(found)
        return record.levelno >= self._known[found]

    def _level(self, found: str) -> int:
        parts = found.split(".")
        for length in range(len(parts), 0, -1):
            key = ".".join(parts[:length])
            if key in self._configured:
                return self._configured[key]
        return self._configured.get("default", _DEFAULT_LEVEL)


class _OneLine(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        function = function_of(record) or "host"
        text = record.getMessage()
        if record.exc_info:
            text = f"{text}\n{self.formatException(record.exc_info)}"
        moment = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        line = text.rstrip().replace("\r", "").replace("\n", "\\n")
        return f"{moment} {record.levelname} {function}: {line}"


def configure(levels: Mapping[str, str]) -> None:
    """Send every log to stderr; ``levels`` is host.json's ``logging.logLevel``."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_OneLine())
    handler.addFilter(_ByCategory(levels))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    lowest = min((_LEVELS[level] for level in levels.values()), default=_DEFAULT_LEVEL)
    root.setLevel(min(lowest, _DEFAULT_LEVEL))


class PrintedLines(io.TextIOBase):
    """A stand-in for stdout while the app runs: what it prints becomes log lines, as in the real host."""

    def __init__(self) -> None:
        self._rest = ""

    def write(self, text: str) -> int:
        """Log each finished line."""
        *lines, self._rest = (self._rest + text).split("\n")
        for line in lines:
            if line.strip():
                logging.getLogger("stdout").info("%s", line)
        return len(text)
