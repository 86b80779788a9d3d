"""The webhook and its steps: which events Dataverse tells the bridge of."""

from dataclasses import dataclass

from shared.dataverse.batch import Operation
from shared.dataverse.client import Dataverse

WEBHOOK_CONTRACT = 8
"""serviceendpoint.contract"""
WEBHOOK_KEY = 4
"""serviceendpoint.authtype"""
WEBHOOK_NAME = "Accounting bridge"
STEP_PREFIX = "Accounting bridge: "
POST_OPERATION = 40
ASYNCHRONOUS = 1


@dataclass(frozen=True)
class Step:
    """One event of one table; ``columns`` limits an Update to changes of these (empty: any)."""

    table: str
    message: str
    columns: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The step's name in Dataverse."""
        return f"{STEP_PREFIX}{self.message} of {self.table}"


_SALE = ("statecode", "statuscode", "totalamount", "customerid", "transactioncurrencyid")
_LINE = ("quantity", "priceperunit", "tax", "extendedamount", "productid", "productdescription", "uomid")
STEPS = (
    Step("invoice", "Create"),
    Step("invoice", "Update", (*_SALE, "datedelivered", "duedate")),
    Step("invoice", "SetState"),
    Step("invoice", "Delete"),
    Step("invoicedetail", "Create"),
    Step("invoicedetail", "Update", _LINE),
    Step("invoicedetail", "Delete"),
    # Whether fulfilling an order raises Update is not documented: both are registered, and the sweep is the guarantee.
    Step("salesorder", "Update", (*_SALE, "datefulfilled")),
    Step("salesorder", "SetState"),
    Step("salesorder", "Delete"),
    Step("salesorderdetail", "Create"),
    Step("salesorderdetail", "Update", _LINE),
    Step("salesorderdetail", "Delete"),
    Step("account", "Update"),
    Step("contact", "Update"),
    Step("product", "Update"),
    Step("acx_accountingexport", "Update", ("acx_retry",)),
)


def webhook_body(url: str, key: str) -> dict[str, object]:
    """Give the endpoint of a webhook; ``key`` is the function key that is sent as ``?code=``."""
    return {
        "name": WEBHOOK_NAME,
        "contract": WEBHOOK_CONTRACT,
        "authtype": WEBHOOK_KEY,
        "authvalue": key,
        "url": url,
    }


def step_body(step: Step, message_id: str, filter_id: str, endpoint_id: str) -> dict[str, object]:
    """Give a step: asynchronous, after the operation, its system job deleted when it succeeded."""
    body: dict[str, object] = {
        "name": step.name,
        "stage": POST_OPERATION,
        "mode": ASYNCHRONOUS,
        "rank": 1,
        "supporteddeployment": 0,
        "asyncautodelete": True,
        "sdkmessageid@odata.bind": f"/sdkmessages({message_id})",
        "sdkmessagefilterid@odata.bind": f"/sdkmessagefilters({filter_id})",
        "eventhandler_serviceendpoint@odata.bind": f"/serviceendpoints({endpoint_id})",
    }
    if step.columns:
        body["filteringattributes"] = ",".join(step.columns)
    return body


async def filter_of(dataverse: Dataverse, step: Step) -> tuple[str, str]:
    """Give the ids of a step's message and of its filter. LookupError where Dataverse has no such event."""
    messages = await dataverse.rows("sdkmessages", {"$select": "sdkmessageid", "$filter": f"name eq '{step.message}'"})
    if messages:
        condition = f"primaryobjecttypecode eq '{step.table}' and _sdkmessageid_value eq {messages[0]['sdkmessageid']}"
        query = {"$select": "sdkmessagefilterid", "$filter": condition}
        if filters := await dataverse.rows("sdkmessagefilters", query):
            return messages[0]["sdkmessageid"], filters[0]["sdkmessagefilterid"]
    raise LookupError(f"{step.table} has no event {step.message}")


async def register(dataverse: Dataverse, url: str, key: str) -> None:
    """Register the webhook at ``url`` with its function key, and all steps. For an environment that has none."""
    parts = await dataverse.batch([Operation("POST", "serviceendpoints", webhook_body(url, key))])
    endpoint_id = parts[0].headers["odata-entityid"].rstrip(")").rsplit("(", 1)[1]
    for step in STEPS:
        body = step_body(step, *await filter_of(dataverse, step), endpoint_id)
        parts = await dataverse.batch([Operation("POST", "sdkmessageprocessingsteps", body)])
        if parts[0].status >= 300:
            raise RuntimeError(f"{step.name}: Dataverse answered {parts[0].status} {parts[0].content[:300]!r}")
