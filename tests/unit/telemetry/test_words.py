"""The list of what may leave is held against the code: what is recorded leaves, and what is not is not on the list."""

from typing import get_args

from shared.bus import CHANGES, POISON, RESULTS, TARGET_QUEUES
from shared.messages import Table
from shared.telemetry import allowed
from shared.telemetry.words import EVENTS, METRICS
from tests.unit.telemetry import emitted


def test_every_event_is_on_the_list() -> None:
    assert emitted.events() <= EVENTS, "run python -m tests.unit.telemetry.emitted"


def test_every_measure_is_on_the_list() -> None:
    assert emitted.measures() <= METRICS


def test_every_system_is_on_the_list() -> None:
    assert emitted.systems() <= allowed.SYSTEMS


def test_the_queues_are_those_of_the_bus() -> None:
    assert {CHANGES, RESULTS, POISON, *TARGET_QUEUES.values()} == allowed.QUEUES


def test_every_table_names_an_id() -> None:
    assert set(get_args(Table)) <= set(allowed.DIMENSIONS)


def test_the_words_of_every_cause_are_known() -> None:
    lacking = emitted.unknown_words()
    assert not lacking, "run python -m tests.unit.telemetry.emitted"
