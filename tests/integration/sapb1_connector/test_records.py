"""Customers and items: bound, matched, created, or refused with the reason."""

import contextlib
from typing import Any
from uuid import UUID

import pytest

from infra.local.sapb1 import company as seed
from shared.documents import Customer, Product, Sale, Unit
from shared.errors import Refused, Unavailable
from shared.messages import State
from shared.sapb1.company import FRESH_SECONDS
from tests.clock import Clock
from tests.integration.sapb1_connector.conftest import Bridge, Company
from tests.unit.sapb1.examples import ADVICE, CUSTOMER, PUMP, document, invoice, line, route


@pytest.fixture
def clock() -> Clock:
    """A clock that the test turns."""
    return Clock()


def customer(**more: Any) -> Customer:
    """Give a customer."""
    return CUSTOMER.model_copy(update=more)


def product(number: str, *, is_service: bool = True) -> Product:
    """Give a product."""
    return Product(id=UUID(int=0xB9), number=number, name=number, is_service=is_service)


async def refused(bridge: Bridge, made: Any, books: dict[str, Any] | None = None) -> tuple[str, dict[str, str]]:
    """Export what must be refused; give the reason."""
    with pytest.raises(Refused) as raised:
        await bridge.export(document(made), route(**(books or {})))
    assert await bridge.company.invoices() == []
    return raised.value.refusal.code, raised.value.refusal.values


async def test_rule_17_a_customer_is_matched_by_tax_number_and_a_supplier_never_is(
    bridge: Bridge, company: Company
) -> None:
    before = len(await company.rows("BusinessPartners"))
    await bridge.export(document(invoice(customer=customer(tax_number=seed.CUSTOMER_TAX_NUMBER, number="X"))))
    assert bridge.known[f"account:{CUSTOMER.id}"] == seed.CUSTOMER
    assert len(await company.rows("BusinessPartners")) == before


async def test_rule_17_several_customers_with_one_tax_number_are_named(bridge: Bridge, company: Company) -> None:
    twin = {"CardCode": "C20001", "CardName": "Blue Harbour Ltd. (old)", "FederalTaxID": seed.CUSTOMER_TAX_NUMBER}
    await company.client().create("BusinessPartners", twin)
    shared_number = customer(tax_number=seed.CUSTOMER_TAX_NUMBER)
    code, values = await refused(bridge, invoice(customer=shared_number))
    assert code == "several_matches"
    assert values == {"matches": "C20000 Blue Harbour Ltd., C20001 Blue Harbour Ltd. (old)"}
    person = shared_number.model_copy(update={"table": "contact"})
    assert (await refused(bridge, invoice(customer=person)))[1] == {"matches": "C20000, C20001"}


async def test_rule_17_a_frozen_twin_does_not_count(bridge: Bridge, company: Company) -> None:
    twin = {"CardCode": "C20001", "CardName": "Old", "FederalTaxID": seed.CUSTOMER_TAX_NUMBER}
    await company.client().create("BusinessPartners", twin | {"Frozen": "tYES", "Valid": "tNO"})
    await bridge.export(document(invoice(customer=customer(tax_number=seed.CUSTOMER_TAX_NUMBER))))
    assert bridge.known[f"account:{CUSTOMER.id}"] == seed.CUSTOMER


async def test_rule_17_a_frozen_customer_is_refused(bridge: Bridge) -> None:
    made = invoice(customer=customer(tax_number="SI10000009"))
    assert await refused(bridge, made) == ("customer_frozen", {"value": seed.FROZEN_CUSTOMER})


async def test_rule_17_a_code_that_belongs_to_somebody_else_is_refused(bridge: Bridge) -> None:
    made = invoice(customer=customer(number=seed.CUSTOMER))
    assert await refused(bridge, made) == ("customer_code_taken", {"value": seed.CUSTOMER})


async def test_a_lost_answer_makes_one_customer(bridge: Bridge, company: Company) -> None:
    await company.fault("drop_after", r"POST .*/\$batch")
    nobody = customer(tax_number="", number="")
    assert (await bridge.export(document(invoice(customer=nobody)))).state is State.POSTED
    assert len([row for row in await company.rows("BusinessPartners") if row["CardName"] == nobody.name]) == 1


async def test_a_customer_that_was_not_created_is_tried_again_later(bridge: Bridge, company: Company) -> None:
    await company.fault("drop_before", r"POST .*/\$batch")
    with pytest.raises(Unavailable, match="the customer was not created"):
        await bridge.export(document())
    assert (await bridge.export(document())).state is State.POSTED


async def test_rule_21_a_customer_that_we_made_and_somebody_deleted_is_refused(
    bridge: Bridge, company: Company
) -> None:
    await bridge.export(document())
    fresh = Bridge(company, company.connector())
    (written,) = await company.invoices()
    nobody = customer(id=UUID(int=0xA9), number="N-900", tax_number="")
    await company.tell("period", month="2026-02", status="locked")
    with pytest.raises(Refused):
        await fresh.export(document(invoice(customer=nobody, id=UUID(int=0xD2), number="INV-01002")))
    await company.client().delete("BusinessPartners", "N-900")
    fresh.known.clear()
    with pytest.raises(Refused) as raised:
        await fresh.export(document(invoice(customer=nobody, id=UUID(int=0xD2), number="INV-01002")))
    assert raised.value.refusal.code == "customer_deleted"
    assert await company.invoices() == [written]


async def test_all_unbound_products_are_found_in_one_call(bridge: Bridge, company: Company) -> None:
    lines = [
        line(product=Product(id=UUID(int=0xF00 + n), number=f"SRV-{n}", name="S", is_service=True), number=n)
        for n in range(1, 31)
    ]
    first = document(invoice(*lines))
    await bridge.export(first)
    bridge.known = {name: value for name, value in bridge.known.items() if name.startswith("account:")}
    other = Bridge(company, company.connector(), bridge.known)
    (await company.door.delete("/_local/stats")).raise_for_status()
    await other.export(document(invoice(*lines, id=UUID(int=0xD2), number="INV-01002")))
    stats = (await company.door.get("/_local/stats")).json()
    assert stats["GET Items"] == 1
    assert "POST Items" not in stats
    assert len(other.known) == 31


@pytest.mark.parametrize(
    ("number", "code"),
    [
        (seed.FROZEN_ITEM, "item_frozen"),
        (seed.PURCHASE_ITEM, "item_not_for_sale"),
        (seed.BATCH_ITEM, "item_tracked"),
        (seed.SERIAL_ITEM, "item_tracked"),
    ],
)
async def test_rule_14_an_item_that_can_not_be_invoiced_is_refused(bridge: Bridge, number: str, code: str) -> None:
    made = invoice(line(product=product(number)))
    assert await refused(bridge, made) == (code, {"line": "1", "value": number})
    assert f"product:{UUID(int=0xB9)}" not in bridge.known


@pytest.mark.parametrize("unit", ["pcs", None])
async def test_rule_14_pieces_are_not_taken_for_the_packs_that_accounting_sells(
    bridge: Bridge, company: Company, unit: str | None
) -> None:
    await company.client().update("Items", seed.STOCK_ITEM, {"SalesUnit": "Box", "SalesItemsPerUnit": 12})

    def of(name: str | None) -> Sale:
        own = Unit(id=UUID(int=0xF1), name=name) if name else None
        return invoice(line("24", "1", product=product(seed.STOCK_ITEM)).model_copy(update={"unit": own}))

    shown = {"line": "1", "value": seed.STOCK_ITEM, "unit": unit or "–", "pack": "Box", "pieces": "12"}
    assert await refused(bridge, of(unit)) == ("unit_differs", shown)
    assert (await bridge.export(document(of("box")))).state is State.POSTED
    with pytest.raises(Refused, match="unit_differs"):  # the item is remembered, and so is its pack
        await bridge.export(document(of(unit).model_copy(update={"id": UUID(int=0xD3)})))


async def test_rule_14_an_item_in_stock_is_refused_where_the_route_wants_none(bridge: Bridge) -> None:
    made = invoice(line(product=product(seed.STOCK_ITEM)))
    code, values = await refused(bridge, made, {"stock": "non_inventory_only"})
    assert (code, values["route"]) == ("item_in_stock", "eu")
    assert (await bridge.export(document(made))).state is State.POSTED
    code, _ = await _refused_again(bridge, made)
    assert code == "item_in_stock"


async def _refused_again(bridge: Bridge, made: Any) -> tuple[str, dict[str, str]]:
    with pytest.raises(Refused) as raised:
        await bridge.export(document(made.model_copy(update={"id": UUID(int=0xD3)})), route(stock="non_inventory_only"))
    return raised.value.refusal.code, raised.value.refusal.values


async def test_rule_14_goods_of_a_route_without_stock_are_made_so(bridge: Bridge, company: Company) -> None:
    await bridge.export(document(invoice(line(product=PUMP))), route(stock="non_inventory_only"))
    (made,) = [row for row in await company.rows("Items") if row["ItemCode"] == PUMP.number]
    assert (made["InventoryItem"], made["SalesItem"], made["PurchaseItem"]) == ("tNO", "tYES", "tNO")


async def test_a_lost_answer_makes_one_item(bridge: Bridge, company: Company) -> None:
    await company.fault("drop_after", r"POST .*/Items$")
    assert (await bridge.export(document())).state is State.POSTED


async def test_an_item_that_was_mended_is_taken_at_once(bridge: Bridge, company: Company) -> None:
    made = invoice(line(product=product(seed.PURCHASE_ITEM)))
    await refused(bridge, made)
    await company.accountant(f"Items('{seed.PURCHASE_ITEM}')", method="PATCH", SalesItem="tYES", InventoryItem="tNO")
    assert (await bridge.export(document(made))).state is State.POSTED


async def test_an_item_that_is_sold_all_the_time_is_looked_at_again(
    company: Company, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shared.sapb1.items.Cache", clock.cache)
    bridge = Bridge(company, company.connector())
    await bridge.export(document())
    await company.accountant(f"Items('{ADVICE.number}')", method="PATCH", SalesItem="tNO")

    clock.seconds += FRESH_SECONDS - 1
    with contextlib.suppress(Refused):  # remembered: it is SAP that may refuse
        await bridge.export(document(invoice(id=UUID(int=0xD4))))
    clock.seconds += 2
    refusal = await bridge.refused(document(invoice(id=UUID(int=0xD5))))
    assert refusal.refusal.code == "item_not_for_sale"


async def test_an_item_that_is_forgotten_at_that_moment_is_not_gone(
    company: Company, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shared.sapb1.items.Cache", clock.cache)
    bridge = Bridge(company, company.connector())
    await bridge.export(document())

    clock.step = FRESH_SECONDS * 0.6
    assert (await bridge.export(document(invoice(id=UUID(int=0xD4))))).state is State.POSTED


async def test_a_write_in_line_stands_on_the_item_of_the_route(bridge: Bridge, company: Company) -> None:
    made = invoice(line(product=None, description="Delivery by hand"))
    code, values = await refused(bridge, made, {"write_in_item": "NOT-THERE"})
    assert (code, values["what"]) == ("setup_missing", "ItemCode NOT-THERE")
    await bridge.export(document(made))
    (written,) = await company.invoices()
    assert written["DocumentLines"][0]["ItemCode"] == seed.SERVICE_ITEM
    assert written["DocumentLines"][0]["ItemDescription"] == "Delivery by hand"


async def test_rule_21_a_bound_item_that_is_gone_is_refused_and_not_made_again(bridge: Bridge) -> None:
    bridge.known[f"product:{UUID(int=0xB9)}"] = "GONE"
    made = invoice(line(product=product("NEW")))
    assert await refused(bridge, made) == ("item_deleted", {"line": "1", "value": "GONE"})
