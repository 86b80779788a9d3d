"""The list of what may leave is held against the code: what is recorded leaves, and what is not is not on the list."""

import re
from typing import get_args

import pytest

from shared.bus import CHANGES, POISON, RESULTS, TARGET_QUEUES
from shared.messages import Table
from shared.telemetry import allowed
from shared.telemetry.words import EVENTS, METRICS
from tests.unit.telemetry import emitted


def test_every_event_is_on_the_list() -> None:
    assert emitted.events() <= EVENTS


def test_every_measure_is_on_the_list() -> None:
    assert emitted.measures() <= METRICS


def test_every_system_is_on_the_list() -> None:
    assert emitted.systems() <= allowed.SYSTEMS


def test_the_queues_are_those_of_the_bus() -> None:
    assert {CHANGES, RESULTS, POISON, *TARGET_QUEUES.values()} == allowed.QUEUES


def test_every_table_names_an_id() -> None:
    assert set(get_args(Table)) <= set(allowed.DIMENSIONS)


@pytest.mark.parametrize("sentence", sorted(emitted.causes()))
def test_the_words_of_every_cause_are_known(sentence: str) -> None:
    left = str(allowed.DIMENSIONS["cause"](sentence))
    lost = [word for word in re.findall(r"\w+", sentence) if word not in re.findall(r"\w+", left)]
    # Letters of another alphabet name what a company has: БП 3.0 as expected.
    unknown = [word.lower() for word in lost if word.isascii()]
    assert not unknown, f"shared/telemetry/words.py lacks: {' '.join(unknown)}"
