"""The user table and the user-defined fields, as data: bodies of ``UserTablesMD`` and ``UserFieldsMD``."""

from typing import Any

from shared.sapb1 import fence

DOCUMENTS = "OINV"
"""A field that is added to one marketing document's header is there in all of them, and in drafts."""

CLAIM_TABLE: dict[str, Any] = {
    "TableName": fence.TABLE,
    "TableDescription": "Claims of the bridge",
    "TableType": "bott_NoObject",
}


def _text(name: str, size: int, description: str) -> dict[str, Any]:
    return {
        "Name": name.removeprefix("U_"),
        "Type": "db_Alpha",
        "Size": size,
        "Description": description,
        "TableName": DOCUMENTS,
    }


DOCUMENT_FIELDS: tuple[dict[str, Any], ...] = (
    _text(fence.KEY, 50, "Bridge: key of the CRM record"),
    _text(fence.VERSION, 20, "Bridge: version written"),
    _text(fence.HASH, 64, "Bridge: hash of what was written"),
)
