"""Addresses: which table, which row, by id or by alternate key."""

import re
from dataclasses import dataclass
from urllib.parse import unquote

from infra.local.dataverse.errors import does_not_exist, no_such_key, not_understood, unknown_segment
from infra.local.dataverse.query import split_outside
from infra.local.dataverse.schema import Table
from infra.local.dataverse.store import Row, Store
from infra.local.dataverse.values import guid

_KEY = re.compile(r"([A-Za-z_0-9]+)\s*=\s*('(?:[^']|'')*'|[^',]+)\Z")


@dataclass(frozen=True)
class Address:
    """A row as an address names it: by id, or by alternate key."""

    table: Table
    id: str | None = None
    key: tuple[str, str] | None = None


def parse_key(table: Table, text: str) -> Address:
    """Read what stands between the brackets of an address."""
    row_id = guid(text)
    if row_id is not None:
        return Address(table, id=row_id)
    match = _KEY.match(text.strip())
    if match is None:
        raise not_understood(f"Unrecognized 'Edm.Guid' literal '{text}' in '{table.set_name}({text})'.")
    name, value = match[1], match[2]
    if name == table.key and guid(value) is not None:
        return Address(table, id=guid(value))
    if name not in table.alternate_keys or not value.startswith("'"):
        raise not_understood(
            f"The key in the request URI is not valid for resource 'Microsoft.Dynamics.CRM.{table.name}'. Ensure that "
            "the names and number of key properties match the declared or alternate key properties for the resource.",
            "0x80060888",
        )
    return Address(table, key=(name, value[1:-1].replace("''", "'")))


class Addresses:
    """Finds what addresses name in one organization."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.sets = {table.set_name: table for table in store.schema.values()}

    def table(self, segment: str) -> tuple[Table, str | None]:
        """Give the table of an address's first segment, and what stands between its brackets."""
        name, bracket, rest = segment.partition("(")
        table = self.sets.get(name)
        if table is None:
            raise unknown_segment(name)
        if not bracket:
            return table, None
        if not rest.endswith(")"):
            raise not_understood(f"Syntax error in '{segment}'.")
        return table, rest[:-1]

    def find(self, address: Address) -> Row | None:
        """Give the row of an address, if there is one."""
        row_id = address.id
        if address.key is not None:
            row_id = self._store.by_key(address.table.name, *address.key)
        return None if row_id is None else self._store.get(address.table.name, row_id)

    def row(self, table: Table, key: str) -> Row:
        """Give the row that a key names; DataverseError where there is none."""
        address = parse_key(table, key)
        row = self.find(address)
        if row is not None:
            return row
        if address.key is not None:
            raise no_such_key(table.name)
        raise does_not_exist(table.name, str(address.id))


def segments(path: str) -> list[str]:
    """Take the path of an address apart."""
    return split_outside(unquote(path), "/")
