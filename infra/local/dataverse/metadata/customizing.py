"""What hangs on definitions in rows: publishers and solutions, views, privileges, messages that steps can be put on."""

import xml.etree.ElementTree as ET
from typing import Any
from uuid import uuid4

from infra.local.dataverse.clock import Clock
from infra.local.dataverse.errors import DataverseError, invalid_argument
from infra.local.dataverse.metadata import describing
from infra.local.dataverse.requests import ApiRequest
from infra.local.dataverse.schema import Table
from infra.local.dataverse.store import Ref, Row, Store
from infra.local.dataverse.webhook_rules import IMAGE_PROPERTIES

SOLUTION_HEADER = "mscrm.solutionuniquename"
PUBLIC, ASSOCIATED = 0, 2
COMPONENTS = {"role": 20, "savedquery": 26, "sdkmessageprocessingstep": 92, "serviceendpoint": 95}
"""componenttype of rows that may belong to a solution"""


class Customizing:
    """Keeps these rows in step with the definitions of one organization."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    @property
    def language(self) -> int:
        """The organization's base language."""
        return int(next(iter(self._store.tables["organization"].values()))["languagecode"])

    def _solution(self, request: ApiRequest) -> Row | None:
        name = request.headers.get(SOLUTION_HEADER)
        if name is None:
            return None
        for row in self._store.tables["solution"].values():
            if row["uniquename"].casefold() == name.casefold():
                return row
        raise DataverseError(404, "0x80040217", f"The solution unique name '{name}' does not exist.")

    def prefixes(self, request: ApiRequest) -> list[str]:
        """Give the prefixes that a name may have: that of the solution's publisher, or of any where none is named."""
        solution = self._solution(request)
        publishers = self._store.tables["publisher"]
        chosen = publishers.values() if solution is None else [publishers[solution["publisherid"].id]]
        return [row["customizationprefix"] for row in chosen]

    def add_component(self, request: ApiRequest, kind: int, identity: str) -> None:
        """Make what was created part of the solution that the request names."""
        solution = self._solution(request)
        if solution is not None:
            ref = Ref("solution", solution["solutionid"])
            self._put("solutioncomponent", {"componenttype": kind, "objectid": identity, "solutionid": ref})

    def _put(self, table: str, values: dict[str, Any]) -> None:
        schema = self._store.schema[table]
        now = self._clock.text()
        row: dict[str, Any] = dict.fromkeys(schema.columns)
        self._store.put(table, row | {schema.key: str(uuid4()), "createdon": now, "modifiedon": now} | values)

    def table_added(self, table: Table) -> None:
        """Add what a table comes with: its privileges, the messages of its events, its first views."""
        for privilege in describing.privileges(self._store.schema, table):
            if privilege["PrivilegeId"] not in self._store.tables["privilege"]:
                levels = {name.lower(): value for name, value in privilege.items() if name.startswith("CanBe")}
                self._put("privilege", {"privilegeid": privilege["PrivilegeId"], "name": privilege["Name"], **levels})
        if table.custom:
            self._messages(table)
            self._views(table)

    def _messages(self, table: Table) -> None:
        for message in IMAGE_PROPERTIES:
            known = next(row for row in self._store.tables["sdkmessage"].values() if row["name"] == message)
            self._put(
                "sdkmessagefilter",
                {
                    "primaryobjecttypecode": table.name,
                    "secondaryobjecttypecode": "none",
                    "iscustomprocessingstepallowed": True,
                    "sdkmessageid": Ref("sdkmessage", known["sdkmessageid"]),
                },
            )

    def _views(self, table: Table) -> None:
        names = {PUBLIC: f"Active {table.collection_label}", ASSOCIATED: f"{table.label} Associated View"}
        for kind, name in names.items():
            fetch = (
                f'<fetch version="1.0" mapping="logical"><entity name="{table.name}"><attribute name="{table.key}" />'
                f'<attribute name="{table.primary_name}" /></entity></fetch>'
            )
            layout = (
                f'<grid name="resultset" object="{describing.type_code(self._store.schema, table)}" '
                f'jump="{table.primary_name}" select="1" icon="1" preview="1"><row name="result" id="{table.key}">'
                f'<cell name="{table.primary_name}" width="300" /></row></grid>'
            )
            values = {"name": name, "returnedtypecode": table.name, "querytype": kind, "isdefault": True}
            self._put("savedquery", {**values, "fetchxml": fetch, "layoutxml": layout})


def check_publisher(store: Store, row: Row) -> None:
    """Refuse a prefix that isn't one, and a publisher that is there already."""
    prefix = row["customizationprefix"]
    if not (2 <= len(prefix) <= 8 and prefix.isalnum() and prefix[0].isalpha()) or prefix.startswith("mscrm"):
        raise invalid_argument(f"The customization prefix {prefix} is not 2 to 8 letters and digits.")
    _unique(store, "publisher", row)


def check_solution(store: Store, row: Row) -> None:
    """Refuse a solution that is there already, or whose version is none."""
    parts = row["version"].split(".")
    if not 2 <= len(parts) <= 4 or not all(part.isdecimal() for part in parts):
        raise invalid_argument(f"The version {row['version']} is not major.minor.build.revision.")
    _unique(store, "solution", row)


def _unique(store: Store, table: str, row: Row) -> None:
    key = store.schema[table].key
    for other in store.tables[table].values():
        if other[key] != row[key] and other["uniquename"].casefold() == row["uniquename"].casefold():
            raise DataverseError(
                412, "0x80040237", f"A {table} with the unique name {row['uniquename']} already exists."
            )


def check_view(store: Store, row: Row) -> None:
    """Refuse a view of a table or column that isn't there, and layouts that don't fit what is fetched."""
    table = store.schema.get(row["returnedtypecode"])
    if table is None:
        raise invalid_argument(f"The entity with a name = '{row['returnedtypecode']}' was not found.")
    try:
        fetch = ET.fromstring(row.get("fetchxml") or "")  # noqa: S314 -- only programs on this machine send it
        layout = ET.fromstring(row.get("layoutxml") or "")  # noqa: S314 -- only they send it
    except ET.ParseError as error:
        raise invalid_argument(f"The fetchxml or layoutxml of a view can't be read: {error}") from error
    entity = fetch.find("entity")
    if entity is None or entity.get("name") != table.name:
        raise invalid_argument("The fetchxml of a view must fetch the view's table.")
    used = [each.get("name") for each in entity.iter("attribute")]
    used += [each.get("attribute") for tag in ("condition", "order") for each in entity.iter(tag)]
    fetched = {each.get("name") for each in entity.iter("attribute")}
    cells = [each.get("name") for each in layout.iter("cell")]
    for name in (*used, *cells):
        if name not in table.columns:
            raise invalid_argument(f"'{table.name}' entity doesn't contain attribute with Name = '{name}'.")
    if not fetched.issuperset(cells):
        raise invalid_argument("The layoutxml of a view shows a column that its fetchxml doesn't fetch.")
    if layout.get("object") != str(describing.type_code(store.schema, table)):
        raise invalid_argument("The layoutxml of a view names another object than the table's type code.")
