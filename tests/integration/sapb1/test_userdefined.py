"""User-defined fields, tables and keys."""

from pathlib import Path

import pytest

from tests.integration.sapb1.client import Client, Json, document
from tests.integration.sapb1.conftest import Start, prepare


def field(table: str, name: str, **more: object) -> Json:
    return {"TableName": table, "Name": name, "Type": "db_Alpha", "Size": 20, "Description": name, **more}


async def test_a_field_of_invoices_is_a_field_of_all_documents(b1: Client) -> None:
    created = await b1.add("UserFieldsMD", field("OINV", "Ref"))
    assert (created["FieldID"], created["Size"], created["EditSize"]) == (0, 20, 20)
    for kind in ("Invoices", "Orders", "Drafts"):
        posted = await b1.add(kind, document(U_Ref="r", DocDueDate="2026-04-01", DocObjectCode="oInvoices"))
        assert posted["U_Ref"] == "r"
    too_long = await b1.refused("Invoices", document(U_Ref="x" * 21))
    assert too_long == (400, "-1000", "Value too long in property 'U_Ref' of 'Document'")


async def test_fields_of_lines_partners_and_items(b1: Client) -> None:
    await b1.add("UserFieldsMD", field("INV1", "Note"))
    await b1.add("UserFieldsMD", field("OCRD", "Crm", Type="db_Numeric", Size=None))
    await b1.add("UserFieldsMD", field("OITM", "Since", Type="db_Date", Size=None))
    invoice = await b1.add("Invoices", document({"ItemCode": "A1000", "UnitPrice": 1, "U_Note": "n"}))
    assert invoice["DocumentLines"][0]["U_Note"] == "n"
    partner = await b1.add("BusinessPartners", {"CardCode": "C1", "CardName": "One", "U_Crm": 7})
    assert partner["U_Crm"] == 7
    assert (await b1.refused("BusinessPartners", {"CardCode": "C2", "U_Crm": "x"}))[1] == "-1004"
    item = await b1.add("Items", {"ItemCode": "I1", "U_Since": "20260102"})
    assert item["U_Since"] == "2026-01-02T00:00:00Z"


async def test_a_restart_may_be_needed(start: Start) -> None:
    client = await start(require_restart="1")
    await client.add("UserTablesMD", {"TableName": "T", "TableDescription": "T"})
    await client.add("UserFieldsMD", field("OINV", "Ref"))
    assert (await client.refused("Invoices", document(U_Ref="r")))[2] == "Property 'U_Ref' of 'Document' is invalid"
    assert (await client.call("GET", "U_T")).error[:2] == (400, "200")
    await client.local("POST", "restart")
    assert (await client.call("GET", "U_T")).error[1] == "301"
    await client.login()
    await client.add("Invoices", document(U_Ref="r"))
    await client.get("U_T")


@pytest.mark.parametrize(
    ("path", "body", "code"),
    [
        ("UserFieldsMD", field("OINV", "ACX_Key"), "-2035"),
        ("UserFieldsMD", field("ORDR", "acx_key"), "-2035"),
        ("UserFieldsMD", field("OXXX", "A"), "-2004"),
        ("UserFieldsMD", field("@NOTHING", "A"), "-2004"),
        ("UserFieldsMD", field("OINV", "a b"), "-5002"),
        ("UserFieldsMD", field("OINV", "A", Size=300), "-5002"),
        ("UserFieldsMD", field("OINV", "A", Type="db_Text"), "-1004"),
        ("UserTablesMD", {"TableName": "ACX_CLAIM", "TableDescription": "again"}, "-2035"),
        ("UserTablesMD", {"TableName": "X"}, "-5002"),
        ("UserTablesMD", {"TableName": "X", "TableDescription": "x", "TableType": "bott_Document"}, "-1000"),
        ("UserKeysMD", {"TableName": "OINV", "KeyName": "K", "UserKeysMD_Elements": [{"ColumnAlias": "No"}]}, "-5002"),
        ("U_ACX_CLAIM", {"Name": "x"}, "-5002"),
        ("U_ACX_CLAIM", {"Code": "x" * 51}, "-1000"),
        ("U_ACX_CLAIM", {"Code": "x", "U_Nothing": 1}, "-1000"),
    ],
)
async def test_metadata_that_makes_no_sense_is_refused(prepared: Client, path: str, body: Json, code: str) -> None:
    assert (await prepared.refused(path, body))[:2] == (400, code)


async def test_rows_of_a_user_table(prepared: Client) -> None:
    await prepared.add("U_ACX_CLAIM", {"Code": "1", "Name": "one", "U_Source": "a"})
    duplicate = (400, "-2035", "This entry already exists in the following tables '@ACX_CLAIM' (ODBC -2035)")
    assert await prepared.refused("U_ACX_CLAIM", {"Code": "1", "Name": "two"}) == duplicate
    assert await prepared.refused("U_ACX_CLAIM", {"Code": "2", "Name": "one"}) == duplicate
    assert (await prepared.call("PATCH", "U_ACX_CLAIM('1')", {"U_Source": "b"})).status == 204
    assert (await prepared.get("U_ACX_CLAIM('1')"))["U_Source"] == "b"
    assert (await prepared.call("DELETE", "U_ACX_CLAIM('1')")).status == 204
    assert (await prepared.get("U_ACX_CLAIM"))["value"] == []


async def test_a_unique_key_on_documents_allows_one_document_without_it(prepared: Client) -> None:
    key = {
        "TableName": "OINV",
        "KeyName": "ACXKEY",
        "Unique": "tYES",
        "UserKeysMD_Elements": [{"ColumnAlias": "ACX_Key"}],
    }
    await prepared.add("UserKeysMD", key)
    await prepared.add("Invoices", document(U_ACX_Key="1"))
    assert (await prepared.refused("Invoices", document(U_ACX_Key="1")))[1] == "-2035"
    await prepared.add("Invoices", document())
    assert (await prepared.refused("Invoices", document()))[1] == "-2035"


async def test_a_field_can_be_taken_away(prepared: Client) -> None:
    [row] = (await prepared.get("UserFieldsMD", filter="TableName eq 'OINV' and Name eq 'ACX_Hash'"))["value"]
    address = f"UserFieldsMD(TableName='OINV',FieldID={row['FieldID']})"
    assert (await prepared.get(address))["Name"] == "ACX_Hash"
    assert (await prepared.call("PATCH", address, {"Size": 10})).error[1] == "-1029"
    assert (await prepared.call("PATCH", address, {"Size": 80})).status == 204
    assert (await prepared.call("DELETE", address)).status == 204
    assert (await prepared.refused("Invoices", document(U_ACX_Hash="h")))[1] == "-1000"


async def test_a_killed_server_goes_on_where_it_was(start: Start, tmp_path: Path) -> None:
    first = await prepare(await start(state=tmp_path / "b1.sqlite"))
    await first.add("Invoices", document(U_ACX_Key="k"))
    before = await first.local("GET", "state")
    second = await start(state=tmp_path / "b1.sqlite")
    assert await second.local("GET", "state") == before
    assert (await second.add("Invoices", document(U_ACX_Key="l")))["DocEntry"] == 2
    second.http.cookies.update(first.http.cookies)
    await second.get("U_ACX_CLAIM")


async def test_the_metadata_names_user_tables_and_fields(prepared: Client) -> None:
    reply = await prepared.call("GET", "$metadata")
    assert reply.headers["Content-Type"].startswith("application/xml")
    assert '<EntitySet EntityType="SAPB1.U_ACX_CLAIM" Name="U_ACX_CLAIM"/>' in reply.body
    assert '<Property Name="U_ACX_Key" Type="Edm.String"/>' in reply.body


async def test_a_unique_key_is_not_built_on_rows_that_break_it(prepared: Client) -> None:
    for _ in range(2):
        await prepared.add("Invoices", document())
    elements = [{"ColumnAlias": "ACX_Key"}]
    key = {"TableName": "OINV", "KeyName": "ACXKEY", "Unique": "tYES", "UserKeysMD_Elements": elements}
    assert (await prepared.refused("UserKeysMD", key))[1] == "-2035"
    assert (await prepared.get("UserKeysMD"))["value"] == []


async def test_only_what_has_a_version_has_an_etag(prepared: Client) -> None:
    reply = await prepared.call("POST", "U_ACX_CLAIM", {"Code": "1"})
    assert "ETag" not in reply.headers
    assert "@odata.etag" not in reply.body
