"""The webhook and its steps: which events Dataverse tells the bridge of."""

from dataclasses import dataclass
from uuid import UUID

from shared.dataverse.batch import Operation
from shared.dataverse.client import Dataverse

WEBHOOK_CONTRACT = 8
WEBHOOK_KEY = 4
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
        return f"Accounting bridge: {self.message} of {self.table}"


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


async def register(dataverse: Dataverse, url: str, key: str) -> None:
    """Register the webhook at ``url`` with its function key, and all steps. For an environment that has none."""
    endpoint = {
        "name": "Accounting bridge",
        "contract": WEBHOOK_CONTRACT,
        "authtype": WEBHOOK_KEY,
        "authvalue": key,
        "url": url,
    }
    parts = await dataverse.batch([Operation("POST", "serviceendpoints", endpoint)])
    endpoint_id = UUID(parts[0].headers["odata-entityid"].rstrip(")").rsplit("(", 1)[1])
    for step in STEPS:
        await _register_step(dataverse, endpoint_id, step)


async def _register_step(dataverse: Dataverse, endpoint_id: UUID, step: Step) -> None:
    messages = await dataverse.rows("sdkmessages", {"$select": "sdkmessageid", "$filter": f"name eq '{step.message}'"})
    message_id = UUID(messages[0]["sdkmessageid"])
    filters = await dataverse.rows(
        "sdkmessagefilters",
        {
            "$select": "sdkmessagefilterid",
            "$filter": f"primaryobjecttypecode eq '{step.table}' and _sdkmessageid_value eq {message_id}",
        },
    )
    body: dict[str, object] = {
        "name": step.name,
        "stage": POST_OPERATION,
        "mode": ASYNCHRONOUS,
        "rank": 1,
        "supporteddeployment": 0,
        "asyncautodelete": True,
        "sdkmessageid@odata.bind": f"/sdkmessages({message_id})",
        "sdkmessagefilterid@odata.bind": f"/sdkmessagefilters({filters[0]['sdkmessagefilterid']})",
        "eventhandler_serviceendpoint@odata.bind": f"/serviceendpoints({endpoint_id})",
    }
    if step.columns:
        body["filteringattributes"] = ",".join(step.columns)
    parts = await dataverse.batch([Operation("POST", "sdkmessageprocessingsteps", body)])
    if parts[0].status >= 300:
        raise RuntimeError(f"{step.name}: Dataverse answered {parts[0].status} {parts[0].content[:300]!r}")
