"""The fence: a claim row and its document are created in one changeset, so one key can make one document only.

``Code`` of a user table is unique in every database that Business One runs on. A unique key on a document's own
user-defined field is not: on SQL Server it would allow a single document without one.
"""

from typing import Any
from uuid import UUID

TABLE = "ACX_CLAIM"
"""The user table; Service Layer serves its rows at ``U_ACX_CLAIM``."""
CLAIMS = f"U_{TABLE}"

KEY = "U_ACX_Key"
VERSION = "U_ACX_Version"
HASH = "U_ACX_Hash"
FIELDS = (KEY, VERSION, HASH)
"""User-defined fields in the header of marketing documents: which record it is, and what of it was written."""

SET_UP = "python -m infra.sapb1"
"""What an administrator runs to create table and fields."""


def claim(key: UUID, name: str) -> dict[str, Any]:
    """Give a claim row. ``name`` (up to 100) must be unique as well: some versions index it so."""
    return {"Code": str(key), "Name": name}


def document_name(key: UUID) -> str:
    """Name the claim of a document."""
    return f"invoice {key}"


def customer_name(card_code: str) -> str:
    """Name the claim of a business partner, so that it says which one it made."""
    return f"customer {card_code}"


def claimed_customer(name: str) -> str:
    """Read the CardCode that a claim was made for; empty where it isn't a customer's."""
    return name.removeprefix("customer ") if name.startswith("customer ") else ""
