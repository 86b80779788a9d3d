"""What an accountant does to a document after its export is respected."""

from typing import Any

import pytest

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


async def test_a_document_linked_by_hand_is_never_written(onec: Base) -> None:
    typed = samples.journal(accounting_id=str(samples.ident("typed by hand")), state=State.EXPORTED)

    with pytest.raises(Refused, match="written_otherwise"):
        await export(onec.connector(), journal=typed)

    assert await onec.rows(INVOICES) == []
