"""The fence: a claim row and its document are created in one changeset, so one key can make one document only.

``Code`` of a user table is unique in every database that Business One runs on. A unique key on a document's own
user-defined field is not: on SQL Server it would allow a single document without one.
"""

from typing import Any, Literal
from uuid import UUID, uuid5

from shared.sapb1.kinds import INVOICE, Kind

CardKind = Literal["customer", "item"]

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


def document_claim(kind: Kind, key: UUID) -> dict[str, Any]:
    """Give the claim of a document."""
    return claim(key, f"{kind.name} {key}")


def invoice_key(key: UUID) -> UUID:
    """Give the key of the A/R invoice that is copied from the delivery or order under ``key``."""
    return uuid5(key, "invoice")


def sale_key(order_key: UUID) -> UUID:
    """Give the Code of the row that says which side of a sale stands in the books: its order, or its invoices.

    Whichever is written first puts it there in its own changeset, so both can never be; ``order_key`` is the order's
    key in its first generation.
    """
    return uuid5(order_key, "sale")


def sale_claim(kind: Kind, order_key: UUID) -> dict[str, Any]:
    """Give that row."""
    return claim(sale_key(order_key), f"sale by {'invoice' if kind is INVOICE else 'order'} {order_key}")


def recreation_key(key: UUID) -> UUID:
    """Give the Code of the row that says: the bridge itself cancels this document, to create it anew.

    It is written before the cancellation. Whoever comes after a crash finds the document cancelled and the row there,
    and goes on with the next generation; without the row it was the accountant who cancelled.
    """
    return uuid5(key, "recreate")


def recreation(key: UUID) -> dict[str, Any]:
    """Give that row."""
    return claim(recreation_key(key), f"recreate {key}")


def trial_mark(key: UUID) -> str:
    """Give what a draft carries in the place of a key while it is only computed: no look-up by the key finds it."""
    return f"trial {key}"


def card_name(what: CardKind, code: str) -> str:
    """Name the claim of a business partner or an item, so that it says which one it made."""
    return f"{what} {code}"


def claimed_card(what: CardKind, name: str) -> str:
    """Read the code that such a claim was made for; empty where it is another claim."""
    return name.removeprefix(f"{what} ") if name.startswith(f"{what} ") else ""
