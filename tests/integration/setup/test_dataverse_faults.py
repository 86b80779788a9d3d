"""What the Dataverse set-up says of an environment that is otherwise than needed, and what the role is enough for."""

from typing import Any

from infra.dataverse import definitions
from infra.dataverse.definitions import Json
from infra.dataverse.solution import SYNC_CHECKPOINT, Column
from infra.findings import Outcome
from tests.integration.dataverse.conftest import Client
from tests.integration.setup.conftest import Bare, faults_of

ENGLISH = 1033


async def test_a_column_that_is_too_short_or_of_another_type_is_named(bare: Bare) -> None:
    admin = await bare.organization.client("admin_")
    publisher = {"uniquename": "accountingbridge", "friendlyname": "x", "customizationprefix": "acx"}
    await admin.create("publishers", publisher | {"customizationoptionvalueprefix": 71719})
    table = definitions.table(SYNC_CHECKPOINT, ENGLISH)
    for attribute in table["Attributes"]:
        if attribute["SchemaName"] == "acx_link":
            attribute["MaxLength"] = 100
        if attribute["SchemaName"] == "acx_savedon":
            wrong = definitions.attribute(Column("acx_savedon", "String", "Saved on", max_length=10), ENGLISH)
            attribute.clear()
            attribute.update(wrong)
    assert (await admin.send("POST", "EntityDefinitions", table)).status_code == 204
    said = faults_of(await bare.set_up())
    assert "takes 100 characters, not 8000" in said["column acx_synccheckpoint.acx_link"]
    assert "has the type String, not DateTime" in said["column acx_synccheckpoint.acx_savedon"]
    assert "maker portal" in said["column acx_synccheckpoint.acx_savedon"]


async def test_a_missing_column_a_disabled_step_and_a_lost_privilege_are_found_and_mended(bare: Bare) -> None:
    await bare.set_up()
    admin = await bare.organization.client("admin_")
    step = (await admin.get("sdkmessageprocessingsteps?$select=name&$filter=contains(name,'Create of invoice')"))[
        "value"
    ][0]
    await admin.patch(f"sdkmessageprocessingsteps({step['sdkmessageprocessingstepid']})", {"statecode": 1})
    role = (await admin.get("roles?$select=name&$filter=name eq 'Accounting bridge'"))["value"][0]
    assert (await admin.send("DELETE", f"roles({role['roleid']})")).status_code == 204
    said = faults_of(await bare.set_up(check=True))
    assert any("differs: statecode" in text for text in said.values())
    assert "role Accounting bridge" in said
    assert faults_of(await bare.set_up()) == {}
    assert {each.outcome for each in await bare.set_up(check=True)} == {Outcome.RIGHT}


async def test_whoever_may_not_customize_is_told_who_must_run_it(bare: Bare) -> None:
    bare.workshop = bare.sign_in()
    said = faults_of(await bare.set_up())
    assert any("lacks a right" in text or "System Administrator" in text for text in said.values())


async def test_the_role_is_enough_for_the_bridge_and_for_nothing_else(bare: Bare) -> None:
    admin = await bare.organization.client("admin_")
    account = await admin.create("accounts", {"name": "Ромашка"})
    bridge = await bare.organization.client()
    assert (await bridge.refused("GET", "accounts"))[0] == 403, "without a role it may do nothing"
    await bare.set_up()
    for path in (
        "accounts",
        "contacts",
        "products",
        "uoms",
        "invoices?$expand=invoice_details",
        "salesorders",
        "organizations",
    ):
        await bridge.get(path)
    row = {"acx_key": f"onec:account:{account}", "acx_name": "row", "acx_accountid@odata.bind": f"/accounts({account})"}
    journal = await bridge.create("acx_accountingexports", row)
    await bridge.patch(f"acx_accountingexports({journal})", {"acx_number": "0001"})
    tracked = await bridge.send("GET", "invoices?$select=name", Prefer="odata.track-changes")
    assert tracked.status_code == 200
    for method, path, body in (
        ("PATCH", f"accounts({account})", {"name": "changed"}),
        ("POST", "invoices", {"name": "ours"}),
        ("DELETE", f"acx_accountingexports({journal})", None),
        ("POST", "EntityDefinitions", {}),
    ):
        assert (await bridge.refused(method, path, body))[0] == 403, path


async def _refusal(admin: Client, path: str, body: Json) -> str:
    status, _, message = await admin.refused("POST", path, body)
    assert status < 500
    return message


async def test_the_local_dataverse_refuses_what_the_real_one_refuses(bare: Bare) -> None:
    await bare.set_up()
    admin = await bare.organization.client("admin_")
    text: dict[str, Any] = definitions.attribute(Column("acx_more", "String", "More", max_length=10), ENGLISH)
    place = "EntityDefinitions(LogicalName='acx_synccheckpoint')/Attributes"
    assert "valid customization prefix" in await _refusal(admin, place, text | {"SchemaName": "xyz_more"})
    assert "already exists" in await _refusal(admin, place, text | {"SchemaName": "acx_link"})
    assert "needs a label" in await _refusal(admin, place, {**text, "DisplayName": {"LocalizedLabels": []}})
    assert "does not exist on type" in await _refusal(admin, place, text | {"Colour": "red"})
    assert "between 1 and 4000" in await _refusal(admin, place, text | {"MaxLength": 9000})
    again = definitions.table(SYNC_CHECKPOINT, ENGLISH)
    assert "already exists" in await _refusal(admin, "EntityDefinitions", again)
    key = definitions.key(SYNC_CHECKPOINT, ENGLISH)
    assert "already exists" in await _refusal(admin, "EntityDefinitions(LogicalName='acx_synccheckpoint')/Keys", key)
    status, _, _ = await admin.refused("POST", place, text, **{"MSCRM.SolutionUniqueName": "Nothing"})
    assert status == 404


async def test_a_key_is_no_key_until_its_index_is_built(bare: Bare) -> None:
    await bare.set_up()
    admin = await bare.organization.client("admin_")
    table = "EntityDefinitions(LogicalName='acx_synccheckpoint')"
    column = definitions.attribute(Column("acx_other", "String", "Other", max_length=10), ENGLISH)
    assert (await admin.send("POST", f"{table}/Attributes", column)).status_code == 204
    rows = [{"acx_key": str(number), "acx_name": "row", "acx_other": "same"} for number in range(2)]
    for row in rows:
        await admin.create("acx_synccheckpoints", row)
    key = definitions.key(SYNC_CHECKPOINT, ENGLISH) | {"SchemaName": "acx_otherkey", "KeyAttributes": ["acx_other"]}
    assert (await admin.send("POST", f"{table}/Keys", key)).status_code == 204
    states = [
        next(
            each["EntityKeyIndexStatus"]
            for each in (await admin.get(f"{table}/Keys"))["value"]
            if each["KeyAttributes"] == ["acx_other"]
        )
        for _ in range(2)
    ]
    assert states == ["Pending", "Failed"]
    assert (await admin.refused("GET", "acx_synccheckpoints(acx_other='same')"))[0] == 400
