"""Business partners and items."""

import pytest

from infra.local.sapb1 import company
from tests.integration.sapb1.client import Client, Json, claimed, document, line, money
from tests.integration.sapb1.conftest import Start, prepare


async def test_a_partner_is_found_by_tax_number_and_type(b1: Client) -> None:
    condition = f"FederalTaxID eq '{company.CUSTOMER_TAX_NUMBER}' and CardType eq 'cCustomer'"
    rows = (await b1.get("BusinessPartners", filter=condition, select="CardCode"))["value"]
    assert [row["CardCode"] for row in rows] == [company.CUSTOMER]


async def test_a_new_partner_trades_in_local_currency_unless_told_otherwise(b1: Client) -> None:
    partner = await b1.add("BusinessPartners", {"CardCode": "C1", "CardName": "One"})
    assert (partner["CardType"], partner["Currency"], partner["GroupCode"]) == ("cCustomer", "EUR", 100)
    assert (await b1.refused("Invoices", document(CardCode="C1", DocCurrency="USD")))[1] == "-5002"
    assert (await b1.call("PATCH", "BusinessPartners('C1')", {"Currency": company.ALL_CURRENCIES})).status == 204
    await b1.add("Invoices", document(CardCode="C1", DocCurrency="USD"))


@pytest.mark.parametrize(
    ("body", "code", "sentence"),
    [
        (
            {"CardCode": company.CUSTOMER},
            "-10",
            "1320000140 - Business partner code 'C20000' already assigned to a business partner; "
            "enter a unique business partner code",
        ),
        ({"CardName": "One"}, "-5002", "Enter a business partner code [OCRD.CardCode]"),
        ({"CardCode": "C" * 16}, "-1000", "Value too long in property 'CardCode' of 'BusinessPartner'"),
        (
            {"CardCode": "C1", "CardType": "Customer"},
            "-1004",
            "Invalid value for property 'CardType' of 'BusinessPartner'",
        ),
        (
            {"CardCode": "C1", "GroupCode": 101},
            "-5002",
            "Group is of another type than the business partner  [OCRD.GroupCode]",
        ),
        ({"CardCode": "C1", "Currency": "XXX"}, "-5002", "Invalid value  [OCRD.Currency]"),
        ({"CardCode": "C1", "BPAddresses": [{"City": "x"}]}, "-5002", "Address is empty"),
    ],
)
async def test_a_partner_is_refused(b1: Client, body: Json, code: str, sentence: str) -> None:
    assert await b1.refused("BusinessPartners", body) == (400, code, sentence)


async def test_a_partner_is_numbered_by_its_series(b1: Client) -> None:
    codes = [(await b1.add("BusinessPartners", {"CardName": name, "Series": 2}))["CardCode"] for name in "ab"]
    assert codes == ["C00001", "C00002"]


async def test_an_address_changes_in_place_only_with_all_it_is_known_by(b1: Client) -> None:
    office = {"BPCode": company.CUSTOMER, "AddressName": "Office", "AddressType": "bo_BillTo", "RowNum": 0}
    patch = f"BusinessPartners('{company.CUSTOMER}')"
    assert (await b1.call("PATCH", patch, {"BPAddresses": [{**office, "City": "Maribor"}]})).status == 204
    addresses = (await b1.get(patch))["BPAddresses"]
    assert [(one["AddressName"], one["City"]) for one in addresses] == [("Office", "Maribor"), ("Warehouse", "Koper")]
    for missing in ("BPCode", "RowNum"):
        part = {name: value for name, value in office.items() if name != missing}
        assert (await b1.call("PATCH", patch, {"BPAddresses": [part]})).error[1] == "-2035"
    silent = {name: value for name, value in office.items() if name != "AddressType"}
    assert (await b1.call("PATCH", patch, {"BPAddresses": [silent]})).status == 204
    assert len((await b1.get(patch))["BPAddresses"]) == 3


async def test_collections_are_replaced_when_asked(b1: Client) -> None:
    patch = f"BusinessPartners('{company.CUSTOMER}')"
    body = {"BPAddresses": [{"AddressName": "New", "AddressType": "bo_BillTo"}], "ContactEmployees": [{"Name": "Ann"}]}
    headers = {"B1S-ReplaceCollectionsOnPatch": "true"}
    assert (await b1.call("PATCH", patch, body, headers=headers)).status == 204
    partner = await b1.get(patch)
    assert [one["AddressName"] for one in partner["BPAddresses"]] == ["New"]
    assert (partner["BilltoDefault"], partner["ShipToDefault"]) == ("New", None)
    contact = partner["ContactEmployees"][0]["InternalCode"]
    await b1.add("Invoices", document(ContactPersonCode=contact))


async def test_a_change_on_stale_ground_is_refused(b1: Client) -> None:
    address = f"BusinessPartners('{company.CUSTOMER}')"
    tag = (await b1.call("GET", address)).headers["ETag"]
    assert (await b1.call("PATCH", address, {"Phone1": "1"}, headers={"If-Match": tag})).status == 204
    reply = await b1.call("PATCH", address, {"Phone1": "2"}, headers={"If-Match": tag})
    assert reply.error[:2] == (412, "-2039")
    assert (await b1.call("PATCH", address, {"Phone1": "2"}, headers={"If-Match": "*"})).status == 204
    assert (await b1.get(address))["Phone1"] == "2"


async def test_put_resets_what_is_left_out(b1: Client) -> None:
    await b1.add("BusinessPartners", {"CardCode": "C1", "CardName": "One", "Phone1": "1", "City": "Bled"})
    before = await b1.get("BusinessPartners('C1')")
    keep = {name: before[name] for name in ("GroupCode", "PayTermsGrpCode", "SalesPersonCode", "DebitorAccount")}
    body = {"CardName": "One", "Currency": "EUR", "CardType": "cCustomer", "Frozen": "tNO", "Valid": "tYES", **keep}
    assert (await b1.call("PUT", "BusinessPartners('C1')", body)).status == 204
    after = await b1.get("BusinessPartners('C1')")
    assert (after["Phone1"], after["City"], after["CardName"]) == (None, None, "One")


async def test_only_an_unused_partner_or_item_can_be_deleted(b1: Client) -> None:
    await b1.add("BusinessPartners", {"CardCode": "C1", "CardName": "One"})
    await b1.add("Items", {"ItemCode": "I1", "InventoryItem": "tNO"})
    await b1.add("Invoices", document(line("I1"), CardCode="C1"))
    assert (await b1.call("DELETE", "BusinessPartners('C1')")).error[1] == "-10"
    assert (await b1.call("DELETE", "Items('I1')")).error[1] == "-10"
    await b1.add("Items", {"ItemCode": "I2"})
    assert (await b1.call("DELETE", "Items('I2')")).status == 204


async def test_items(b1: Client) -> None:
    item = await b1.add("Items", {"ItemCode": "I1", "ItemName": "One", "SalesVATGroup": "S10"})
    assert (item["InventoryItem"], item["QuantityOnStock"], item["DataVersion"]) == ("tYES", 0, 1)
    assert [one["WarehouseCode"] for one in item["ItemWarehouseInfoCollection"]] == ["01", "02"]
    assert (await b1.refused("Items", {"ItemCode": "I1"}))[:2] == (400, "-2035")
    assert (await b1.refused("Items", {"ItemCode": "I2", "SalesVATGroup": "P22"}))[1] == "-5002"
    price = {"PriceList": 1, "Price": 12, "Currency": "EUR"}
    assert (await b1.call("PATCH", "Items('I1')", {"ItemPrices": [price], "InventoryItem": "tNO"})).status == 204
    invoice = await b1.add("Invoices", document({"ItemCode": "I1"}))
    assert (invoice["DocTotal"], invoice["DocumentLines"][0]["VatGroup"]) == (money("13.2"), "S10")


async def test_an_approval_draft_outlives_its_changeset(start: Start) -> None:
    client = await prepare(await start(approval="1"))
    [refusal] = await client.batch(claimed("k1"))
    assert refusal.body["error"]["code"] == "-2028"
    assert (await client.get("U_ACX_CLAIM"))["value"] == []
    assert (await client.get("Invoices", filter="U_ACX_Key eq 'k1'"))["value"] == []
    assert len((await client.get("Drafts", filter="U_ACX_Key eq 'k1'"))["value"]) == 1
    await client.local("POST", "settings", {"approval_draft_survives_changeset": False})
    await client.batch(claimed("k2"))
    assert (await client.get("Drafts", filter="U_ACX_Key eq 'k2'"))["value"] == []
