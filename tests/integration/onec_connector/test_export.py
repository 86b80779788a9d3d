"""What an accountant finds in 1C after an export."""

import asyncio
from decimal import Decimal

from shared.accounting import Bindings
from shared.messages import State
from tests.integration.onec_connector.conftest import INVOICES, WRITE_IN, Base, export
from tests.unit.onec import samples

CARDS = ("Catalog_Контрагенты", "Catalog_ДоговорыКонтрагентов", "Catalog_Номенклатура", INVOICES)


async def test_a_new_customer_and_product_and_the_posted_document(onec: Base) -> None:
    bindings = Bindings({})

    outcome = await export(onec.connector(), bindings=bindings)

    assert (outcome.state, outcome.total, outcome.currency) == (State.POSTED, Decimal(244), "RUB")
    [document] = await onec.rows(INVOICES)
    assert (document["Posted"], document["Number"]) == (True, outcome.number)
    assert outcome.accounting_id == document["Ref_Key"] == str(samples.key())
    [counterparty] = await onec.rows("Catalog_Контрагенты")
    assert (counterparty["ИНН"], counterparty["КПП"]) == (samples.COMPANY_INN, samples.COMPANY_KPP)
    assert document["Контрагент_Key"] == counterparty["Ref_Key"]
    [contract] = await onec.rows("Catalog_ДоговорыКонтрагентов")
    assert (contract["Owner_Key"], contract["ВидДоговора"]) == (counterparty["Ref_Key"], "СПокупателем")
    [item] = [row for row in await onec.rows("Catalog_Номенклатура") if row["Ref_Key"] != str(WRITE_IN)]
    assert (item["Артикул"], item["Услуга"], item["ВидСтавкиНДС"]) == ("A-1", False, "Общая")
    [row] = document["Товары"]
    assert row["Номенклатура"] == item["Ref_Key"]
    assert {made.table: made.accounting_id for made in bindings.made} == {
        "account": counterparty["Ref_Key"],
        "product": item["Ref_Key"],
    }


async def test_a_thousand_lines_are_one_document(onec: Base) -> None:
    own = samples.invoice(*(samples.line(number) for number in range(1, 1001)))

    outcome = await export(onec.connector(), own)

    assert (outcome.state, outcome.total) == (State.POSTED, own.total)
    [document] = await onec.rows(INVOICES)
    assert len(document["Товары"]) == 1000


async def test_a_second_export_writes_nothing(onec: Base) -> None:
    connector = onec.connector()
    first = await export(connector)
    before = [await onec.rows(entity) for entity in CARDS]

    second = await export(connector)

    assert second == first
    assert [await onec.rows(entity) for entity in CARDS] == before


async def test_a_known_customer_and_product_take_two_calls(onec: Base) -> None:
    connector, bindings = onec.connector(), Bindings({})
    await export(connector, bindings=bindings)
    await onec.counted()

    await export(connector, samples.invoice(id=samples.ident("another")), bindings)

    assert await onec.counted() == {f"POST {INVOICES}": 1, f"POST {INVOICES}()/Post": 1}


async def test_concurrent_exports_make_one_of_everything(onec: Base) -> None:
    outcomes = await asyncio.gather(*(export(onec.connector()) for _ in range(4)))

    assert len({(outcome.number, outcome.accounting_id) for outcome in outcomes}) == 1
    assert [len(await onec.rows(entity)) for entity in CARDS] == [1, 1, 2, 1]
