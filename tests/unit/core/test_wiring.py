"""While a setting is wrong nothing is lost: messages go back with a later time, and it drains by itself."""

from collections.abc import Sequence
from datetime import timedelta

import pytest

from shared.bus import CHANGES, RESULTS
from shared.errors import Misconfigured, Unavailable
from shared.intake import Incoming
from shared.messages import Message, Reference, Result
from shared.wiring import MISCONFIGURED_WAIT, Step, Wiring, now, put_back, settle
from tests.builders import NOW, document, environment, record_id, reference, result
from tests.unit.core.fakes import MemoryBus, incoming


class Remembering:
    """A step that remembers what it settled."""

    def __init__(self) -> None:
        self.settled: list[Incoming] = []

    async def handle(self, batch: Sequence[Incoming]) -> None:
        self.settled += batch


def wiring(bus: MemoryBus, **changes: str | None) -> Wiring:
    made = Wiring(environment(**changes))
    vars(made)["bus"] = bus
    return made


def broken(made: Wiring) -> Step:
    raise Misconfigured(f"LANES: wrong for {len(made.settings.routes)} routes")


async def test_a_step_that_is_ready_settles_the_batch() -> None:
    bus, step = MemoryBus(), Remembering()
    batch = [incoming(CHANGES, reference())]
    await settle(wiring(bus), lambda _: step, batch)
    assert step.settled == batch
    assert bus.sent == []


@pytest.mark.parametrize(
    ("queue", "message"),
    [(CHANGES, reference()), (RESULTS, result())],
    ids=["reference", "result"],
)
async def test_with_a_wrong_setting_a_message_goes_back_as_it_is(queue: str, message: Message) -> None:
    bus = MemoryBus()
    batch = [Incoming(queue, message.encode(), "m1", "lane-1"), Incoming(queue, message.encode(), "m2")]
    before = now()
    await settle(wiring(bus), broken, batch)
    first, second = bus.on(queue)
    assert len(bus.sent) == 2
    assert type(message).decode(first.body) == message
    assert first.session_id == "lane-1"
    assert first.not_before is not None
    assert before + MISCONFIGURED_WAIT <= first.not_before <= now() + MISCONFIGURED_WAIT
    assert len({first.message_id, second.message_id, "m1", "m2"}) == 4


async def test_a_step_that_can_not_be_loaded_loses_nothing() -> None:
    def absent(_: Wiring) -> Step:
        raise ImportError("a file that was not deployed")

    bus, message = MemoryBus(), incoming(CHANGES, reference())
    await settle(wiring(bus), absent, [message])
    (again,) = bus.on(CHANGES)
    assert again.body == message.body
    assert again.not_before is not None


async def test_with_a_wrong_setting_a_document_goes_back_as_its_reference() -> None:
    bus = MemoryBus()
    await settle(wiring(bus, LANES="x"), lambda made: made.onec, [incoming("onec", document())])
    (again,) = bus.references()
    assert (again.id, again.table, again.attempt) == (reference().id, "invoice", 0)
    assert again.message_id == bus.on(CHANGES)[0].message_id != document().reference.message_id


def test_putting_back_twice_is_two_messages_and_a_repeat_is_one() -> None:
    message = incoming("onec", document())
    first = put_back(message, NOW)[1].message_id
    assert put_back(message, NOW)[1].message_id == first
    assert put_back(message, NOW + timedelta(seconds=1))[1].message_id != first


async def test_messages_that_have_no_id_all_go_back() -> None:
    # Dataverse's own endpoint may send none; the queue detects duplicates by it.
    bus = MemoryBus()
    await settle(wiring(bus), broken, [incoming(CHANGES, reference(record_id(n)), "") for n in (1, 2)])
    assert len({each.message_id for each in bus.on(CHANGES)}) == 2


async def test_where_even_the_bus_is_away_the_step_raises() -> None:
    bus = MemoryBus(failure=Unavailable("Service Bus", "away"))
    with pytest.raises(Unavailable):
        await settle(wiring(bus), broken, [incoming(CHANGES, reference())])


async def test_settings_that_were_mended_are_used() -> None:
    given = environment(LANES="x")
    made = Wiring(given)
    with pytest.raises(Misconfigured, match="LANES"):
        _ = made.settings
    given["LANES"] = "2"
    assert made.settings.lanes == 2


async def test_unreadable_bytes_go_back_too() -> None:
    queue, envelope = put_back(incoming("onec", b"not json"), NOW)
    assert (queue, envelope.body) == ("onec", b"not json")


def test_a_result_put_back_can_be_read() -> None:
    queue, envelope = put_back(incoming(RESULTS, result()), NOW)
    assert queue == RESULTS
    assert Result.decode(envelope.body) == result()
    assert Reference.decode(put_back(incoming(CHANGES, reference()), NOW)[1].body) == reference()
