"""Where a browser shows an accounting document: an address made of a company's template. Pure.

1C's web client opens an object by its navigation link, ``e1cib/data/Документ.NAME?ref=…``, whose 32 digits are the
parts of the Ref_Key in another order: the fourth, the fifth, the third, the second, the first. A document of SAP
Business One is named by its table and its DocEntry; the rest of the address is each installation's own.
"""

import re
from string import Formatter
from typing import Annotated
from urllib.parse import urlsplit
from uuid import UUID

from pydantic import AfterValidator

from shared.routes import Target

MAX_TEMPLATE = 800
"""characters; the journal's column takes 1000"""
_ENTRY = re.compile(r"([0-9]{1,10})|(DeliveryNotes|Orders|Drafts)\(([0-9]{1,10})\)")
_TABLES = {None: "OINV", "DeliveryNotes": "ODLN", "Orders": "ORDR", "Drafts": "ODRF"}
_DOCUMENTS = {"invoice": "СчетНаОплатуПокупателю", "salesorder": "РеализацияТоваровУслуг"}


def _template(value: str, key: str) -> str:
    named = f"{{{key}}}"
    try:
        address = urlsplit(value)
        names = [(name, form, how) for _, name, form, how in Formatter().parse(value) if name is not None]
    except ValueError:
        raise ValueError(f"is not an address with {{type}} and {named}") from None
    if address.scheme != "https" or not address.hostname or "@" in address.netloc or "{" in address.netloc:
        raise ValueError("must begin with https:// and a host, without a user name")
    if re.search(r"[\s\x00-\x1f]", value) or len(value) > MAX_TEMPLATE:
        raise ValueError(f"must be an address without spaces, of at most {MAX_TEMPLATE} characters")
    if any(name not in {"type", key} or form or how for name, form, how in names):
        raise ValueError(f"knows {{type}} and {named} and nothing else in braces")
    if key not in {name for name, _, _ in names}:
        raise ValueError(f"must contain {named}, or every document would have the same address")
    return value


def onec_template(value: str) -> str:
    """Check a template for 1C: {type} is the document's name, {ref} its reference. ValueError says what is wrong."""
    return _template(value, "ref")


def sapb1_template(value: str) -> str:
    """Check one for SAP Business One: {type} is the document's table, {id} its DocEntry. ValueError likewise."""
    return _template(value, "id")


OnecLink = Annotated[str, AfterValidator(onec_template)]
Sapb1Link = Annotated[str, AfterValidator(sapb1_template)]


def reference(key: UUID) -> str:
    """Give the 32 digits by which 1C's navigation links name an object."""
    first, second, third, fourth, fifth = str(key).split("-")
    return fourth + fifth + third + second + first


def link(template: str | None, target: Target, table: str, accounting_id: str) -> str | None:
    """Give the address of a document that a sale of ``table`` became; None without a template or a document."""
    if template is None:
        return None
    if target == "sapb1":
        entry = _ENTRY.fullmatch(accounting_id)
        return template.format(type=_TABLES[entry[2]], id=entry[1] or entry[3]) if entry else None
    try:
        key = UUID(accounting_id)
    except ValueError:
        return None
    return template.format(type=_DOCUMENTS[table], ref=reference(key)) if table in _DOCUMENTS else None
