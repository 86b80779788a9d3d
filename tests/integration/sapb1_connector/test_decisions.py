"""What a route decides reaches the books: totals, tax codes, numbers, freight, accounts, cards."""

from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from infra.local.sapb1 import company as seed
from shared.documents import Address
from shared.errors import Unavailable
from shared.messages import State
from shared.refusals import refusal
from shared.sapb1 import fence
from tests.integration.sapb1_connector.conftest import Bridge, Company
from tests.unit.sapb1.examples import ADVICE, CUSTOMER, document, freight, invoice, line, order, route, services

BY_HAND = line("3", "10", product=None, description="Installation")
SALES_TAX: dict[str, Any] = {"tax_codes": {"SI": {"22": "T22", "0": "T0"}}}


async def stats(company: Company) -> dict[str, int]:
    """Give how often what was asked since the last time."""
    counted: dict[str, int] = (await company.door.get("/_local/stats")).json()
    (await company.door.delete("/_local/stats")).raise_for_status()
    return counted


# --- totals


@pytest.mark.parametrize(
    ("settings", "decided", "lines"),
    [
        ({}, {}, (line(),)),
        ({"vat_by": "group"}, {}, (line(),)),
        ({}, {"tolerance": Decimal("0.05")}, (line(),)),
        ({"tax_system": "sales_tax"}, SALES_TAX, (line(),)),
        ({}, {"write_in_account": seed.SERVICES_ACCOUNT}, (BY_HAND,)),
    ],
)
async def test_rule_16_a_draft_is_computed_where_the_company_may_compute_otherwise(
    company: Company, settings: dict[str, Any], decided: dict[str, Any], lines: tuple[Any, ...]
) -> None:
    await company.turn(**settings)
    bridge = Bridge(company, company.connector())
    await stats(company)
    outcome = await bridge.export(document(invoice(*lines)), route(**decided))
    assert outcome.state is State.POSTED
    counted = await stats(company)
    drafts = int(bool(settings or decided))
    assert (counted.get("POST Drafts", 0), counted.get("DELETE Drafts", 0)) == (drafts, drafts)
    assert await company.rows("Drafts") == []


@pytest.mark.parametrize(("tax", "accepted"), [("22.03", True), ("22.06", False)])
async def test_rule_16_within_the_tolerance_it_is_posted_and_beyond_it_never(
    bridge: Bridge, company: Company, tax: str, accepted: bool
) -> None:
    made = document(invoice(line(tax=tax)))
    decided = route(tolerance=Decimal("0.05"))
    if accepted:
        assert (await bridge.export(made, decided)).total == Decimal("122.00")
        assert (await bridge.export(made, decided)).state is State.POSTED
    else:
        assert (await bridge.refused(made, decided)).refusal.code == "total_not_reachable"
        assert await company.invoices() == []


async def test_rule_16_what_only_the_draft_shows_is_refused_before_anything_is_posted(
    bridge: Bridge, company: Company
) -> None:
    await company.turn(tax_system="sales_tax")
    lines = (line(tax="21.00"),)  # the code takes 22.00
    refused = await bridge.refused(document(invoice(*lines)), route(**SALES_TAX))
    assert refused.refusal.code == "total_not_reachable"
    assert refused.refusal.values["difference"] == "1.00"
    assert await company.invoices() == await company.rows("Drafts") == []


@pytest.mark.parametrize(("price", "accepted"), [("100", True), ("100.5", False)])
async def test_rule_16_a_currency_whose_totals_are_rounded_is_tried_as_a_draft_first(
    bridge: Bridge, company: Company, price: str, accepted: bool
) -> None:
    await company.accountant("Currencies('EUR')", method="PATCH", Rounding="rsRoundToOne")
    made = document(invoice(line("1", price)))  # 122.00, and 122.61 that Business One rounds to 123
    if accepted:
        assert (await bridge.export(made)).total == Decimal(122)
        assert (await stats(company)).get("POST Drafts") == 1
    else:
        refused = await bridge.refused(made)
        assert (refused.refusal.code, refused.refusal.values["difference"]) == ("total_not_reachable", "0.39")
        assert await company.invoices() == []
    assert await company.rows("Drafts") == []


@pytest.mark.parametrize(
    ("price", "tax", "code"),
    [("1005", "221", None), ("1005", "221.10", "precision"), ("1005.5", "221", "precision")],
)
async def test_rule_16_a_currency_with_decimals_of_its_own_is_computed_in_them(
    bridge: Bridge, company: Company, price: str, tax: str, code: str | None
) -> None:
    # 22 % of 1005 is 221.10, which a currency without decimals does not have
    await company.accountant("Currencies('USD')", method="PATCH", Decimals="cdWithoutDecimals")
    made = document(invoice(line("1", price, tax=tax), currency="USD"))
    await stats(company)
    if code is None:
        assert (await bridge.export(made)).total == Decimal(1226)
        assert (await stats(company)).get("POST Drafts") == 1
    else:
        assert (await bridge.refused(made)).refusal.code == code
        assert await company.invoices() == []


@pytest.mark.parametrize("kind", ["drop_after", "drop_before", "html"])
@pytest.mark.parametrize("match", [r"POST .*/Drafts$", r"DELETE .*/Drafts"])
async def test_rule_16_a_draft_that_was_only_computed_is_no_document_and_does_not_stay(
    bridge: Bridge, company: Company, kind: str, match: str
) -> None:
    decided = route(tolerance=Decimal("0.05"))
    await company.fault(kind, match)
    with pytest.raises(Unavailable):
        await bridge.export(document(), decided)
    assert await company.invoices() == []
    outcome = await bridge.export(document(attempt=1), decided)
    assert (outcome.state, outcome.number) == (State.POSTED, "1")
    assert await company.rows("Drafts") == []


# --- tax codes


@pytest.mark.parametrize(
    ("codes", "what"),
    [({"22": "T19"}, "TaxCode T19 = 22 % (= 19 %, 2026-02-10)"), ({"22": "NONE"}, "TaxCode NONE")],
)
async def test_rule_17_a_sales_tax_code_of_another_rate_is_found_before_it_is_used(
    bridge: Bridge, company: Company, codes: dict[str, str], what: str
) -> None:
    await company.turn(tax_system="sales_tax")
    refused = await bridge.refused(document(), route(tax_codes={"SI": codes}))
    assert (refused.refusal.code, refused.refusal.values["what"]) == ("setup_missing", what)


@pytest.mark.parametrize(("day", "rate", "total"), [("2025-12-30", "20", 120), ("2026-02-10", "22", 122)])
async def test_rule_17_a_tax_code_whose_rate_changed_stands_for_both_rates(
    bridge: Bridge, company: Company, day: str, rate: str, total: int
) -> None:
    rates = [{"Effectivefrom": since, "Rate": percent} for since, percent in (("2004-05-01", 20), ("2026-01-01", 22))]
    await company.accountant("VatGroups('S22')", method="PATCH", VatGroups_Lines=rates)
    made = document(invoice(line(rate=rate), document_date=date.fromisoformat(day)))
    outcome = await bridge.export(made, route(vat_groups={"20": "S22", "22": "S22", "0": "GONE"}))
    assert outcome.total == total


async def test_rule_17_sales_tax_names_a_tax_code(bridge: Bridge, company: Company) -> None:
    await company.turn(tax_system="sales_tax")
    made = document(invoice(line(), freight()))
    await bridge.export(made, route(freight_expense=seed.FREIGHT, **SALES_TAX))
    (written,) = await company.invoices()
    assert [row["TaxCode"] for row in (*written["DocumentLines"], *written["DocumentAdditionalExpenses"])] == [
        "T22",
        "T22",
    ]
    assert written["DocTotal"] == made.sale.total


# --- numbers


async def test_rule_17_the_number_of_the_crm_is_the_document_s(bridge: Bridge, company: Company) -> None:
    made = document(invoice(number="4711"))
    outcome = await bridge.export(made, route(crm_number=True))
    assert outcome.number == "4711"
    assert await bridge.export(made, route(crm_number=True)) == outcome
    other = document(invoice(number="4711", id=UUID(int=0xD2)))
    refused = await bridge.refused(other, route(crm_number=True))
    assert refused.refusal == refusal("number_taken", number="4711", year=2026)
    assert len(await company.invoices()) == 1
    # the number of an order is the delivery's, not its invoice's
    await bridge.export(document(order(number="815")), services(crm_number=True, create_invoice=True))
    assert [row["DocNum"] for row in await company.rows("DeliveryNotes")] == [815]
    assert 815 not in [row["DocNum"] for row in await company.invoices()]


@pytest.mark.parametrize("kind", ["drop_after", "drop_before"])
async def test_rule_17_a_lost_answer_takes_no_second_number(bridge: Bridge, company: Company, kind: str) -> None:
    await bridge.export(document(invoice(id=UUID(int=0xD2), number="1")))
    await company.fault(kind, r"POST .*/\$batch")
    made = document(invoice(number="4711"))
    try:
        outcome = await bridge.export(made, route(crm_number=True))
    except Unavailable:
        outcome = await bridge.export(made, route(crm_number=True))
    assert outcome.number == "4711"
    assert len(await company.invoices()) == 2


# --- series, branch and the rest


async def test_rule_17_series_branch_terms_person_and_cost_center_stand_in_the_books(
    bridge: Bridge, company: Company
) -> None:
    await company.turn(branches=True)
    decided: dict[str, Any] = {
        "series": seed.SECOND_INVOICE_SERIES,
        "branch": seed.SECOND_BRANCH,
        "warehouse": seed.SECOND_WAREHOUSE,
        "payment_terms": seed.NET_14,
        "sales_person": seed.SALES_PERSON,
        "cost_center": seed.COST_CENTRE,
        "customers_group": seed.CUSTOMER_GROUP,
    }
    await bridge.export(document(), route(**decided))
    (written,) = await company.invoices()
    assert written["DocNum"] == 900001
    assert (written["BPL_IDAssignedToInvoice"], written["PaymentGroupCode"], written["SalesPersonCode"]) == (2, 2, 1)
    assert [(row["WarehouseCode"], row["CostingCode"]) for row in written["DocumentLines"]] == [("02", "CC1")]
    assert (written["PayToCode"], written["ShipToCode"]) == ("Bill to", "Ship to")
    (partner,) = [row for row in await company.rows("BusinessPartners") if row["CardCode"] == "N-100"]
    assert (partner["PayTermsGrpCode"], partner["GroupCode"]) == (seed.NET_14, seed.CUSTOMER_GROUP)


async def test_rule_17_the_route_names_the_addresses_and_one_that_a_customer_lacks_is_refused(
    bridge: Bridge, company: Company
) -> None:
    await bridge.export(document())
    addresses = [{"AddressName": "Warehouse", "AddressType": "bo_ShipTo", "Country": "SI"}]
    await company.accountant("BusinessPartners('N-100')", method="PATCH", BPAddresses=addresses)
    made = document(invoice(id=UUID(int=0xD2), number="INV-01002"))

    await bridge.export(made, route(ship_to="Warehouse"))
    refused = await bridge.refused(document(invoice(id=UUID(int=0xD3))), route(pay_to="Warehouse"))

    assert [row["ShipToCode"] for row in await company.invoices()] == ["Ship to", "Warehouse"]
    assert refused.refusal.code == "accounting_refused"
    assert "valid address" in refused.refusal.values["message"]


# --- freight and write-ins


@pytest.mark.parametrize("by", ["line", "group"])
async def test_rule_17_freight_adds_up(company: Company, by: str) -> None:
    await company.turn(vat_by=by)
    bridge = Bridge(company, company.connector())
    made = document(invoice(line(rate="9.5"), freight("12.34", "2.71")))
    assert (await bridge.export(made, route(freight_expense=seed.FREIGHT))).total == made.sale.total


@pytest.mark.parametrize("currency", ["EUR", "USD"])
async def test_rule_04_a_service_document_stands_on_its_account(
    bridge: Bridge, company: Company, currency: str
) -> None:
    made = document(invoice(BY_HAND, currency=currency))
    decided = route(write_in_account=seed.SERVICES_ACCOUNT, write_in_item=None)
    outcome = await bridge.export(made, decided)
    (written,) = await company.invoices()
    assert (written["DocType"], outcome.total) == ("dDocument_Service", made.sale.total)
    assert written["DocumentLines"][0]["AccountCode"] == seed.SERVICES_ACCOUNT
    mixed = document(invoice(BY_HAND, line(number=2), id=UUID(int=0xD2)))
    assert (await bridge.refused(mixed, decided)).refusal.code == "write_in_unset"


async def test_rule_04_a_service_delivery_is_invoiced_as_such(bridge: Bridge, company: Company) -> None:
    lines = (BY_HAND, line("1", "7", product=None, description="Training", number=2))
    decided = services(create_invoice=True, write_in_account=seed.SERVICES_ACCOUNT)
    outcome = await bridge.export(document(order(*lines)), decided)
    (written,) = await company.invoices()
    assert [row["BaseLine"] for row in written["DocumentLines"]] == [0, 1]
    assert outcome.total == written["DocTotal"]


# --- cards that changed in the CRM


async def test_rule_17_a_customer_that_changed_is_carried_over_once(bridge: Bridge, company: Company) -> None:
    await bridge.export(document())
    number = iter(range(0xD10, 0xD20))

    async def next_invoice(**more: Any) -> dict[str, int]:
        await stats(company)
        changed = CUSTOMER.model_copy(update=more)
        await bridge.export(document(invoice(customer=changed, id=UUID(int=next(number)), number="N")))
        return await stats(company)

    nothing = await next_invoice()
    assert not {"GET BusinessPartners", "PATCH BusinessPartners"} & nothing.keys()
    moved = Address(street="New Street 1", city="Maribor", postal_code="2000", country="SI")
    more: dict[str, Any] = {"name": "Northwind SI d.o.o.", "email": "new@northwind.example", "address": moved}
    once = await next_invoice(tax_number="SI99", **more)
    assert (once["GET BusinessPartners"], once["PATCH BusinessPartners"]) == (1, 1)
    again = await next_invoice(tax_number="SI99", **more)
    assert not {"GET BusinessPartners", "PATCH BusinessPartners"} & again.keys()
    (partner,) = [row for row in await company.rows("BusinessPartners") if row["CardCode"] == "N-100"]
    assert (partner["CardName"], partner["EmailAddress"]) == (more["name"], more["email"])
    assert partner["FederalTaxID"] == CUSTOMER.tax_number  # never overwritten
    assert [(row["AddressName"], row["Street"]) for row in partner["BPAddresses"]] == [
        ("Bill to", "New Street 1"),
        ("Ship to", "New Street 1"),
    ]


async def test_rule_17_a_lost_answer_of_a_change_is_made_up_for(bridge: Bridge, company: Company) -> None:
    await bridge.export(document())
    await company.fault("drop_before", "PATCH .*BusinessPartners")
    changed = CUSTOMER.model_copy(update={"name": "Northwind SI d.o.o."})
    made = document(invoice(customer=changed, id=UUID(int=0xD2), number="N"))
    with pytest.raises(Unavailable):
        await bridge.export(made)
    assert (await bridge.export(made)).state is State.POSTED
    (partner,) = [row for row in await company.rows("BusinessPartners") if row["CardCode"] == "N-100"]
    assert partner["CardName"] == "Northwind SI d.o.o."


async def test_rule_17_a_product_s_new_name_is_carried_over(bridge: Bridge, company: Company) -> None:
    await bridge.export(document())
    renamed = ADVICE.model_copy(update={"name": "Good advice"})
    await bridge.export(document(invoice(line(product=renamed), id=UUID(int=0xD2), number="N")))
    (item,) = [row for row in await company.rows("Items") if row["ItemCode"] == "ADVICE"]
    assert item["ItemName"] == "Good advice"


async def test_rule_17_a_supplier_with_the_same_tax_number_is_never_matched(bridge: Bridge, company: Company) -> None:
    supplier = {"CardCode": "V-7", "CardName": "Northwind d.o.o.", "CardType": "cSupplier", "Currency": "##"}
    await company.client().create("BusinessPartners", supplier | {"FederalTaxID": CUSTOMER.tax_number})
    await bridge.export(document())
    assert bridge.known[f"account:{CUSTOMER.id}"] == "N-100"


# --- drafts that wait for approval


async def test_an_invoice_on_top_that_waits_for_approval_is_looked_at_again(bridge: Bridge, company: Company) -> None:
    await company.turn(approval=True)
    decided = services(create_invoice=True)
    for _ in range(2):
        outcome = await bridge.export(document(order()), decided)
        assert (outcome.state, outcome.accounting_id) == (State.DRAFT, "DeliveryNotes(1)")
    (draft,) = await company.rows("Drafts")
    await company.turn(approval=False)
    await company.accountant("DraftsService_SaveDraftToDocument", Document={"DocEntry": draft["DocEntry"]})
    assert (await bridge.export(document(order()), decided)).state is State.POSTED
    (written,) = await company.invoices()
    assert written[fence.VERSION] == "7001"
    assert len(await company.rows("DeliveryNotes")) == 1
