"""Reading: filters, options, representations, and what is refused."""

import pytest

from infra.local.onec import base
from tests.integration.onec.conftest import Start
from tests.integration.onec.kit import (
    CONTRACT,
    CUSTOMER,
    CUSTOMERS,
    INVOICE,
    INVOICES,
    ITEM,
    ITEMS,
    Client,
    add,
    add_customer,
    add_sale_data,
    at,
    invoice,
)

UNITS = "Catalog_КлассификаторЕдиницИзмерения"
ACCOUNTS = "Catalog_БанковскиеСчета"
RATES = "InformationRegister_КурсыВалют"


@pytest.mark.parametrize(
    ("condition", "codes"),
    [
        ("Code eq '796'", ["796"]),
        ("Code eq '796' or Code eq '356'", ["356", "796"]),
        ("Code eq '796' and Description eq 'ШТ  '", ["796"]),
        ("(Code eq '796' or Code eq '356') and startswith(НаименованиеПолное,'Час') eq true", ["356"]),
        ("Code eq '796' and not (Description eq 'шт')", []),
        ("Code ge '839' and Code lt '876'", ["839"]),
        ("substringof('ловек', НаименованиеПолное)", ["539", "540"]),
        ("endswith(НаименованиеПолное,'метр')", ["006", "018", "055", "113"]),
        ("like(Description, 'к_')", ["166"]),
        ("like(НаименованиеПолное, 'упак%')", ["778"]),
        ("Description eq 'it''s'", []),
        (f"Ref_Key eq guid'{base.UNIT_HOUR}'", ["356"]),
        ("DeletionMark eq false and Code eq '778'", ["778"]),
        ("(Code eq '778' and DeletionMark eq true) or Code eq '166' or Code eq '166'", ["166"]),
        ("(Code eq '778') eq false and (Code eq '778' or Code eq '166')", ["166"]),
        ("not (Code eq '778' or Code gt '100')", ["006", "018", "055"]),
    ],
)
async def test_filters(onec: Client, condition: str, codes: list[str]) -> None:
    answer = await onec.get(UNITS, filter=condition, orderby="Code", select="Code")
    assert [row["Code"] for row in answer.value] == codes


@pytest.mark.parametrize(
    ("options", "status", "code"),
    [
        ({"filter": "ОКЕИ eq '796'"}, 400, "10"),
        ({"select": "Code,ОКЕИ"}, 400, "10"),
        ({"orderby": "ОКЕИ"}, 400, "10"),
        ({"expand": "ОКЕИ"}, 400, "10"),
        ({"filter": "Code eq"}, 400, "14"),
        ({"filter": "Code eq '796' and"}, 400, "14"),
        ({"filter": "Code"}, 400, "14"),
        ({"filter": "Code eq 796"}, 400, "4"),
        ({"filter": "Ref_Key eq guid'796'"}, 400, "4"),
        ({"filter": "contains(Code,'796')"}, 400, "21"),
        ({"filter": "trim(Code) eq '796'"}, 400, "21"),
        ({"search": "796"}, 400, "14"),
        ({"top": "-1"}, 400, "14"),
        ({"orderby": "Code down"}, 400, "14"),
        ({"inlinecount": "some"}, 400, "14"),
        ({"format": "atom"}, 406, "3"),
        ({"format": "application/json;odata=verbose"}, 406, "3"),
    ],
)
async def test_what_is_not_known_is_refused(onec: Client, options: dict[str, str], status: int, code: str) -> None:
    answer = await onec.get(UNITS, **options)
    assert (answer.status, answer.code) == (status, code)
    assert answer.body["odata.error"]["message"]["lang"] == "ru"


async def test_an_unknown_entity_instance_or_method_is_refused(onec: Client) -> None:
    for path, status, code in (
        ("Catalog_Нет", 404, "8"),
        (at(UNITS, INVOICE), 404, "9"),
        ("Catalog_Валюты(Code='643')", 400, "7"),
        (f"{UNITS}/Balance()", 404, "11"),
        (f"{at(UNITS, base.UNIT_HOUR)}/Что", 404, "10"),
    ):
        answer = await onec.get(path)
        assert (answer.status, answer.code) == (status, code), path


async def test_a_plus_in_a_filter_is_addition_and_not_a_space(onec: Client) -> None:
    refused = await onec.call("GET", f"{UNITS}?$filter=Code+eq+'796'")
    assert (refused.status, refused.code) == (500, "-1")
    await add_sale_data(onec)
    await add(onec, INVOICES, invoice())
    found = await onec.call("GET", f"{INVOICES}?$filter=СуммаДокумента+560%20eq%203000&$select=Number")
    assert [row["Number"] for row in found.value] == ["СВ00-000001"]


async def test_a_base_may_refuse_to_filter_by_a_property(start: Start) -> None:
    onec = await start(unfilterable="Date,ИНН")
    for entity, condition in ((INVOICES, "Date ge datetime'2026-01-01T00:00:00'"), (CUSTOMERS, "ИНН eq '7799000020'")):
        refused = await onec.get(entity, filter=condition)
        assert (refused.status, refused.code) == (500, "-1")
    assert (await onec.get(CUSTOMERS, filter="Description eq 'ИНН'")).value == []


async def test_pages_are_ordered_counted_and_complete(onec: Client) -> None:
    whole = await onec.get(UNITS, inlinecount="allpages", select="Code", orderby="Code desc")
    assert whole.body["odata.count"] == str(len(whole.value)) == str(len(base.UNITS))
    pages = [await onec.get(UNITS, top=10, skip=skip, select="Code", orderby="Code desc") for skip in (0, 10, 20)]
    assert [row for page in pages for row in page.value] == whole.value
    nothing = await onec.get(UNITS, top=0, inlinecount="allpages", filter="Code lt '100'")
    assert (nothing.value, nothing.body["odata.count"]) == ([], "3")
    counted = await onec.get(f"{UNITS}/$count")
    assert counted.body == str(len(base.UNITS))


async def test_a_composite_is_compared_through_cast_only(onec: Client) -> None:
    condition = f"Owner eq cast(guid'{base.ORGANIZATION}','Catalog_Организации')"
    assert [row["Ref_Key"] for row in (await onec.get(ACCOUNTS, filter=condition)).value] == [base.BANK_ACCOUNT]
    other = f"Owner eq cast(guid'{base.ORGANIZATION}','Catalog_Контрагенты')"
    assert (await onec.get(ACCOUNTS, filter=other)).value == []
    bare = await onec.get(ACCOUNTS, filter=f"Owner eq guid'{base.ORGANIZATION}'")
    assert (bare.status, bare.code) == (500, "-1")
    unknown = await onec.get(ACCOUNTS, filter=f"Owner eq cast(guid'{base.ORGANIZATION}','Catalog_Нет')")
    assert (unknown.status, unknown.code) == (400, "8")


async def test_references_are_followed_in_filters_links_and_expand(onec: Client) -> None:
    await add_sale_data(onec)
    await add(onec, INVOICES, invoice())
    by_path = await onec.get(INVOICES, filter="Контрагент/ИНН eq '7799000020'", select="Ref_Key")
    assert by_path.value == [{"Ref_Key": INVOICE}]
    by_name = await onec.get(INVOICES, filter=f"Контрагент eq guid'{CUSTOMER}'", select="Ref_Key")
    assert by_name.value == by_path.value
    expanded = (await onec.get(INVOICES, expand="Контрагент,ДоговорКонтрагента")).value[0]
    assert expanded["Контрагент"]["ИНН"] == "7799000020"
    assert expanded["ДоговорКонтрагента"]["Ref_Key"] == CONTRACT
    assert (await onec.get(f"{at(INVOICES, INVOICE)}/Контрагент")).body["Ref_Key"] == CUSTOMER
    lines = (await onec.get(f"{at(INVOICES, INVOICE)}/Товары")).value
    assert [(row["LineNumber"], row["Номенклатура"]) for row in lines] == [("1", ITEM)]
    rows = await onec.get(f"{INVOICES}_Товары", filter=f"Ref_Key eq guid'{INVOICE}' and Сумма gt 1000", select="Сумма")
    assert rows.value == [{"Сумма": 2000}]
    for section in ("Товары", "ДокументОснование"):
        refused = await onec.get(INVOICES, expand=section)
        assert (refused.status, refused.code) == (501, "0")


async def test_metadata_and_links_come_by_the_representation_asked_for(onec: Client) -> None:
    bare = (await onec.get(at("Catalog_Организации", base.ORGANIZATION))).body
    assert not [name for name in bare if "odata" in name or "@" in name]
    json = {"Accept": "application/json"}
    full = (await onec.call("GET", at("Catalog_Организации", base.ORGANIZATION), headers=json)).body
    assert full["odata.metadata"].endswith("/odata/standard.odata/$metadata#Catalog_Организации/@Element")
    link = full["ОсновнойБанковскийСчет@navigationLinkUrl"]
    assert link == f"{at('Catalog_Организации', base.ORGANIZATION)}/ОсновнойБанковскийСчет"
    assert "ГоловнаяОрганизация@navigationLinkUrl" not in full
    listed = (await onec.call("GET", "Catalog_Валюты?$format=json", headers={"Accept": "*/*"})).body
    assert listed["odata.metadata"].endswith("$metadata#Catalog_Валюты")
    for accept in ("*/*", "application/atom+xml", "text/html"):
        refused = await onec.call("GET", "Catalog_Валюты", headers={"Accept": accept})
        assert (refused.status, refused.code) == (406, "3")


async def test_the_description_of_the_base_is_served(onec: Client) -> None:
    metadata = await onec.call("GET", "$metadata", headers={"Accept": "application/xml"})
    assert metadata.headers["Content-Type"].startswith("application/xml")
    assert 'Name="Document_СчетНаОплатуПокупателю"' in metadata.body
    service = await onec.get("", format="json")
    assert {"name": INVOICES, "url": INVOICES} in service.value
    atom = await onec.call("GET", "", headers={"Accept": "*/*"})
    assert atom.body.startswith('<?xml version="1.0" encoding="UTF-8"?><service')


async def test_registers_are_read_by_their_dimensions_and_by_the_latest_record(onec: Client) -> None:
    later = {"Period": "2026-02-01T00:00:00", "Валюта_Key": base.EUR, "Курс": 101.5, "Кратность": "1"}
    assert (await onec.call("POST", RATES, later)).status == 201
    one = await onec.get(f"{RATES}(Period=datetime'2026-02-01T00:00:00',Валюта_Key=guid'{base.EUR}')")
    assert (one.body["Курс"], one.body["Кратность"]) == (101.5, "1")
    for day, rate in (("2026-01-31", 95), ("2026-02-01", 101.5)):
        moment = f"Period=datetime'{day}T00:00:00',Condition='Валюта_Key eq guid''{base.EUR}'''"
        last = await onec.get(f"{RATES}/SliceLast({moment})", select="Курс")
        assert last.value == [{"Курс": rate}]
    wrong = await onec.get(f"{RATES}/SliceLast(Периодик=datetime'2026-01-31T00:00:00')")
    assert (wrong.status, wrong.code) == (400, "6")


async def test_an_index_follows_what_is_written(onec: Client) -> None:
    assert (await onec.get(CUSTOMERS, filter="ИНН eq '7799000020'")).value == []
    await add_customer(onec)
    assert len((await onec.get(CUSTOMERS, filter="ИНН eq '7799000020'")).value) == 1
    await onec.call("PATCH", at(CUSTOMERS, CUSTOMER), {"ИНН": "7799000037"})
    assert (await onec.get(CUSTOMERS, filter="ИНН eq '7799000020'")).value == []
    either = "ИНН eq '7799000037' or ИНН eq '7799000020'"
    assert len((await onec.get(CUSTOMERS, filter=either)).value) == 1
    await onec.call("DELETE", at(CUSTOMERS, CUSTOMER))
    assert (await onec.get(CUSTOMERS, filter="ИНН eq '7799000037'")).value == []
    assert (await onec.get(ITEMS, filter="Артикул eq ''")).value == []
