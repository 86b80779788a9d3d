"""Views of the journal: two of its own, and the list that hangs under an invoice, an order, an account."""

import xml.etree.ElementTree as ET
from dataclasses import dataclass
from functools import partial
from typing import Any

from infra.dataverse import definitions
from infra.dataverse.labels import text
from infra.dataverse.solution import ACCOUNTING_EXPORT
from infra.dataverse.workshop import Workshop
from infra.findings import Both, Run
from shared.dataverse.journal import STATE_VALUES
from shared.messages import State

PUBLIC, ASSOCIATED = 0, 2
"""savedquery.querytype"""

COLUMNS = (
    ("acx_name", 200),
    ("acx_target", 100),
    ("acx_state", 150),
    ("acx_number", 130),
    ("acx_message", 400),
    ("acx_total", 120),
    ("acx_paidamount", 120),
    ("acx_changedon", 130),
)
ATTENTION = (State.REFUSED, State.RETRYING, State.DRAFT)


@dataclass(frozen=True)
class View:
    """A public view: its name, and the states it is limited to."""

    name: str
    states: tuple[State, ...] = ()


VIEWS = (View("Documents in accounting"), View("Needs attention", ATTENTION))


def fetch(view: View) -> str:
    """Give a view's FetchXML, newest first."""
    root = ET.Element("fetch", version="1.0", mapping="logical")
    entity = ET.SubElement(root, "entity", name=ACCOUNTING_EXPORT.name)
    for name in (f"{ACCOUNTING_EXPORT.name}id", *(name for name, _ in COLUMNS)):
        ET.SubElement(entity, "attribute", name=name)
    ET.SubElement(entity, "order", attribute="acx_changedon", descending="true")
    if view.states:
        condition = ET.SubElement(ET.SubElement(entity, "filter", type="and"), "condition")
        condition.attrib.update(attribute="acx_state", operator="in")
        for state in view.states:
            ET.SubElement(condition, "value").text = str(STATE_VALUES[state])
    return ET.tostring(root, encoding="unicode")


def layout(type_code: int) -> str:
    """Give a view's layout; ``type_code`` is the table's number in this environment."""
    grid = ET.Element(
        "grid", name="resultset", object=str(type_code), jump="acx_name", select="1", icon="1", preview="1"
    )
    row = ET.SubElement(grid, "row", name="result", id=f"{ACCOUNTING_EXPORT.name}id")
    for name, width in COLUMNS:
        ET.SubElement(row, "cell", name=name, width=str(width))
    return ET.tostring(grid, encoding="unicode")


async def settle(workshop: Workshop, run: Run, language: int) -> None:
    """Create the views that are missing. A view that somebody changed stays as it is."""
    found = await workshop.rows(
        "savedqueries",
        {
            "$select": "savedqueryid,name,querytype,layoutxml",
            "$filter": f"returnedtypecode eq '{ACCOUNTING_EXPORT.name}'",
        },
    )
    place = f"EntityDefinitions(LogicalName='{ACCOUNTING_EXPORT.name}')"
    code = (await workshop.get(place, {"$select": "ObjectTypeCode"}))["ObjectTypeCode"]
    changed = workshop.writes
    for view in VIEWS:
        name = text(view.name, language)
        body: dict[str, Any] = {
            "name": name,
            "returnedtypecode": ACCOUNTING_EXPORT.name,
            "querytype": PUBLIC,
            "fetchxml": fetch(view),
            "layoutxml": layout(code),
        }
        await run.piece(
            Both(f"view {name}", f"представление {name}"),
            any(row["name"] == name and row["querytype"] == PUBLIC for row in found),
            partial(workshop.write, "POST", "savedqueries", body, solution=True),
        )
    for row in found:
        if row["querytype"] == ASSOCIATED:
            body = {"fetchxml": fetch(View("")), "layoutxml": layout(code)}
            await run.piece(
                Both("the list under a CRM record", "список под записью CRM"),
                "acx_state" in (row["layoutxml"] or ""),
                partial(workshop.write, "PATCH", f"savedqueries({row['savedqueryid']})", body),
                Both("shows no state", "не показывает состояние"),
            )
    if workshop.writes > changed:
        await workshop.write("POST", "PublishXml", definitions.publish(ACCOUNTING_EXPORT.name))
