"""Where Dataverse sends its events: the app's webhook, or its own endpoint that writes to Service Bus by itself."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any
from urllib.parse import urlsplit

from infra.dataverse.steps import (
    STEP_PREFIX,
    STEPS,
    WEBHOOK_CONTRACT,
    WEBHOOK_NAME,
    Step,
    filter_of,
    step_body,
    webhook_body,
)
from infra.dataverse.workshop import Workshop
from infra.findings import Both, Run
from shared.bus import CHANGES
from shared.errors import Misconfigured

QUEUE_NAME = "Accounting bridge (Service Bus)"
QUEUE_CONTRACT, SAS_KEY, JSON, NO_CLAIM, NORMAL, NAMESPACE_ADDRESS = 2, 2, 2, 1, 1, 2
"""serviceendpoint: contract, authtype, messageformat, userclaim, connectionmode, namespaceformat"""

ENDPOINTS = "serviceendpoints"
STEP_ROWS = "sdkmessageprocessingsteps"


@dataclass(frozen=True)
class Webhook:
    """The app's own HTTP endpoint. ``key`` is needed where it is registered or its key is renewed."""

    url: str = ""
    key: str = ""
    via: str = "webhook"
    name: str = WEBHOOK_NAME
    contract: int = WEBHOOK_CONTRACT

    def body(self) -> dict[str, Any]:
        """Give the endpoint. Misconfigured where something is not known."""
        if not self.url.startswith(("https://", "http://127.0.0.1", "http://localhost")) or not self.key:
            raise Misconfigured("WEBHOOK_URL (https://APP/api/dataverse/events) and WEBHOOK_KEY: needed to register it")
        return webhook_body(self.url, self.key)

    def place(self) -> dict[str, Any]:
        """Give what tells this endpoint from another place; empty where it was not said."""
        return {"url": self.url} if self.url else {}

    def secret(self) -> dict[str, Any]:
        """Give what is renewed when the key changes."""
        return {"authvalue": self.key}


@dataclass(frozen=True)
class Queue:
    """Dataverse's own endpoint; ``connection`` is a connection string whose policy may send to ``changes``."""

    connection: str = ""
    via: str = "servicebus"
    name: str = QUEUE_NAME
    contract: int = QUEUE_CONTRACT

    def _parts(self) -> dict[str, str]:
        return dict(part.split("=", 1) for part in self.connection.split(";") if "=" in part)

    def body(self) -> dict[str, Any]:
        """Give the endpoint. Misconfigured where the connection string lacks something."""
        parts = self._parts()
        if any(name not in parts for name in ("Endpoint", "SharedAccessKeyName", "SharedAccessKey")):
            raise Misconfigured(
                "SERVICEBUS_SEND_CONNECTION: a connection string with a policy that may send to changes"
            )
        if parts.get("EntityPath", CHANGES) != CHANGES:
            raise Misconfigured(f"SERVICEBUS_SEND_CONNECTION: must lead to the queue {CHANGES}")
        return {
            "name": self.name,
            "contract": self.contract,
            "connectionmode": NORMAL,
            "messageformat": JSON,
            "userclaim": NO_CLAIM,
            "solutionnamespace": (urlsplit(parts["Endpoint"]).hostname or "").partition(".")[0],
            **self.place(),
            **self.secret(),
        }

    def place(self) -> dict[str, Any]:
        """Give what tells this endpoint from another place; empty where it was not said."""
        if not self.connection:
            return {}
        return {
            "namespaceaddress": self._parts().get("Endpoint", ""),
            "namespaceformat": NAMESPACE_ADDRESS,
            "path": CHANGES,
        }

    def secret(self) -> dict[str, Any]:
        """Give what is renewed when the key changes."""
        parts = self._parts()
        return {
            "authtype": SAS_KEY,
            "saskeyname": parts.get("SharedAccessKeyName", ""),
            "saskey": parts.get("SharedAccessKey", ""),
        }


Endpoint = Webhook | Queue


async def settle(
    workshop: Workshop, run: Run, kinds: Sequence[Endpoint], via: str | None, *, new_key: bool = False
) -> None:
    """Register an endpoint and every step at it; afterwards remove the other kind of endpoint, if it was in use.

    ``kinds`` are both, the webhook first; ``via`` names the one to use (None: the one that is registered, else the
    webhook).
    """
    rows = await workshop.rows(
        ENDPOINTS,
        {
            "$select": "serviceendpointid,name,contract,url,namespaceaddress,namespaceformat,path",
            "$filter": f"name eq '{WEBHOOK_NAME}' or name eq '{QUEUE_NAME}'",
        },
    )
    registered = {row["name"] for row in rows}
    chosen = [each for each in kinds if each.via == via or (via is None and each.name in registered)]
    endpoint = (chosen or list(kinds))[0]
    held = next((row for row in rows if row["name"] == endpoint.name), None)
    what = Both(f"endpoint {endpoint.name}", f"конечная точка {endpoint.name}")
    if not await run.piece(what, held is not None, partial(_register, workshop, endpoint)):
        return
    held = held or await workshop.by_name(ENDPOINTS, "serviceendpointid", endpoint.name)
    if held is None:
        raise LookupError(f"{endpoint.name} was registered and is not found")
    address = f"{ENDPOINTS}({held['serviceendpointid']})"
    place = endpoint.place()
    if any(held.get(name, value) != value for name, value in place.items()):
        change = partial(workshop.write, "PATCH", address, place)
        await run.piece(what, False, change, Both("leads elsewhere", "ведёт в другое место"))
    if new_key and not run.check:
        await workshop.write("PATCH", address, endpoint.secret())
    await _steps(workshop, run, held["serviceendpointid"])
    for other in rows:
        if other["name"] != endpoint.name:
            gone = Both(f"{other['name']} removed", f"{other['name']} удалена")
            there = Both("is still registered", "ещё зарегистрирована")
            old = f"{ENDPOINTS}({other['serviceendpointid']})"
            await run.piece(gone, False, partial(workshop.write, "DELETE", old), there)


async def _register(workshop: Workshop, endpoint: Endpoint) -> None:
    await workshop.write("POST", ENDPOINTS, endpoint.body(), solution=True)


async def _steps(workshop: Workshop, run: Run, endpoint_id: str) -> None:
    rows = await workshop.rows(
        STEP_ROWS,
        {
            "$select": "sdkmessageprocessingstepid,name,filteringattributes,statecode,mode,stage,_eventhandler_value",
            "$filter": f"startswith(name,'{STEP_PREFIX}')",
        },
    )
    held = {row["name"]: row for row in rows}
    for step in STEPS:
        what = Both(f"step {step.message} of {step.table}", f"шаг {step.message} для {step.table}")
        row = held.get(step.name)
        if row is None:
            await run.piece(what, False, _adder(workshop, step, endpoint_id))
            continue
        change = _difference(step, row, endpoint_id)
        place = f"{STEP_ROWS}({row['sdkmessageprocessingstepid']})"
        await run.piece(
            what,
            not change,
            partial(workshop.write, "PATCH", place, change),
            Both("differs: " + ", ".join(change), "отличается: " + ", ".join(change)),
        )


def _adder(workshop: Workshop, step: Step, endpoint_id: str) -> Any:
    async def add() -> None:
        body = step_body(step, *await filter_of(workshop, step), endpoint_id)
        await workshop.write("POST", STEP_ROWS, body, solution=True)

    return add


def _difference(step: Step, row: dict[str, Any], endpoint_id: str) -> dict[str, Any]:
    """Give what must be changed of a step that is there; columns that a company added to the filter stay."""
    change: dict[str, Any] = {}
    if row["_eventhandler_value"] != endpoint_id:
        change["eventhandler_serviceendpoint@odata.bind"] = f"/serviceendpoints({endpoint_id})"
    columns = [name for name in (row["filteringattributes"] or "").split(",") if name]
    if columns and not set(step.columns) <= set(columns):
        change["filteringattributes"] = ",".join(dict.fromkeys([*columns, *step.columns]))
    if row["statecode"] != 0:
        change["statecode"] = 0
        change["statuscode"] = 1
    return change
