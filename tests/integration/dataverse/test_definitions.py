"""Table definitions, as the set-up and the check of a company's own columns read them."""

from tests.integration.dataverse.conftest import Client


async def test_a_table_and_its_columns_can_be_read(admin: Client) -> None:
    table = await admin.get(
        "EntityDefinitions(LogicalName='invoice')?$select=LogicalName,EntitySetName,PrimaryIdAttribute,"
        "ChangeTrackingEnabled&$expand=Attributes($select=LogicalName,AttributeType)"
    )
    assert (table["EntitySetName"], table["PrimaryIdAttribute"]) == ("invoices", "invoiceid")
    types = {column["LogicalName"]: column["AttributeType"] for column in table["Attributes"]}
    assert types["invoicenumber"] == "String"
    assert types["totalamount"] == "Money"
    assert types["customerid"] == "Customer"
    assert types["statuscode"] == "Status"
    assert "SchemaName" not in table


async def test_columns_carry_the_properties_of_their_types(admin: Client) -> None:
    columns = (await admin.get("EntityDefinitions(LogicalName='acx_accountingexport')/Attributes"))["value"]
    by_name = {column["LogicalName"]: column for column in columns}
    assert by_name["acx_message"]["@odata.type"] == "#Microsoft.Dynamics.CRM.MemoAttributeMetadata"
    assert by_name["acx_message"]["MaxLength"] == 4000
    assert by_name["acx_invoiceid"]["Targets"] == ["invoice"]
    choice = await admin.get(
        "EntityDefinitions(LogicalName='acx_accountingexport')/Attributes(LogicalName='acx_state')/"
        "Microsoft.Dynamics.CRM.PicklistAttributeMetadata?$select=LogicalName&$expand=OptionSet"
    )
    assert "Posted" in {option["Label"]["UserLocalizedLabel"]["Label"] for option in choice["OptionSet"]["Options"]}


async def test_definitions_are_filtered_by_name(admin: Client) -> None:
    found = await admin.get(
        "EntityDefinitions?$select=LogicalName&$filter=LogicalName eq 'invoice' or LogicalName eq 'nothing'"
    )
    assert [each["LogicalName"] for each in found["value"]] == ["invoice"]
    lookups = await admin.get(
        "EntityDefinitions(LogicalName='invoicedetail')/ManyToOneRelationships"
        "?$select=ReferencingEntityNavigationPropertyName,ReferencedEntity&$filter=ReferencingAttribute eq 'productid'"
    )
    assert [each["ReferencedEntity"] for each in lookups["value"]] == ["product"]


async def test_what_is_not_there_is_refused(admin: Client) -> None:
    assert (await admin.refused("GET", "EntityDefinitions(LogicalName='nothing')"))[0] == 404
    assert (await admin.refused("GET", "EntityDefinitions(LogicalName='invoice')?$select=Colour"))[0] == 400
    # MaxLength is a property of a derived type, and $select knows the base type alone.
    path = "EntityDefinitions(LogicalName='invoice')/Attributes?$select=MaxLength"
    assert (await admin.refused("GET", path))[0] == 400
    assert (await admin.refused("GET", "EntityDefinitions?$top=1"))[0] == 400
