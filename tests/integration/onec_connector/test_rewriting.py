"""What may be rewritten after posting, and what stays the accountant's: rules 7 and 8."""

import asyncio
import contextlib
import random
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from infra.local.onec import base
from shared.accounting import Bindings
from shared.documents import Currency, Extra, Sale
from shared.errors import Refused, Unavailable
from shared.messages import State
from shared.refusals import refusal
from shared.routes import Route
from tests.integration.onec_connector.conftest import (
    COUNTERPARTIES,
    INVOICES,
    SALES,
    TAX_INVOICES,
    Base,
    export,
    journalled,
    own_route,
)
from tests.unit.onec import samples

CORRECTIONS = "Document_КорректировкаРеализации"
EXCHANGED = "InformationRegister_ОбъектыУчетаДокументовЭДО"
DUE_DATES = "InformationRegister_СрокиОплатыДокументов"
STATES = "InformationRegister_СтатусыДокументов"
REWRITING = own_route("2A", rewrite_realizatsiya=True)
WAREHOUSE = UUID(base.WAREHOUSE)
ACT = str(samples.key(samples.order()))


def halved(own: Sale) -> Sale:
    """Give a sale after a discount of a half in the CRM."""
    lines = tuple(line.model_copy(update={"net": Decimal(100), "tax": Decimal(22)}) for line in own.lines)
    return own.model_copy(update={"lines": lines, "net": Decimal(100), "tax": Decimal(22), "total": Decimal(122)})


async def ledger(onec: Base) -> list[Decimal]:
    """Give the revenue that is posted."""
    state = (await onec.outside.get(f"{onec.address}/_local/state")).json()
    return [Decimal(str(entry["Amount"])) for entry in state["ledger"]]


async def changed(
    onec: Base, own: Sale | None = None, route: Route | None = None, **journal: Any
) -> tuple[State, Decimal | None]:
    """Export the new version of a sale whose first version the journal knows."""
    sale = own or samples.invoice()
    known = journalled_of(sale, **journal)
    outcome = await export(onec.connector(), halved(sale), journal=known, version=8, route=route)
    assert outcome.written_hash == halved(sale).content_hash()
    return outcome.state, outcome.total


def journalled_of(sale: Sale, **changes: Any) -> Any:
    """Give what the journal knows of a posted sale."""
    known = {"accounting_id": str(samples.key(sale)), "written_hash": sale.content_hash(), "state": State.POSTED}
    return samples.journal(**(known | changes))


async def test_rule_07_an_unpaid_schet_is_rewritten(onec: Base) -> None:
    first = await export(onec.connector())

    assert await changed(onec) == (State.POSTED, Decimal(122))

    [bill] = await onec.rows(INVOICES)
    assert (bill["Number"], bill["Posted"], bill["СуммаДокумента"]) == (first.number, True, 122)
    assert [(row["Сумма"], row["СуммаНДС"]) for row in bill["Товары"]] == [(100, 22)]


async def test_rule_07_a_new_line_and_a_dropped_one_are_rewritten_too(onec: Base) -> None:
    own = samples.invoice(samples.line(1), samples.line(2, product=samples.product("B-2")))
    await export(onec.connector(), own)
    more = samples.invoice(samples.line(1, product=samples.product("C-3")), due_date=date(2026, 4, 1))

    await export(onec.connector(), more, journal=journalled_of(own), version=8)

    [bill] = await onec.rows(INVOICES)
    assert (len(bill["Товары"]), bill["СуммаДокумента"]) == (1, 244)


async def test_rule_08_a_rewriting_carries_over_what_is_not_mapped(onec: Base) -> None:
    await export(onec.connector())
    [bill] = await onec.rows(INVOICES)
    comment = f"Срочно! {bill['Комментарий']}"
    row = {"КлючКалькуляцииРасходов": str(samples.ident("calculation"))}
    await onec.edit(INVOICES, samples.key(), АдресДоставки="Склад 7", Комментарий=comment, Товары=[row])

    await changed(onec)

    [bill] = await onec.rows(INVOICES)
    assert (bill["АдресДоставки"], bill["СуммаДокумента"]) == ("Склад 7", 122)
    assert bill["Товары"][0]["КлючКалькуляцииРасходов"] == row["КлючКалькуляцииРасходов"]
    assert bill["Комментарий"].startswith("Срочно! CRM INV-1 · v8 · ")


@pytest.mark.parametrize(
    ("edit", "fields"),
    [
        ({"Товары": [{"Цена": 90}]}, "Товары.Цена"),
        ({"Склад_Key": base.WAREHOUSE}, ""),
        ({"Date": "2026-03-06T00:00:00"}, "Date"),
        ({"Комментарий": "исправлено"}, "Комментарий"),
        ({"ВалютаДокумента_Key": base.EUR, "КурсВзаиморасчетов": 95}, "ВалютаДокумента_Key, КурсВзаиморасчетов"),
    ],
)
async def test_rule_08_what_the_accountant_edited_is_never_overwritten(
    onec: Base, edit: dict[str, Any], fields: str
) -> None:
    await export(onec.connector())
    await onec.edit(INVOICES, samples.key(), **edit)
    before = await onec.rows(INVOICES)
    if not fields:  # a property that the bridge did not write is not its own: the rewriting keeps it
        await changed(onec)
        assert (await onec.rows(INVOICES))[0]["Склад_Key"] == base.WAREHOUSE
        return

    with pytest.raises(Refused) as raised:
        await changed(onec)

    assert raised.value.refusal == refusal("edited_in_accounting", fields=fields)
    assert (raised.value.number, raised.value.accounting_id) == (before[0]["Number"], before[0]["Ref_Key"])
    assert await onec.rows(INVOICES) == before


async def test_rule_08_a_document_that_the_accountant_unposted_is_not_rewritten(onec: Base) -> None:
    await export(onec.connector())
    await onec.local("accountant/unpost", {"entity": INVOICES, "key": str(samples.key())})

    with pytest.raises(Refused, match="edited_in_accounting") as raised:
        await changed(onec)
    assert raised.value.refusal.values["fields"] == "Posted"


async def test_rule_07_rewriting_a_schet_can_be_switched_off(onec: Base) -> None:
    await export(onec.connector())

    with pytest.raises(Refused, match="changed_after_export"):
        await changed(onec, route=own_route(rewrite_schet=False))


@pytest.mark.parametrize(("amount", "state"), [(1, "ОплаченЧастично"), (244, "Оплачен")])
async def test_rule_07_a_paid_schet_stays(onec: Base, amount: int, state: str) -> None:
    await export(onec.connector())
    await pay(onec, str(samples.key()), amount)

    with pytest.raises(Refused, match="schet_stays") as raised:
        await changed(onec)

    assert raised.value.refusal.values["reasons"] == state
    assert (await onec.rows(INVOICES))[0]["СуммаДокумента"] == 244


async def pay(onec: Base, key: str, amount: int) -> None:
    """Let the customer pay."""
    answer = await onec.outside.post(f"{onec.address}/_local/payments", json={"invoice": key, "amount": amount})
    assert answer.status_code == 200, answer.text


async def test_rule_07_a_schet_that_was_shipped_against_stays(onec: Base) -> None:
    await export(onec.connector())
    await onec.add(SALES, samples.ident("by hand"), **await by_hand(onec))

    with pytest.raises(Refused, match="schet_stays") as raised:
        await changed(onec)
    assert raised.value.refusal.values["reasons"].startswith("РеализацияТоваровУслуг ")


async def test_rule_07_a_row_of_a_realizatsiya_ships_against_a_schet_too(onec: Base) -> None:
    await export(onec.connector())
    fields = await by_hand(onec)
    row = {"LineNumber": "1", "СчетНаОплатуПокупателю_Key": fields.pop("СчетНаОплатуПокупателю_Key")}
    await onec.add(SALES, samples.ident("by hand"), **fields, Услуги=[row])

    with pytest.raises(Refused, match="schet_stays"):
        await changed(onec)


async def by_hand(onec: Base) -> dict[str, Any]:
    """Give an act that an accountant makes of the first счёт."""
    [bill] = await onec.rows(INVOICES)
    return {
        "Date": "2026-03-06T00:00:00",
        "ВидОперации": "Услуги",
        "СпособЗачетаАвансов": "Автоматически",
        "СчетНаОплатуПокупателю_Key": bill["Ref_Key"],
        **{name: bill[name] for name in ("Организация_Key", "Контрагент_Key", "ДоговорКонтрагента_Key")},
    }


async def test_rule_21_an_exported_document_keeps_its_customer(onec: Base) -> None:
    await export(onec.connector())
    moved = samples.invoice(customer=samples.customer(id=samples.ident("other"), kpp="780101001"))

    with pytest.raises(Refused, match="customer_changed"):
        await export(onec.connector(), moved, journal=journalled_of(samples.invoice()), version=8)
    [bill] = await onec.rows(INVOICES)
    [first] = [row for row in await onec.rows(COUNTERPARTIES) if row["КПП"] == samples.COMPANY_KPP]
    assert bill["Контрагент_Key"] == first["Ref_Key"]


@pytest.mark.parametrize("journal_knows", [True, False])
async def test_rule_21_a_merge_of_customers_is_no_change_of_what_was_exported(onec: Base, journal_knows: bool) -> None:
    """A refused change was undone, or an answer was lost; meanwhile the customer was merged into another record."""
    own, bindings = samples.order(), Bindings({})
    first = await export(onec.connector(), own, bindings)
    survivor = samples.customer(id=samples.ident("survivor"), merged=(own.customer.id,))
    [bound] = [made.accounting_id for made in bindings.made if made.table == "account"]
    inherited = Bindings({f"account:{survivor.id}": bound})

    journal = journalled_of(own, state=State.REFUSED) if journal_knows else None
    merged = samples.order(customer=survivor)
    outcome = await export(onec.connector(), merged, inherited, journal=journal, version=8)

    assert (outcome.state, outcome.number, outcome.remark) == (State.POSTED, first.number, None)
    assert outcome.written_hash in merged.content_hashes()


@pytest.mark.parametrize("journal_knows", [True, False])
async def test_an_older_version_never_overwrites_a_newer_one(onec: Base, journal_knows: bool) -> None:
    own = samples.invoice()
    await export(onec.connector(), halved(own), version=9)

    journal = journalled_of(own) if journal_knows else None
    outcome = await export(onec.connector(), own, journal=journal, version=8)

    assert (outcome.written_hash, outcome.total) == (halved(own).content_hash(), Decimal(122))
    assert (await onec.rows(INVOICES))[0]["СуммаДокумента"] == 122


async def test_a_change_while_the_journal_knows_nothing_yet_is_written_too(onec: Base) -> None:
    await export(onec.connector())

    outcome = await export(onec.connector(), halved(samples.invoice()), version=8)

    assert outcome.total == Decimal(122)
    assert len(await onec.rows(INVOICES)) == 1


# --- реализация


async def test_rule_07_a_realizatsiya_stays_unless_the_company_says_so(onec: Base) -> None:
    await export(onec.connector(), samples.order())

    with pytest.raises(Refused, match="realizatsiya_stays") as raised:
        await changed(onec, samples.order())

    held = raised.value
    assert (held.number, held.dated, held.total) == ("СВ00-000001", date(2026, 3, 5), Decimal(244))  # rule 22
    text = held.refusal.text("ru", "salesorder", "ORD-1", raised.value.number)
    assert "исправительный или корректировочный документ" in text
    assert raised.value.refusal.values["reasons"] == "rewrite_realizatsiya = false"
    assert await ledger(onec) == [244]


async def test_rule_07_a_free_realizatsiya_is_rewritten_where_the_company_says_so(onec: Base) -> None:
    await export(onec.connector(), samples.order())
    await onec.edit(SALES, ACT, АдресДоставки="Склад 7", Услуги=[{"ИдентификаторСтроки": "kept"}])

    assert await changed(onec, samples.order(), REWRITING) == (State.POSTED, Decimal(122))

    [act] = await onec.rows(SALES)
    assert (act["СуммаДокумента"], act["АдресДоставки"]) == (122, "Склад 7")
    assert (act["Услуги"][0]["ИдентификаторСтроки"], act["Услуги"][0]["Сумма"]) == ("kept", 100)
    assert act["Услуги"][0]["СчетДоходов_Key"] == base.account("90.01.1")
    assert await ledger(onec) == [122]


async def signed(onec: Base) -> None:
    row = {"Документ": ACT, "Документ_Type": f"StandardODATA.{SALES}", "Организация_Key": base.ORGANIZATION}
    state = {"Статус": "Подписан", "Статус_Type": "UnavailableEnums.СтатусыДокументовРеализации"}
    answer = await onec.outside.post(f"{onec.url}{STATES}", json=row | state)
    assert answer.status_code == 201, answer.text


async def sent(onec: Base) -> None:
    row = {
        "ОбъектУчета": ACT,
        "ОбъектУчета_Type": f"StandardODATA.{SALES}",
        "ЭлектронныйДокумент": str(samples.ident("edo")),
        "ЭлектронныйДокумент_Type": "StandardODATA.Document_ЭлектронныйДокументИсходящийЭДО",
    }
    answer = await onec.outside.post(f"{onec.url}{EXCHANGED}", json=row)
    assert answer.status_code == 201, answer.text


async def corrected_by_hand(onec: Base) -> None:
    await onec.edit(SALES, ACT, РучнаяКорректировка=True)


async def followed(onec: Base) -> None:
    fields = {"Date": "2026-03-07T00:00:00", "Организация_Key": base.ORGANIZATION}
    named = {"ДокументРеализации": ACT, "ДокументРеализации_Type": f"StandardODATA.{SALES}"}
    await onec.add(CORRECTIONS, samples.ident("correction"), **fields, **named)


async def taxed(onec: Base) -> None:
    basis = {"ДокументОснование": ACT, "ДокументОснование_Type": f"StandardODATA.{SALES}"}
    [act] = await onec.rows(SALES)
    parties = {name: act[name] for name in ("Организация_Key", "Контрагент_Key", "ДоговорКонтрагента_Key")}
    fields = {"Date": "2026-03-07T00:00:00", "ВидСчетаФактуры": "НаРеализацию", "КодВидаОперации": "01"}
    rows = [{"LineNumber": "1", **basis}]
    await onec.add(TAX_INVOICES, samples.ident("faktura"), **fields, **parties, ДокументыОснования=rows)
    await onec.local("accountant/post", {"entity": TAX_INVOICES, "key": str(samples.ident("faktura"))})


async def paid(onec: Base, document: str = "ПоступлениеНаРасчетныйСчет") -> None:
    [act] = await onec.rows(SALES)
    row = {"LineNumber": "1", "Сделка": ACT, "Сделка_Type": f"StandardODATA.{SALES}", "СуммаПлатежа": 1}
    fields = {"Date": "2026-03-07T00:00:00", "РасшифровкаПлатежа": [row]}
    key = samples.ident("payment")
    await onec.add(f"Document_{document}", key, Организация_Key=act["Организация_Key"], **fields)


async def paid_in_cash(onec: Base) -> None:
    await paid(onec, "ПриходныйКассовыйОрдер")


async def paid_by_card(onec: Base) -> None:
    await paid(onec, "ОплатаПлатежнойКартой")


STAYS = pytest.mark.parametrize(
    ("happens", "reason"),
    [
        (signed, "Подписан"),
        (sent, "ЭДО"),
        (corrected_by_hand, "РучнаяКорректировка"),
        (followed, "КорректировкаРеализации СВ00-000001"),
        (taxed, "СчетФактураВыданный "),
        (paid, "ПоступлениеНаРасчетныйСчет"),
        (paid_in_cash, "ПриходныйКассовыйОрдер"),
        (paid_by_card, "ОплатаПлатежнойКартой"),
    ],
)


@STAYS
async def test_rule_07_a_realizatsiya_that_is_bound_stays(onec: Base, happens: Any, reason: str) -> None:
    await export(onec.connector(), samples.order())
    await happens(onec)
    before = await onec.rows(SALES)

    with pytest.raises(Refused, match="realizatsiya_stays") as raised:
        await changed(onec, samples.order(), REWRITING)

    assert reason in raised.value.refusal.values["reasons"]
    assert await onec.rows(SALES) == before
    assert await ledger(onec) == [244]


async def test_rule_07_a_realizatsiya_of_a_closed_vat_period_stays(onec: Base) -> None:
    await export(onec.connector(), samples.order())
    route = own_route("2A", rewrite_realizatsiya=True, vat_closed_until=date(2026, 3, 5))

    with pytest.raises(Refused, match="realizatsiya_stays") as raised:
        await changed(onec, samples.order(), route)
    assert raised.value.refusal.values["reasons"] == "vat_closed_until = 2026-03-05"


async def test_rule_07_a_realizatsiya_is_not_moved_into_a_closed_vat_period(onec: Base) -> None:
    route = own_route("2A", rewrite_realizatsiya=True, vat_closed_until=date(2026, 3, 4))
    first = await export(onec.connector(), samples.order(), route=route)
    earlier = samples.order(shipment_date=date(2026, 3, 4))

    with pytest.raises(Refused, match="realizatsiya_stays") as raised:
        await export(onec.connector(), earlier, journal=journalled(first), version=8, route=route)

    assert raised.value.refusal.values["reasons"] == "vat_closed_until = 2026-03-04"
    assert [row["Date"] for row in await onec.rows(SALES)] == ["2026-03-05T12:00:00"]


async def test_rule_07_a_realizatsiya_that_is_paid_through_its_schet_stays(onec: Base) -> None:
    route = own_route("2A", create_invoice=True, rewrite_realizatsiya=True)
    outcome = await export(onec.connector(), samples.order(), route=route)
    [bill] = await onec.rows(INVOICES)
    await pay(onec, bill["Ref_Key"], 244)

    with pytest.raises(Refused, match="stays") as raised:
        await changed(onec, samples.order(), route)
    assert raised.value.accounting_id == outcome.accounting_id
    assert [row["СуммаДокумента"] for row in (*await onec.rows(INVOICES), *await onec.rows(SALES))] == [244, 244]


async def test_rule_07_the_schet_of_a_realizatsiya_that_stays_is_not_rewritten_either(onec: Base) -> None:
    route = own_route(realizatsiya=True, schet_faktura="not_required", warehouse=WAREHOUSE)
    await export(onec.connector(), route=route)

    for journal in (journalled_of(samples.invoice()), None):
        with pytest.raises(Refused, match="realizatsiya_stays"):
            await export(onec.connector(), halved(samples.invoice()), journal=journal, version=8, route=route)

    assert [row["СуммаДокумента"] for row in (*await onec.rows(INVOICES), *await onec.rows(SALES))] == [244, 244]


@pytest.mark.parametrize("due_dates", [False, True])
async def test_rule_07_a_due_date_is_no_change_of_a_realizatsiya(onec: Base, due_dates: bool) -> None:
    route = own_route(realizatsiya=True, schet_faktura="create", warehouse=WAREHOUSE, due_dates=due_dates)
    made = Bindings({})
    first = await export(onec.connector(), bindings=made, route=route)
    known = Bindings({f"{each.table}:{each.id}": each.accounting_id for each in made.made})
    before = [await onec.rows(entity) for entity in (SALES, TAX_INVOICES)]

    later = samples.invoice(due_date=date(2026, 4, 1))
    outcome = await export(onec.connector(), later, known, journalled(first), 8, route=route)

    assert (outcome.state, outcome.written_hash) == (State.POSTED, later.content_hash())
    assert [await onec.rows(entity) for entity in (SALES, TAX_INVOICES)] == before
    assert [row["СрокОплаты"][:10] for row in await onec.rows(DUE_DATES)] == ["2026-04-01"] * due_dates


async def due_on(onec: Base, day: str) -> None:
    """Let the accountant put a счёт off."""
    (record,) = await onec.rows(DUE_DATES)
    key = "|".join(record[name] for name in ("Организация_Key", "Документ", "Документ_Type"))
    await onec.edit(DUE_DATES, key, СрокОплаты=f"{day}T00:00:00")


async def test_rule_08_a_due_date_that_the_accountant_changed_is_never_overwritten(onec: Base) -> None:
    route = own_route(due_dates=True)
    first = await export(onec.connector(), route=route)
    await due_on(onec, "2026-05-15")
    before = await onec.rows(INVOICES)
    later = samples.invoice(due_date=date(2026, 4, 1))

    for own in (later, halved(samples.invoice())):
        with pytest.raises(Refused) as raised:
            await export(onec.connector(), own, journal=journalled(first), version=8, route=route)
        assert raised.value.refusal == refusal("edited_in_accounting", fields="СрокОплаты")

    assert await onec.rows(INVOICES) == before
    assert [row["СрокОплаты"][:10] for row in await onec.rows(DUE_DATES)] == ["2026-05-15"]

    await due_on(onec, "2026-04-01")  # as the CRM has it by now
    outcome = await export(onec.connector(), later, journal=journalled(first), version=8, route=route)
    assert (outcome.state, outcome.written_hash) == (State.POSTED, later.content_hash())


async def test_rule_08_a_due_date_follows_the_crm_again_and_again(onec: Base) -> None:
    route = own_route(due_dates=True)
    known = await export(onec.connector(), route=route)

    for version, day in enumerate((date(2026, 4, 1), date(2026, 4, 2)), 8):
        own = samples.invoice(due_date=day)
        known = await export(onec.connector(), own, journal=journalled(known), version=version, route=route)
        assert [row["СрокОплаты"][:10] for row in await onec.rows(DUE_DATES)] == [day.isoformat()]


async def test_rule_08_a_due_date_of_an_attempt_that_stopped_is_nobodys_edit(onec: Base) -> None:
    route = own_route(due_dates=True)
    known = journalled(await export(onec.connector(), route=route))
    await onec.fail("status", f"(POST|PATCH) .*{DUE_DATES}", status=503, times=2)
    with pytest.raises(Unavailable):
        await export(
            onec.connector(), samples.invoice(due_date=date(2026, 4, 1)), journal=known, version=8, route=route
        )

    latest = samples.invoice(due_date=date(2026, 4, 2))
    await export(onec.connector(), latest, journal=known, version=9, route=route)

    assert [row["СрокОплаты"][:10] for row in await onec.rows(DUE_DATES)] == ["2026-04-02"]


@pytest.mark.parametrize(
    "changes",
    [
        {"shipment_date": date(2026, 3, 6)},
        {"lines": (samples.line(product=samples.product("B-2")),)},
        {"lines": (samples.line(quantity=Decimal(4)),)},
        {"customer": samples.customer(id=samples.ident("other"), name="Лютик", tax_number="7728168971")},
        {"currency": Currency(code="EUR", precision=2)},
        {"extras": (Extra(to="АдресДоставки", value="Склад 7", mode="overwrite"),)},
        {"lines": (samples.line(extras=(Extra(to="КодТНВЭД", value="1", mode="overwrite"),)),)},
    ],
)
async def test_rule_07_what_a_realizatsiya_bears_is_a_change_of_it(onec: Base, changes: dict[str, Any]) -> None:
    route = own_route(realizatsiya=True, schet_faktura="not_required", warehouse=WAREHOUSE)
    made = Bindings({})
    first = await export(onec.connector(), bindings=made, route=route)
    await export(onec.connector(), samples.invoice(id=samples.ident("next"), **changes), made, route=route)
    known = Bindings({f"{each.table}:{each.id}": each.accounting_id for each in made.made})

    with pytest.raises(Refused, match="realizatsiya_stays"):
        await export(onec.connector(), samples.invoice(**changes), known, journalled(first), 8, route=route)


async def test_rule_07_a_free_chain_is_rewritten_together(onec: Base) -> None:
    route = own_route("2A", create_invoice=True, rewrite_realizatsiya=True)
    first = await export(onec.connector(), samples.order(), route=route)

    second = await export(onec.connector(), halved(samples.order()), journal=journalled(first), version=8, route=route)

    assert (second.total, second.number) == (Decimal(122), first.number)
    assert [row["СуммаДокумента"] for row in (*await onec.rows(INVOICES), *await onec.rows(SALES))] == [122, 122]
    assert await ledger(onec) == [122]


async def test_rule_22_what_a_route_did_not_want_at_first_is_not_called_deleted(onec: Base) -> None:
    first = await export(onec.connector())
    since = own_route(realizatsiya=True, schet_faktura="not_required", warehouse=WAREHOUSE)

    with pytest.raises(Refused) as raised:
        await export(onec.connector(), halved(samples.invoice()), journal=journalled(first), version=8, route=since)

    assert raised.value.refusal == refusal("part_missing", document="РеализацияТоваровУслуг")
    assert (raised.value.number, raised.value.total) == (first.number, Decimal(244))
    assert await onec.rows(SALES) == []


async def test_rule_09_a_realizatsiya_in_another_currency_gets_the_accounts_of_its_contract(onec: Base) -> None:
    euros = Currency(code="EUR", precision=2)
    first = await export(onec.connector(), samples.order(), route=REWRITING)
    changed_ = samples.order(currency=euros)
    await export(onec.connector(), changed_, journal=journalled(first), version=8, route=REWRITING)
    await export(onec.connector(), samples.order(id=samples.ident("new"), currency=euros), route=REWRITING)

    rewritten, new = sorted(await onec.rows(SALES), key=lambda row: row["Ref_Key"] != ACT)
    names = ("ДоговорКонтрагента_Key", "СчетУчетаРасчетовСКонтрагентом_Key", "СчетУчетаРасчетовПоАвансам_Key")
    assert [rewritten[name] for name in names] == [new[name] for name in names]


@pytest.mark.parametrize("stops", [False, True])
async def test_rule_06_a_realizatsiya_that_gets_vat_gets_its_schet_faktura(onec: Base, stops: bool) -> None:
    route = own_route("2A", schet_faktura="create", rewrite_realizatsiya=True)
    service = samples.product("S-1", is_service=True)
    untaxed = samples.order(samples.line(product=service, rate=None, tax=Decimal(0)))
    first = await export(onec.connector(), untaxed, route=route)
    assert await onec.rows(TAX_INVOICES) == []

    if stops:
        await onec.fail("drop_before", f"POST .*{TAX_INVOICES}$")
        with pytest.raises(Unavailable):
            await export(onec.connector(), samples.order(), journal=journalled(first), version=8, route=route)
    outcome = await export(onec.connector(), samples.order(), journal=journalled(first), version=8, route=route)

    [faktura] = await onec.rows(TAX_INVOICES)
    assert outcome.total == Decimal(244)
    assert (faktura["Posted"], faktura["СуммаНДСДокумента"]) == (True, 44)
    assert await ledger(onec) == [244]


async def test_what_was_never_posted_is_mended_by_a_change_in_the_crm(onec: Base) -> None:
    body = {"odata.error": {"code": "-1", "message": {"lang": "ru", "value": "Нет остатка"}}}
    await onec.fail("status", f"POST .*{SALES}.*/Post", status=500, body=body)
    with pytest.raises(Refused, match="not_posted") as raised:
        await export(onec.connector(), samples.order())
    known = samples.journal(accounting_id=raised.value.accounting_id, number=raised.value.number)

    outcome = await export(onec.connector(), halved(samples.order()), journal=known, version=8)

    assert (outcome.state, outcome.number, outcome.total) == (State.POSTED, raised.value.number, Decimal(122))
    assert await ledger(onec) == [122]


async def test_rule_08_what_was_never_posted_and_the_accountant_edited_is_not_overwritten(onec: Base) -> None:
    body = {"odata.error": {"code": "-1", "message": {"lang": "ru", "value": "Нет остатка"}}}
    await onec.fail("status", f"POST .*{SALES}.*/Post", status=500, body=body)
    with pytest.raises(Refused, match="not_posted") as raised:
        await export(onec.connector(), samples.order())
    await onec.edit(SALES, ACT, Услуги=[{"Цена": 90}])
    known = samples.journal(accounting_id=raised.value.accounting_id, number=raised.value.number)

    with pytest.raises(Refused, match="edited_in_accounting"):
        await export(onec.connector(), halved(samples.order()), journal=known, version=8)


# --- answers lost, stops in between

WRITES = {"bill": f"PATCH .*{INVOICES}", "act": f"PATCH .*{SALES}", "post": f"POST .*{SALES}.*/Post"}


@pytest.mark.parametrize("write", WRITES)
@pytest.mark.parametrize("kind", ["drop_before", "drop_after", "html"])
async def test_a_rewriting_that_stopped_is_finished_by_the_retry(onec: Base, write: str, kind: str) -> None:
    route = own_route("2A", create_invoice=True, rewrite_realizatsiya=True)
    first = await export(onec.connector(), samples.order(), route=route)
    await onec.fail(kind, WRITES[write])
    known = journalled(first)

    for _ in range(3):
        with contextlib.suppress(Unavailable):
            outcome = await export(onec.connector(), halved(samples.order()), journal=known, version=8, route=route)
            break

    assert (outcome.state, outcome.total) == (State.POSTED, Decimal(122))
    assert [row["СуммаДокумента"] for row in (*await onec.rows(INVOICES), *await onec.rows(SALES))] == [122, 122]
    assert await ledger(onec) == [122]


async def test_somebody_who_changes_it_meanwhile_is_not_overwritten(onec: Base) -> None:
    await export(onec.connector())
    await onec.fail("status", f"PATCH .*{INVOICES}", status=412)

    with pytest.raises(Unavailable, match="meanwhile"):
        await changed(onec)
    assert (await onec.rows(INVOICES))[0]["СуммаДокумента"] == 244
    assert await changed(onec) == (State.POSTED, Decimal(122))


@pytest.mark.parametrize("seed", range(6))
async def test_whatever_fails_the_last_version_is_posted_once(onec: Base, seed: int) -> None:
    route = own_route("2A", create_invoice=True, rewrite_realizatsiya=True)
    first = await export(onec.connector(), samples.order(), route=route)
    chance = random.Random(seed)  # noqa: S311 - a reproducible order of faults, nothing secret
    for _ in range(10):
        kind = chance.choice(["drop_before", "drop_after", "html"])
        await onec.fail(kind, "(PATCH|POST|GET) /base", skip=chance.randrange(30))
    known = journalled(first)

    async def until_done() -> None:
        connector = onec.connector()
        for _ in range(40):
            with contextlib.suppress(Unavailable):
                await export(connector, halved(samples.order()), journal=known, version=8, route=route)
                return
        raise AssertionError("never done")

    await asyncio.gather(until_done(), until_done())

    assert [row["СуммаДокумента"] for row in (*await onec.rows(INVOICES), *await onec.rows(SALES))] == [122, 122]
    assert await ledger(onec) == [122]
