"""What БП does by itself: totals, cleared sections, accounts, posting and its refusals, states of payment."""

from typing import Any

import pytest

from infra.local.onec import base
from tests.integration.onec.conftest import Start
from tests.integration.onec.kit import (
    CONTRACT,
    CONTRACTS,
    CUSTOMER,
    INVOICE,
    INVOICES,
    ITEM,
    ITEMS,
    SALE,
    SALES,
    STATES,
    TAX_INVOICES,
    Client,
    add,
    add_customer,
    add_sale_data,
    at,
    invoice,
    post,
    sale,
)

OTHER = "00000000-0000-0000-0000-000000000099"
TAX_INVOICE = "00000000-0000-0000-0000-000000000006"


def goods() -> dict[str, Any]:
    """Give a row of goods for a реализация."""
    return {k: v for k, v in sale()["Услуги"][0].items() if k != "Содержание"}


async def test_the_sum_is_recomputed_from_the_rows(onec: Client) -> None:
    made = await add(onec, INVOICES, invoice(СуммаДокумента=1))
    assert made["СуммаДокумента"] == 2440
    included = await onec.call("PATCH", at(INVOICES, INVOICE), {"СуммаВключаетНДС": True, "СуммаДокумента": 5})
    assert included.body["СуммаДокумента"] == 2000
    assert included.body["Товары"][0]["СуммаНДС"] == 440


@pytest.mark.parametrize(("operation", "kept"), [("Услуги", "Услуги"), ("Товары", "Товары")])
async def test_an_operation_clears_the_section_it_has_no_use_for(onec: Client, operation: str, kept: str) -> None:
    made = await add(onec, SALES, sale(ВидОперации=operation, Товары=[goods()]))
    assert [name for name in ("Товары", "Услуги") if made[name]] == [kept]
    assert made["СуммаДокумента"] == 2440


@pytest.mark.parametrize(
    ("contract", "codes"),
    [
        ({}, ("62.01", "62.02")),
        ({"ВалютаВзаиморасчетов_Key": base.EUR, "Валютный": True}, ("62.21", "62.22")),
        ({"ВалютаВзаиморасчетов_Key": base.EUR, "РасчетыВУсловныхЕдиницах": True}, ("62.31", "62.32")),
    ],
)
async def test_empty_accounts_are_filled_for_a_user_who_does_not_see_them(
    onec: Client, contract: dict[str, Any], codes: tuple[str, str]
) -> None:
    await add_sale_data(onec, **contract)
    made = await add(onec, SALES, sale())
    settlement, advance = made["СчетУчетаРасчетовСКонтрагентом_Key"], made["СчетУчетаРасчетовПоАвансам_Key"]
    assert (settlement, advance) == tuple(base.account(code) for code in codes)
    row = made["Услуги"][0]
    assert row["СчетДоходов_Key"] == base.account("90.01.1")
    assert (row["Субконто"], row["Субконто_Type"]) == (base.ITEM_GROUP, "StandardODATA.Catalog_НоменклатурныеГруппы")
    assert (await post(onec, SALES, SALE)).status == 200


async def test_a_user_who_sees_accounts_gets_them_empty_and_cannot_post(start: Start) -> None:
    onec = await start(user_sees_accounts="true")
    await add_sale_data(onec)
    await add(onec, SALES, sale())
    refused = await post(onec, SALES, SALE)
    assert (refused.status, refused.code) == (500, "-1")
    assert 'Не заполнена колонка "СчетДоходов" в строке 1 списка «Услуги»' in refused.text


async def test_an_item_without_a_group_leaves_the_analytics_empty(onec: Client) -> None:
    await add_sale_data(onec)
    await onec.call("PATCH", at(ITEMS, ITEM), {"НоменклатурнаяГруппа_Key": None})
    await add(onec, SALES, sale())
    assert "Субконто" in (await post(onec, SALES, SALE)).text


async def test_agents_vat_of_the_buyer_zeroes_the_tax_of_goods(onec: Client) -> None:
    await add_sale_data(onec, УчетАгентскогоНДСПокупателем=True)
    made = await add(onec, SALES, sale(ВидОперации="Товары", Товары=[goods()]))
    assert (made["Товары"][0]["СуммаНДС"], made["СуммаДокумента"]) == (0, 2000)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"Организация_Key": base.UNIT_HOUR}, "Объект не найден"),
        ({"ОрганизацияПолучатель_Key": None}, 'Поле "ОрганизацияПолучатель" не заполнено'),
        ({"СтруктурнаяЕдиница_Key": None}, 'Поле "СтруктурнаяЕдиница" не заполнено'),
        ({"ВидОперации": ""}, 'Поле "ВидОперации" не заполнено'),
        ({"ДоговорКонтрагента_Key": None}, "Значение не является значением объектного типа"),
        ({"Контрагент_Key": OTHER}, "принадлежит другому контрагенту"),
        ({"ВалютаДокумента_Key": OTHER}, "Объект не найден"),
        ({"Товары": []}, "Не введено ни одной строки"),
        ({"Товары": [{"LineNumber": "1", "Сумма": 5}]}, 'Не заполнена колонка "Количество" в строке 1'),
        ({"DeletionMark": True}, "помечен на удаление"),
    ],
)
async def test_an_invoice_that_cannot_be_posted_says_why(onec: Client, change: dict[str, Any], sentence: str) -> None:
    await add_sale_data(onec)
    await add_customer(onec, key=OTHER, inn="7799000037")
    await add(onec, INVOICES, invoice(**change))
    refused = await post(onec, INVOICES, INVOICE)
    assert (refused.status, refused.code) == (500, "-1")
    assert sentence in refused.text
    assert (await onec.get(at(INVOICES, INVOICE))).body["Posted"] is False


@pytest.mark.parametrize(
    ("contract", "sentence"),
    [({"Организация_Key": OTHER}, "с другой организацией"), ({"ВидДоговора": "СПоставщиком"}, "недопустимый вид")],
)
async def test_a_contract_must_fit(onec: Client, contract: dict[str, Any], sentence: str) -> None:
    await add_sale_data(onec, **contract)
    await add(onec, INVOICES, invoice())
    assert sentence in (await post(onec, INVOICES, INVOICE)).text


async def test_goods_need_a_warehouse(onec: Client) -> None:
    await add_sale_data(onec)
    await add(onec, SALES, sale(ВидОперации="Товары", Товары=[goods()]))
    assert 'Поле "Склад" не заполнено' in (await post(onec, SALES, SALE)).text
    await onec.call("PATCH", at(SALES, SALE), {"Склад_Key": base.WAREHOUSE})
    assert (await post(onec, SALES, SALE)).status == 200


async def test_a_currency_needs_a_rate_on_the_day(onec: Client) -> None:
    await add_sale_data(onec, ВалютаВзаиморасчетов_Key=base.EUR)
    await add(onec, INVOICES, invoice(Date="2019-12-31T00:00:00", ВалютаДокумента_Key=base.EUR))
    assert "Не задан курс валюты" in (await post(onec, INVOICES, INVOICE)).text
    early = {"Period": "2019-12-01T00:00:00", "Валюта_Key": base.EUR, "Курс": 70, "Кратность": "1"}
    await onec.call("POST", "InformationRegister_КурсыВалют", early)
    assert (await post(onec, INVOICES, INVOICE)).status == 200


async def test_a_closed_period_refuses_every_change(onec: Client) -> None:
    await add_sale_data(onec)
    await add(onec, INVOICES, invoice())
    await onec.local("closed_until", {"date": "2026-03-31"})
    before = await onec.local("state")
    place = at(INVOICES, INVOICE)
    for answer in (
        await onec.call("POST", INVOICES, invoice(Ref_Key=OTHER)),
        await onec.call("PATCH", place, {"Комментарий": "поздно"}),
        await onec.call("PATCH", place, {"Date": "2026-04-02T00:00:00"}),
        await onec.call("DELETE", place),
        await post(onec, INVOICES, INVOICE),
    ):
        assert (answer.status, answer.code) == (500, "-1")
        assert "период закрыт по 31.03.2026" in answer.text
    assert await onec.local("state") == before
    await onec.local("closed_until", {"date": None})
    assert (await post(onec, INVOICES, INVOICE)).status == 200


async def test_operational_posting_is_forbidden(onec: Client) -> None:
    await add_sale_data(onec)
    await add(onec, INVOICES, invoice())
    answer = await onec.call("POST", f"{at(INVOICES, INVOICE)}/Post?PostingModeOperational=true")
    assert (answer.status, answer.code) == (500, "-1")
    unknown = await onec.call("POST", f"{at(INVOICES, INVOICE)}/Post?Mode=true")
    assert (unknown.status, unknown.code) == (400, "14")
    assert (await onec.call("POST", f"{at(INVOICES, INVOICE)}/Post()")).status == 200


async def test_a_deletion_mark_takes_the_posting_back(onec: Client) -> None:
    await add_sale_data(onec)
    await add(onec, SALES, sale())
    await post(onec, SALES, SALE)
    marked = (await onec.call("PATCH", at(SALES, SALE), {"DeletionMark": True})).body
    assert (marked["Posted"], marked["DeletionMark"]) == (False, True)
    assert (await onec.local("state"))["ledger"] == []


async def test_entries_corrected_by_hand_stay_under_new_amounts(onec: Client) -> None:
    await add_sale_data(onec)
    await add(onec, SALES, sale())
    await post(onec, SALES, SALE)
    await onec.local("accountant", {"entity": SALES, "key": SALE, "changes": {"РучнаяКорректировка": True}})
    row = sale()["Услуги"][0] | {"Сумма": 5000, "СуммаНДС": 1100}
    await onec.call("PATCH", at(SALES, SALE), {"Услуги": [row]})
    assert (await post(onec, SALES, SALE)).status == 200
    state = await onec.local("state")
    assert [entry["Amount"] for entry in state["ledger"]] == [2440]
    assert state["entities"][SALES][0]["СуммаДокумента"] == 6100


async def test_a_tax_invoice_marks_its_sale_once(onec: Client) -> None:
    await add_sale_data(onec)
    await add(onec, SALES, sale())
    await post(onec, SALES, SALE)
    issued = {
        "Ref_Key": TAX_INVOICE,
        "Date": "2026-03-05T10:00:00",
        "Организация_Key": base.ORGANIZATION,
        "Контрагент_Key": CUSTOMER,
        "ВидСчетаФактуры": "НаРеализацию",
        "КодВидаОперации": "01",
        "ДокументыОснования": [
            {"LineNumber": "1", "ДокументОснование": SALE, "ДокументОснование_Type": f"StandardODATA.{SALES}"}
        ],
    }
    made = await add(onec, TAX_INVOICES, issued)
    assert (made["СуммаДокумента"], made["СуммаНДСДокумента"], made["ПредставлениеНомера"]) == (2440, 440, "1")
    assert (await post(onec, TAX_INVOICES, TAX_INVOICE)).status == 200
    rows = (await onec.get(STATES, filter=f"Документ eq cast(guid'{SALE}','{SALES}')")).value
    assert [(row["Статус"], row["СтатусСчетаФактуры"], row["НомерСчетаФактуры"]) for row in rows] == [
        ("НеПодписан", "Проведен", "1")
    ]
    await add(onec, TAX_INVOICES, issued | {"Ref_Key": OTHER})
    assert "уже выписан счет-фактура" in (await post(onec, TAX_INVOICES, OTHER)).text
    await onec.call("POST", f"{at(TAX_INVOICES, TAX_INVOICE)}/Unpost")
    rows = (await onec.get(STATES, filter="СтатусСчетаФактуры eq 'НеПроведен'")).value
    assert [row["Документ"] for row in rows] == [SALE]


async def test_payments_move_the_state_of_the_invoice(onec: Client) -> None:
    await add_sale_data(onec)
    await add(onec, INVOICES, invoice())
    await post(onec, INVOICES, INVOICE)
    asked = f"Документ eq cast(guid'{INVOICE}','{INVOICES}')"
    assert (await onec.get(STATES, filter=asked)).value == []
    for amount, state in ((1000, "ОплаченЧастично"), (1440, "Оплачен")):
        paid = await onec.local("payments", {"invoice": INVOICE, "amount": amount, "date": "2026-03-10T00:00:00"})
        row = (await onec.get(STATES, filter=asked)).value[0]
        assert (row["Статус"], row["Статус_Type"]) == (state, "UnavailableEnums.СтатусОплатыСчета")
    register = "AccumulationRegister_ОплатаСчетов"
    condition = f"СчетНаОплату eq cast(guid'{INVOICE}','{INVOICES}')"
    moved = (await onec.get(f"{register}_RecordType", filter=condition)).value
    assert sorted(row["Сумма"] for row in moved) == [1000, 1440]
    kind = "StandardODATA.Document_ПоступлениеНаРасчетныйСчет"
    one = (await onec.get(register, filter=f"Recorder_Type eq '{kind}'")).value
    assert sorted(row["RecordSet"][0]["Сумма"] for row in one) == [1000, 1440]
    payments = "Document_ПоступлениеНаРасчетныйСчет"
    lines = await onec.get(f"{payments}_РасшифровкаПлатежа", filter=f"СчетНаОплату_Key eq guid'{INVOICE}'")
    assert len(lines.value) == 2
    await onec.call("POST", f"{at(payments, paid['Ref_Key'])}/Unpost")
    assert (await onec.get(STATES, filter=asked)).value[0]["Статус"] == "ОплаченЧастично"


async def test_the_state_row_may_come_with_posting(start: Start) -> None:
    onec = await start(status_row="post")
    await add_sale_data(onec)
    await add(onec, INVOICES, invoice())
    await post(onec, INVOICES, INVOICE)
    assert [row["Статус"] for row in (await onec.get(STATES)).value] == ["НеОплачен"]


async def test_the_accountant_edits_past_every_check(onec: Client) -> None:
    await add_sale_data(onec)
    await add(onec, INVOICES, invoice())
    version = (await onec.get(at(INVOICES, INVOICE))).body["DataVersion"]
    await onec.local("closed_until", {"date": "2026-12-31"})
    changes = {"Комментарий": "исправлено", "Товары": [{"Цена": 999}]}
    await onec.local("accountant", {"entity": INVOICES, "key": INVOICE, "changes": changes})
    read = (await onec.get(at(INVOICES, INVOICE))).body
    assert (read["Комментарий"], read["Товары"][0]["Цена"], read["Товары"][0]["Сумма"]) == ("исправлено", 999, 2000)
    assert read["DataVersion"] != version
    assert (await onec.get(at(CONTRACTS, CONTRACT))).body["Description"] == "Основной договор"


async def test_the_accountant_posts_and_takes_back_by_hand(onec: Client) -> None:
    await add_sale_data(onec)
    await add(onec, SALES, sale())
    await onec.local("accountant/post", {"entity": SALES, "key": SALE})
    assert len((await onec.local("state"))["ledger"]) == 1
    await onec.local("accountant/unpost", {"entity": SALES, "key": SALE})
    assert (await onec.local("state"))["ledger"] == []
