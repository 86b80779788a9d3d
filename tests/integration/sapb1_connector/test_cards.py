"""How partners and items follow the CRM, whichever process meets the change, and at what cost."""

from typing import Any
from uuid import UUID

import pytest

from shared.documents import Customer, Extra, Product
from shared.errors import AnswerLost, Misconfigured, Refused
from shared.fieldmap import FieldRule
from shared.messages import State
from shared.sapb1.connector import Sapb1Connector
from tests.integration.sapb1_connector.conftest import Bridge, Company
from tests.unit.sapb1.examples import ADVICE, CUSTOMER, document, invoice, line

FLOOR = {"POST $batch": 1, "POST U_ACX_CLAIM": 1, "POST Invoices": 1}
"""One request, with two operations in it."""
LONG = ("Northwind " * 12).strip()


class Journal(Bridge):
    """Exports one invoice after the other, by whichever process, and counts the requests."""

    documents = 0

    async def another(
        self, customer: Customer = CUSTOMER, product: Product = ADVICE, by: Sapb1Connector | None = None
    ) -> dict[str, int]:
        """Export another invoice; give the requests that it took."""
        self.documents += 1
        (await self.company.door.delete("/_local/stats")).raise_for_status()
        self.connector = by or self.connector
        identity = UUID(int=0xE00 + self.documents)
        sale = invoice(line(product=product), customer=customer, id=identity, number=f"I-{self.documents}")
        await self.export(document(sale))
        stats: dict[str, int] = (await self.company.door.get("/_local/stats")).json()
        return stats

    async def partner(self) -> dict[str, Any]:
        """Give the customer's partner."""
        code = self.known[f"account:{CUSTOMER.id}"]
        (row,) = [row for row in await self.company.rows("BusinessPartners") if row["CardCode"] == code]
        return row

    async def item(self) -> dict[str, Any]:
        """Give the product's item."""
        (row,) = [row for row in await self.company.rows("Items") if row["ItemCode"] == ADVICE.number]
        return row


@pytest.fixture
def journal(company: Company) -> Journal:
    """A bridge whose journal is empty."""
    return Journal(company, company.connector())


def customer(**changes: Any) -> Customer:
    """Give the customer, changed in the CRM."""
    return CUSTOMER.model_copy(update=changes)


def product(**changes: Any) -> Product:
    """Give the product, changed in the CRM."""
    return ADVICE.model_copy(update=changes)


async def own_fields(company: Company) -> None:
    """Let the company have fields of its own."""
    for table, name, size in (("OCRD", "Region", 20), ("OITM", "Grade", 20)):
        field = {"Name": name, "Type": "db_Alpha", "Size": size, "Description": name, "TableName": table}
        await company.client().create("UserFieldsMD", field)


async def test_a_change_reaches_the_card_once_whichever_process_meets_it(company: Company, journal: Journal) -> None:
    first, second = company.connector(), company.connector()
    await journal.another(by=first)
    assert await journal.another(by=first) == FLOOR
    before = await journal.another(by=second)
    assert not [kind for kind in before if kind.startswith(("PATCH", "GET BusinessPartners"))]

    changed = customer(name="Northwind SI", phone="1"), product(name="Better advice")
    stats = await journal.another(*changed, by=second)
    assert {kind: number for kind, number in stats.items() if kind.startswith("PATCH")} == {
        "PATCH BusinessPartners": 1,
        "PATCH Items": 1,
    }
    assert await journal.another(*changed, by=second) == FLOOR
    assert await journal.another(*changed, by=first) == FLOOR  # the journal told it

    partner = await journal.partner()
    assert (partner["CardName"], partner["Phone1"]) == ("Northwind SI", "1")
    assert (await journal.item())["ItemName"] == "Better advice"


async def test_a_change_that_is_taken_back_is_taken_back_in_the_card(company: Company, journal: Journal) -> None:
    first, second = company.connector(), company.connector()
    await journal.another(by=first)
    await journal.another(customer(name="Northwind SI"), by=second)
    await journal.another(by=first)
    assert (await journal.partner())["CardName"] == CUSTOMER.name


async def test_what_the_journal_says_late_costs_nothing_and_loses_nothing(journal: Journal) -> None:
    await journal.another()
    late = dict(journal.cards)
    await journal.another(customer(name="Northwind SI"))
    journal.cards = late
    assert await journal.another(customer(name="Northwind SI")) == FLOOR


async def test_an_address_follows_in_place(journal: Journal) -> None:
    await journal.another()
    moved = CUSTOMER.address.model_copy(update={"street": "New Street 1"})
    await journal.another(customer(address=moved))
    streets = [(each["AddressName"], each["Street"]) for each in (await journal.partner())["BPAddresses"]]
    assert streets == [("Bill to", "New Street 1"), ("Ship to", "New Street 1")]


async def test_a_name_grows_too_long_and_shrinks_beside_the_accountants_remarks(
    company: Company, journal: Journal
) -> None:
    await journal.another()
    await company.accountant(f"BusinessPartners('{CUSTOMER.number}')", method="PATCH", FreeText="Pays late")
    await journal.another(customer(name=LONG), product(name=LONG))
    partner, item = await journal.partner(), await journal.item()
    assert (partner["CardName"], partner["FreeText"]) == (f"{LONG[:99]}…", f"Pays late\n{LONG}")
    assert (item["ItemName"], item["User_Text"]) == (f"{LONG[:99]}…", LONG)
    await journal.another()
    partner, item = await journal.partner(), await journal.item()
    assert (partner["CardName"], partner["FreeText"]) == (CUSTOMER.name, "Pays late")
    assert (item["ItemName"], item["User_Text"]) == (ADVICE.name, "")


async def test_rule_10_a_partner_typed_by_hand_only_gets_its_gaps_filled(company: Company, journal: Journal) -> None:
    typed = {"CardCode": "H-1", "CardName": "Northwind (typed)", "FederalTaxID": CUSTOMER.tax_number, "Phone1": "007"}
    await company.client().create("BusinessPartners", typed)
    item = {"ItemCode": ADVICE.number, "ItemName": "Advice (typed)", "InventoryItem": "tNO", "ItemsGroupCode": 100}
    await company.client().create("Items", item)
    for name in ("Northwind SI", "Northwind AT"):
        await journal.another(customer(name=name, phone="1"), product(name=name))
    partner = await journal.partner()
    assert {name: partner[name] for name in typed} == typed
    assert partner["EmailAddress"] == CUSTOMER.email
    assert [each["Street"] for each in partner["BPAddresses"]] == [CUSTOMER.address.street] * 2
    assert (await journal.item())["ItemName"] == "Advice (typed)"


async def test_rule_17_a_supplier_of_the_same_tax_number_is_left_alone(company: Company, journal: Journal) -> None:
    supplier = {"CardCode": "V-9", "CardName": "Northwind as a supplier", "FederalTaxID": CUSTOMER.tax_number}
    await company.client().create("BusinessPartners", supplier | {"CardType": "cSupplier"})
    before = [row for row in await company.rows("BusinessPartners") if row["CardCode"] == "V-9"]
    await journal.another()
    await journal.another(customer(name="Northwind SI"))
    assert (await journal.partner())["CardCode"] == CUSTOMER.number
    assert [row for row in await company.rows("BusinessPartners") if row["CardCode"] == "V-9"] == before


@pytest.mark.parametrize("typed", [False, True], ids=["ours", "typed by hand"])
@pytest.mark.parametrize(
    ("mode", "before", "after"),
    [("overwrite", "old", "new"), ("only_if_new", None, None), ("only_if_empty", None, "new")],
)
async def test_a_companys_own_field_reaches_a_card_that_stands(
    company: Company, journal: Journal, mode: Any, before: str | None, after: str | None, *, typed: bool
) -> None:
    await own_fields(company)
    if typed:
        partner = {"CardCode": "N-100", "CardName": "T", "FederalTaxID": CUSTOMER.tax_number}
        await company.client().create("BusinessPartners", partner)
        item = {"ItemCode": ADVICE.number, "ItemName": "T", "InventoryItem": "tNO", "ItemsGroupCode": 100}
        await company.client().create("Items", item)
    await journal.another()
    if before:
        await company.accountant("BusinessPartners('N-100')", method="PATCH", U_Region=before)
        await company.accountant(f"Items('{ADVICE.number}')", method="PATCH", U_Grade=before)
    mapped = customer(extras=(Extra(to="U_Region", value="new", mode=mode),))
    graded = product(extras=(Extra(to="U_Grade", value="new", mode=mode),))

    await journal.another(mapped, graded, by=company.connector())

    assert ((await journal.partner()).get("U_Region"), (await journal.item()).get("U_Grade")) == (after, after)
    again = await journal.another(mapped, graded, by=company.connector())
    assert not [kind for kind in again if kind.startswith("PATCH")]


async def test_a_lost_answer_to_a_change_is_seen_by_the_next_attempt(company: Company, journal: Journal) -> None:
    await journal.another()
    await company.fault("drop_after", r"PATCH .*/BusinessPartners")
    changed = customer(name="Northwind SI")
    with pytest.raises(AnswerLost):
        await journal.another(changed)
    assert not [kind for kind in await journal.another(changed) if kind.startswith("PATCH")]
    assert (await journal.partner())["CardName"] == "Northwind SI"


async def test_rule_21_a_bound_partner_that_was_deleted_is_refused_when_it_is_to_change(journal: Journal) -> None:
    journal.known = {f"account:{CUSTOMER.id}": "GONE"}
    with pytest.raises(Refused) as raised:
        await journal.another()
    assert raised.value.refusal.code == "customer_deleted"


async def test_a_lost_answer_leaves_one_item_that_is_known_as_ours(company: Company, journal: Journal) -> None:
    await journal.another(product=product(number="OTHER", id=UUID(int=0xB7)))
    await company.fault("drop_after", r"POST .*/\$batch")
    await journal.another()
    await journal.another(product=product(name="Better advice"))
    assert (await journal.item())["ItemName"] == "Better advice"


async def test_a_merged_customers_card_is_still_ours(journal: Journal) -> None:
    await journal.another()
    survivor = customer(id=UUID(int=0xA7), merged=(CUSTOMER.id,), name="Northwind SI")
    journal.known[f"account:{survivor.id}"] = journal.known[f"account:{CUSTOMER.id}"]
    await journal.another(survivor)
    assert (await journal.partner())["CardName"] == "Northwind SI"


async def test_a_rule_that_names_what_the_company_lacks_stops_everything(company: Company) -> None:
    given = {"target": "sapb1", "record": "customer", "from": "account.new_region", "to": "U_Region"}
    rule = FieldRule.model_validate(given)
    connector = company.connector(rule)
    bridge = Bridge(company, connector)
    with pytest.raises(Misconfigured) as raised:
        await bridge.export(document())
    (problem,) = raised.value.problems
    assert problem.startswith("FIELD_MAP: “account.new_region” → “U_Region” of a customer: SAP Business One has no")
    assert await company.invoices() == []
    await own_fields(company)
    assert (await Bridge(company, company.connector(rule)).export(document())).state is State.POSTED
