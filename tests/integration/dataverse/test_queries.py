"""Query options: filters, order, pages, expansion, annotations, and their limits."""

from typing import Any
from urllib.parse import quote

import pytest

from tests.integration.dataverse.conftest import Client, Goods


async def _names(client: Client, condition: str) -> list[str]:
    rows = await client.get(f"accounts?$select=name&$orderby=name&$filter={quote(condition)}")
    return [row["name"] for row in rows["value"]]


@pytest.fixture
async def accounts(admin: Client) -> dict[str, str]:
    """Three accounts by name."""
    bodies: list[dict[str, Any]] = [
        {"name": "Alfa", "telephone1": "1", "numberofemployees": 10, "creditonhold": True, "revenue": 100},
        {"name": "beta O'Neil", "telephone1": "2", "numberofemployees": 20},
        {"name": "Gamma", "numberofemployees": 30, "paymenttermscode": 1},
    ]
    return {body["name"]: await admin.create("accounts", body) for body in bodies}


@pytest.mark.parametrize(
    ("condition", "names"),
    [
        ("name eq 'alfa'", ["Alfa"]),
        ("name ne 'alfa'", ["beta O'Neil", "Gamma"]),
        ("name eq 'beta O''Neil'", ["beta O'Neil"]),
        ("telephone1 eq null", ["Gamma"]),
        ("telephone1 ne null", ["Alfa", "beta O'Neil"]),
        ("telephone1 ne '1'", ["beta O'Neil", "Gamma"]),
        ("numberofemployees gt 10 and numberofemployees lt 30", ["beta O'Neil"]),
        ("numberofemployees le 10 or numberofemployees ge 30", ["Alfa", "Gamma"]),
        ("name eq 'Gamma' or name eq 'Alfa' and numberofemployees eq 99", ["Gamma"]),
        ("(name eq 'Gamma' or name eq 'Alfa') and numberofemployees eq 10", ["Alfa"]),
        ("not contains(name,'a')", []),
        ("not startswith(name,'a')", ["beta O'Neil", "Gamma"]),
        ("endswith(name,'MA')", ["Gamma"]),
        ("creditonhold eq true", ["Alfa"]),
        ("revenue gt 99.99", ["Alfa"]),
        ("paymenttermscode eq 1", ["Gamma"]),
        ("createdon gt 2020-01-01T00:00:00Z and createdon ge 2020-01-01", ["Alfa", "beta O'Neil", "Gamma"]),
        ("Microsoft.Dynamics.CRM.In(PropertyName='name',PropertyValues=['ALFA','gamma'])", ["Alfa", "Gamma"]),
        ("Microsoft.Dynamics.CRM.NotIn(PropertyName='name',PropertyValues=[\"alfa\"])", ["beta O'Neil", "Gamma"]),
        ("Microsoft.Dynamics.CRM.In(PropertyName='numberofemployees',PropertyValues=['10','30'])", ["Alfa", "Gamma"]),
        ("transactioncurrencyid/isocurrencycode eq 'EUR' and statecode eq 0", ["Alfa", "beta O'Neil", "Gamma"]),
    ],
)
async def test_filters(admin: Client, accounts: dict[str, str], condition: str, names: list[str]) -> None:
    assert await _names(admin, condition) == names


async def test_filters_by_id_and_lookup(admin: Client, accounts: dict[str, str]) -> None:
    contact = await admin.create(
        "contacts", {"lastname": "One", "parentcustomerid_account@odata.bind": f"accounts({accounts['Alfa']})"}
    )
    assert await _names(admin, f"accountid eq {accounts['Alfa']}") == ["Alfa"]
    assert await _names(admin, f"accountid eq '{accounts['Alfa']}'") == ["Alfa"]
    assert await _names(admin, "contact_customer_accounts/any(c:c/lastname eq 'one')") == ["Alfa"]
    for name in ("_parentcustomerid_value", "parentcustomerid"):
        condition = f"Microsoft.Dynamics.CRM.In(PropertyName='{name}',PropertyValues=['{accounts['Alfa']}'])"
        rows = await admin.get(f"contacts?$select=contactid&$filter={condition}")
        assert [row["contactid"] for row in rows["value"]] == [contact]
    alias = f"contacts?$filter=_parentcustomerid_value eq @p&@p={accounts['Gamma']}"
    assert (await admin.get(alias))["value"] == []


@pytest.mark.parametrize(
    "condition",
    [
        "name eq 1",
        "numberofemployees eq 'x'",
        "name lt null",
        "name equals 'x'",
        "tolower(name) eq 'x'",
        "Microsoft.Dynamics.CRM.LastXDays(PropertyName='createdon',PropertyValue=7)",
        "(name eq 'x'",
        "name eq 'x",
        "name eq 'x' and",
        "createdon gt yesterday",
    ],
)
async def test_filters_that_are_refused(admin: Client, condition: str) -> None:
    status, code, _ = await admin.refused("GET", f"accounts?$filter={quote(condition)}")
    assert (status, code) == (400, "0x80060888")


@pytest.mark.parametrize(
    ("path", "status", "message"),
    [
        ("accounts?$select=taxnumber", 400, "Could not find a property named 'taxnumber' on type"),
        ("accounts?$select=parentaccountid", 400, "'parentaccountid'"),
        ("accounts?$filter=taxnumber eq 'x'", 400, "'taxnumber' on type 'Microsoft.Dynamics.CRM.account'"),
        ("accounts?$orderby=taxnumber", 400, "'taxnumber'"),
        ("accounts?$expand=PrimaryContactId", 400, "'PrimaryContactId'"),
        ("accounts?$skip=1", 400, "Skip Clause is not supported in CRM"),
        ("accounts?$apply=aggregate($count as n)", 400, "$apply"),
        ("accounts?fetchXml=<fetch/>", 400, "fetchXml"),
        ("accounts?select=name", 400, "select"),
        ("accounts?$top=all", 400, "$top"),
        ("accounts?$top=1&$top=2", 400, "more than once"),
        ("accounts?$skiptoken=1", 400, "$skiptoken"),
        ("clients", 404, "Resource not found for the segment 'clients'."),
        ("$metadata", 404, "$metadata"),
        ("accounts(1)", 400, "1"),
        ("accounts(11111111-2222-3333-4444-555555555555)", 404, "Does Not Exist"),
        ("accounts(accountnumber='1')", 400, "key"),
        ("acx_accountingexports(acx_key='1')", 404, "specified key values"),
        ("serviceendpoints?$select=authvalue", 400, "'authvalue'"),
        ("invoices?$expand=opportunityid", 400, "opportunity"),
        ("invoices?$expand=customerid_account($filter=name eq 'x')", 400, "$filter"),
        ("invoices?$expand=invoice_details($count=true)", 400, "$count"),
        ("invoices?$expand=invoice_details($top=1;$expand=productid)", 400, "nested"),
        ("invoices?$expand=" + ",".join(["invoice_details"] * 16), 400, "15"),
    ],
)
async def test_what_is_refused(admin: Client, path: str, status: int, message: str) -> None:
    answer = await admin.refused("GET", path)
    assert answer[0] == status
    assert message in answer[2]


async def test_an_unknown_preference_or_header_is_refused(admin: Client) -> None:
    assert (await admin.refused("GET", "accounts", Prefer="odata.maxpagesize=0"))[0] == 400
    assert (await admin.refused("GET", "accounts", Prefer="respond-async"))[0] == 400
    assert (await admin.refused("GET", "accounts", MSCRMCallerID="x"))[0] == 400
    assert (await admin.refused("GET", "accounts", OData_Version="3.0"))[0] == 400


async def test_long_chains_and_lists_are_answered(admin: Client, accounts: dict[str, str]) -> None:
    chain = " or ".join(f"numberofemployees eq {number}" for number in range(1000, 1500))
    assert (await admin.send("GET", f"accounts?$filter={quote(chain)}")).status_code == 200
    listed = "['a]b','Gamma']"
    assert await _names(admin, f"Microsoft.Dynamics.CRM.In(PropertyName='name',PropertyValues={listed})") == ["Gamma"]


async def test_an_address_beyond_32_kb_is_refused(admin: Client) -> None:
    assert (await admin.refused("GET", f"accounts?$filter=name eq '{'x' * 33_000}'"))[0] == 414


async def test_order_top_and_count(admin: Client, accounts: dict[str, str]) -> None:
    rows = await admin.get("accounts?$select=name&$orderby=telephone1 desc,name&$top=2&$count=true")
    assert [row["name"] for row in rows["value"]] == ["beta O'Neil", "Alfa"]
    assert rows["@odata.count"] == 3
    assert (await admin.send("GET", "accounts/$count")).text == "3"


async def test_pages_follow_the_next_link(admin: Client, accounts: dict[str, str]) -> None:
    path, names = "accounts?$select=name&$orderby=name&$filter=numberofemployees gt 5", []
    while path:
        page = await admin.get(path, Prefer="odata.maxpagesize=2")
        names.append([row["name"] for row in page["value"]])
        path = page.get("@odata.nextLink", "")
    assert names == [["Alfa", "beta O'Neil"], ["Gamma"]]


async def test_rows_that_come_in_between_pages_do_not_shift_them(admin: Client) -> None:
    first = {await admin.create("accounts", {"name": str(number)}) for number in range(6)}
    page = await admin.get("accounts?$select=accountid", Prefer="odata.maxpagesize=3")
    seen = [row["accountid"] for row in page["value"]]
    await admin.send("DELETE", f"accounts({seen[-1]})")
    await admin.create("accounts", {"accountid": "00000000-0000-0000-0000-000000000001", "name": "early"})
    rest = await admin.get(page["@odata.nextLink"], Prefer="odata.maxpagesize=50")
    seen += [row["accountid"] for row in rest["value"]]
    assert sorted(seen) == sorted(first)


async def test_expanded_collections_are_paged_too(admin: Client, goods: Goods) -> None:
    invoice = await admin.create("invoices", goods.invoice(*[goods.line(quantity=number) for number in range(1, 6)]))
    page = await admin.get(
        "invoices?$select=name&$expand=invoice_details($select=quantity;$filter=quantity gt 1)",
        Prefer="odata.maxpagesize=3",
    )
    row = page["value"][0]
    link = row["invoice_details@odata.nextLink"]
    assert f"invoices({invoice})/invoice_details?" in link
    rest = await admin.get(link)
    quantities = [line["quantity"] for line in [*row["invoice_details"], *rest["value"]]]
    assert sorted(quantities) == [2, 3, 4, 5]
    assert set(rest["value"][0]) == {"@odata.etag", "quantity", "invoicedetailid"}


async def test_expanded_collections_are_filtered_and_sorted(admin: Client, goods: Goods) -> None:
    await admin.create("invoices", goods.invoice(*[goods.line(quantity=number) for number in (2, 3, 1)]))
    row = (
        await admin.get("invoices?$expand=invoice_details($select=quantity;$orderby=quantity desc;$top=2)&$select=name")
    )["value"][0]
    assert [line["quantity"] for line in row["invoice_details"]] == [3, 2]


async def test_annotations_show_what_a_user_sees(admin: Client, goods: Goods) -> None:
    invoice = await admin.create("invoices", goods.invoice(goods.line(priceperunit=1000)))
    row = await admin.get(
        f"invoices({invoice})?$select=totalamount,statuscode,_customerid_value",
        Prefer='odata.include-annotations="OData.Community.Display.V1.FormattedValue,Microsoft.Dynamics.CRM.*"',
    )
    formatted = "@OData.Community.Display.V1.FormattedValue"
    assert row[f"totalamount{formatted}"] == "€2,000.00"
    assert row[f"statuscode{formatted}"] == "New"
    assert row[f"_customerid_value{formatted}"] == "Vector LLC"
    assert row["_customerid_value@Microsoft.Dynamics.CRM.lookuplogicalname"] == "account"
    assert row["_customerid_value@Microsoft.Dynamics.CRM.associatednavigationproperty"] == "customerid_account"


async def test_a_row_without_select_has_every_column(admin: Client, goods: Goods) -> None:
    row = await admin.get(f"accounts({goods.account})")
    assert {"acx_taxnumber", "address1_line1", "_ownerid_value", "versionnumber", "creditlimit_base"} <= set(row)
    assert row["@odata.context"].endswith("$metadata#accounts/$entity")


async def test_one_property_and_related_rows_have_addresses(admin: Client, goods: Goods) -> None:
    invoice = await admin.create("invoices", goods.invoice(goods.line()))
    assert (await admin.get(f"invoices({invoice})/name"))["value"] == "Invoice"
    assert (await admin.send("GET", f"invoices({invoice})/name/$value")).text == "Invoice"
    assert (await admin.get(f"invoices({invoice})/customerid_account?$select=name"))["name"] == "Vector LLC"
    assert (await admin.send("GET", f"invoices({invoice})/customerid_contact")).status_code == 204
    assert (await admin.send("GET", f"invoices({invoice})/invoice_details/$count")).text == "1"
    assert (await admin.send("PUT", f"invoices({invoice})/name", {"value": "Other"})).status_code == 204
    assert (await admin.send("DELETE", f"invoices({invoice})/description")).status_code == 204
    assert (await admin.get(f"invoices({invoice})?$select=name"))["name"] == "Other"


async def test_an_unchanged_row_is_not_sent_again(admin: Client, goods: Goods) -> None:
    etag = (await admin.get(f"accounts({goods.account})?$select=name"))["@odata.etag"]
    assert (await admin.send("GET", f"accounts({goods.account})", If_None_Match=etag)).status_code == 304
    assert (await admin.send("GET", f"accounts({goods.account})", If_None_Match="null")).status_code == 200
