"""W3C trace context: each invocation gets a span of its own, in the caller's trace where there is one."""

import re
import secrets
from dataclasses import dataclass

_TRACE_PARENT = re.compile(r"[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})")


@dataclass(frozen=True)
class TraceContext:
    """What the invocation context shows as ``trace_context``."""

    parent: str
    state: str = ""
    caller: str = ""
    """the span that the invocation happens in; empty at the root of a trace"""
    links: tuple[str, ...] = ()
    """traceparents of what a batch is made of"""


def is_traceparent(text: object) -> bool:
    """Say whether a text is a W3C traceparent."""
    return isinstance(text, str) and _TRACE_PARENT.fullmatch(text) is not None


def continue_trace(trace_parent: str | None, trace_state: str | None = None) -> TraceContext:
    """Give the span of an invocation: a child of ``trace_parent``, or a trace of its own where that is not valid."""
    match = _TRACE_PARENT.fullmatch((trace_parent or "").strip().lower())
    if match is None or not int(match[1], 16):
        return TraceContext(f"00-{secrets.token_hex(16)}-{secrets.token_hex(8)}-01")
    return TraceContext(f"00-{match[1]}-{secrets.token_hex(8)}-{match[3]}", trace_state or "", match[2])
