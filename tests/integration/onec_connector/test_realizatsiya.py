"""What an accountant finds in 1C of a fulfilled order, and of an invoice that also ships: rules 4, 6, 9, 11 and 12."""

from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from infra.local.onec import base
from shared.accounting import Bindings
from shared.errors import Refused
from shared.messages import Base as DocumentBase
from shared.messages import Issued, State
from shared.refusals import refusal
from tests.integration.onec_connector.conftest import (
    CONTRACTS,
    INVOICES,
    ITEMS,
    SALES,
    TAX_INVOICES,
    WRITE_IN,
    Base,
    export,
    journalled,
    key_of,
    own_route,
    running,
)
from tests.unit.onec import samples

WAREHOUSE = UUID(base.WAREHOUSE)
STATES = "InformationRegister_СтатусыДокументов"
ANOTHER = samples.ident("another")


def mixed(**changes: Any) -> Any:
    """Give an order of goods, a service and a write-in."""
    lines = (
        samples.line(1),
        samples.line(2, product=samples.product("S-1", is_service=True), description="Настройка"),
        samples.line(3, product=None, unit=None, description="Выезд"),
    )
    return samples.order(*lines, **changes)


async def test_rule_06_services_rendered_become_a_posted_act(onec: Base) -> None:
    outcome = await export(onec.connector(), samples.order())

    [act] = await onec.rows(SALES)
    assert (act["Posted"], act["ВидОперации"], act["СуммаДокумента"]) == (True, "Услуги", 244)
    assert (outcome.state, outcome.number, outcome.accounting_id) == (State.POSTED, act["Number"], act["Ref_Key"])
    assert (outcome.total, outcome.remark) == (Decimal(244), None)
    assert act["СчетУчетаРасчетовСКонтрагентом_Key"] == base.account("62.01")
    assert await onec.rows(INVOICES) == []
    assert await onec.rows(TAX_INVOICES) == []


async def test_rule_06_goods_and_services_stand_in_their_sections(onec: Base) -> None:
    await export(onec.connector(), mixed(), route=own_route("2A", warehouse=WAREHOUSE))

    [act] = await onec.rows(SALES)
    assert (act["ВидОперации"], act["Склад_Key"]) == ("ПродажаКомиссия", base.WAREHOUSE)
    assert [len(act[section]) for section in ("Товары", "Услуги")] == [1, 2]
    assert act["Услуги"][1]["Номенклатура_Key"] == str(WRITE_IN)
    assert (act["Posted"], act["СуммаДокумента"]) == (True, 732)


async def test_rule_06_a_schet_faktura_is_issued_posted_and_told(onec: Base) -> None:
    outcome = await export(onec.connector(), samples.order(), route=own_route("2A", schet_faktura="create"))

    [act], [issued] = await onec.rows(SALES), await onec.rows(TAX_INVOICES)
    assert issued["Posted"] is True
    assert issued["ДокументыОснования"][0]["ДокументОснование"] == act["Ref_Key"]
    assert (issued["СуммаДокумента"], issued["СуммаНДСДокумента"]) == (244, 44)
    [state] = await onec.rows(STATES)
    assert (state["Документ"], state["СтатусСчетаФактуры"]) == (act["Ref_Key"], "Проведен")
    documents = f"РеализацияТоваровУслуг {act['Number']}, СчетФактураВыданный {issued['Number']}"
    assert outcome.remark == refusal("also_written", documents=documents)
    assert outcome.accounting_id == act["Ref_Key"]


async def test_rule_06_a_schet_faktura_that_the_accountant_issues_is_reminded_of(onec: Base) -> None:
    outcome = await export(onec.connector(), samples.order(), route=own_route("2A", schet_faktura="accountant"))

    assert outcome.remark is not None
    assert "Счёт-фактура не выписана" in outcome.remark.text("ru", "salesorder", "ORD-1", "")
    assert "Счёт-фактура не выписана" in outcome.remark.text("en", "salesorder", "ORD-1", "")
    assert await onec.rows(TAX_INVOICES) == []


async def test_rule_06_a_schet_alone_says_that_it_posts_nothing(onec: Base) -> None:
    assert (await export(onec.connector())).remark == refusal("schet_only")


async def test_an_order_can_have_its_schet_linked(onec: Base) -> None:
    route = own_route("2A", create_invoice=True, schet_faktura="create", upd=True)
    outcome = await export(onec.connector(), samples.order(), route=route)

    [bill], [act], [issued] = await onec.rows(INVOICES), await onec.rows(SALES), await onec.rows(TAX_INVOICES)
    assert act["СчетНаОплатуПокупателю_Key"] == bill["Ref_Key"]
    assert act["ЭтоУниверсальныйДокумент"] is True
    assert [row["Posted"] for row in (bill, act, issued)] == [True, True, True]
    assert outcome.accounting_id == act["Ref_Key"] == str(samples.key(samples.order()))
    assert bill["Ref_Key"] != outcome.accounting_id
    assert outcome.remark is not None
    assert f"СчетНаОплатуПокупателю {bill['Number']}" in outcome.remark.values["documents"]


async def test_an_invoice_can_ship_at_once(onec: Base) -> None:
    route = own_route(realizatsiya=True, schet_faktura="create", warehouse=WAREHOUSE)
    own = samples.invoice(shipment_date=date(2026, 3, 9))
    outcome = await export(onec.connector(), own, route=route)

    [bill], [act], [issued] = await onec.rows(INVOICES), await onec.rows(SALES), await onec.rows(TAX_INVOICES)
    assert outcome.accounting_id == bill["Ref_Key"]
    assert act["СчетНаОплатуПокупателю_Key"] == bill["Ref_Key"]
    assert [row["Date"] for row in (bill, act, issued)] == ["2026-03-05T12:00:00", *["2026-03-09T12:00:00"] * 2]


async def test_rule_04_an_invoice_of_an_exported_order_is_only_a_schet(onec: Base) -> None:
    connector, bindings = onec.connector(), Bindings({})
    first = await export(connector, samples.order(), bindings)
    order = DocumentBase(id=samples.order().id, accounting_id=first.accounting_id, number=first.number)
    route = own_route(realizatsiya=True, schet_faktura="create")

    outcome = await export(connector, samples.invoice(), bindings, route=route, base=order)

    [bill], [act] = await onec.rows(INVOICES), await onec.rows(SALES)
    assert act["Ref_Key"] == first.accounting_id
    assert (bill["ДокументОснование"], bill["ДокументОснование_Type"]) == (act["Ref_Key"], f"StandardODATA.{SALES}")
    assert outcome.remark == refusal("schet_of_order", number=first.number)


async def test_rule_04_a_base_that_is_gone_is_not_linked(onec: Base) -> None:
    order = DocumentBase(id=samples.order().id, accounting_id=str(ANOTHER), number="7")

    await export(onec.connector(), base=order)

    assert (await onec.rows(INVOICES))[0]["ДокументОснование"] == ""


async def test_rule_01_an_act_is_dated_by_its_shipment_and_not_before_the_start(onec: Base) -> None:
    own = samples.order(shipment_date=date(2025, 12, 31))
    own = own.model_copy(update={"lines": (own.lines[0].model_copy(update={"rate": Decimal(20)}),)})

    with pytest.raises(Refused, match="before_start"):
        await export(onec.connector(), own)
    assert await onec.rows(CONTRACTS) == []


async def test_rule_09_an_empty_account_is_refused_before_posting_and_goes_through_once_filled() -> None:
    async with running(user_sees_accounts="true") as onec:
        connector, own = onec.connector(), samples.order()
        with pytest.raises(Refused, match="accounts_empty") as raised:
            await export(connector, own)
        [act] = await onec.rows(SALES)
        assert act["Posted"] is False
        assert (raised.value.number, raised.value.accounting_id) == (act["Number"], act["Ref_Key"])
        assert "Услуги[1].Субконто" in raised.value.refusal.values["fields"]
        assert "СчетУчетаРасчетовСКонтрагентом" in raised.value.refusal.values["fields"]

        accounts = {
            "СчетДоходов_Key": "90.01.1",
            "СчетРасходов_Key": "90.02.1",
            "СчетУчетаНДСПоРеализации_Key": "90.03",
        }
        row = {name: base.account(code) for name, code in accounts.items()}
        row |= {"Субконто": base.ITEM_GROUP, "Субконто_Type": "StandardODATA.Catalog_НоменклатурныеГруппы"}
        settled = {"СчетУчетаРасчетовСКонтрагентом_Key": "62.01", "СчетУчетаРасчетовПоАвансам_Key": "62.02"}
        filled = {name: base.account(code) for name, code in settled.items()}
        await onec.edit(SALES, act["Ref_Key"], **filled, Услуги=[row])

        known = samples.journal(accounting_id=act["Ref_Key"], state=State.REFUSED)
        assert (await export(connector, own, journal=known)).state is State.POSTED


async def test_rule_09_an_item_without_its_group_is_refused(onec: Base) -> None:
    await onec.edit(ITEMS, WRITE_IN, НоменклатурнаяГруппа_Key=None)
    own = samples.order(samples.line(product=None, unit=None, description="Выезд"))

    with pytest.raises(Refused, match="accounts_empty") as raised:
        await export(onec.connector(), own)

    assert raised.value.refusal.values["fields"] == "Услуги[1].Субконто"


async def test_rule_10_a_contract_that_takes_the_tax_off_stops_an_act(onec: Base) -> None:
    connector, bindings = onec.connector(), Bindings({})
    await export(connector, samples.order(), bindings)
    [contract] = await onec.rows(CONTRACTS)
    await onec.edit(CONTRACTS, contract["Ref_Key"], УчетАгентскогоНДСПокупателем=True)

    with pytest.raises(Refused, match="contract_agent_vat"):
        await export(onec.connector(), samples.order(id=ANOTHER), bindings)


async def test_rule_12_goods_need_a_warehouse_and_nothing_is_written_without(onec: Base) -> None:
    with pytest.raises(Refused, match="setup_missing"):
        await export(onec.connector(), mixed())
    assert await onec.rows(CONTRACTS) == []


async def test_a_service_of_the_crm_that_is_goods_in_accounting_is_named(onec: Base) -> None:
    connector, bindings = onec.connector(), Bindings({})
    await export(connector, samples.order(), bindings)
    [item] = [row for row in await onec.rows(ITEMS) if row["Артикул"] == "S-1"]
    await onec.edit(ITEMS, item["Ref_Key"], Услуга=False)

    with pytest.raises(Refused, match="item_kind_differs"):
        await export(onec.connector(), samples.order(id=ANOTHER), bindings)
    await onec.edit(ITEMS, item["Ref_Key"], Услуга=True)
    assert (await export(connector, samples.order(id=ANOTHER), bindings)).state is State.POSTED


@pytest.mark.parametrize(
    ("books", "writes"),
    [
        ({}, {f"POST {SALES}": 1, f"POST {SALES}()/Post": 1}),
        (
            {"schet_faktura": "create"},
            {
                f"POST {SALES}": 1,
                f"POST {SALES}()/Post": 1,
                f"POST {TAX_INVOICES}": 1,
                f"POST {TAX_INVOICES}()/Post": 1,
            },
        ),
    ],
)
async def test_a_known_customer_and_product_take_as_few_calls_as_there_are_writes(
    onec: Base, books: dict[str, Any], writes: dict[str, int]
) -> None:
    connector, bindings, route = onec.connector(), Bindings({}), own_route("2A", **books)
    await export(connector, samples.order(), bindings, route=route)
    await onec.counted()

    await export(connector, samples.order(id=ANOTHER), bindings, route=route)

    assert await onec.counted() == writes


async def test_a_second_export_of_the_whole_chain_writes_nothing(onec: Base) -> None:
    route = own_route("2A", create_invoice=True, schet_faktura="create")
    first = await export(onec.connector(), samples.order(), route=route)
    before = [await onec.rows(entity) for entity in (INVOICES, SALES, TAX_INVOICES)]

    assert await export(onec.connector(), samples.order(), route=route) == first
    assert await export(onec.connector(), samples.order(), route=route, journal=journalled(first)) == first
    assert [await onec.rows(entity) for entity in (INVOICES, SALES, TAX_INVOICES)] == before


async def test_rule_12_a_schet_takes_the_number_of_the_crm_and_a_taken_one_is_refused(onec: Base) -> None:
    route = own_route(crm_number=True)
    connector, bindings = onec.connector(), Bindings({})
    assert (await export(connector, bindings=bindings, route=route)).number == "INV-1"

    with pytest.raises(Refused) as raised:
        await export(connector, samples.invoice(id=ANOTHER), bindings, route=route)

    assert raised.value.refusal == refusal("number_taken", number="INV-1", year=2026)
    assert (await export(connector, bindings=bindings, route=route)).number == "INV-1"
    assert len(await onec.rows(INVOICES)) == 1


async def test_rule_12_the_due_date_goes_to_its_register_once(onec: Base) -> None:
    route, register = own_route(due_dates=True), "InformationRegister_СрокиОплатыДокументов"
    await onec.fail("drop_after", f"POST .*{register}")
    await export(onec.connector(), route=route)
    await export(onec.connector(), route=route)

    [record] = await onec.rows(register)
    assert (record["Документ"], record["СрокОплаты"]) == (str(samples.key()), "2026-03-20T00:00:00")


async def test_prices_with_the_tax_inside(onec: Base) -> None:
    await export(onec.connector(), samples.order(tax_inside=True))

    [act] = await onec.rows(SALES)
    assert (act["СуммаВключаетНДС"], act["СуммаДокумента"], act["Услуги"][0]["Цена"]) == (True, 244, 122)


@pytest.mark.parametrize("shipped", [True, False])
async def test_rule_04_an_order_is_not_shipped_again_after_the_route_has_changed(onec: Base, shipped: bool) -> None:
    """Invoices came with their реализация, then the company went over to orders; a счёт alone shipped nothing."""
    shipping = own_route(realizatsiya=shipped, schet_faktura="not_required", warehouse=WAREHOUSE)
    first = await export(onec.connector(), samples.invoice(), route=shipping)
    issued = Issued(id=samples.invoice().id, number="INV-1", generation=0, in_books=True)
    order = samples.document(samples.order(), invoices=(issued,))
    connector, orders = onec.connector(), own_route("2A")
    assert first.state is State.POSTED
    if shipped:
        with pytest.raises(Refused) as refused:
            await connector.export(order, orders, key_of(order), Bindings({}))
        assert refused.value.refusal.code == "invoiced_before"
    else:
        await connector.export(order, orders, key_of(order), Bindings({}))
    assert len(await onec.rows(SALES)) == 1
