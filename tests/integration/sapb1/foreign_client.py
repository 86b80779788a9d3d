"""What a user of b1sl-python does, as a program: URL, company, user, password in; one line of JSON out.

It runs in an environment of its own, where the client is installed and this project is not.
"""

import json
import sys
from typing import Any

# Installed only in the environment that this program runs in.
from b1sl.b1sl import B1Client, B1Config, entities  # type: ignore[import-not-found]
from b1sl.b1sl.exceptions.exceptions import (  # type: ignore[import-not-found]
    B1Exception,
    B1NotFoundError,
    SAPConcurrencyError,
)
from b1sl.b1sl.resources._generated.drafts_service import DraftsService  # type: ignore[import-not-found]


def _document(card_code: str) -> Any:
    line = entities.DocumentLine(item_code="S1000", quantity=1, unit_price=100, vat_group="S22")
    return entities.Document(card_code=card_code, doc_date="2026-03-10", document_lines=[line])


def _masters(b1: Any) -> dict[str, object]:
    partner = entities.BusinessPartner(card_code="C50000", card_name="Fifty", card_type="cCustomer")
    created = b1.business_partners.create(partner)
    for number in range(25):
        b1.items.create(entities.Item(item_code=f"X{number:02}", item_name=f"Item {number}"))
    found = b1.business_partners.filter("CardName eq 'Fifty' and CardType eq 'cCustomer'").execute()
    return {
        "partner": created.card_code,
        "filtered": [row.card_code for row in found],
        "streamed": sum(1 for _ in b1.items.filter("Frozen eq 'tNO'").stream(page_size=10)),
        "counted": b1.items.filter("Frozen eq 'tNO'").count(),
    }


def _documents(b1: Any) -> dict[str, object]:
    invoice = b1.invoices.create(_document("C50000"))
    b1.invoices.get(invoice.doc_entry)
    b1.invoices.update(invoice.doc_entry, entities.Document(comments="second thought"))
    updated = b1.invoices.get(invoice.doc_entry).comments
    outcome: dict[str, object] = {"invoice": [str(invoice.doc_num), float(invoice.doc_total)], "updated": updated}
    try:
        b1.invoices.update(invoice.doc_entry, {"Comments": "stale"}, headers={"If-Match": 'W/"0"'})
    except SAPConcurrencyError as error:
        outcome["conflict"] = error.sap_code
    try:
        b1.invoices.create(_document("NOBODY"))
    except B1Exception as error:
        outcome["refused"] = str(error)
    b1.invoices.action(invoice.doc_entry, "Cancel")
    outcome["cancelled"] = [row.cancel_status for row in b1.invoices.filter("CardCode eq 'C50000'").execute()]
    return outcome


def _refusal(doing: Any) -> str:
    try:
        doing()
    except B1NotFoundError:
        return "not found"
    except B1Exception as error:
        return str(error)
    return "not refused"


def _refusals(b1: Any) -> dict[str, object]:
    """What is refused after an invoice was cancelled: each in SAP's words."""
    cancelled = b1.invoices.filter("CardCode eq 'C50000' and CancelStatus eq 'csYes'").execute()[0].doc_entry
    return {
        "refused_cancel": _refusal(lambda: b1.invoices.action(cancelled, "Cancel")),
        "refused_read": _refusal(lambda: b1.invoices.get(4711)),
        "refused_delete": _refusal(lambda: b1.invoices.delete(cancelled)),
        "refused_twin": _refusal(
            lambda: b1.business_partners.create(entities.BusinessPartner(card_code="C50000", card_name="Fifty"))
        ),
        "refused_filter": _refusal(lambda: b1.invoices.filter("NoSuchProperty eq 1").execute()),
    }


def _drafts(b1: Any) -> dict[str, object]:
    """A draft posts nothing; posting makes the document of it, and cancelling takes that back."""
    draft = b1.drafts.create(_document("C50000").model_copy(update={"doc_object_code": "oInvoices"}))
    before = b1.invoices.count()
    service = DraftsService(b1._adapter)  # the client has no other way to a service
    service.save_draft_to_document({"Document": {"DocEntry": draft.doc_entry}})
    (posted,) = b1.invoices.filter("CardCode eq 'C50000' and CancelStatus eq 'csNo'").execute()
    added = b1.invoices.count() - before
    b1.invoices.action(posted.doc_entry, "Cancel")
    open_ones = b1.invoices.filter("CardCode eq 'C50000' and CancelStatus eq 'csNo'").execute()
    return {"posted": added, "taken_back": len(open_ones) == 0}


def _batches(b1: Any) -> dict[str, object]:
    def pair(name: str) -> Any:
        with b1.batch() as batch:
            with batch.changeset() as changeset:
                changeset.business_partners.create(entities.BusinessPartner(card_code=name, card_name=name))
                changeset.invoices.create(_document(name))
            return batch.execute()

    worked, failed = pair("C60000"), pair("C60000")
    return {
        "batch": [result.status for result in worked],
        "batch_failed": [result.status for result in failed],
        "rows_after_failure": len(b1.invoices.filter("CardCode eq 'C60000'").execute()),
    }


def main() -> None:
    """Do it all."""
    url, company, user, password = sys.argv[1:]
    config = B1Config(base_url=url, username=user, password=password, company_db=company)
    with B1Client(config) as b1:
        masters, documents = _masters(b1), _documents(b1)
        more = _refusals(b1) | _drafts(b1) | _batches(b1)
    created = [masters.pop("partner"), *list(documents.pop("invoice"))]  # type: ignore[call-overload] # a list, above
    sys.stdout.write(json.dumps({"created": created, **masters, **documents, **more}))


if __name__ == "__main__":
    main()
