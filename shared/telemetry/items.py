"""What is recorded, as plain data: times are seconds since 1970, durations seconds."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from shared.telemetry.trace import Place

Dimensions = Mapping[str, object]
Kind = Literal["call", "sent", "hop"]
"""A request to a system; a message to a queue; a step's work for one message."""


@dataclass(frozen=True)
class Span:
    """Something that took time, in one trace."""

    kind: Kind
    name: str
    target: str
    place: Place
    parent: str
    """the span that it happened in; empty at the root of a trace"""
    at: float
    seconds: float
    result: str
    """an HTTP status, or the class of what went wrong; empty where there is nothing to say"""
    success: bool
    dimensions: Dimensions = field(default_factory=dict)
    links: tuple[Place, ...] = ()
    """spans of other traces that this one was also part of"""


@dataclass(frozen=True)
class Event:
    """A line of the log."""

    name: str
    level: int
    at: float
    place: Place | None
    dimensions: Dimensions


@dataclass(frozen=True)
class Metric:
    """What was counted or measured since the last one, under one set of dimensions."""

    name: str
    at: float
    total: float
    count: int
    least: float
    most: float
    dimensions: Dimensions


Item = Span | Event | Metric
