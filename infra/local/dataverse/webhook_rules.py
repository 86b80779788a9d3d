"""What may be registered: endpoints (webhooks and Service Bus queues), asynchronous post-operation steps, their images.

Endpoints of other contracts, synchronous steps and other stages are real, but not served here; they are refused.
"""

import xml.etree.ElementTree as ET
from typing import Any
from urllib.parse import urlsplit

from infra.local.dataverse.errors import invalid_argument, not_understood
from infra.local.dataverse.store import Row, Store

QUEUE, WEBHOOK = 2, 8
SAS_KEY = 2
JSON_FORMAT, NAMESPACE_ADDRESS = 2, 2
WEBHOOK_KEY, HTTP_HEADER, HTTP_QUERY = 4, 5, 6
ASYNCHRONOUS, POST_OPERATION = 1, 40
PRE_IMAGE, POST_IMAGE, BOTH = 0, 1, 2

IMAGE_PROPERTIES = {
    "Create": "Id",
    "Update": "Target",
    "Delete": "Target",
    "SetState": "EntityMoniker",
    "SetStateDynamicEntity": "EntityMoniker",
}


def settings(authvalue: str) -> list[tuple[str, str]]:
    """Read the names and values that an endpoint sends as headers or in its query string."""
    try:
        root = ET.fromstring(authvalue)  # noqa: S314 - only tests on this machine send it
    except ET.ParseError as error:
        raise invalid_argument(
            f"The auth value must be <settings><setting name= value=/></settings>: {error}"
        ) from error
    return [(item.attrib["name"], item.attrib["value"]) for item in root.iter("setting")]


def endpoint(row: dict[str, Any], creating: bool) -> None:  # noqa: ARG001 - every rule has this form
    """Check a service endpoint."""
    match row.get("contract"):
        case contract if contract == WEBHOOK:
            _webhook(row)
        case contract if contract == QUEUE:
            _queue(row)
        case _:
            raise not_understood("Only endpoints of the contracts 2 (Queue) and 8 (Webhook) are served here.")
    row["isauthvalueset"] = row.get("authvalue") is not None
    row["issaskeyset"] = row.get("saskey") is not None


def _webhook(row: dict[str, Any]) -> None:
    if row.get("authtype") not in {WEBHOOK_KEY, HTTP_HEADER, HTTP_QUERY}:
        raise invalid_argument("A webhook needs authtype 4 (Webhook Key), 5 (Http Header) or 6 (Http Query String).")
    address = urlsplit(row.get("url") or "")
    if address.scheme not in {"http", "https"} or not address.netloc:
        raise invalid_argument("The url of a webhook must be a valid absolute http address.")
    if row.get("authvalue") is not None and row["authtype"] != WEBHOOK_KEY:
        settings(row["authvalue"])


def _queue(row: dict[str, Any]) -> None:
    if row.get("authtype") != SAS_KEY:
        raise not_understood("Only authtype 2 (SAS Key) is served here for a queue.")
    for name in ("saskeyname", "saskey", "namespaceaddress", "path", "solutionnamespace"):
        if not row.get(name):
            raise invalid_argument(f"The required attribute '{name}' of a service endpoint is missing.")
    if row.get("namespaceformat") != NAMESPACE_ADDRESS or urlsplit(row["namespaceaddress"]).scheme != "sb":
        raise invalid_argument("The namespace address must begin with sb://, and namespaceformat say that it is one.")
    if row.get("messageformat") != JSON_FORMAT:
        raise not_understood("Only messageformat 2 (Json) is served here.")


def step(store: Store, row: Row) -> None:
    """Check a step."""
    if row.get("mode") != ASYNCHRONOUS or row.get("stage") != POST_OPERATION:
        raise not_understood("Only asynchronous steps (mode 1) of stage 40 are served by this local server.")
    message = store.get("sdkmessage", row["sdkmessageid"].id) or {}
    entity_filter = row.get("sdkmessagefilterid")
    table = None
    if entity_filter is not None:
        found = store.get("sdkmessagefilter", entity_filter.id) or {}
        if found.get("sdkmessageid") != row["sdkmessageid"]:
            raise invalid_argument("The SDK message filter doesn't belong to the SDK message.")
        table = store.schema[found["primaryobjecttypecode"]]
    names = [name.strip() for name in (row.get("filteringattributes") or "").split(",") if name.strip()]
    if names and message.get("name") != "Update":
        raise invalid_argument("Filtering attributes can be set for the message Update only.")
    unknown = [name for name in names if table is None or name not in table.columns]
    if unknown:
        raise invalid_argument(f"Filtering attributes that the table doesn't have: {', '.join(unknown)}.")


def image(store: Store, row: Row) -> None:
    """Check an image."""
    step_row = store.get("sdkmessageprocessingstep", row["sdkmessageprocessingstepid"].id) or {}
    message = (store.get("sdkmessage", step_row["sdkmessageid"].id) or {}).get("name", "")
    if row.get("messagepropertyname") != IMAGE_PROPERTIES.get(message):
        raise invalid_argument(
            f"Message property name '{row.get('messagepropertyname')}' is not valid on message {message}."
        )
    if message == "Create" and row["imagetype"] != POST_IMAGE:
        raise invalid_argument("PreImage is not supported for the message Create.")
    if message == "Delete" and row["imagetype"] != PRE_IMAGE:
        raise invalid_argument("PostImage is not supported for the message Delete.")
