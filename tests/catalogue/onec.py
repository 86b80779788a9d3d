"""Sentences that 1C leads to: the connector in front of a local base, disturbed as an accountant or time does it."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from infra.local.onec import base
from shared.accounting import Bindings, Outcome
from shared.documents import Address, Currency, Sale
from shared.errors import Refused
from shared.messages import Base as OrderBase
from shared.messages import State
from shared.refusals import Refusal
from tests.integration.onec_connector.conftest import (
    CONTRACTS,
    COUNTERPARTIES,
    INVOICES,
    ITEMS,
    SALES,
    Base,
    cancel,
    export,
    journalled,
    own_route,
    running,
)
from tests.integration.onec_connector.test_matching import HAND, OTHER, contract, counterparty, item
from tests.unit.onec import samples

EUR = Currency(code="EUR", precision=2)
GOODS = {"Товары": [{"Цена": 90}]}


@asynccontextmanager
async def stage() -> AsyncIterator[Base]:
    """A base as most are."""
    async with running() as own:
        yield own


async def refused(onec: Base, sale: Sale | None = None, **more: Any) -> Refusal:
    """Export what must be refused."""
    with pytest.raises(Refused) as raised:
        await export(onec.connector(), sale, **more)
    return raised.value.refusal


def remark_of(outcome: Outcome) -> Refusal:
    """Give what a person should know of a success."""
    assert outcome.remark is not None, outcome
    return outcome.remark


def changed(own: Sale | None = None) -> Sale:
    """Give a sale after it was halved in the CRM."""
    sale = own or samples.invoice()
    lines = tuple(line.model_copy(update={"net": Decimal(100), "tax": Decimal(22)}) for line in sale.lines)
    return sale.model_copy(update={"lines": lines, "net": Decimal(100), "tax": Decimal(22), "total": Decimal(122)})


async def rewritten(onec: Base, own: Sale | None = None, edits: dict[str, Any] | None = None, **more: Any) -> Refusal:
    """Export a sale, let somebody edit what was written, and export the changed sale, which must be refused."""
    sale = own or samples.invoice()
    first = await export(onec.connector(), sale)
    if edits:
        await onec.edit(INVOICES if sale.table == "invoice" else SALES, samples.key(sale), **edits)
    return await refused(onec, changed(sale), journal=journalled(first), version=8, **more)


def of_customer(**changes: Any) -> Sale:
    """Give an invoice of another customer."""
    return samples.invoice(customer=samples.customer(**changes))


async def several_matches(onec: Base) -> Refusal:
    await counterparty(onec)
    await counterparty(onec, OTHER)
    return await refused(onec)


async def kpp_unknown(onec: Base) -> Refusal:
    await counterparty(onec, КПП="")
    return await refused(onec)


async def foreign_customer(onec: Base) -> Refusal:
    return await refused(onec, of_customer(tax_number="100230403", kpp="", address=Address(country="Беларусь")))


async def customer_deleted(onec: Base) -> Refusal:
    bindings = Bindings({f"account:{samples.customer().id}": str(HAND)})
    return await refused(onec, bindings=bindings)


async def item_deleted(onec: Base) -> Refusal:
    return await refused(onec, bindings=Bindings({f"product:{samples.product().id}": str(HAND)}))


async def customer_differs(onec: Base) -> Refusal:
    await export(onec.connector())
    moved = of_customer(kpp="780101001").model_copy(update={"id": samples.ident("another")})
    return await refused(onec, moved)


async def contract_unusable(onec: Base) -> Refusal:
    await export(onec.connector())
    [own] = await onec.rows(CONTRACTS)
    await onec.edit(CONTRACTS, own["Ref_Key"], ДоговорЗакрыт=True)
    return await refused(onec, samples.invoice(id=samples.ident("another")))


async def contract_agent_vat(onec: Base) -> Refusal:
    await counterparty(onec)
    await contract(onec, УчетАгентскогоНДСПокупателем=True)
    return await refused(onec)


async def several_contracts(onec: Base) -> Refusal:
    await counterparty(onec)
    await contract(onec)
    await contract(onec, OTHER, Description="Договор 2")
    return await refused(onec)


async def several_items(onec: Base) -> Refusal:
    await item(onec)
    await item(onec, OTHER)
    return await refused(onec)


async def item_kind_differs(onec: Base) -> Refusal:
    connector, bindings = onec.connector(), Bindings({})
    await export(connector, samples.order(), bindings)
    [made] = [row for row in await onec.rows(ITEMS) if row["Артикул"] == "S-1"]
    await onec.edit(ITEMS, made["Ref_Key"], Услуга=False)
    return await refused(onec, samples.order(id=samples.ident("another")), bindings=bindings)


async def unit_unknown(onec: Base) -> Refusal:
    unit = samples.line().unit
    assert unit is not None
    return await refused(onec, samples.invoice(samples.line(unit=unit.model_copy(update={"okei": "999"}))))


async def exchange_rate_missing(onec: Base) -> Refusal:
    return await refused(onec, samples.invoice(currency=EUR, document_date=date(2019, 12, 31)))


async def freight_item_unset(onec: Base) -> Refusal:
    return await refused(onec, samples.invoice(samples.line(product=None, kind="freight", description="Доставка")))


async def setup_missing(onec: Base) -> Refusal:
    return await refused(onec, samples.order(samples.line()))


async def accounting_refused(onec: Base) -> Refusal:
    await onec.local("closed_until", {"date": "2026-03-31"})
    return await refused(onec)


async def not_posted(onec: Base) -> Refusal:
    body = {"odata.error": {"code": "-1", "message": {"lang": "ru", "value": "Период закрыт"}}}
    await onec.fail("status", r"POST .*/Post", status=500, body=body)
    return await refused(onec)


async def written_otherwise(onec: Base) -> Refusal:
    await export(onec.connector())
    await onec.edit(INVOICES, samples.key(), Комментарий="", **GOODS)
    return await refused(onec)


async def cancelled_after_export(onec: Base) -> Refusal:
    typed = samples.journal(accounting_id=str(samples.ident("typed by hand")), state=State.EXPORTED)
    with pytest.raises(Refused) as raised:
        await cancel(onec.connector(), journal=typed)
    return raised.value.refusal


async def deleted_in_accounting(onec: Base) -> Refusal:
    return await rewritten(onec, edits={"DeletionMark": True})


async def schet_only(onec: Base) -> Refusal:
    return remark_of(await export(onec.connector()))


async def schet_of_order(onec: Base) -> Refusal:
    act = await export(onec.connector(), samples.order())
    order = OrderBase(id=samples.order().id, accounting_id=act.accounting_id, number=act.number)
    return remark_of(await export(onec.connector(), base=order))


async def also_written(onec: Base) -> Refusal:
    route = own_route("2A", schet_faktura="create")
    return remark_of(await export(onec.connector(), samples.order(), route=route))


async def schet_faktura_missing(onec: Base) -> Refusal:
    route = own_route("2A", schet_faktura="accountant")
    return remark_of(await export(onec.connector(), samples.order(), route=route))


REMINDING = own_route("2A", schet_faktura="accountant")


async def changed_without_schet_faktura(onec: Base) -> Refusal:
    act = await export(onec.connector(), samples.order(), route=REMINDING)
    await onec.edit(SALES, act.accounting_id, СпособЗачетаАвансов="НеЗачитывать")
    return remark_of(await export(onec.connector(), samples.order(), route=REMINDING))


async def unposted_without_schet_faktura(onec: Base) -> Refusal:
    act = await export(onec.connector(), samples.order(), route=REMINDING)
    await onec.local("accountant/unpost", {"entity": SALES, "key": act.accounting_id})
    return remark_of(await export(onec.connector(), samples.order(), journal=journalled(act), route=REMINDING))


async def changed_in_accounting(onec: Base) -> Refusal:
    await export(onec.connector())
    await onec.edit(INVOICES, samples.key(), **GOODS)
    return remark_of(await export(onec.connector()))


async def unposted_in_accounting(onec: Base) -> Refusal:
    first = await export(onec.connector())
    await onec.local("accountant/unpost", {"entity": INVOICES, "key": first.accounting_id})
    return remark_of(await export(onec.connector(), journal=journalled(first)))


async def part_missing(onec: Base) -> Refusal:
    known = journalled(await export(onec.connector()))
    since = own_route(realizatsiya=True, schet_faktura="not_required", warehouse=UUID(base.WAREHOUSE))
    with pytest.raises(Refused) as raised:
        await export(onec.connector(), samples.invoice(number="INV-2"), journal=known, version=8, route=since)
    return raised.value.refusal


async def edited_in_accounting(onec: Base) -> Refusal:
    return await rewritten(onec, edits=GOODS)


async def changed_after_export(onec: Base) -> Refusal:
    return await rewritten(onec, route=own_route(rewrite_schet=False))


async def customer_changed(onec: Base) -> Refusal:
    first = await export(onec.connector())
    moved = of_customer(id=samples.ident("other"), kpp="780101001")
    return await refused(onec, moved, journal=journalled(first), version=8)


async def schet_stays(onec: Base) -> Refusal:
    first = await export(onec.connector())
    [card] = await onec.rows(COUNTERPARTIES)
    shipped = {"Date": "2026-03-06T12:00:00", "Организация_Key": base.ORGANIZATION, "ВидОперации": "Услуги"}
    named = {"Контрагент_Key": card["Ref_Key"], "СчетНаОплатуПокупателю_Key": first.accounting_id}
    await onec.add(SALES, samples.ident("typed by hand"), **shipped, **named)
    return await refused(onec, changed(), journal=journalled(first), version=8)


async def realizatsiya_stays(onec: Base) -> Refusal:
    return await rewritten(onec, samples.order())


async def accounts_empty(_: Base) -> Refusal:
    async with running(user_sees_accounts="true") as onec:
        return await refused(onec, samples.order())


async def number_taken(onec: Base) -> Refusal:
    route = own_route(crm_number=True)
    await export(onec.connector(), route=route)
    return await refused(onec, samples.invoice(id=samples.ident("another")), route=route)


SCENES: dict[str, Callable[[Base], Awaitable[Refusal]]] = {
    "tax_number_missing": lambda onec: refused(onec, of_customer(tax_number="")),
    "tax_number_invalid": lambda onec: refused(onec, of_customer(tax_number="7707083894")),
    "kpp_invalid": lambda onec: refused(onec, of_customer(kpp="77")),
    "currency_unknown": lambda onec: refused(onec, samples.invoice(currency=Currency(code="CHF", precision=2))),
    "product_number_missing": lambda onec: refused(onec, samples.invoice(samples.line(product=samples.product("")))),
    "too_long": lambda onec: refused(onec, samples.invoice(samples.line(product=samples.product("A" * 26)))),
    "total_not_reachable": lambda onec: refused(onec, samples.invoice(total=Decimal("244.01"))),
    "number_too_large": lambda onec: refused(onec, samples.invoice(samples.line(net=Decimal(10) ** 13))),
    "several_matches": several_matches,
    "kpp_unknown": kpp_unknown,
    "foreign_customer": foreign_customer,
    "customer_deleted": customer_deleted,
    "item_deleted": item_deleted,
    "customer_differs": customer_differs,
    "contract_unusable": contract_unusable,
    "contract_agent_vat": contract_agent_vat,
    "several_contracts": several_contracts,
    "several_items": several_items,
    "item_kind_differs": item_kind_differs,
    "unit_unknown": unit_unknown,
    "exchange_rate_missing": exchange_rate_missing,
    "freight_item_unset": freight_item_unset,
    "setup_missing": setup_missing,
    "accounting_refused": accounting_refused,
    "not_posted": not_posted,
    "written_otherwise": written_otherwise,
    "cancelled_after_export": cancelled_after_export,
    "deleted_in_accounting": deleted_in_accounting,
    "schet_only": schet_only,
    "schet_of_order": schet_of_order,
    "also_written": also_written,
    "schet_faktura_missing": schet_faktura_missing,
    "changed_without_schet_faktura": changed_without_schet_faktura,
    "unposted_without_schet_faktura": unposted_without_schet_faktura,
    "changed_in_accounting": changed_in_accounting,
    "unposted_in_accounting": unposted_in_accounting,
    "part_missing": part_missing,
    "edited_in_accounting": edited_in_accounting,
    "changed_after_export": changed_after_export,
    "customer_changed": customer_changed,
    "schet_stays": schet_stays,
    "realizatsiya_stays": realizatsiya_stays,
    "accounts_empty": accounts_empty,
    "number_taken": number_taken,
}
"""code → what leads to it"""
