"""What Application Insights' ingestion (“Breeze”) takes, and how it says no.

A body is a JSON array, one JSON object, or one object a line, gzipped or not. Each envelope is judged by itself: all
taken is 200, none 400, some 206, with an error for each that was not. The sentences are those the service gives to
everybody's exporters ("109: Field 'time' on type 'Envelope' is required but missing or empty …").
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

MAX_BODY = 64 * 1024 * 1024
DURATION = re.compile(r"(?:(\d+)\.)?(\d{2}):(\d{2}):(\d{2})(?:\.(\d{1,7}))?")
REQUIRED: dict[str, dict[str, type]] = {
    "RequestData": {"id": str, "duration": str, "responseCode": str},
    "RemoteDependencyData": {"name": str, "duration": str},
    "MessageData": {"message": str},
    "EventData": {"name": str},
    "ExceptionData": {"exceptions": list},
    "MetricData": {"metrics": list},
}
"""Base types and their fields that must be there and not empty."""
_NAMES = {str: "string", list: "array", dict: "object", int: "integer", float: "double", bool: "boolean"}
_MAX_TEXT = {"name": 1024, "id": 512, "message": 32768, "target": 1024, "type": 1024, "resultCode": 1024}
_MAX_PROPERTY = 8192


class Unacceptable(Exception):
    """A body that is no telemetry at all."""


@dataclass(frozen=True)
class Answer:
    """A status and the body that goes with it."""

    status: int
    body: dict[str, Any]


def unpack(body: bytes) -> list[Any]:
    """Give the envelopes of an unpacked body. Raises Unacceptable where there are none to be had."""
    try:
        text = body.decode()
        if text.lstrip()[:1] == "[":
            found: list[Any] = json.loads(text)
        else:
            found = [json.loads(line) for line in text.splitlines() if line.strip()]
    except ValueError as error:
        raise Unacceptable("Invalid JSON") from error
    if not found:
        raise Unacceptable("No telemetry")
    return found


def problem(envelope: Any, instrumentation_key: str) -> str:
    """Say why an envelope is not taken; empty where it is."""
    if not isinstance(envelope, dict):
        return "100: Invalid JSON object"
    return next(filter(None, _envelope_problems(envelope, instrumentation_key)), "")


def _envelope_problems(envelope: dict[str, Any], instrumentation_key: str) -> Iterator[str]:
    for name in ("name", "time"):
        if not isinstance(envelope.get(name), str) or not envelope[name]:
            yield _missing(name, "Envelope", "string", envelope.get(name))
    if str(envelope.get("iKey", "")).lower() != instrumentation_key:
        yield "Invalid instrumentation key"
    if not _is_time(envelope["time"]):
        yield "103: Field 'time' on type 'Envelope' is not of the expected type. Expected: date, Actual: string"
    tags = envelope.get("tags") or {}
    if not isinstance(tags, dict) or not all(isinstance(tag, str | None) for tag in tags.values()):
        yield "103: Field 'tags' on type 'Envelope' is not of the expected type. Expected: map of string"
    data = envelope.get("data")
    if not isinstance(data, dict):
        yield _missing("data", "Envelope", "object", data)
    elif data.get("baseType") not in REQUIRED:
        yield f"102: Unexpected base type '{str(data.get('baseType'))[:50]}'"
    elif not isinstance(data.get("baseData"), dict):
        yield _missing("baseData", "Data", "object", data.get("baseData"))
    else:
        yield from _data_problems(data["baseType"], data["baseData"])


def _is_time(text: str) -> bool:
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return False
    return True


def _data_problems(kind: str, data: dict[str, Any]) -> Iterator[str]:
    for name, expected in REQUIRED[kind].items():
        if not isinstance(data.get(name), expected) or not data[name]:
            yield _missing(name, kind, _NAMES[expected], data.get(name))
    if not isinstance(data.get("ver"), int):
        yield _missing("ver", kind, "integer", data.get("ver"))
    for name, longest in _MAX_TEXT.items():
        if isinstance(data.get(name), str) and len(data[name]) > longest:
            yield f"107: Field '{name}' on type '{kind}' is too long. Expected: {longest} characters"
    if "duration" in REQUIRED[kind] and not DURATION.fullmatch(data["duration"]):
        yield f"103: Field 'duration' on type '{kind}' is not of the expected type. Expected: time span, Actual: string"
    yield _properties_problem(kind, data.get("properties") or {})
    yield _points_problem(kind, data)


def _properties_problem(kind: str, properties: Any) -> str:
    if not isinstance(properties, dict) or not all(isinstance(value, str) for value in properties.values()):
        return f"103: Field 'properties' on type '{kind}' is not of the expected type. Expected: map of string"
    if any(len(value) > _MAX_PROPERTY for value in properties.values()):
        return f"107: Field 'properties' on type '{kind}' has a value that is too long"
    return ""


def _points_problem(kind: str, data: dict[str, Any]) -> str:
    if kind != "MetricData":
        return ""
    for point in data["metrics"]:
        if not isinstance(point, dict) or not point.get("name"):
            return _missing("name", "DataPoint", "string", None)
        if isinstance(point.get("value"), bool) or not isinstance(point.get("value"), int | float):
            return _missing("value", "DataPoint", "double", point.get("value"))
    return ""


def _missing(name: str, kind: str, expected: str, actual: Any) -> str:
    found = "undefined" if actual is None else _NAMES.get(type(actual), "object")
    return (
        f"109: Field '{name}' on type '{kind}' is required but missing or empty. Expected: {expected}, Actual: {found}"
    )


def judge(envelopes: list[Any], instrumentation_key: str) -> tuple[list[dict[str, Any]], Answer]:
    """Give the envelopes that are taken, and the answer."""
    problems = [problem(envelope, instrumentation_key) for envelope in envelopes]
    taken = [envelope for envelope, found in zip(envelopes, problems, strict=True) if not found]
    errors = [{"index": index, "statusCode": 400, "message": found} for index, found in enumerate(problems) if found]
    status = 200 if not errors else 206 if taken else 400
    body = {"itemsReceived": len(envelopes), "itemsAccepted": len(taken), "appId": None, "errors": errors}
    return taken, Answer(status, body)
