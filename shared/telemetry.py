"""What the bridge says of itself: log lines with ids as dimensions, never with personal data or secrets."""

import logging
import secrets
from collections.abc import Mapping

_logger = logging.getLogger("bridge")

# Libraries that would write addresses, headers or bodies into the log.
for _talkative in ("httpx", "httpcore", "azure", "uamqp"):
    logging.getLogger(_talkative).setLevel(logging.WARNING)


def say(level: int, event: str, dimensions: Mapping[str, object] | None = None) -> None:
    """Log one event. Dimensions are ids, states, counts and times; the caller passes nothing personal."""
    shown = " ".join(f"{name}={value}" for name, value in (dimensions or {}).items())
    _logger.log(level, "%s %s", event, shown, extra={"custom_dimensions": dict(dimensions or {})})


def traceparent(parent: str = "") -> str:
    """Give a W3C traceparent: a new span in the parent's trace, or the first span of a new trace."""
    parts = parent.split("-")
    trace = parts[1] if len(parts) == 4 and len(parts[1]) == 32 else secrets.token_hex(16)
    return f"00-{trace}-{secrets.token_hex(8)}-01"
