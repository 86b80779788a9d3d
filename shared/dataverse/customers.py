"""From the row of an account or a contact to the canonical customer. Pure.

A merge in Dataverse deactivates the subordinate record, sets its ``merged`` and ``masterid``, and moves its documents
to the master. A document that still points at the subordinate is the master's, or that of the record which the master
was merged into by now; the last one inherits what all of them are in accounting (see :mod:`shared.dataverse.merges`).
"""

from typing import TypeVar

from shared.dataverse.columns import Row, guid, key, number, text
from shared.documents import Address, Customer, CustomerTable
from shared.errors import Refused
from shared.refusals import refusal
from shared.settings import Settings

AnyRow = TypeVar("AnyRow", bound=Row)

ACTIVE = 0
"""account.statecode, contact.statecode"""
SUBORDINATES: dict[CustomerTable, str] = {"account": "account_master_account", "contact": "contact_master_contact"}
"""the collection of records that were merged into this one"""


def customer(row: Row, settings: Settings) -> Customer:
    """Make the customer of a document's row. Refused: customer_missing, customer_name_missing."""
    table, first = _first(row)
    card = master_of(first)
    name = text(card, "name" if table == "account" else "fullname")
    if not name:
        raise Refused(refusal("customer_name_missing"))
    is_account = table == "account"
    own = key(card, f"{table}id")
    merged = {key(each, f"{table}id") for each in (*(card.get(SUBORDINATES[table]) or ()), *chain(first))}
    return Customer(
        table=table,
        id=own,
        merged=tuple(sorted(merged - {own})),
        name=name,
        number=text(card, "accountnumber"),
        tax_number=text(card, settings.column_account_tax_number if is_account else settings.column_contact_tax_number),
        kpp=text(card, settings.column_account_kpp) if is_account else "",
        email=text(card, "emailaddress1"),
        phone=text(card, "telephone1" if is_account else "mobilephone"),
        address=Address(
            street=text(card, "address1_line1"),
            city=text(card, "address1_city"),
            postal_code=text(card, "address1_postalcode"),
            country=text(card, "address1_country"),
        ),
    )


def check_customer(row: Row, settings: Settings) -> None:
    """Refuse a customer that is inactive, and a contact of a company of which it can't be told who of the two buys."""
    table, first = _first(row)
    card = master_of(first)
    if number(card, "statecode") != ACTIVE:
        raise Refused(refusal("customer_inactive"))
    if table == "contact" and guid(card, "_accountid_value") and not text(card, settings.column_contact_tax_number):
        raise Refused(refusal("contact_of_company"))


def related(row: Row) -> list[Row]:
    """Give the rows that the customer is made of: a merge changes the version of one of them."""
    return [each for name in SUBORDINATES if (card := row.get(f"customerid_{name}")) for each in chain(card)]


def names(row: Row) -> tuple[str, ...]:
    """Name the customer's records as ``table:id``."""
    found = [
        f"{table}:{key(card, f'{table}id')}"
        for table in SUBORDINATES
        if (first := row.get(f"customerid_{table}"))
        for card in chain(first)
    ]
    return tuple(dict.fromkeys(found))


def _first(row: Row) -> tuple[CustomerTable, Row]:
    account, contact = row.get("customerid_account"), row.get("customerid_contact")
    if account:
        return "account", account
    if contact:
        return "contact", contact
    raise Refused(refusal("customer_missing"))


def master_of(card: Row) -> Row:
    """Give the record that counts: after merges, the last one that this was merged into."""
    return chain(card)[-1]


def chain(card: AnyRow) -> list[AnyRow]:
    """Give a record and, after merges, those that it was merged into, one after the other."""
    found = [card]
    while (last := found[-1]).get("merged") and (master := last.get("masterid")):
        found.append(master)
    return found
