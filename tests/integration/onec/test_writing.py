"""Writing: types, what is ignored, changes, versions, deletion."""

from decimal import Decimal
from typing import Any

import pytest

from infra.local.onec import base
from tests.integration.onec.conftest import Start
from tests.integration.onec.kit import (
    CONTRACTS,
    CUSTOMER,
    CUSTOMERS,
    INVOICE,
    INVOICES,
    ITEM,
    ITEMS,
    SALE,
    STATES,
    Client,
    add,
    add_customer,
    add_sale_data,
    at,
    invoice,
)


@pytest.mark.parametrize(
    "change",
    [
        {"Date": "2026-03-02"},
        {"Date": "2026-03-02T10:00:00Z"},
        {"Date": "2026-02-30T10:00:00"},
        {"СуммаВключаетНДС": "true"},
        {"Организация_Key": "Северный ветер"},
        {"КурсВзаиморасчетов": "1"},
        {"КурсВзаиморасчетов": 1_000_000},
        {"ВидОперации": "Товары"},
        {"Комментарий": 5},
        {"Товары": {"LineNumber": "1"}},
        {"ДокументОснование": INVOICE, "ДокументОснование_Type": "StandardODATA.Catalog_Валюты"},
        {"ДокументОснование": "не ключ", "ДокументОснование_Type": "StandardODATA.Document_РеализацияТоваровУслуг"},
        {"Ref_Key": "4"},
    ],
)
async def test_a_value_of_the_wrong_type_is_refused(onec: Client, change: dict[str, Any]) -> None:
    before = await onec.local("state")
    answer = await onec.call("POST", INVOICES, invoice(**change))
    assert (answer.status, answer.code) == (400, "4")
    assert await onec.local("state") == before


async def test_a_composite_without_its_type_is_refused(onec: Client) -> None:
    row = {**invoice()["Товары"][0]}
    del row["Номенклатура_Type"]
    answer = await onec.call("POST", INVOICES, invoice(Товары=[row]))
    assert (answer.status, answer.code) == (400, "5")


async def test_a_reference_by_bind_is_refused_rather_than_lost(onec: Client) -> None:
    bound = {"Контрагент@odata.bind": at(CUSTOMERS, CUSTOMER)}
    answer = await onec.call("POST", INVOICES, invoice(**bound))
    assert (answer.status, answer.code) == (501, "0")


async def test_a_row_without_its_number_fails_inside(onec: Client) -> None:
    row = {**invoice()["Товары"][0]}
    del row["LineNumber"]
    answer = await onec.call("POST", INVOICES, invoice(Товары=[row]))
    assert (answer.status, answer.code) == (500, "-1")


async def test_unknown_names_are_ignored_long_texts_cut_and_fine_fractions_rounded_silently(onec: Client) -> None:
    row = {**invoice()["Товары"][0], "Цена": 0.005, "Количество": 1.23456, "ЦенаСНаценкой": 7}
    created = await add(onec, INVOICES, invoice(СрокОплаты="2026-04-01", Товары=[row], АдресДоставки="д" * 300))
    assert "СрокОплаты" not in created
    assert len(created["АдресДоставки"]) == 250
    line = created["Товары"][0]
    assert (line["Цена"], line["Количество"]) == (Decimal("0.01"), Decimal("1.235"))
    assert "ЦенаСНаценкой" not in created["Товары"][0]


async def test_a_patch_is_partial_but_replaces_a_section_whole(onec: Client) -> None:
    await add_sale_data(onec)
    row = invoice()["Товары"][0]
    await add(onec, INVOICES, invoice(Товары=[row, row | {"LineNumber": "2", "Сумма": 100, "СуммаНДС": 22}]))
    patched = await onec.call("PATCH", at(INVOICES, INVOICE), {"Комментарий": "позвонить"})
    assert patched.status == 200
    assert (patched.body["СуммаДокумента"], len(patched.body["Товары"])) == (2562, 2)
    shorter = await onec.call("PATCH", at(INVOICES, INVOICE), {"Товары": [row | {"LineNumber": "7"}]})
    assert (shorter.body["СуммаДокумента"], shorter.body["Комментарий"]) == (2440, "позвонить")
    assert [line["LineNumber"] for line in shorter.body["Товары"]] == ["1"]


async def test_put_needs_every_field(onec: Client) -> None:
    await add_customer(onec)
    place = at(CUSTOMERS, CUSTOMER)
    whole = (await onec.get(place)).body
    refused = await onec.call("PUT", place, {"Description": "Другой"})
    assert (refused.status, refused.code) == (400, "5")
    replaced = await onec.call("PUT", place, whole | {"Description": "Другой"})
    assert (replaced.status, replaced.body["Description"]) == (200, "Другой")


async def test_a_stale_version_is_refused(onec: Client) -> None:
    await add_customer(onec)
    place = at(CUSTOMERS, CUSTOMER)
    version = (await onec.get(place)).body["DataVersion"]
    first = await onec.call("PATCH", place, {"Комментарий": "один"}, headers={"If-Match": version})
    assert first.status == 200
    assert first.body["DataVersion"] != version
    for method, body in (("PATCH", {"Комментарий": "два"}), ("DELETE", None)):
        stale = await onec.call(method, place, body, headers={"If-Match": version})
        assert stale.status == 412
    assert (await onec.get(place)).body["Комментарий"] == "один"


async def test_delete_really_deletes(onec: Client) -> None:
    await add_customer(onec)
    assert (await onec.call("DELETE", at(CUSTOMERS, CUSTOMER))).status == 204
    assert (await onec.call("DELETE", at(CUSTOMERS, CUSTOMER))).code == "9"


async def test_a_key_is_made_where_none_is_chosen_or_none_is_honoured(onec: Client, start: Start) -> None:
    unchosen = invoice()
    del unchosen["Ref_Key"]
    assert (await add(onec, INVOICES, unchosen))["Ref_Key"] not in ("", INVOICE)
    stubborn = await start(client_ref_key="false")
    assert (await add(stubborn, INVOICES, invoice()))["Ref_Key"] != INVOICE


async def test_numbers_follow_the_organization_and_begin_anew_every_year(onec: Client) -> None:
    keys = [f"00000000-0000-0000-0000-0000000000{n}" for n in range(10, 15)]
    dates = ["2025-12-30", "2026-01-10", "2026-01-11", "2026-01-12"]
    made = [
        await add(onec, INVOICES, invoice(Ref_Key=k, Date=f"{d}T00:00:00")) for k, d in zip(keys, dates, strict=False)
    ]
    assert [row["Number"] for row in made] == ["СВ00-000001", "СВ00-000001", "СВ00-000002", "СВ00-000003"]
    taken = await onec.call("POST", INVOICES, invoice(Ref_Key=keys[4], Number="СВ00-000002"))
    assert (taken.status, taken.code) == (500, "-1")
    own = await add(onec, INVOICES, invoice(Ref_Key=keys[4], Number="ИМ-17"))
    assert own["Number"] == "ИМ-17"


async def test_a_folder_has_no_attributes(onec: Client) -> None:
    folder = {"Ref_Key": SALE, "Description": "Оптовики", "IsFolder": True, "ИНН": "7799000020"}
    created = await add(onec, CUSTOMERS, folder)
    assert (created["ИНН"], created["Code"], created["IsFolder"]) == (None, "00-000001", True)
    await add_customer(onec)
    assert (await onec.call("PATCH", at(CUSTOMERS, CUSTOMER), {"Parent_Key": SALE})).body["Parent_Key"] == SALE
    items = await onec.get(CUSTOMERS, filter="IsFolder eq false and ИНН eq '7799000020'", select="Ref_Key")
    assert items.value == [{"Ref_Key": CUSTOMER}]


async def test_a_record_of_a_register_is_written_once_and_changed_by_its_key(onec: Client) -> None:
    kind = f"StandardODATA.{INVOICES}"
    row = {"Организация_Key": base.ORGANIZATION, "Документ": INVOICE, "Документ_Type": kind}
    register = "InformationRegister_СрокиОплатыДокументов"
    due = row | {"СрокОплаты": "2026-04-01T00:00:00"}
    assert (await onec.call("POST", register, due)).status == 201
    assert (await onec.call("POST", register, due)).code == "15"
    key = f"Организация_Key=guid'{base.ORGANIZATION}',Документ='{INVOICE}',Документ_Type='{kind}'"
    changed = await onec.call("PATCH", f"{register}({key})", {"СрокОплаты": "2026-05-01T00:00:00"})
    assert changed.body["СрокОплаты"] == "2026-05-01T00:00:00"
    state = row | {"Статус": "Отменен", "Статус_Type": "UnavailableEnums.СтатусОплатыСчета"}
    assert (await onec.call("POST", STATES, state)).status == 201
    asked = f"Документ eq cast(guid'{INVOICE}','{INVOICES}')"
    assert [found["Статус"] for found in (await onec.get(STATES, filter=asked)).value] == ["Отменен"]
    assert (await onec.call("DELETE", f"{register}({key})")).status == 204
    wrong = await onec.call("POST", STATES, state | {"Статус": "Почти"})
    assert (wrong.status, wrong.code) == (400, "4")


async def test_rows_movements_accounts_and_denied_entities_are_not_written(onec: Client, start: Start) -> None:
    rows = await onec.call("POST", f"{INVOICES}_Товары", {"Ref_Key": INVOICE})
    assert (rows.status, rows.code) == (400, "13")
    for entity in ("AccumulationRegister_ОплатаСчетов", "ChartOfAccounts_Хозрасчетный"):
        answer = await onec.call("POST", entity, {})
        assert (answer.status, answer.code) == (403, "20")
    strict = await start(denied=f"{CUSTOMERS},{ITEMS}")
    refused = await strict.call("POST", CUSTOMERS, {"Description": "Кто-то"})
    assert (refused.status, refused.code) == (403, "20")
    assert (await strict.get(CUSTOMERS)).value == []


async def test_a_body_that_is_no_object_and_a_method_out_of_place_are_refused(onec: Client) -> None:
    assert (await onec.call("POST", CUSTOMERS, ["Кто-то"])).code == "2"
    assert (await onec.call("POST", CUSTOMERS)).status == 415
    out_of_place = await onec.call("PUT", CUSTOMERS, {})
    assert (out_of_place.status, out_of_place.code) == (405, "19")
    assert (await onec.call("POST", f"{at(CUSTOMERS, CUSTOMER)}/Post")).code == "11"


@pytest.mark.parametrize(
    ("setting", "status", "posted"), [("ignore", 201, False), ("post", 201, True), ("refuse", 500, None)]
)
async def test_posted_in_a_body_is_what_the_setting_says(
    start: Start, setting: str, status: int, posted: bool | None
) -> None:
    onec = await start(posted_in_body=setting)
    await add_sale_data(onec)
    answer = await onec.call("POST", INVOICES, invoice(Posted=True))
    assert answer.status == status
    assert answer.body.get("Posted") is posted


async def test_fill_checking_on_write_is_a_setting(onec: Client, start: Start) -> None:
    assert (await onec.call("POST", CONTRACTS, {"Description": "Пустой"})).status == 201
    strict = await start(fill_check="write")
    refused = await strict.call("POST", CONTRACTS, {"Description": "Пустой"})
    assert (refused.status, refused.code) == (500, "-1")
    assert 'Поле "Организация" не заполнено' in refused.text
    assert (await strict.get(at(ITEMS, ITEM))).code == "9"
