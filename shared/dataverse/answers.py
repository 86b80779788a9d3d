"""What an answer of the Dataverse Web API means: its body, or one of the errors that decide what happens next."""

from collections.abc import Mapping
from typing import Any

from shared.dataverse import batch
from shared.errors import BridgeError, Misconfigured, Unavailable
from shared.http import Answer, retry_after

SYSTEM = "Dataverse"


class StartOver(BridgeError):
    """A change-tracking link is no longer taken: the table must be read from the beginning."""


def parsed(answer: Answer) -> Any:
    """Give a body. Unavailable where it is not JSON, or not all of it: something else answered."""
    if not answer.is_json:
        raise Unavailable(SYSTEM, "an answer that is not JSON")
    try:
        return answer.json()
    except ValueError:
        raise Unavailable(SYSTEM, "an answer that was cut short") from None


def read(answer: Answer) -> Any:
    """Give the body of an answer to a reading. Unavailable and Misconfigured as their names say."""
    if answer.status != 200:
        raise _failure(answer.status, _error_code(answer), answer.headers)
    return parsed(answer)


def read_link(answer: Answer) -> Any:
    """Give what a kept link leads to. StartOver where it is no longer taken."""
    if answer.status in {400, 410}:
        raise StartOver(_error_code(answer))
    return read(answer)


def read_parts(answer: Answer, count: int) -> list[batch.Part]:
    """Give the answers to the ``count`` operations of a batch; what means that the whole system is away is raised."""
    if answer.status != 200:
        raise _failure(answer.status, _error_code(answer), answer.headers)
    try:
        parts = batch.decode(answer.headers.get("content-type", ""), answer.content)
    except ValueError as error:
        raise Unavailable(SYSTEM, str(error)) from None
    if len(parts) != count:
        raise Unavailable(SYSTEM, f"{len(parts)} answers to {count} operations of a batch")
    for part in parts:
        if part.status in {401, 429, 503}:
            raise _failure(part.status, "", part.headers)
    return parts


def _error_code(answer: Answer) -> str:
    """Give Dataverse's own error code. Its message may quote personal data, so it stays where it is."""
    if not answer.is_json:
        return ""
    try:
        return str(answer.json()["error"]["code"])[:40]
    except (ValueError, KeyError, TypeError):
        return ""


def _failure(status: int, code: str, headers: Mapping[str, str]) -> Unavailable | Misconfigured:
    """Say what a status means: rights and names are for the administrator, everything else passes."""
    detail = f"answered {status}" + (f" ({code})" if code else "")
    if status in {401, 403}:
        return Misconfigured(f"DATAVERSE_CLIENT_ID: {SYSTEM} {detail}: the application user lacks a right")
    if status in {400, 404}:
        return Misconfigured(f"{SYSTEM} {detail}: a table, column or setting named COLUMN_… is not in this environment")
    return Unavailable(SYSTEM, detail, retry_after(headers))
