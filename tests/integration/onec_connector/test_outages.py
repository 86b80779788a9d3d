"""Whatever goes wrong between us and 1C: one document, never two, and a retry finishes the work."""

import asyncio
import contextlib
import random
from typing import Any

import pytest

from shared.accounting import Bindings, Outcome
from shared.errors import AnswerLost, Misconfigured, Refused, Unavailable
from shared.messages import State
from shared.onec.connector import OnecConnector
from tests.integration.onec_connector.conftest import CONTRACTS, COUNTERPARTIES, INVOICES, ITEMS, Base, export, running
from tests.unit.onec import samples

WRITES = {
    "counterparty": f"POST .*{COUNTERPARTIES}$",
    "contract": f"POST .*{CONTRACTS}$",
    "item": f"POST .*{ITEMS}$",
    "document": f"POST .*{INVOICES}$",
    "post": "POST .*/Post",
}
READS = {
    "metadata": r"GET .*\$metadata",
    "organisation": "GET .*Catalog_Организации",
    "currency": "GET .*Catalog_Валюты",
    "counterparty": f"GET .*{COUNTERPARTIES}",
    "items": f"GET .*{ITEMS}",
}


async def one_of_each(onec: Base) -> None:
    """Check that the base holds one counterparty, contract, item (beside that for write-ins) and posted document."""
    counts = [len(await onec.rows(entity)) for entity in (COUNTERPARTIES, CONTRACTS, ITEMS, INVOICES)]
    assert counts == [1, 1, 2, 1]
    assert (await onec.rows(INVOICES))[0]["Posted"] is True


@pytest.mark.parametrize("write", WRITES)
async def test_a_lost_answer_is_looked_up(onec: Base, write: str) -> None:
    await onec.fail("drop_after", WRITES[write])

    outcome = await export(onec.connector())

    assert outcome.state is State.POSTED
    await one_of_each(onec)


@pytest.mark.parametrize("write", WRITES)
@pytest.mark.parametrize("fault", [{"kind": "drop_before"}, {"kind": "html"}, {"kind": "status", "status": 503}])
async def test_work_that_was_not_done_is_done_by_the_retry(onec: Base, write: str, fault: dict[str, Any]) -> None:
    connector, bindings = onec.connector(), Bindings({})
    await onec.fail(match=WRITES[write], **fault)

    with pytest.raises(AnswerLost):
        await export(connector, bindings=bindings)

    assert (await export(connector, bindings=bindings)).state is State.POSTED
    await one_of_each(onec)


@pytest.mark.parametrize("read", READS)
@pytest.mark.parametrize(
    "fault",
    [{"kind": "drop_before"}, {"kind": "html"}, {"kind": "status", "status": 500}, {"kind": "status", "status": 406}],
)
async def test_a_failed_read_writes_nothing_twice(onec: Base, read: str, fault: dict[str, Any]) -> None:
    connector, bindings = onec.connector(), Bindings({})
    await onec.fail(match=READS[read], **fault)

    with pytest.raises((Unavailable, Misconfigured)):
        await export(connector, bindings=bindings)

    assert await onec.rows(INVOICES) == []


async def test_a_lost_answer_and_a_lost_look_up_are_settled_by_the_retry(onec: Base) -> None:
    connector = onec.connector()
    await onec.fail("drop_after", WRITES["document"])
    await onec.fail("status", rf"GET .*{INVOICES}\(", status=503)

    with pytest.raises(Unavailable):
        await export(connector)

    assert (await export(connector)).state is State.POSTED
    await one_of_each(onec)


@pytest.mark.parametrize("seed", range(8))
async def test_whatever_fails_in_whatever_order_one_of_everything_is_left(onec: Base, seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311 - a reproducible order of faults, nothing secret
    kinds: list[dict[str, Any]] = [
        {"kind": "drop_before"},
        {"kind": "drop_after"},
        {"kind": "html"},
        {"kind": "status", "status": 500},
        {"kind": "status", "status": 503},
    ]
    for _ in range(12):
        await onec.fail(match="(GET|POST) /base", skip=chance.randrange(25), **chance.choice(kinds))
    connectors = [onec.connector() for _ in range(3)]

    async def until_done(connector: OnecConnector) -> Outcome:
        for _ in range(40):
            with contextlib.suppress(Unavailable, Misconfigured):
                return await export(connector)
        raise AssertionError("never done")

    outcomes = await asyncio.gather(*map(until_done, connectors))

    assert len({outcome.number for outcome in outcomes}) == 1
    await one_of_each(onec)


async def test_throttling_says_how_long_to_wait(onec: Base) -> None:
    await onec.fail("status", WRITES["document"], status=429, retry_after=17)

    with pytest.raises(Unavailable) as raised:
        await export(onec.connector())

    assert raised.value.retry_after == 17
    assert await onec.rows(INVOICES) == []


async def test_an_expired_session_is_started_again(onec: Base) -> None:
    connector, bindings = onec.connector(), Bindings({})
    await export(connector, bindings=bindings)
    await onec.local("sessions/expire")

    outcome = await export(connector, samples.invoice(id=samples.ident("another")), bindings)

    assert outcome.state is State.POSTED
    assert len(await onec.rows(INVOICES)) == 2


async def test_sessions_are_reused_and_ended() -> None:
    async with running(pool="1") as onec:
        connector = onec.connector()
        await export(connector)  # one session for all of it, or the pool of one would be exhausted
        await connector.close()

        other = onec.connector()
        assert (await export(other)).state is State.POSTED


async def test_a_document_in_a_closed_period_is_posted_once_it_is_open(onec: Base) -> None:
    connector, bindings = onec.connector(), Bindings({})
    await onec.fail(
        "status",
        WRITES["post"],
        status=500,
        body={"odata.error": {"code": "-1", "message": {"lang": "ru", "value": "Период закрыт"}}},
    )
    with pytest.raises(Refused) as raised:
        await export(connector, bindings=bindings)
    [document] = await onec.rows(INVOICES)
    assert raised.value.refusal.code == "not_posted"
    assert raised.value.refusal.values == {"message": "Период закрыт", "number": document["Number"]}
    assert document["Posted"] is False

    outcome = await export(connector, bindings=bindings)

    assert outcome.number == document["Number"]
    await one_of_each(onec)


async def test_a_period_closed_before_the_write_leaves_nothing(onec: Base) -> None:
    await onec.local("closed_until", {"date": "2026-03-31"})

    with pytest.raises(Refused, match="accounting_refused"):
        await export(onec.connector())

    assert await onec.rows(INVOICES) == []


async def test_a_lock_in_the_base_is_no_refusal(onec: Base) -> None:
    message = {"lang": "ru", "value": "Конфликт блокировок при выполнении транзакции"}
    await onec.fail("status", WRITES["document"], status=500, body={"odata.error": {"code": "-1", "message": message}})

    with pytest.raises(AnswerLost):
        await export(onec.connector())


@pytest.mark.parametrize("status", ["400", "409", "500"])
async def test_a_repeated_key_is_recognised_whatever_its_status(status: str) -> None:
    async with running(duplicate_status=status) as onec:
        first = await export(onec.connector())
        second = await export(onec.connector())

        assert second == first
        await one_of_each(onec)


async def test_a_base_that_chooses_its_own_keys_is_not_written_to_again() -> None:
    async with running(client_ref_key="false") as onec:
        connector = onec.connector()
        for _ in range(6):
            with pytest.raises(Misconfigured, match="Ref_Key"):
                await export(connector)

        assert len(await onec.rows(COUNTERPARTIES)) == 1
        assert await onec.rows(INVOICES) == []


async def test_a_wrong_password_is_named_without_being_told(onec: Base) -> None:
    onec.password = "не тот пароль"

    with pytest.raises(Misconfigured) as raised:
        await export(onec.connector())

    assert "ONEC_PASSWORD" in str(raised.value)
    assert onec.password not in str(raised.value)


async def test_a_missing_right_names_what_it_is_needed_for() -> None:
    async with running(denied=INVOICES) as onec:
        with pytest.raises(Misconfigured, match=INVOICES):
            await export(onec.connector())
