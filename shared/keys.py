"""Keys that are derived, never drawn: the same document always gets the same key, so a second creation is refused."""

import hashlib
from uuid import UUID, uuid5

NAMESPACE = UUID("6a3f0f0e-5d0c-5b53-9c5e-6f3c1f1d7a10")
"""The bridge's own UUIDv5 namespace. Changing it would double every document ever written."""


def accounting_key(organization_id: UUID, target: str, table: str, record_id: UUID, generation: int = 0) -> UUID:
    """Give the key of a record in an accounting system.

    1C takes it as ``Ref_Key``; SAP Business One as the ``Code`` of the claim row. ``generation`` rises when a document
    was cancelled in accounting and is created anew on purpose.
    """
    return uuid5(NAMESPACE, f"{organization_id}:{target}:{table}:{record_id}:{generation}")


def journal_key(target: str, table: str, record_id: UUID) -> str:
    """Give the alternate key of a journal row."""
    return f"{target}:{table}:{record_id}"


def lane(tax_number: str, customer_id: UUID, lanes: int) -> str:
    """Give the session id of a customer's messages.

    By tax number, so that two CRM records of one company are never worked on at the same time.
    """
    seed = tax_number or str(customer_id)
    digest = hashlib.sha256(seed.encode()).digest()
    return f"lane-{int.from_bytes(digest[:4], 'big') % lanes}"


def message_id(*parts: object) -> str:
    """Give a Service Bus message id: the SHA-256 of what caused the message (64 of the 128 characters allowed)."""
    return hashlib.sha256("\n".join(str(part) for part in parts).encode()).hexdigest()
