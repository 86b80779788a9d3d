"""Request bodies: from JSON to column values, links and rows to be created along with the row."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from infra.local.dataverse.addresses import parse_key
from infra.local.dataverse.errors import bad_payload, does_not_exist, no_such_key, not_understood, unknown_segment
from infra.local.dataverse.schema import Kind, Navigation, Table
from infra.local.dataverse.store import Ref, Store
from infra.local.dataverse.values import parse

_ADDRESS = re.compile(r"(?:https?://[^/]+)?/?(?:api/data/v\d+\.\d+/)?([A-Za-z_0-9]+)\((.+)\)\Z")
_BIND = "@odata.bind"


@dataclass
class Body:
    """What a create or update asks for."""

    values: dict[str, Any] = field(default_factory=dict)
    children: list[tuple[Navigation, list[Mapping[str, Any]]]] = field(default_factory=list)


class BodyReader:
    """Reads bodies against the schema; ``references`` are the Content-IDs of a changeset."""

    def __init__(self, store: Store, references: Mapping[str, Ref]) -> None:
        self._store = store
        self._references = references
        self._sets = {table.set_name: table for table in store.schema.values()}

    def resolve(self, text: str) -> Ref:
        """Give the row that an @odata.bind address names; it must exist."""
        if text.startswith("$"):
            if text not in self._references:
                raise not_understood(f"Content-ID Reference: '{text}' does not exist in the batch context.")
            return self._references[text]
        match = _ADDRESS.match(text)
        if match is None:
            raise not_understood(f"Invalid URI '{text}' in an @odata.bind property.", "0x80048d19")
        table = self._sets.get(match[1])
        if table is None:
            raise unknown_segment(match[1])
        address = parse_key(table, match[2])
        row_id = address.id
        if address.key is not None:
            row_id = self._store.by_key(table.name, *address.key)
            if row_id is None:
                raise no_such_key(table.name)
        if row_id is None or self._store.get(table.name, row_id) is None:
            raise does_not_exist(table.name, str(row_id))
        return Ref(table.name, row_id)

    def read(self, table: Table, data: object, *, creating: bool) -> Body:
        """Read a body; DataverseError names what doesn't belong into it."""
        if not isinstance(data, dict):
            raise bad_payload(table.set_name, "A JSON object was expected.")
        body = Body()
        for name, value in data.items():
            if name.endswith(_BIND):
                self._bind(table, body, name.removesuffix(_BIND), value)
            elif "@" in name:
                continue
            elif name in table.navigations:
                self._nested(table, body, table.navigations[name], value, creating=creating)
            else:
                self._value(table, body, name, value, creating=creating)
        return body

    @staticmethod
    def _value(table: Table, body: Body, name: str, value: object, *, creating: bool) -> None:
        column = table.wire.get(name)
        if column is None:
            raise bad_payload(
                table.set_name,
                "An error occurred while validating input parameters: Microsoft.OData.ODataException: Invalid property "
                f"'{name}' was found in entity 'Microsoft.Dynamics.CRM.{table.name}'.",
            )
        if column.kind is Kind.LOOKUP or column.read_only:
            # The real one passes over these without a word; a writer who believes otherwise should learn it here.
            raise bad_payload(table.set_name, f"The property '{name}' is read-only.")
        if column.create_only and not creating and name != table.key:
            raise bad_payload(table.set_name, f"The property '{name}' can't be changed after creation.")
        body.values[name] = parse(table, column, value)

    def _bind(self, table: Table, body: Body, name: str, value: object) -> None:
        navigation = table.navigations.get(name)
        if navigation is None or navigation.many:
            raise bad_payload(
                table.set_name,
                f"An undeclared property '{name}' which only has property annotations in the payload but no property "
                "value was found in the payload. In OData, only declared navigation properties and declared named "
                "streams can be represented as properties without values.",
            )
        if value is None:
            self._link(table, body, navigation, None)
        elif isinstance(value, str):
            ref = self.resolve(value)
            if ref.table != navigation.table:
                raise not_understood(f"Invalid property type '{ref.table}' for '{name}'.", "0x80048d19")
            self._link(table, body, navigation, ref)
        else:
            raise bad_payload(table.set_name, f"The value of '{name}{_BIND}' must be a string.")

    @staticmethod
    def _link(table: Table, body: Body, navigation: Navigation, ref: Ref | None) -> None:
        column = table.columns[navigation.column]
        if column.read_only:
            raise bad_payload(table.set_name, f"The property '{navigation.name}' is read-only.")
        body.values[navigation.column] = ref

    def _nested(self, table: Table, body: Body, navigation: Navigation, value: object, *, creating: bool) -> None:
        if value is None and not navigation.many:
            self._link(table, body, navigation, None)
        elif navigation.many and creating and isinstance(value, list):
            body.children.append((navigation, value))
        elif navigation.many:
            raise bad_payload(table.set_name, f"Deep update of '{navigation.name}' is not supported.")
        else:
            raise bad_payload(
                table.set_name, f"Creating '{navigation.name}' along with the row is not served by this local server."
            )
