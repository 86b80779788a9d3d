"""What an answer of 1C means: one table from status and inner code to what happens next.

The inner codes are the vendor's (guide to the platform 8.3.27, chapter on the standard OData interface). No message of
1C enters an exception's text: it can name a person. Only a refusal carries it, to the CRM record.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from shared.errors import AnswerLost, BridgeError, CredentialsRefused, Misconfigured, Refused, Unavailable
from shared.http import Answer
from shared.refusals import refusal

MAX_MESSAGE = 300

NO_SUCH_INSTANCE = 9
HANDLER = -1

TRANSIENT = (
    "блокиров",
    "субд",
    "превышено время ожидания",
    "монопольн",
    "начало сеанса с информационной базой",
    "соединение с сервером баз данных разорвано",
    "сеанс завершен",
    "сеанс работы завершен",
    "сеанс отсутствует",
    "не обнаружен ключ защиты",
    "лицензия не",
    "недостаточно памяти",
)
"""Parts of messages (code -1) that speak of the base and not of the document: locks, DBMS, licence, maintenance."""


@dataclass(frozen=True)
class Problem:
    """The body of an error: the inner code and the sentence."""

    code: int
    message: str


def problem(answer: Answer) -> Problem | None:
    """Read an error in 1C's shape; None where the answer is not one (a web server's page, an empty body)."""
    try:
        error = answer.json()["odata.error"]
        return Problem(int(error["code"]), " ".join(str(error["message"]["value"]).split()))
    except (ValueError, KeyError, TypeError):
        return None


def session_is_stale(answer: Answer) -> bool:
    """Say whether 1C turned the request away because of its session's cookie, having done nothing.

    A stale session answers 400 (vendor's guide) before the request is looked at, so without an ``odata.error``.
    """
    return answer.status == 400 and problem(answer) is None


Meaning = Callable[[str, str, bool], BridgeError]
"""(system, entity, whether the request writes) → what to raise"""


def _wrong(text: str) -> Meaning:
    return lambda _system, entity, _writes: Misconfigured(text.format(entity=entity))


def _away(cause: str) -> Meaning:
    return lambda system, _entity, _writes: Unavailable(system, cause)


def _lost(cause: str) -> Meaning:
    return lambda system, _entity, writes: (AnswerLost if writes else Unavailable)(system, cause)


BY_STATUS: dict[int, Meaning] = {
    401: lambda _system, _entity, _writes: CredentialsRefused(
        "1C: the user name or the password (ONEC_USERNAME, ONEC_PASSWORD) is wrong"
    ),
    402: _wrong("1C: the service asks for payment (402)"),
    403: _wrong("1C: the user has no right to {entity}"),
    404: _wrong("1C: ONEC_URL does not lead to a standard OData interface"),
    405: _wrong("1C: ONEC_URL does not take this method on {entity}"),
    406: _away("no free session (406)"),
    408: _lost("the server gave up waiting (408)"),
}
"""For answers without an ``odata.error``; any other: 5xx lost, the rest away."""

BY_CODE: dict[int, Meaning] = {
    8: _wrong("1C: {entity} is not published in the standard OData interface"),
    10: _wrong("1C: {entity} lacks a property that the bridge names; the configuration is not БП 3.0 as expected"),
    11: _wrong("1C: {entity} can't be posted through the standard OData interface"),
    19: _wrong("1C: the method is forbidden for {entity}"),
    20: _wrong("1C: the user has no right to {entity}"),
    0: _wrong("1C: this platform does not support what the bridge asks of {entity} (code 0)"),
    6: _wrong("1C: this platform does not understand an address of {entity} (code 6)"),
    14: _wrong("1C: this platform does not understand an option of {entity} (code 14)"),
    21: _wrong("1C: this platform lacks a function asked of {entity} (code 21)"),
}
"""Inner codes that speak of the set-up, not of the document."""


def judge(answer: Answer, system: str, entity: str, *, writes: bool) -> None:
    """Let a good answer pass; raise what any other means.

    Refused (a write that 1C turned down), Misconfigured, Unavailable, or AnswerLost for a write that may be done.
    """
    if answer.status == 401:
        raise BY_STATUS[401](system, entity, writes)
    error = problem(answer)
    if answer.status < 300 and error is None:
        return
    if error is None or answer.status > 500:
        meaning = BY_STATUS.get(answer.status)
        if meaning is None:
            meaning = (_lost if answer.status >= 500 else _away)(f"an answer with status {answer.status}")
        raise meaning(system, entity, writes)
    if error.code in BY_CODE:
        raise BY_CODE[error.code](system, entity, writes)
    lowered = error.message.lower()
    if not writes or (error.code == HANDLER and any(part in lowered for part in TRANSIENT)):
        raise _lost(f"1C could not do it now (code {error.code})")(system, entity, writes)
    raise Refused(refusal("accounting_refused", message=error.message[:MAX_MESSAGE] or f"code {error.code}"))


def no_page(answer: Answer, system: str) -> None:
    """Let an answer without content pass; AnswerLost where a page of HTML stands in its place (1cfresh, with 200)."""
    if "html" in answer.headers.get("content-type", "").lower() or b"<html" in answer.content[:4096].lower():
        raise AnswerLost(system, "an answer that is not JSON")


def content(answer: Answer, system: str, *, writes: bool) -> dict[str, Any]:
    """Give the JSON object of a good answer. A page of HTML, or JSON cut short: Unavailable, AnswerLost for a write."""
    try:
        body = answer.json() if answer.is_json else None
    except ValueError:
        body = None
    if isinstance(body, dict):
        return body
    raise _lost("an answer that is not JSON")(system, "", writes)


def record(answer: Answer, system: str, *, writes: bool) -> dict[str, Any]:
    """Give the object of 1C that a good answer holds. Raises as :func:`content`, where it is another's JSON too.

    A gateway before 1C may speak JSON with 200: taken for an object it would pass for a document that is there.
    """
    body = content(answer, system, writes=writes)
    if not body.get("Ref_Key"):
        raise _lost("an answer without the object")(system, "", writes)
    return body
