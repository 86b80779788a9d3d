"""The action Merge: what it leaves, what it moves, which events it raises, what it refuses."""

from typing import Any

import pytest

from tests.integration.dataverse.conftest import Client, Goods
from tests.integration.dataverse.test_webhooks import Receiver, receiver, register, settle

__all__ = ["receiver"]


def body(target: str, subordinate: str, table: str = "account", **more: Any) -> dict[str, Any]:
    """Give the body of a merge as Microsoft's example has it."""
    typed = {"@odata.type": f"Microsoft.Dynamics.CRM.{table}"}
    return {
        "Target": {f"{table}id": target} | typed,
        "Subordinate": {f"{table}id": subordinate} | typed,
        "PerformParentingChecks": False,
        **more,
    }


async def merge(client: Client, target: str, subordinate: str, table: str = "account", **more: Any) -> None:
    answer = await client.send("POST", "Merge", body(target, subordinate, table, **more))
    assert answer.status_code == 204, answer.text


async def test_the_subordinate_is_deactivated_and_everything_that_named_it_names_the_target(
    admin: Client, goods: Goods
) -> None:
    stays = await admin.create("accounts", {"name": "Vector", "telephone1": "1"})
    child = await admin.create(
        "accounts", {"name": "Branch", "parentaccountid@odata.bind": f"/accounts({goods.account})"}
    )
    invoice = await admin.create("invoices", goods.invoice(goods.line()))
    paid = await admin.create("invoices", goods.invoice(goods.line()))
    await admin.patch(f"invoices({paid})", {"statecode": 2, "statuscode": 100001})
    order = await admin.create("salesorders", {"customerid_account@odata.bind": f"/accounts({goods.account})"})
    contact = await admin.create(
        "contacts", {"lastname": "Jones", "parentcustomerid_account@odata.bind": f"/accounts({goods.account})"}
    )
    before = (await admin.get(f"invoices({invoice})"))["versionnumber"]
    content = {"@odata.type": "Microsoft.Dynamics.CRM.account", "accountnumber": "1234"}

    await merge(admin, stays, goods.account, UpdateContent=content)

    gone = await admin.get(f"accounts({goods.account})?$expand=masterid($select=name)")
    assert (gone["statecode"], gone["statuscode"], gone["merged"]) == (1, 2, True)
    assert gone["masterid"]["name"] == "Vector"
    master = await admin.get(f"accounts({stays})?$expand=account_master_account($select=accountid)")
    assert (master["accountnumber"], master["telephone1"], master["merged"]) == ("1234", "1", False)
    assert [each["accountid"] for each in master["account_master_account"]] == [goods.account]
    for path, column in [
        (f"invoices({invoice})", "_customerid_value"),
        (f"invoices({paid})", "_customerid_value"),
        (f"salesorders({order})", "_customerid_value"),
        (f"contacts({contact})", "_parentcustomerid_value"),
        (f"contacts({contact})", "_accountid_value"),
        (f"accounts({child})", "_parentaccountid_value"),
    ]:
        assert (await admin.get(path))[column] == stays, path
    assert (await admin.get(f"invoices({paid})"))["statecode"] == 2
    assert (await admin.get(f"invoices({invoice})"))["versionnumber"] > before


async def test_an_earlier_merge_keeps_its_master(admin: Client) -> None:
    first, second, third = [await admin.create("accounts", {"name": name}) for name in "ABC"]
    await merge(admin, second, first)
    await merge(admin, third, second)
    assert (await admin.get(f"accounts({first})"))["_masterid_value"] == second
    assert (await admin.get(f"accounts({second})"))["_masterid_value"] == third


async def test_contacts_can_be_merged(admin: Client) -> None:
    stays, gone = [await admin.create("contacts", {"lastname": name}) for name in ("Jones", "Johns")]
    invoice = await admin.create("invoices", {"name": "I", "customerid_contact@odata.bind": f"/contacts({gone})"})
    await merge(admin, stays, gone, "contact")
    assert (await admin.get(f"invoices({invoice})"))["_customerid_value"] == stays
    assert (await admin.get(f"contacts({gone})"))["merged"] is True


async def test_what_is_moved_raises_update_and_the_two_records_raise_nothing(
    admin: Client, goods: Goods, receiver: Receiver
) -> None:
    stays = await admin.create("accounts", {"name": "Vector"})
    invoice = await admin.create("invoices", goods.invoice(goods.line()))
    for message, table in [("Update", "account"), ("SetState", "account"), ("Update", "invoice")]:
        await register(admin, receiver, message, table)

    await merge(admin, stays, goods.account)
    await settle(admin.organization)

    (call,) = receiver.calls
    assert (call.context["PrimaryEntityName"], call.context["PrimaryEntityId"]) == ("invoice", invoice)
    assert (call.context["MessageName"], call.context["Depth"]) == ("Update", 2)


async def test_what_is_refused_changes_nothing(admin: Client, goods: Goods) -> None:
    stays = await admin.create("accounts", {"name": "Vector"})
    contact = await admin.create("contacts", {"lastname": "Jones"})
    off = await admin.create("accounts", {"name": "Off"})
    await admin.patch(f"accounts({off})", {"statecode": 1, "statuscode": 2})
    invoice = await admin.create("invoices", goods.invoice(goods.line()))
    good = body(stays, goods.account)
    other = {"@odata.type": "Microsoft.Dynamics.CRM.contact", "contactid": contact}
    for wrong, sentence in [
        (body(stays, stays), "are identical"),
        (body(stays, off), "is inactive"),
        (body(off, stays), "is inactive"),
        (body(invoice, invoice, "invoice"), "This type: invoice is not supported"),
        (good | {"Subordinate": other}, "of one type"),
        (good | {"Target": {"accountid": stays}}, "@odata.type"),
        (good | {"Target": {"@odata.type": "Microsoft.Dynamics.CRM.account"}}, "must have accountid"),
        (good | {"PerformParentingChecks": True}, "only as false"),
        ({name: good[name] for name in ("Target", "Subordinate")}, "takes PerformParentingChecks"),
        (good | {"UpdateContent": other}, "must be of the type account"),
        (good | {"UpdateContent": {"@odata.type": "Microsoft.Dynamics.CRM.account", "nmae": "x"}}, "Invalid property"),
        (body(stays, "00000000-0000-0000-0000-000000000001"), "Does Not Exist"),
    ]:
        assert sentence in (await admin.refused("POST", "Merge", wrong))[2]
    assert (await admin.get(f"accounts({goods.account})"))["merged"] is False
    assert (await admin.get(f"invoices({invoice})"))["_customerid_value"] == goods.account


@pytest.mark.parametrize("method", ["GET", "PATCH", "DELETE"])
async def test_it_is_an_action(admin: Client, method: str) -> None:
    assert (await admin.refused(method, "Merge", None if method == "GET" else {}))[0] in {400, 404, 405}
