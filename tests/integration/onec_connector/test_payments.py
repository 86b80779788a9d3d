"""What the bridge reads back of a счёт and of a реализация: paid, in part, taken back, called off, deleted."""

from decimal import Decimal
from uuid import uuid4

import pytest
from pydantic import SecretStr

from infra.local.onec import base as seed
from shared.accounting import Exported, Outcome, Standing
from shared.documents import Currency, Sale, SaleTable
from shared.errors import Misconfigured, Unavailable
from shared.http import Http
from shared.messages import State
from shared.onec.client import OnecClient
from shared.onec.payments import OnecPayments
from tests.integration.onec_connector.conftest import INVOICES, SALES, Base, export, own_route, running
from tests.unit.onec import samples

EUR = Currency(code="EUR", precision=2)
STATES = "InformationRegister_СтатусыДокументов"
PAYMENTS = "Document_ПоступлениеНаРасчетныйСчет"
MOVEMENTS = "AccumulationRegister_ОплатаСчетов_RecordType"


def asked(outcome: Outcome, table: SaleTable = "invoice", state: State | None = None) -> Exported:
    """Give what the journal would ask about."""
    return Exported(uuid4(), table, outcome.accounting_id, uuid4(), state or outcome.state)


async def read(onec: Base, *documents: Exported) -> list[Standing | None]:
    """Ask the base as the payments timer does."""
    ledger = OnecPayments(OnecClient(Http("1C"), onec.url, onec.username, SecretStr(onec.password)))
    try:
        found = await ledger.standings(documents)
    finally:
        await ledger.close()
    return [found.get(document.row_id) for document in documents]


async def pay(onec: Base, outcome: Outcome, amount: str) -> str:
    """Enter a bank receipt for a счёт; give its key."""
    body = {"invoice": outcome.accounting_id, "amount": amount}
    answer = await onec.outside.post(f"{onec.address}/_local/payments", json=body)
    assert answer.status_code == 200, answer.text
    return str(answer.json()["Ref_Key"])


async def test_rule_13_without_a_row_in_the_register_it_is_unpaid(onec: Base) -> None:
    outcome = await export(onec.connector())

    assert await onec.rows(STATES) == []
    assert await read(onec, asked(outcome)) == [Standing(State.POSTED, Decimal(0))]


async def test_rule_13_in_part_then_in_full_then_taken_back(onec: Base) -> None:
    outcome = await export(onec.connector())
    assert outcome.total is not None
    half = outcome.total / 2

    await pay(onec, outcome, str(half))
    assert await read(onec, asked(outcome)) == [Standing(State.PARTIALLY_PAID, half)]

    second = await pay(onec, outcome, str(half))
    assert await read(onec, asked(outcome)) == [Standing(State.PAID, outcome.total)]

    await onec.local("accountant/unpost", {"entity": PAYMENTS, "key": second})
    assert await read(onec, asked(outcome, state=State.PAID)) == [Standing(State.PARTIALLY_PAID, half)]


async def test_rule_13_a_state_that_lags_does_not_hide_a_payment(onec: Base) -> None:
    outcome = await export(onec.connector())
    await pay(onec, outcome, str(outcome.total))
    (row,) = await onec.rows(STATES)
    key = f"{row['Организация_Key']}|{row['Документ']}|{row['Документ_Type']}"
    await onec.edit(STATES, key, Статус="НеОплачен")

    assert await read(onec, asked(outcome)) == [Standing(State.PAID, outcome.total)]


async def test_rule_13_a_state_set_by_hand_counts_without_a_payment(onec: Base) -> None:
    outcome = await export(onec.connector())
    await pay(onec, outcome, "1")
    (row,) = await onec.rows(STATES)
    key = f"{row['Организация_Key']}|{row['Документ']}|{row['Документ_Type']}"
    await onec.edit(STATES, key, Статус="Оплачен")

    assert await read(onec, asked(outcome)) == [Standing(State.PAID, Decimal(1))]


async def test_a_payment_in_another_currency_says_no_amount(onec: Base) -> None:
    outcome = await export(onec.connector())
    key = await pay(onec, outcome, "10")
    (moved,) = await onec.rows(MOVEMENTS)
    assert moved["Recorder"] == key
    await onec.local("accountant/unpost", {"entity": PAYMENTS, "key": key})
    await onec.edit(PAYMENTS, key, ВалютаДокумента_Key=seed.USD)
    await onec.local("accountant/post", {"entity": PAYMENTS, "key": key})

    assert await read(onec, asked(outcome)) == [Standing(State.PARTIALLY_PAID, None)]


async def test_called_off_marked_and_deleted_are_refusals(onec: Base) -> None:
    connector = onec.connector()
    made = [await export(connector, other(name)) for name in ("one", "two")]
    await pay(onec, made[0], "1")
    (row,) = await onec.rows(STATES)
    key = f"{row['Организация_Key']}|{row['Документ']}|{row['Документ_Type']}"
    await onec.edit(STATES, key, Статус="Отменен")
    await onec.edit(INVOICES, made[1].accounting_id, DeletionMark=True)
    never = Outcome(State.POSTED, "9", str(uuid4()), None, "RUB", "")

    found = await read(onec, *(asked(each) for each in (*made, never)))

    assert [each.state for each in found if each] == [State.REFUSED] * 3
    assert [each.reason.code for each in found if each and each.reason] == [
        "cancelled_in_accounting",
        "deleted_in_accounting",
        "deleted_in_accounting",
    ]


async def test_rule_13_a_realizatsiya_is_paid_through_its_schet_alone(onec: Base) -> None:
    connector = onec.connector()
    order = samples.order(id=samples.ident("an order"), number="ORD-1")
    with_schet = own_route("2A", create_invoice=True)
    outcome = await export(connector, order, route=with_schet)
    alone = await export(connector, samples.order(id=samples.ident("another order"), number="ORD-2"))
    (schet,) = await onec.rows(INVOICES)

    await pay(onec, Outcome(State.POSTED, "", schet["Ref_Key"], None, "RUB", ""), str(schet["СуммаДокумента"]))
    paid, unknown = await read(onec, asked(outcome, "salesorder"), asked(alone, "salesorder"))

    assert paid == Standing(State.PAID, schet["СуммаДокумента"])
    assert unknown == Standing(State.POSTED, None)

    await onec.edit(SALES, outcome.accounting_id, DeletionMark=True)
    (gone,) = await read(onec, asked(outcome, "salesorder"))
    assert gone is not None
    assert gone.state is State.REFUSED


async def test_rule_13_a_paid_schet_of_a_prepayment_pays_no_whole_realizatsiya(onec: Base) -> None:
    connector = onec.connector()
    outcome = await export(connector, samples.order())
    prepayment = samples.invoice(samples.line(1, net=Decimal(50), tax=Decimal(11)))
    schet = await export(connector, prepayment)
    await onec.edit(SALES, outcome.accounting_id, СчетНаОплатуПокупателю_Key=schet.accounting_id)

    await pay(onec, schet, "61")

    assert await read(onec, asked(outcome, "salesorder")) == [Standing(State.PARTIALLY_PAID, Decimal(61))]


async def test_rule_13_a_realizatsiya_follows_its_schet_in_part_in_full_and_back(onec: Base) -> None:
    outcome = await export(onec.connector(), samples.order(), route=own_route("2A", create_invoice=True))
    (row,) = await onec.rows(INVOICES)
    schet, half = Outcome(State.POSTED, "", row["Ref_Key"], None, "RUB", ""), row["СуммаДокумента"] / 2
    about = asked(outcome, "salesorder")
    assert await read(onec, about) == [Standing(State.POSTED, Decimal(0))]

    receipts = [await pay(onec, schet, str(half))]
    assert await read(onec, about) == [Standing(State.PARTIALLY_PAID, half)]
    receipts.append(await pay(onec, schet, str(half)))
    assert await read(onec, about) == [Standing(State.PAID, half * 2)]

    for receipt in receipts:
        await onec.local("accountant/unpost", {"entity": PAYMENTS, "key": receipt})
    assert await read(onec, asked(outcome, "salesorder", State.PAID)) == [Standing(State.POSTED, Decimal(0))]


@pytest.mark.parametrize("way", ["2A", "2B"])
async def test_a_foreign_currency_is_counted_in_itself(onec: Base, way: str) -> None:
    table: SaleTable = "salesorder" if way == "2A" else "invoice"
    made = samples.order(currency=EUR) if way == "2A" else samples.invoice(currency=EUR)
    outcome = await export(onec.connector(), made, route=own_route(way, create_invoice=way == "2A"))
    (row,) = await onec.rows(INVOICES)
    assert row["ВалютаДокумента_Key"] == seed.EUR
    schet, half = Outcome(State.POSTED, "", row["Ref_Key"], None, "EUR", ""), row["СуммаДокумента"] / 2

    await pay(onec, schet, str(half))
    assert await read(onec, asked(outcome, table)) == [Standing(State.PARTIALLY_PAID, half)]
    await pay(onec, schet, str(half))
    assert await read(onec, asked(outcome, table)) == [Standing(State.PAID, half * 2)]


async def test_many_documents_are_asked_for_in_few_calls(onec: Base) -> None:
    connector = onec.connector()
    made = [await export(connector, other(f"number {number}")) for number in range(12)]
    await onec.counted()

    found = await read(onec, *(asked(each) for each in made))

    assert found == [Standing(State.POSTED, Decimal(0))] * 12
    assert sum((await onec.counted()).values()) <= 9


async def test_an_id_that_is_none_of_1c_is_left_out(onec: Base) -> None:
    assert await read(onec, asked(Outcome(State.POSTED, "", "typed by hand", None, "RUB", ""))) == [None]


async def test_an_outage_and_a_wrong_password_are_told_as_such(onec: Base) -> None:
    outcome = await export(onec.connector())
    await onec.fail("status", "GET .*", status=503)
    with pytest.raises(Unavailable):
        await read(onec, asked(outcome))

    onec.password = "wrong"
    with pytest.raises(Misconfigured):
        await read(onec, asked(outcome))


async def test_a_state_that_is_there_from_the_start_reads_the_same() -> None:
    async with running(status_row="post") as onec:
        outcome = await export(onec.connector())
        assert len(await onec.rows(STATES)) == 1
        assert await read(onec, asked(outcome)) == [Standing(State.POSTED, Decimal(0))]


def other(name: str) -> Sale:
    """Give another sale to the same customer."""
    return samples.invoice(id=samples.ident(name), number=f"INV-{name}")
