"""Creating, changing and deleting rows: types, keys, versions, and refusals."""

from decimal import Decimal
from typing import Any

import pytest

from shared.jsontext import loads
from tests.integration.dataverse.conftest import Client, Goods

SOME_ID = "11111111-2222-3333-4444-555555555555"


async def test_a_creation_says_where_the_row_is(bridge: Client) -> None:
    answer = await bridge.send("POST", "accounts", {"name": "A"})
    assert answer.status_code == 204
    assert answer.headers["OData-EntityId"].startswith(bridge.organization.root + "accounts(")
    assert answer.headers["OData-Version"] == "4.0"
    row = loads((await bridge.send("GET", answer.headers["OData-EntityId"])).content)
    assert row["name"] == "A"
    assert row["createdon"] == row["modifiedon"]
    assert row["createdon"].endswith("Z")


async def test_the_row_comes_back_where_it_is_preferred(bridge: Client) -> None:
    answer = await bridge.send("POST", "accounts?$select=name", {"name": "A"}, Prefer="return=representation")
    assert answer.status_code == 201
    assert answer.headers["Preference-Applied"] == "return=representation"
    row = loads(answer.content)
    assert set(row) == {"@odata.context", "@odata.etag", "name", "accountid"}
    changed = await bridge.send(
        "PATCH", f"accounts({row['accountid']})?$select=name", {"name": "B"}, Prefer="return=representation"
    )
    assert (changed.status_code, loads(changed.content)["name"]) == (200, "B")


async def test_upsert_by_alternate_key(bridge: Client) -> None:
    path = "acx_accountingexports(acx_key='onec:invoice:O''Neil')"
    await bridge.patch(path, {"acx_attempts": 1})
    await bridge.patch(path, {"acx_attempts": 2, "acx_key": "ONEC:invoice:O'Neil"})
    rows = (await bridge.get("acx_accountingexports?$select=acx_key,acx_attempts"))["value"]
    assert [row["acx_attempts"] for row in rows] == [2]
    assert (await bridge.get(path))["acx_attempts"] == 2
    assert (await bridge.refused("PATCH", path, {"acx_key": "another"}))[0] == 400


async def test_upsert_by_id(bridge: Client) -> None:
    await bridge.patch(f"accounts({SOME_ID})", {"name": "A"})
    assert (await bridge.get(f"accounts({SOME_ID})"))["name"] == "A"
    assert (await bridge.refused("POST", "accounts", {"accountid": SOME_ID, "name": "A"}))[:2] == (412, "0x80040237")


async def test_if_match_prevents_a_creation_and_a_lost_update(bridge: Client) -> None:
    path = f"accounts({SOME_ID})"
    assert (await bridge.refused("PATCH", path, {"name": "A"}, If_Match="*"))[:2] == (404, "0x80040217")
    by_key = "acx_accountingexports(acx_key='k')"
    assert (await bridge.refused("PATCH", by_key, {}, If_Match="*"))[:2] == (404, "0x80060891")
    await bridge.patch(path, {"name": "A"})
    assert (await bridge.refused("PATCH", path, {"name": "B"}, If_None_Match="*"))[0] == 412
    etag = (await bridge.get(path))["@odata.etag"]
    await bridge.patch(path, {"name": "B"}, If_Match=etag)
    assert (await bridge.refused("PATCH", path, {"name": "C"}, If_Match=etag))[:2] == (412, "0x80060882")
    assert (await bridge.refused("DELETE", path, If_Match=etag))[:2] == (412, "0x80060882")


async def test_versions_rise_over_the_whole_organization(bridge: Client) -> None:
    account = await bridge.create("accounts", {"name": "A"})
    contact = await bridge.create("contacts", {"lastname": "B"})
    await bridge.patch(f"accounts({account})", {"name": "A"})
    first = (await bridge.get(f"contacts({contact})"))["versionnumber"]
    second = (await bridge.get(f"accounts({account})"))["versionnumber"]
    assert second > first


@pytest.mark.parametrize(
    ("table", "body", "code", "message"),
    [
        ("accounts", {"taxnumber": "1"}, "0x80048d19", "Invalid property 'taxnumber' was found in entity"),
        ("accounts", {"name": "x" * 161}, "0x80044331", "maximum allowed length of '160'"),
        ("accounts", {"name": 1}, "0x80048d19", "Edm.String"),
        ("accounts", {"numberofemployees": "1"}, "0x80048d19", "Edm.Int32"),
        ("accounts", {"numberofemployees": -1}, "0x80044332", "outside the valid range"),
        ("accounts", {"numberofemployees": Decimal("1.5")}, "0x80048d19", "Edm.Int32"),
        ("accounts", {"creditlimit": -1}, "0x80044330", "outside the valid range"),
        ("accounts", {"paymenttermscode": 9}, "0x8004431a", "Accepted Values: 1,2,3,4"),
        ("accounts", {"creditonhold": "yes"}, "0x80048d19", "Edm.Boolean"),
        ("accounts", {"createdon": "2026-01-01T00:00:00Z"}, "0x80048d19", "read-only"),
        ("accounts", {"_ownerid_value": SOME_ID}, "0x80048d19", "read-only"),
        ("accounts", {"lastusedincampaign": "2026-01-01T00:00:00Z"}, "0x80048d19", "Edm.Date"),
        ("accounts", {"PrimaryContactId@odata.bind": "/contacts(1)"}, "0x80048d19", "undeclared property"),
        ("accounts", {"primarycontactid@odata.bind": f"/contacts({SOME_ID})"}, "0x80040217", "Does Not Exist"),
        ("accounts", {"primarycontactid@odata.bind": f"/clients({SOME_ID})"}, "0x8006088a", "clients"),
        ("invoices", {"acx_documentdate": "2026-01-01"}, "0x80048d19", "Edm.DateTimeOffset"),
        ("invoicedetails", {"quantity": 1}, "0x80040203", "The invoice id is missing."),
        ("products", {"name": "A", "productnumber": "1", "quantitydecimal": 2}, "0x80040203", "unit schedule"),
        ("transactioncurrencies", {"currencyname": "Ruble"}, "0x80040203", "missing"),
        ("sdkmessageprocessingsteps", {"mode": 1, "stage": 40, "rank": 1}, "0x80040203", "'sdkmessageid'"),
        ("asyncoperations", {"name": "x"}, "0x80040800", "can't be created"),
    ],
)
async def test_values_that_are_refused(
    admin: Client, table: str, body: dict[str, Any], code: str, message: str
) -> None:
    _, found_code, found_message = await admin.refused("POST", table, body)
    assert found_code == code
    assert message in found_message


async def test_lengths_count_utf_16_units(bridge: Client) -> None:
    assert (await bridge.refused("POST", "accounts", {"accountnumber": "\U0001f4c4" * 11}))[1] == "0x80044331"
    account = await bridge.create("accounts", {"accountnumber": "\U0001f4c4" * 10})
    assert (await bridge.get(f"accounts({account})"))["accountnumber"] == "\U0001f4c4" * 10
    half = await bridge.send("POST", "accounts", b'{"name":"A\\ud83d"}', Content_Type="application/json")
    assert (await bridge.get(half.headers["OData-EntityId"]))["name"] == "A\ufffd"


async def test_amounts_beyond_the_database_are_refused(bridge: Client) -> None:
    assert (await bridge.refused("POST", "invoices", {"totaltax": 10**30}))[1] == "0x80044330"


async def test_an_owner_brings_the_business_unit_along(admin: Client) -> None:
    root = (await admin.get("WhoAmI"))["BusinessUnitId"]
    unit = await admin.create(
        "businessunits", {"name": "Branch", "parentbusinessunitid@odata.bind": f"/businessunits({root})"}
    )
    manager = await admin.create(
        "systemusers", {"lastname": "M", "businessunitid@odata.bind": f"/businessunits({unit})"}
    )
    account = await admin.create("accounts", {"name": "A"})
    assert (await admin.get(f"accounts({account})"))["_owningbusinessunit_value"] == root
    await admin.patch(f"accounts({account})", {"ownerid@odata.bind": f"/systemusers({manager})"})
    assert (await admin.get(f"accounts({account})"))["_owningbusinessunit_value"] == unit


async def test_an_import_says_when_a_row_was_created(admin: Client) -> None:
    account = await admin.create("accounts", {"name": "A", "overriddencreatedon": "2020-02-01T00:00:00Z"})
    row = await admin.get(f"accounts({account})")
    assert row["createdon"] == "2020-02-01T00:00:00Z"
    assert row["overriddencreatedon"] == row["modifiedon"]


async def test_nothing_where_something_must_be_is_refused(admin: Client, goods: Goods) -> None:
    path = f"products({goods.product})"
    assert (await admin.refused("PATCH", path, {"productnumber": None}))[1] == "0x80040203"
    account = f"accounts({goods.account})"
    assert (await admin.refused("PATCH", account, {"ownerid@odata.bind": None}))[1] == "0x80040203"
    link = {"@odata.id": account}
    assert (await admin.refused("PUT", f"{account}/transactioncurrencyid/$ref", link))[1] == "0x80048d19"
    await admin.patch(path, {"statuscode": None, "statecode": None})
    assert (await admin.get(path))["statuscode"] == 1


async def test_a_body_must_be_json(bridge: Client) -> None:
    assert (await bridge.refused("POST", "accounts", b"{", Content_Type="application/json"))[0] == 400
    assert (await bridge.refused("POST", "accounts", b"name=A", Content_Type="text/plain"))[0] == 415


async def test_dates_and_decimals_keep_their_form(admin: Client, goods: Goods) -> None:
    body = goods.invoice(duedate="2026-02-28", acx_documentdate="2026-02-01T03:00:00+03:00")
    invoice = await admin.create("invoices", body)
    answer = await admin.send("GET", f"invoices({invoice})?$select=duedate,acx_documentdate,totalamount,exchangerate")
    assert '"duedate":"2026-02-28"' in answer.text
    assert '"acx_documentdate":"2026-02-01T00:00:00Z"' in answer.text
    assert '"totalamount":0.0000' in answer.text
    assert '"exchangerate":1.000000000000' in answer.text


async def test_a_lookup_is_set_cleared_and_associated(bridge: Client) -> None:
    account = await bridge.create("accounts", {"name": "A"})
    contact = await bridge.create("contacts", {"firstname": "B", "lastname": "C"})
    await bridge.patch(f"accounts({account})", {"primarycontactid@odata.bind": f"/contacts({contact})"})
    assert (await bridge.get(f"accounts({account})"))["_primarycontactid_value"] == contact
    await bridge.patch(f"accounts({account})", {"primarycontactid@odata.bind": None})
    assert (await bridge.get(f"accounts({account})"))["_primarycontactid_value"] is None
    link = {"@odata.id": f"{bridge.organization.root}contacts({contact})"}
    assert (await bridge.send("PUT", f"accounts({account})/primarycontactid/$ref", link)).status_code == 204
    assert (await bridge.get(f"accounts({account})"))["_primarycontactid_value"] == contact
    assert (await bridge.send("DELETE", f"accounts({account})/primarycontactid/$ref")).status_code == 204
    assert (await bridge.get(f"accounts({account})"))["_primarycontactid_value"] is None


async def test_deleting_restricts_cascades_and_removes_links(admin: Client, goods: Goods) -> None:
    invoice = await admin.create("invoices", goods.invoice(goods.line()))
    key = {"acx_key": "k", "acx_invoiceid@odata.bind": f"/invoices({invoice})"}
    export = await admin.create("acx_accountingexports", key)
    assert (await admin.refused("DELETE", f"accounts({goods.account})"))[0] == 400
    assert (await admin.refused("DELETE", f"products({goods.product})"))[0] == 400
    assert (await admin.send("DELETE", f"invoices({invoice})")).status_code == 204
    assert (await admin.get("invoicedetails"))["value"] == []
    assert (await admin.get(f"acx_accountingexports({export})"))["_acx_invoiceid_value"] is None
    assert (await admin.send("DELETE", f"accounts({goods.account})")).status_code == 204


async def test_what_nobody_serves_is_refused(admin: Client) -> None:
    assert (await admin.refused("POST", "invoices/Microsoft.Dynamics.CRM.CreateMultiple", {}))[0] in {404, 405}
    assert (await admin.refused("POST", "FulfillSalesOrder", {}))[0] == 400
    assert (await admin.refused("POST", "LockInvoicePricing", {}))[0] == 404
    assert (await admin.refused("PUT", "accounts", {}))[0] == 405
