"""Changing, taking back and recording: what is sent, and what an unclear answer means."""

import httpx
import pytest

from shared.errors import AnswerLost, Refused, Unavailable
from tests.unit.onec.test_client import ENTITY, KEY, NOT_FOUND, PAGE, Base, error

DOCUMENT = "Document_СчетНаОплатуПокупателю"
ADDRESS = "Register(A='1')"
BODY = {"Комментарий": "новый", "Сумма": 5}
NEW = httpx.Response(200, json={"Ref_Key": str(KEY), "Комментарий": "новый", "Сумма": 7})
OLD = httpx.Response(200, json={"Ref_Key": str(KEY), "Комментарий": "старый"})
LOST = httpx.ReadError("gone")


async def test_a_change_names_the_version_it_has_seen() -> None:
    base = Base(NEW)

    assert (await base.client().change(ENTITY, KEY, BODY, "AAAAAAAAAAE="))["Комментарий"] == "новый"

    assert base.lines == [f"PATCH /base/odata/standard.odata/{ENTITY}(guid'{KEY}')"]
    assert base.requests[0].headers["if-match"] == "AAAAAAAAAAE="


@pytest.mark.parametrize("answer", [httpx.Response(412), error(-1, 412)])
async def test_a_version_that_is_gone_is_looked_at_anew(answer: httpx.Response) -> None:
    base = Base(answer)

    with pytest.raises(Unavailable, match="meanwhile") as raised:
        await base.client().change(ENTITY, KEY, BODY, "x")
    assert not isinstance(raised.value, AnswerLost)
    assert len(base.requests) == 1


@pytest.mark.parametrize("answer", [LOST, PAGE, httpx.Response(502)])
async def test_a_lost_answer_to_a_change_is_looked_up_and_never_repeated(answer: httpx.Response | Exception) -> None:
    base = Base(answer, NEW)
    assert (await base.client().change(ENTITY, KEY, BODY, "x"))["Комментарий"] == "новый"

    for held in (OLD, NOT_FOUND):
        base = Base(answer, held)
        with pytest.raises(AnswerLost):
            await base.client().change(ENTITY, KEY, BODY, "x")
        assert [line.split()[0] for line in base.lines] == ["PATCH", "GET"]


async def test_a_refused_change_is_a_refusal() -> None:
    with pytest.raises(Refused):
        await Base(error(-1, 500, "Период закрыт")).client().change(ENTITY, KEY, BODY, "x")


@pytest.mark.parametrize(("posted", "done"), [(False, True), (True, False)])
async def test_a_lost_answer_to_taking_a_posting_back_is_looked_up(posted: bool, done: bool) -> None:
    base = Base(LOST, httpx.Response(200, json={"Ref_Key": str(KEY), "Posted": posted}))
    if done:
        await base.client().unpost(DOCUMENT, KEY)
    else:
        with pytest.raises(AnswerLost):
            await base.client().unpost(DOCUMENT, KEY)
    assert base.lines[0].endswith(f"{DOCUMENT}(guid'{KEY}')/Unpost")


async def test_posting_again_is_not_taken_for_done_because_it_was_posted_before() -> None:
    base = Base(LOST)

    with pytest.raises(AnswerLost):
        await base.client().post(DOCUMENT, KEY, again=True)
    assert len(base.requests) == 1


async def test_a_record_is_made_or_changed() -> None:
    base = Base(httpx.Response(201, json={}))
    await base.client().put_record("Register", ADDRESS, BODY)
    assert [line.split()[0] for line in base.lines] == ["POST"]

    base = Base(error(15), httpx.Response(200, json={}))
    await base.client().put_record("Register", ADDRESS, BODY)
    assert [line.split()[0] for line in base.lines] == ["POST", "PATCH"]


async def test_a_record_that_was_refused_or_lost_and_is_not_there_says_why() -> None:
    with pytest.raises(Refused):
        await Base(error(4), NOT_FOUND).client().put_record("Register", ADDRESS, BODY)
    with pytest.raises(AnswerLost):
        await Base(LOST, NOT_FOUND).client().put_record("Register", ADDRESS, BODY)
