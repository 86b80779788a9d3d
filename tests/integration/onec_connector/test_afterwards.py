"""What an accountant does to a document after its export is respected."""

from typing import Any

import pytest

from shared import jsontext
from shared.errors import Refused
from shared.messages import State
from shared.refusals import refusal
from tests.integration.onec_connector.conftest import INVOICES, Base, export
from tests.unit.onec import samples


async def exported(onec: Base) -> dict[str, Any]:
    """Export the sample, and give what the journal then knows."""
    outcome = await export(onec.connector())
    return {"accounting_id": outcome.accounting_id, "written_hash": outcome.written_hash, "state": State.POSTED}


async def test_an_edited_comment_asks_the_journal(onec: Base) -> None:
    known = await exported(onec)
    await onec.edit(INVOICES, samples.key(), Комментарий="оплатят в пятницу")

    outcome = await export(onec.connector(), journal=samples.journal(**known))

    assert outcome.state is State.POSTED
    with pytest.raises(Refused, match="edited_in_accounting") as raised:
        await export(onec.connector(), journal=samples.journal(**(known | {"written_hash": "0" * 64})))
    assert raised.value.refusal.values["fields"] == "Комментарий"


async def test_an_edited_comment_without_a_journal_is_settled_by_the_content(onec: Base) -> None:
    await exported(onec)
    await onec.edit(INVOICES, samples.key(), Комментарий="")
    assert (await export(onec.connector())).state is State.POSTED

    await onec.edit(INVOICES, samples.key(), СуммаДокумента=1, Товары=[{"Цена": 1}])
    with pytest.raises(Refused, match="written_otherwise") as raised:
        await export(onec.connector())

    assert raised.value.refusal.values["fields"] == "СуммаДокумента, Товары[1].Цена"


async def test_edited_rows_are_told_and_kept(onec: Base) -> None:
    await exported(onec)
    await onec.edit(INVOICES, samples.key(), Товары=[{"Цена": 90}])

    outcome = await export(onec.connector())

    assert outcome.remark == refusal("changed_in_accounting", fields="Товары[1].Цена")
    assert (await onec.rows(INVOICES))[0]["Товары"][0]["Цена"] == 90


async def test_an_unposted_document_stays_unposted(onec: Base) -> None:
    known = await exported(onec)
    await onec.local("accountant/unpost", {"entity": INVOICES, "key": str(samples.key())})

    outcome = await export(onec.connector(), journal=samples.journal(**known))

    assert outcome.state is State.EXPORTED
    assert (await onec.rows(INVOICES))[0]["Posted"] is False


async def test_a_marked_document_is_refused(onec: Base) -> None:
    await exported(onec)
    await onec.edit(INVOICES, samples.key(), DeletionMark=True)

    with pytest.raises(Refused, match="deleted_in_accounting"):
        await export(onec.connector())


async def test_a_deleted_document_is_not_raised_from_the_dead(onec: Base) -> None:
    known = await exported(onec)
    await onec.outside.delete(f"{onec.url}{INVOICES}(guid'{samples.key()}')")

    with pytest.raises(Refused, match="deleted_in_accounting"):
        await export(onec.connector(), journal=samples.journal(**known))

    assert await onec.rows(INVOICES) == []


async def test_an_export_anew_makes_another_document(onec: Base) -> None:
    known = await exported(onec)
    await onec.edit(INVOICES, samples.key(), DeletionMark=True)

    outcome = await export(onec.connector(), journal=samples.journal(**known, generation=1))

    assert outcome.accounting_id == str(samples.key(generation=1))
    assert len(await onec.rows(INVOICES)) == 2


async def test_rule_01_a_document_that_was_typed_by_hand_and_linked_is_shown_and_never_written(onec: Base) -> None:
    await export(onec.connector())
    (ours,) = await onec.rows(INVOICES)
    typed = {name: value for name, value in ours.items() if name not in {"Ref_Key", "DataVersion", "Number", "Posted"}}
    content, headers = jsontext.dumps(typed | {"Комментарий": "вручную"}), {"Content-Type": "application/json"}
    made = await onec.outside.post(f"{onec.url}{INVOICES}", content=content, headers=headers)
    assert made.status_code == 201, made.text
    key = made.json()["Ref_Key"]
    await onec.edit(INVOICES, samples.key(), DeletionMark=True)
    link = samples.journal(accounting_id=key, state=State.EXPORTED)
    before = await onec.rows(INVOICES)

    outcome = await export(onec.connector(), journal=link)
    assert (outcome.state, outcome.number, outcome.accounting_id) == (State.EXPORTED, made.json()["Number"], key)

    with pytest.raises(Refused, match="total_differs") as raised:
        await export(onec.connector(), samples.invoice(samples.line(1), samples.line(2)), journal=link)
    assert (raised.value.number, raised.value.accounting_id) == (outcome.number, key)
    assert await onec.rows(INVOICES) == before


@pytest.mark.parametrize("link", ["00000000-0000-0000-0000-0000000000aa", "7"])
async def test_rule_01_a_link_that_leads_to_nothing_is_refused(onec: Base, link: str) -> None:
    with pytest.raises(Refused, match="deleted_in_accounting"):
        await export(onec.connector(), journal=samples.journal(accounting_id=link, state=State.EXPORTED))

    assert await onec.rows(INVOICES) == []
