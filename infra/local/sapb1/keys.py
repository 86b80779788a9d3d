"""Unique keys over user-defined fields (UserKeysMD), as the database enforces them."""

from collections.abc import Mapping
from typing import Any

from infra.local.sapb1.context import Context, canonical_table
from infra.local.sapb1.errors import already_exists
from infra.local.sapb1.kinds import BY_SET

_KINDS = {"OCRD": "BusinessPartners", "OITM": "Items", **{kind.table: kind.set for kind in BY_SET.values()}}


def kind_of(table: str) -> str:
    """Give where the rows of a database table are kept."""
    return f"U_{table[1:]}" if table.startswith("@") else _KINDS.get(table, table)


def _values(row: Mapping[str, Any], aliases: list[str]) -> tuple[Any, ...]:
    return tuple(row.get(alias) if alias in {"Code", "Name"} else row.get(f"U_{alias}") for alias in aliases)


def check_unique_keys(context: Context, table: str, row: Mapping[str, Any], own: str | None = None) -> None:
    """Refuse a row whose key another row has. NULL is a value like any other, as SQL Server has it.

    ``table`` is the database table ("OINV", "@ACX_CLAIM"), ``own`` the stored key of the row itself.
    """
    for _, _, key in context.books.rows("UserKeysMD"):
        if key.get("Unique") != "tYES" or canonical_table(key["TableName"]) != canonical_table(table):
            continue
        aliases = [element["ColumnAlias"] for element in key["UserKeysMD_Elements"]]
        wanted = _values(row, aliases)
        for other, _, stored in context.books.rows(kind_of(table)):
            if other != own and _values(stored, aliases) == wanted:
                raise already_exists(f"'{table}'")
