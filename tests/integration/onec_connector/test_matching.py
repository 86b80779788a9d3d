"""What the accountant has typed by hand is found, or the refusal says what to mend."""

from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from infra.local.onec import base
from shared.accounting import Bindings
from shared.documents import Address, Currency
from shared.errors import Parked, Refused
from shared.messages import State
from shared.onec.classifiers import REMEMBER_SECONDS
from tests.clock import Clock
from tests.integration.onec_connector.conftest import CONTRACTS, COUNTERPARTIES, INVOICES, ITEMS, WRITE_IN, Base, export
from tests.unit.onec import samples

HAND = samples.ident("typed by hand")
OTHER = samples.ident("another one")
BELARUS, KAZAKHSTAN = base.key("Catalog_СтраныМира", "112"), base.key("Catalog_СтраныМира", "398")
EUR = Currency(code="EUR", precision=2)


@pytest.fixture
def clock() -> Clock:
    """A clock that the test turns."""
    return Clock()


async def counterparty(onec: Base, key: UUID = HAND, **changes: Any) -> None:
    """Type a counterparty by hand."""
    fields = {
        "Description": "Ромашка ООО",
        "НаименованиеПолное": 'Общество с ограниченной ответственностью "Ромашка"',
        "ЮридическоеФизическоеЛицо": "ЮридическоеЛицо",
        "СтранаРегистрации_Key": base.RUSSIA,
        "ИНН": samples.COMPANY_INN,
        "КПП": samples.COMPANY_KPP,
    }
    await onec.add(COUNTERPARTIES, key, **(fields | changes))


async def contract(onec: Base, key: UUID = HAND, **changes: Any) -> None:
    """Type a contract by hand."""
    fields = {
        "Owner_Key": str(HAND),
        "Description": "Договор 1",
        "ВидДоговора": "СПокупателем",
        "Организация_Key": base.ORGANIZATION,
        "ВалютаВзаиморасчетов_Key": base.RUB,
    }
    await onec.add(CONTRACTS, key, **(fields | changes))


async def item(onec: Base, key: UUID = HAND, **changes: Any) -> None:
    """Type an item by hand."""
    fields = {
        "Description": "Товар",
        "Артикул": "A-1",
        "ВидНоменклатуры_Key": base.ITEM_KIND_GOODS,
        "ЕдиницаИзмерения_Key": base.UNIT_PIECE,
    }
    await onec.add(ITEMS, key, **(fields | changes))


async def refusal_of(onec: Base, *args: Any, **more: Any) -> Refused:
    """Export, and give the refusal; nothing of the document may be in the base."""
    with pytest.raises(Refused) as raised:
        await export(onec.connector(), *args, **more)
    assert await onec.rows(INVOICES) == []
    return raised.value


async def test_rule_10_a_company_is_found_by_its_numbers_and_left_as_it_is(onec: Base) -> None:
    await counterparty(onec)
    before = await onec.rows(COUNTERPARTIES)

    await export(onec.connector())

    assert (await onec.rows(INVOICES))[0]["Контрагент_Key"] == str(HAND)
    assert await onec.rows(COUNTERPARTIES) == before


@pytest.mark.parametrize(
    "changes",
    [{"КПП": "780101001"}, {"DeletionMark": True}, {"ИНН": "", "КПП": ""}, {"ИНН": "7736050003"}],
    ids=["a branch", "marked", "without numbers", "another company of that name"],
)
async def test_rule_10_what_is_another_company_is_not_taken(onec: Base, changes: dict[str, Any]) -> None:
    await counterparty(onec, **changes)

    await export(onec.connector())

    assert (await onec.rows(INVOICES))[0]["Контрагент_Key"] != str(HAND)
    assert len(await onec.rows(COUNTERPARTIES)) == 2


async def test_rule_10_several_matches_are_listed(onec: Base) -> None:
    await counterparty(onec)
    await counterparty(onec, OTHER, Description="Ромашка (дубль)")

    refused = await refusal_of(onec)

    assert refused.refusal.code == "several_matches"
    assert "Ромашка ООО" in refused.refusal.values["matches"]
    assert "Ромашка (дубль)" in refused.refusal.values["matches"]


async def test_rule_10_the_same_number_without_a_kpp_is_not_guessed(onec: Base) -> None:
    await counterparty(onec, КПП="")

    assert (await refusal_of(onec)).refusal.code == "kpp_unknown"


async def test_rule_10_a_number_alone_must_fit_one_company(onec: Base) -> None:
    own = samples.invoice(customer=samples.customer(kpp=""))
    await counterparty(onec)
    await counterparty(onec, OTHER, КПП="780101001")

    assert (await refusal_of(onec, own)).refusal.code == "several_matches"


async def test_rule_10_a_sole_trader_is_found_by_the_number(onec: Base) -> None:
    await counterparty(onec, ИНН=samples.PERSON_INN, КПП="", ЮридическоеФизическоеЛицо="ФизическоеЛицо")
    own = samples.invoice(customer=samples.customer(tax_number=samples.PERSON_INN, kpp=""))

    await export(onec.connector(), own)

    assert len(await onec.rows(COUNTERPARTIES)) == 1


async def test_rule_10_a_person_without_a_number_is_made_once(onec: Base) -> None:
    person = samples.customer(table="contact", id=samples.ident("person"), name="Иванова Анна", tax_number="", kpp="")
    await counterparty(onec, Description="Иванова Анна", ИНН="", КПП="")

    for name in ("first", "second"):
        await export(onec.connector(), samples.invoice(id=samples.ident(name), customer=person))

    rows = await onec.rows(COUNTERPARTIES)
    assert len(rows) == 2
    [made] = [row for row in rows if row["Ref_Key"] != str(HAND)]
    assert made["ЮридическоеФизическоеЛицо"] == "ФизическоеЛицо"


async def test_rule_10_a_person_whose_number_the_accountant_added_is_still_the_same(onec: Base) -> None:
    person = samples.customer(table="contact", id=samples.ident("person"), name="Иванова Анна", tax_number="", kpp="")
    await export(onec.connector(), samples.invoice(customer=person))
    [made] = await onec.rows(COUNTERPARTIES)
    await onec.edit(COUNTERPARTIES, made["Ref_Key"], ИНН=samples.PERSON_INN)

    await export(onec.connector(), samples.invoice(id=samples.ident("another"), customer=person))

    assert len(await onec.rows(COUNTERPARTIES)) == 1


@pytest.mark.parametrize(
    ("country", "held", "found"),
    [
        ("Беларусь", BELARUS, True),
        ("by", BELARUS, True),
        ("BLR", BELARUS, True),
        ("Беларусь", KAZAKHSTAN, False),
        ("BY", KAZAKHSTAN, False),
        ("Беларусь", base.RUSSIA, False),
        ("Weißrussland", BELARUS, True),  # 1C has no such name
        ("Weißrussland", base.RUSSIA, False),
    ],
)
async def test_rule_10_a_foreign_number_is_one_of_its_country(onec: Base, country: str, held: str, found: bool) -> None:
    await counterparty(onec, ИНН="", КПП="", НалоговыйНомер="100230403", СтранаРегистрации_Key=held)
    foreign = samples.customer(tax_number="100230403", kpp="", address=Address(country=country))
    own = samples.invoice(customer=foreign)
    if found:
        await export(onec.connector(), own)
        assert [row["Контрагент_Key"] for row in await onec.rows(INVOICES)] == [str(HAND)]
    else:
        assert (await refusal_of(onec, own)).refusal.code == "foreign_customer"


async def test_rule_10_a_foreign_company_is_found_and_never_made(onec: Base) -> None:
    foreign = samples.customer(tax_number="100230403", kpp="", address=Address(country="Беларусь"))
    own = samples.invoice(customer=foreign)
    assert (await refusal_of(onec, own)).refusal.code == "foreign_customer"

    await counterparty(onec, ИНН="", КПП="", НалоговыйНомер="100230403", СтранаРегистрации_Key=BELARUS)
    await export(onec.connector(), own)

    assert (await onec.rows(INVOICES))[0]["Контрагент_Key"] == str(HAND)


async def test_rule_10_a_card_made_under_other_numbers_is_not_used(onec: Base) -> None:
    await export(onec.connector())
    moved = samples.invoice(id=samples.ident("another"), customer=samples.customer(kpp="780101001"))

    with pytest.raises(Refused, match="customer_differs"):
        await export(onec.connector(), moved)


async def test_rule_21_a_bound_customer_that_was_marked_is_refused(onec: Base) -> None:
    await counterparty(onec, DeletionMark=True)
    bindings = Bindings({f"account:{samples.customer().id}": str(HAND)})

    assert (await refusal_of(onec, bindings=bindings)).refusal.code == "customer_deleted"


async def test_rule_10_the_contract_of_the_organisation_and_currency_is_found(onec: Base) -> None:
    await counterparty(onec)
    await contract(onec)
    await contract(onec, samples.ident("supply"), ВидДоговора="СПоставщиком")
    await contract(onec, samples.ident("currency"), ВалютаВзаиморасчетов_Key=base.EUR)
    await contract(onec, samples.ident("units"), РасчетыВУсловныхЕдиницах=True)
    await contract(onec, samples.ident("closed"), ДоговорЗакрыт=True)
    await contract(onec, samples.ident("marked"), DeletionMark=True)
    await contract(onec, samples.ident("ended"), СрокДействия="2026-03-04T00:00:00")
    await contract(onec, samples.ident("later"), Дата="2026-03-06T00:00:00")

    await export(onec.connector())

    assert (await onec.rows(INVOICES))[0]["ДоговорКонтрагента_Key"] == str(HAND)


async def test_rule_10_several_contracts_are_listed_and_mended_at_once(onec: Base) -> None:
    await counterparty(onec)
    await contract(onec)
    await contract(onec, OTHER, Description="Договор 2")
    connector = onec.connector()
    with pytest.raises(Refused, match="several_contracts") as raised:
        await export(connector)
    assert "Договор 2" in raised.value.refusal.values["matches"]

    await onec.edit(CONTRACTS, OTHER, ДоговорЗакрыт=True)

    assert (await export(connector)).state is State.POSTED


async def test_rule_10_our_own_contract_that_was_closed_is_refused(onec: Base) -> None:
    await export(onec.connector())
    [own] = await onec.rows(CONTRACTS)
    await onec.edit(CONTRACTS, own["Ref_Key"], ДоговорЗакрыт=True)

    with pytest.raises(Refused, match="contract_unusable"):
        await export(onec.connector(), samples.invoice(id=samples.ident("another")))


async def test_rule_10_a_contract_that_takes_the_tax_off_is_refused(onec: Base) -> None:
    await counterparty(onec)
    await contract(onec, УчетАгентскогоНДСПокупателем=True)

    assert (await refusal_of(onec)).refusal.code == "contract_agent_vat"


async def test_rule_10_an_item_is_found_by_its_number(onec: Base) -> None:
    await item(onec)
    await item(onec, OTHER, DeletionMark=True)

    await export(onec.connector())

    [row] = (await onec.rows(INVOICES))[0]["Товары"]
    assert row["Номенклатура"] == str(HAND)


async def test_rule_10_several_items_of_a_number_are_listed(onec: Base) -> None:
    await item(onec)
    await item(onec, OTHER, Description="Товар (дубль)")

    refused = await refusal_of(onec)

    assert refused.refusal.code == "several_items"
    assert "Товар (дубль)" in refused.refusal.values["matches"]


async def test_rule_21_a_bound_item_that_was_deleted_is_refused(onec: Base) -> None:
    bindings = Bindings({f"product:{samples.product().id}": str(HAND)})

    assert (await refusal_of(onec, bindings=bindings)).refusal.code == "item_deleted"


async def test_rule_21_an_item_that_is_sold_all_the_time_is_looked_at_again(
    onec: Base, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shared.onec.items.Cache", clock.cache)
    connector, bindings = onec.connector(), Bindings({})
    first = await export(connector, bindings=bindings)
    [key] = [made.accounting_id for made in bindings.made if made.table == "product"]
    await onec.edit(ITEMS, key, DeletionMark=True)

    clock.seconds += REMEMBER_SECONDS - 1
    again = await export(connector, samples.invoice(id=samples.ident("at once")), bindings)
    clock.seconds += 2
    with pytest.raises(Refused, match="item_deleted"):
        await export(connector, samples.invoice(id=samples.ident("a quarter of an hour later")), bindings)
    assert len({first.number, again.number}) == len(await onec.rows(INVOICES))


async def test_an_item_that_is_forgotten_at_that_moment_is_not_gone(
    onec: Base, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shared.onec.items.Cache", clock.cache)
    connector, bindings = onec.connector(), Bindings({})
    await export(connector, bindings=bindings)

    clock.step = REMEMBER_SECONDS * 0.6
    again = await export(connector, samples.invoice(id=samples.ident("another")), bindings)

    assert again.state is State.POSTED


async def test_many_products_are_read_together(onec: Base) -> None:
    lines = [samples.line(n, product=samples.product(f"Артикул-{n}")) for n in range(1, 41)]
    connector, bindings = onec.connector(), Bindings({})
    await export(connector, samples.invoice(*lines), bindings)
    assert len(await onec.rows(ITEMS)) == 41
    await onec.counted()

    await export(onec.connector(), samples.invoice(*lines, id=samples.ident("another")), bindings)

    assert (await onec.counted())[f"GET {ITEMS}"] <= 4


async def test_goods_services_and_write_ins_stand_in_one_section(onec: Base) -> None:
    own = samples.invoice(
        samples.line(1),
        samples.line(2, product=samples.product("S-1", is_service=True)),
        samples.line(3, product=None, unit=None, description="Доставка в субботу"),
    )

    await export(onec.connector(), own)

    [document] = await onec.rows(INVOICES)
    assert [row["LineNumber"] for row in document["Товары"]] in ([1, 2, 3], ["1", "2", "3"])
    assert document["Товары"][2]["Номенклатура"] == str(WRITE_IN)
    assert document["Товары"][2]["Содержание"] == "Доставка в субботу"


async def test_a_currency_takes_its_rate_of_the_day(onec: Base) -> None:
    await export(onec.connector(), samples.invoice(currency=EUR))

    [document] = await onec.rows(INVOICES)
    assert (document["ВалютаДокумента_Key"], document["КурсВзаиморасчетов"]) == (base.EUR, 95)
    [made] = await onec.rows(CONTRACTS)
    assert (made["ВалютаВзаиморасчетов_Key"], made["Валютный"]) == (base.EUR, True)


async def test_a_missing_rate_is_awaited_and_the_document_then_goes_through(onec: Base) -> None:
    own = samples.invoice(currency=EUR, document_date=date(2019, 12, 31))
    with pytest.raises(Parked, match="exchange_rate_missing"):
        await export(onec.connector(), own)
    assert await onec.rows(INVOICES) == []

    rate = {"Period": "2019-12-30T00:00:00", "Валюта_Key": base.EUR, "Курс": 69, "Кратность": "1"}
    answer = await onec.outside.post(f"{onec.url}InformationRegister_КурсыВалют", json=rate)
    assert answer.status_code == 201, answer.text

    assert (await export(onec.connector(), own)).state is State.POSTED


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"currency": Currency(code="CHF", precision=2)}, "currency_unknown"),
        ({"customer": samples.customer(kpp="77")}, "kpp_invalid"),
        (
            {"lines": (samples.line(product=samples.product(number="", id=samples.ident("x"))),)},
            "product_number_missing",
        ),
        ({"total": Decimal("244.01")}, "total_not_reachable"),
    ],
)
async def test_what_cannot_be_written_leaves_nothing(onec: Base, changes: dict[str, Any], code: str) -> None:
    assert (await refusal_of(onec, samples.invoice(**changes))).refusal.code == code
    assert await onec.rows(COUNTERPARTIES) == []


@pytest.mark.parametrize(
    ("okei", "name", "found"),
    [
        ("796", "шт", base.UNIT_PIECE),
        ("796", "штука", base.UNIT_PIECE),
        ("", "шт", base.UNIT_PIECE),
        ("999", "шт", None),
        ("", "ведро", None),
    ],
    ids=["both", "the code counts", "by its name", "another code", "another name"],
)
async def test_issue_4_a_unit_is_found_by_its_okei_code_else_by_its_name(
    onec: Base, okei: str, name: str, found: str | None
) -> None:
    unit = samples.line().unit
    assert unit is not None
    own = samples.invoice(samples.line(unit=unit.model_copy(update={"okei": okei, "name": name})))
    if found is None:
        assert (await refusal_of(onec, own)).refusal.values["value"] == (okei or name)
        return
    await export(onec.connector(), own)
    [made] = [row for row in await onec.rows(ITEMS) if row["Артикул"] == "A-1"]
    assert made["ЕдиницаИзмерения_Key"] == found


async def test_a_setting_that_names_nothing_is_named(onec: Base) -> None:
    own = samples.invoice(samples.line(product=None, description="Доставка"))
    await onec.edit(ITEMS, WRITE_IN, DeletionMark=True)

    refused = await refusal_of(onec, own)

    assert refused.refusal.code == "setup_missing"
    assert "write_in_item" in refused.refusal.values["what"]
