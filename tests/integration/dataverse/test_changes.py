"""Change tracking."""

import pytest

from tests.integration.dataverse.conftest import Client

TRACK = {"Prefer": "odata.track-changes"}


async def test_changes_and_deletions_since_the_first_call(bridge: Client) -> None:
    kept, changed, gone = [await bridge.create("accounts", {"name": name}) for name in "abc"]
    first = await bridge.get("accounts?$select=name", **TRACK)
    assert {row["accountid"] for row in first["value"]} == {kept, changed, gone}
    new = await bridge.create("accounts", {"name": "d"})
    await bridge.patch(f"accounts({changed})", {"name": "B"})
    await bridge.send("DELETE", f"accounts({gone})")
    assert (await bridge.send("GET", first["@odata.deltaLink"].replace("accounts?", "accounts/$count?"))).text == "3"
    delta = await bridge.get(first["@odata.deltaLink"])
    assert [row.get("name") for row in delta["value"]] == ["d", "B", None]
    assert [row.get("accountid") for row in delta["value"]] == [new, changed, None]
    deletion = delta["value"][2]
    assert (deletion["id"], deletion["reason"]) == (gone, "deleted")
    assert deletion["@odata.context"].endswith("#accounts/$deletedEntity")
    assert (await bridge.get(delta["@odata.deltaLink"]))["value"] == []


async def test_pages_end_with_a_delta_link_from_the_first_page(bridge: Client) -> None:
    ids = [await bridge.create("accounts", {"name": str(number)}) for number in range(5)]
    headers = {"Prefer": "odata.track-changes,odata.maxpagesize=2"}
    page = await bridge.get("accounts?$select=name", **headers)
    assert "@odata.deltaLink" not in page
    await bridge.patch(f"accounts({ids[0]})", {"name": "changed in between"})
    seen = [row["accountid"] for row in page["value"]]
    while "@odata.nextLink" in page:
        assert "istracking" in page["@odata.nextLink"]
        page = await bridge.get(page["@odata.nextLink"], Prefer="odata.maxpagesize=2")
        seen += [row["accountid"] for row in page["value"]]
    assert set(seen) == set(ids)
    delta = await bridge.get(page["@odata.deltaLink"])
    assert [row["accountid"] for row in delta["value"]] == [ids[0]]


async def test_a_delta_is_paged_through_rows_and_deletions(bridge: Client) -> None:
    first = await bridge.get("accounts?$select=name", **TRACK)
    kept = [await bridge.create("accounts", {"name": str(number)}) for number in range(3)]
    gone = [await bridge.create("accounts", {"name": str(number)}) for number in range(3)]
    for row_id in gone:
        await bridge.send("DELETE", f"accounts({row_id})")
    page, seen = await bridge.get(first["@odata.deltaLink"], Prefer="odata.maxpagesize=2"), []
    while True:
        seen += [row.get("accountid") or row["id"] for row in page["value"]]
        if "@odata.nextLink" not in page:
            break
        page = await bridge.get(page["@odata.nextLink"], Prefer="odata.maxpagesize=2")
    assert seen == [*kept, *gone]
    assert (await bridge.get(page["@odata.deltaLink"]))["value"] == []


@pytest.mark.parametrize("option", ["$filter=statecode eq 0", "$orderby=name", "$expand=primarycontactid", "$top=1"])
async def test_what_tracking_is_refused_with(bridge: Client, option: str) -> None:
    status, _, message = await bridge.refused("GET", f"accounts?{option}", **TRACK)
    assert status == 400
    assert (
        message == f'The "{option.partition("=")[0]}" query parameter isn\'t supported when Change Tracking is enabled.'
    )


async def test_a_token_expires(admin: Client, bridge: Client) -> None:
    link = (await bridge.get("accounts?$select=name", **TRACK))["@odata.deltaLink"]
    organization = bridge.organization
    await admin.patch(f"organizations({organization.line['organization_id']})", {"expirechangetrackingindays": 3})
    await organization.http.post(organization.line["url"] + "/_local/clock", json={"shift_seconds": 3 * 86_400 + 60})
    later = await organization.client()
    assert (await later.refused("GET", link))[:2] == (400, "0x80044352")


async def test_tables_that_are_not_tracked(bridge: Client) -> None:
    status, _, message = await bridge.refused("GET", "asyncoperations", **TRACK)
    assert status == 400
    assert "Change tracking is not enabled" in message


async def test_a_line_changes_its_invoice_when_totals_do(admin: Client, bridge: Client) -> None:
    account = await admin.create("accounts", {"name": "A"})
    line = {"isproductoverridden": True, "productdescription": "Work", "quantity": 1, "priceperunit": 5}
    invoice = await admin.create(
        "invoices", {"customerid_account@odata.bind": f"/accounts({account})", "invoice_details": [line]}
    )
    link = (await bridge.get("invoices?$select=totalamount", **TRACK))["@odata.deltaLink"]
    line_id = (await admin.get("invoicedetails?$select=invoicedetailid"))["value"][0]["invoicedetailid"]
    await admin.patch(f"invoicedetails({line_id})", {"description": "not a price"})
    assert (await bridge.get(link))["value"] == []
    await admin.patch(f"invoicedetails({line_id})", {"quantity": 3})
    assert [(row["invoiceid"], row["totalamount"]) for row in (await bridge.get(link))["value"]] == [(invoice, 15)]
