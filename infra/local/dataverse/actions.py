"""Actions of Dynamics 365 Sales: ``FulfillSalesOrder``.

It is not an event itself, and whether it raises Update or SetState of the order is not documented. Here it raises
neither, so that whoever relies on an event for it is found out.
"""

from typing import Any

from infra.local.dataverse.body import Body, BodyReader
from infra.local.dataverse.errors import not_understood, unknown_property
from infra.local.dataverse.session import Session
from infra.local.dataverse.store import Store
from infra.local.dataverse.writing import RowEditor

FULFILL = "FulfillSalesOrder"
_FULFILLED, _COMPLETE = 3, 100001
_ANY_STATUS = -1
_ORDER = "salesorderid@odata.bind"


def fulfill_sales_order(store: Store, editor: RowEditor, reader: BodyReader, data: Any, session: Session) -> None:
    """Fulfill an order; ``data`` is the action's body: OrderClose names the order, Status -1 is the default status."""
    if not isinstance(data, dict) or set(data) != {"OrderClose", "Status"} or not isinstance(data["OrderClose"], dict):
        raise not_understood(f"The action {FULFILL} takes OrderClose and Status.", "0x80048d19")
    close = {name: value for name, value in data["OrderClose"].items() if not name.startswith("@")}
    for name in close:
        if name not in {_ORDER, "subject", "actualend", "description"}:
            raise unknown_property(name, "orderclose")
    order = reader.resolve(str(close.get(_ORDER)))
    table = store.schema["salesorder"]
    if order.table != table.name:
        raise not_understood(f"'{_ORDER}' must name an order.", "0x80048d19")
    status = data["Status"]
    body = reader.read(
        table,
        {"statecode": _FULFILLED, "statuscode": _COMPLETE if status == _ANY_STATUS else status},
        creating=False,
    )
    editor.update(table, order.id, Body(body.values), session, silent=True)
