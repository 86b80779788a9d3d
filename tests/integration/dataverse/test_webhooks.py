"""Steps that post to a webhook: what fires them, what they send, and what becomes of a failure."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from aiohttp import web

from infra.local.serving import Service, listen
from shared.jsontext import loads
from tests.integration.dataverse.conftest import Client, Goods, Organization


@dataclass
class Call:
    """A request that the endpoint received."""

    query: dict[str, str]
    headers: dict[str, str]
    context: dict[str, Any]


@dataclass
class Receiver:
    """An endpoint that remembers what it was sent; ``answers`` are its next statuses, then 200."""

    url: str = ""
    calls: list[Call] = field(default_factory=list)
    answers: list[int] = field(default_factory=list)

    async def handle(self, request: web.Request) -> web.Response:
        """Take a call."""
        headers = {name.lower(): value for name, value in request.headers.items()}
        self.calls.append(Call(dict(request.query), headers, loads(await request.read())))
        return web.Response(status=self.answers.pop(0) if self.answers else 200)


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    """A running endpoint."""
    made, app = Receiver(), web.Application(client_max_size=8 * 1024**2)
    app.router.add_post("/hook", made.handle)
    runner, url = await listen(Service(app, lambda _: {}))
    made.url = f"{url}/hook"
    async with contextlib.AsyncExitStack() as stack:
        stack.push_async_callback(runner.cleanup)
        yield made


async def register(
    admin: Client,
    receiver: Receiver,
    message: str,
    table: str,
    *,
    filtering: str = "",
    authtype: int = 4,
    **values: Any,
) -> str:
    """Register a step the way a real one is registered; give its id."""
    authvalue = {
        4: "secret-key",
        5: '<settings><setting name="x-key" value="in a header" /></settings>',
        6: '<settings><setting name="key" value="in the query" /></settings>',
    }[authtype]
    endpoint = await admin.create(
        "serviceendpoints",
        {"name": "hook", "url": receiver.url, "contract": 8, "authtype": authtype, "authvalue": authvalue},
    )
    found = await admin.get(
        f"sdkmessagefilters?$select=sdkmessagefilterid,_sdkmessageid_value&$filter=primaryobjecttypecode eq '{table}' "
        f"and sdkmessageid/name eq '{message}'"
    )
    ids = found["value"][0]
    return await admin.create(
        "sdkmessageprocessingsteps",
        {
            "name": f"{message} of {table}",
            "stage": 40,
            "mode": 1,
            "rank": 1,
            "supporteddeployment": 0,
            "asyncautodelete": False,
            **({"filteringattributes": filtering} if filtering else {}),
            "sdkmessageid@odata.bind": f"/sdkmessages({ids['_sdkmessageid_value']})",
            "sdkmessagefilterid@odata.bind": f"/sdkmessagefilters({ids['sdkmessagefilterid']})",
            "eventhandler_serviceendpoint@odata.bind": f"/serviceendpoints({endpoint})",
            **values,
        },
    )


async def settle(organization: Organization) -> None:
    """Wait until everything is delivered."""
    answer = await organization.http.post(organization.line["url"] + "/_local/events/idle")
    assert answer.status_code == 204


def attributes(context: dict[str, Any]) -> dict[str, Any]:
    """Give the attributes of the target."""
    target = next(item["value"] for item in context["InputParameters"] if item["key"] == "Target")
    return {item["key"]: item["value"] for item in target["Attributes"]}


async def test_an_update_is_told_after_the_commit(admin: Client, goods: Goods, receiver: Receiver) -> None:
    invoice = await admin.create("invoices", goods.invoice(goods.line()))
    await register(admin, receiver, "Update", "invoice", filtering="statuscode")
    await admin.patch(f"invoices({invoice})", {"name": "Renamed"})
    await admin.patch(f"invoices({invoice})", {"statuscode": 4})
    await settle(admin.organization)
    [call] = receiver.calls
    assert call.query == {"code": "secret-key"}
    assert call.headers["x-ms-dynamics-entity-name"] == "invoice"
    assert call.headers["x-ms-dynamics-request-name"] == "Update"
    assert call.headers["x-ms-dynamics-organization"] == "bridge.crm.dynamics.com"
    assert call.headers["x-ms-correlation-request-id"] == call.context["CorrelationId"]
    assert call.context["PrimaryEntityId"] == invoice
    assert call.context["OrganizationId"] == admin.organization.line["organization_id"]
    assert attributes(call.context)["statuscode"]["Value"] == 4
    assert attributes(call.context)["invoiceid"] == invoice


async def test_an_event_names_who_caused_it(bridge: Client, admin: Client, receiver: Receiver) -> None:
    await register(admin, receiver, "Create", "acx_accountingexport")
    await bridge.create("acx_accountingexports", {"acx_key": "k"})
    await settle(admin.organization)
    assert receiver.calls[0].context["InitiatingUserId"] == admin.organization.line["user_id"]


@pytest.mark.parametrize(("authtype", "where"), [(5, "header"), (6, "query")])
async def test_the_other_ways_to_authenticate(admin: Client, receiver: Receiver, authtype: int, where: str) -> None:
    await register(admin, receiver, "Create", "account", authtype=authtype)
    await admin.create("accounts", {"name": "A"})
    await settle(admin.organization)
    [call] = receiver.calls
    assert (call.headers.get("x-key") if where == "header" else call.query.get("key")) == (
        "in a header" if where == "header" else "in the query"
    )


async def test_a_change_of_state_raises_update_and_setstate(admin: Client, goods: Goods, receiver: Receiver) -> None:
    invoice = await admin.create("invoices", goods.invoice(goods.line()))
    for message in ("Update", "SetState"):
        await register(admin, receiver, message, "invoice")
    await admin.patch(f"invoices({invoice})", {"statecode": 3})
    await settle(admin.organization)
    by_name = {call.context["MessageName"]: call.context for call in receiver.calls}
    assert set(by_name) == {"Update", "SetState"}
    assert attributes(by_name["Update"])["statuscode"]["Value"] == 100003
    state = {item["key"]: item["value"] for item in by_name["SetState"]["InputParameters"]}
    assert state["EntityMoniker"]["Id"] == invoice
    assert (state["State"]["Value"], state["Status"]["Value"]) == (3, 100003)


async def test_images_show_before_and_after(admin: Client, receiver: Receiver) -> None:
    account = await admin.create("accounts", {"name": "Old", "telephone1": "1"})
    step = await register(admin, receiver, "Update", "account")
    await admin.create(
        "sdkmessageprocessingstepimages",
        {
            "name": "both",
            "entityalias": "both",
            "imagetype": 2,
            "messagepropertyname": "Target",
            "attributes": "name",
            "sdkmessageprocessingstepid@odata.bind": f"/sdkmessageprocessingsteps({step})",
        },
    )
    await admin.patch(f"accounts({account})", {"name": "New"})
    await settle(admin.organization)
    context = receiver.calls[0].context

    def names(images: list[dict[str, Any]]) -> dict[str, list[Any]]:
        return {
            image["key"]: [item["value"] for item in image["value"]["Attributes"] if item["key"] == "name"]
            for image in images
        }

    assert names(context["PreEntityImages"]) == {"both": ["Old"]}
    assert names(context["PostEntityImages"]) == {"AsynchronousStepPrimaryName": ["New"], "both": ["New"]}


@pytest.mark.parametrize(
    ("answers", "calls", "status"), [([503, 200], 2, 30), ([502, 504, 200], 2, 31), ([500, 200], 1, 31), ([429], 1, 31)]
)
async def test_one_retry_and_only_after_502_503_504(
    admin: Client, receiver: Receiver, answers: list[int], calls: int, status: int
) -> None:
    await register(admin, receiver, "Create", "account")
    receiver.answers = answers
    await admin.create("accounts", {"name": "A"})
    await settle(admin.organization)
    assert len(receiver.calls) == calls
    jobs = await admin.get("asyncoperations?$select=statuscode,messagename,primaryentitytype")
    assert [(job["statuscode"], job["messagename"], job["primaryentitytype"]) for job in jobs["value"]] == [
        (status, "Create", "account")
    ]


async def test_what_was_rolled_back_is_not_told(admin: Client, receiver: Receiver) -> None:
    await register(admin, receiver, "Create", "account")
    first = {"accountid": "11111111-2222-3333-4444-555555555555", "name": "A"}
    await admin.create("accounts", first)
    assert (await admin.refused("POST", "accounts", first))[0] == 412
    await settle(admin.organization)
    assert len(receiver.calls) == 1


async def test_a_large_event_loses_its_parameters(admin: Client, receiver: Receiver) -> None:
    await register(admin, receiver, "Create", "acx_accountingexport")
    await admin.create("acx_accountingexports", {"acx_key": "k", "acx_lines": "x" * 300_000})
    await settle(admin.organization)
    [call] = receiver.calls
    assert "x-ms-dynamics-msg-size-exceeded" in call.headers
    assert (call.context["InputParameters"], call.context["ParentContext"]) == ([], None)
    assert call.context["PrimaryEntityName"] == "acx_accountingexport"


async def test_deleting_a_line_tells_the_line_and_the_new_totals(
    admin: Client, goods: Goods, receiver: Receiver
) -> None:
    invoice = await admin.create("invoices", goods.invoice(goods.line(), goods.line()))
    await register(admin, receiver, "Delete", "invoicedetail")
    await register(admin, receiver, "Update", "invoice", filtering="totalamount")
    lines = await admin.get(f"invoices({invoice})/invoice_details?$select=invoicedetailid")
    await admin.send("DELETE", f"invoicedetails({lines['value'][0]['invoicedetailid']})")
    await settle(admin.organization)
    by_table = {call.context["PrimaryEntityName"]: call.context for call in receiver.calls}
    assert set(by_table) == {"invoice", "invoicedetail"}
    assert attributes(by_table["invoice"])["totalamount"]["Value"] == 20


async def test_events_can_be_replayed(admin: Client, receiver: Receiver) -> None:
    await register(admin, receiver, "Create", "account")
    await admin.create("accounts", {"name": "A"})
    await settle(admin.organization)
    answer = await admin.organization.http.post(admin.organization.line["url"] + "/_local/events/replay")
    assert answer.json() == {"events": 1}
    await settle(admin.organization)
    first, second = receiver.calls
    assert first.context == second.context


async def test_events_can_get_lost_come_twice_or_in_the_opposite_order(admin: Client, receiver: Receiver) -> None:
    await register(admin, receiver, "Create", "account")
    address = admin.organization.line["url"] + "/_local/events/"
    faults = admin.organization.line["url"] + "/_local/faults"
    for kind in ("drop_before", "duplicate"):
        fault = {"kind": kind, "match": "DELIVER Create account"}
        (await admin.organization.http.post(faults, json=fault)).raise_for_status()
    await admin.create("accounts", {"name": "lost"})
    await settle(admin.organization)
    await admin.create("accounts", {"name": "twice"})
    await settle(admin.organization)
    await admin.organization.http.post(address + "hold")
    for name in ("first", "second"):
        await admin.create("accounts", {"name": name})
    await settle(admin.organization)
    assert len(receiver.calls) == 2
    await admin.organization.http.post(address + "release")
    await settle(admin.organization)
    names = [attributes(call.context)["name"] for call in receiver.calls]
    assert names[:2] == ["twice", "twice"]
    assert set(names[2:]) == {"first", "second"}


async def test_named_steps_can_be_bypassed_and_a_tag_is_passed_on(admin: Client, receiver: Receiver) -> None:
    step = await register(admin, receiver, "Create", "account")
    silent = await admin.send(
        "POST", "accounts", {"name": "silent"}, **{"MSCRM.BypassBusinessLogicExecutionStepIds": step}
    )
    assert silent.status_code == 204
    assert (await admin.send("POST", "accounts?tag=from-a-test", {"name": "told"})).status_code == 204
    await admin.patch(f"sdkmessageprocessingsteps({step})", {"statecode": 1})
    await admin.create("accounts", {"name": "after it was disabled"})
    await settle(admin.organization)
    [call] = receiver.calls
    assert {"key": "tag", "value": "from-a-test"} in call.context["SharedVariables"]


async def test_fulfilling_an_order_raises_nothing(admin: Client, goods: Goods, receiver: Receiver) -> None:
    order = await admin.create("salesorders", {"customerid_account@odata.bind": f"/accounts({goods.account})"})
    for message in ("Update", "SetState"):
        await register(admin, receiver, message, "salesorder")
    close = {"@odata.type": "Microsoft.Dynamics.CRM.orderclose", "salesorderid@odata.bind": f"/salesorders({order})"}
    answer = await admin.send("POST", "FulfillSalesOrder", {"OrderClose": close, "Status": -1})
    assert answer.status_code == 204
    await settle(admin.organization)
    assert receiver.calls == []
    row = await admin.get(f"salesorders({order})?$select=statecode,statuscode")
    assert (row["statecode"], row["statuscode"]) == (3, 100001)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"mode": 0}, "Only asynchronous steps"),
        ({"stage": 20}, "Only asynchronous steps"),
        ({"filteringattributes": "taxnumber"}, "Filtering attributes that the table doesn't have: taxnumber."),
    ],
)
async def test_steps_that_are_refused(admin: Client, receiver: Receiver, values: dict[str, Any], message: str) -> None:
    with pytest.raises(AssertionError, match=message):
        await register(admin, receiver, "Update", "account", **values)


async def test_endpoints_that_are_refused(admin: Client) -> None:
    hook = {"name": "hook", "url": "http://127.0.0.1:1/hook", "contract": 8, "authtype": 4, "authvalue": "x"}
    for change in ({"contract": 2}, {"authtype": 2}, {"url": "somewhere"}, {"authtype": 5}):
        assert (await admin.refused("POST", "serviceendpoints", hook | change))[0] == 400


async def test_delivery_does_not_hold_up_the_api(admin: Client, receiver: Receiver) -> None:
    release = asyncio.Event()

    async def slow(request: web.Request) -> web.Response:
        await release.wait()
        return web.Response()

    app = web.Application()
    app.router.add_post("/hook", slow)
    runner, url = await listen(Service(app, lambda _: {}))
    await register(admin, Receiver(f"{url}/hook"), "Create", "account")
    for number in range(20):
        await admin.create("accounts", {"name": str(number)})
    waiting = await admin.get("asyncoperations?$filter=statecode ne 3&$count=true&$top=1")
    assert waiting["@odata.count"] == 20
    release.set()
    await settle(admin.organization)
    await runner.cleanup()
