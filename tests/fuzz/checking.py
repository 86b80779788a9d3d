"""What no answer and no log may hold, whatever was sent."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from tests.fuzz.mutating import MARK, Call

ALLOWED = frozenset({200, 202, 400, 401, 403, 404, 405, 413, 422})
"""Everything behind the functions is up: a 503 would be the function's own fault, and a 500 always is."""
LONGEST_SENTENCE = 400
AWAY = re.compile(r"no (connection|answer) \(\w+\)")
"""how the bridge says that a system is away, with the kind of failure"""
PAGE = re.compile(r"^/*(api/)?operations(\?|$)", re.IGNORECASE)
"""the one address here that a browser opens"""
EXCEPTION = re.compile(r"Traceback|File \"|\b[A-Z][A-Za-z]*(Error|Exception|Warning)\b|[Ee]xception\b|pydantic|\.py\b")


@dataclass(frozen=True)
class Answered:
    """What came back."""

    status: int
    content_type: str
    text: str


def wrong(call: Call, answer: Answered, secrets: Sequence[str]) -> str | None:
    """Say what is wrong with an answer; None where nothing is."""
    wrong_key = call.key in {"wrong", "none", "another's"}
    checks = {
        f"has status {answer.status}": answer.status not in ALLOWED,
        f"has status {answer.status} without the right key": wrong_key and answer.status not in {401, 404},
        "speaks of an exception": EXCEPTION.search(AWAY.sub("", answer.text)) is not None,
        "gives back what was sent": MARK in answer.text,
        "holds a secret": any(secret in answer.text for secret in secrets),
        "is more than a sentence": answer.status >= 400 and _is_long(answer.text),
        "is HTML": "html" in answer.content_type and not (answer.status == 200 and PAGE.match(call.path)),
    }
    return next((problem for problem, found in checks.items() if found), None)


def _is_long(text: str) -> bool:
    return len(text) > LONGEST_SENTENCE or "\n" in text


def wrong_in_log(log: str, secrets: Sequence[str]) -> list[str]:
    """Say what is wrong with a log."""
    problems = []
    if found := EXCEPTION.search(log):
        line, _, _ = log[log.rfind("\n", 0, found.start()) + 1 :].partition("\n")
        problems.append(f"an exception: {line[:300]}")
    if MARK in log:
        at = log.index(MARK)
        problems.append(f"what was sent: {log[max(0, at - 200) : at + 50]!r}")
    problems += ["a secret" for secret in secrets if secret in log]
    return problems
