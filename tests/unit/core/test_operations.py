"""What an administrator may ask of the operations; wrong requests are refused in one sentence."""

import json

import pytest

from shared.operations import PLACES, Resend, place_of


@pytest.mark.parametrize(
    ("queue", "place"),
    [
        ("poison", "poison"),
        ("changes", "changes"),
        ("changes/$deadletterqueue", "changes"),
        ("sapb1/$deadletterqueue", "sapb1"),
        ("poison/$deadletterqueue", "poison/$deadletterqueue"),
        ("others", None),
        ("others/$deadletterqueue", None),
        ("changes/$deadletterqueue/$deadletterqueue", None),
        ("", None),
    ],
)
def test_a_queue_stands_for_its_dead_letters(queue: str, place: str | None) -> None:
    assert place_of(queue) == place


@pytest.mark.parametrize("place", PLACES)
def test_every_place_can_be_sent_again(place: str) -> None:
    assert Resend.read(json.dumps({"queue": place, "all": True}).encode()).queue == place
    assert Resend.read(json.dumps({"queue": place, "sequence_number": 7}).encode()).sequence_number == 7


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (b"", "the body: "),
        (b"[]", "the body: "),
        (b'{"all": true}', "queue: Field required"),
        (b'{"queue": "others", "all": true}', "queue: must be one of poison, changes, "),
        (b'{"queue": "poison"}', 'needs either "sequence_number" or "all": true'),
        (b'{"queue": "poison", "all": true, "sequence_number": 1}', "needs either"),
        (b'{"queue": "poison", "sequence_number": -1}', "sequence_number: "),
        (b'{"queue": "poison", "sequence_number": "x"}', "sequence_number: "),
        (b'{"queue": "poison", "all": true, "secret": 1}', "the body: "),
        (b'{"queue": "poison", "sequence_number": 9223372036854775808}', "sequence_number: "),
    ],
)
def test_a_wrong_request_is_refused_in_a_sentence(body: bytes, says: str) -> None:
    with pytest.raises(ValueError, match=r".") as refused:
        Resend.read(body)
    assert str(refused.value).startswith(says)
    assert "\n" not in str(refused.value)
