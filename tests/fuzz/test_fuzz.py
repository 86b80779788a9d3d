"""A part of what `make fuzz` does, on every run of the tests; and that the checks would notice."""

from pathlib import Path

import pytest

from tests.fuzz.checking import Answered, wrong, wrong_in_log
from tests.fuzz.mutating import MARK, Call, Key, Mutator, Target
from tests.fuzz.running import bodies, fuzzed

CALLS = 2000
TARGETS = (Target("dataverse_events", "/api/dataverse/events"), Target("health", "/api/health"))


async def test_mutated_calls_get_one_sentence_and_leave_nothing_in_the_log(tmp_path: Path) -> None:
    async with fuzzed(tmp_path) as running:
        figures = await running.run(running.mutator(seed=20261124), range(CALLS))

    assert figures.problems == []
    assert figures.calls == CALLS
    reached = {name.split()[0] for name in figures.statuses}
    assert reached == {"elsewhere", *(target.function for target in running.targets)}
    taken = figures.statuses["dataverse_events 202"]
    assert CALLS // 20 < taken < CALLS // 2, "some mutated events are events still, and most are not"


def test_a_call_can_be_made_again_by_its_number() -> None:
    first, second = (Mutator(5, bodies(), TARGETS, "o") for _ in range(2))
    assert [first.call(number) for number in range(200)] == [second.call(number) for number in range(200)]
    assert first.call(7) != Mutator(6, bodies(), TARGETS, "o").call(7)


@pytest.mark.parametrize(
    ("key", "status", "text", "kind"),
    [
        ("own", 500, "", "text/plain"),
        ("own", 503, "The queue does not take messages now.", "text/plain"),
        ("wrong", 200, "{}", "application/json"),
        ("another's", 400, "The body is not JSON.", "text/plain"),
        ("own", 400, "ValueError", "text/plain"),
        ("own", 400, 'File "x", line 1', "text/plain"),
        ("own", 400, f"{MARK} is not a GUID.", "text/plain"),
        ("own", 200, "word", "text/plain"),
        ("own", 400, "x" * 401, "text/plain"),
        ("own", 400, "one\ntwo", "text/plain"),
        ("own", 400, "<p>no</p>", "text/html"),
    ],
)
def test_a_wrong_answer_is_noticed(key: Key, status: int, text: str, kind: str) -> None:
    assert wrong(Call("POST", "/", key), Answered(status, kind, text), ["word"]) is not None


def test_a_right_answer_is_none() -> None:
    for key, status in (("own", 202), ("all", 400), ("wrong", 401), ("another's", 404)):
        call = Call("POST", "/", key)  # type: ignore[arg-type] # mypy widens a tuple's literals to text
        assert wrong(call, Answered(status, "text/plain", "Taken."), ["word"]) is None


@pytest.mark.parametrize("line", ["Traceback (most recent call last)", "ValueError: x", f"table={MARK}", "key=word"])
def test_a_wrong_log_is_noticed(line: str) -> None:
    assert wrong_in_log(f"first\n{line}\nlast", ["word"])
    assert not wrong_in_log("INFO event table=invoice id=1", ["word"])
