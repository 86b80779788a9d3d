"""Copying an A/R invoice from the delivery or order of its sale, line by line: exactly, or not at all. Pure.

One sale posts revenue once: what is copied from a base document uses that document up, so nobody invoices it again.
"""

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

from shared.documents import Line
from shared.errors import Refused
from shared.refusals import refusal
from shared.sapb1.kinds import DELIVERY, Kind

Row = Mapping[str, Any]
Body = dict[str, Any]

HEADER = (
    "DocEntry",
    "DocNum",
    "CardCode",
    "DocCurrency",
    "DocumentStatus",
    "CancelStatus",
    "DocumentLines",
    "DocumentAdditionalExpenses",
)
"""What is read of a base document."""


def title(kind: Kind, row: Row) -> str:
    """Name a base document in a sentence."""
    return f"{kind.title} {row['DocNum']}"


def based(body: Body, lines: Sequence[Line], kind: Kind, base: Row, *, reopened: bool = False) -> Body:
    """Give the body with each line copied from a line of the base, its item, quantity, price and tax code the same.

    ``lines`` are those of the sale that the body's are made of. ``reopened``: an invoice that holds the base now is
    about to be cancelled, and gives it back. Raises Refused (``base_unusable``, ``base_differs``). Lines of the base
    that the invoice doesn't have stay open for another invoice.
    """
    name = title(kind, base)
    usable = base.get("CancelStatus") == "csNo" and (reopened or base.get("DocumentStatus") == "bost_Open")
    if not usable or base.get("CardCode") != body["CardCode"] or base.get("DocCurrency") != body["DocCurrency"]:
        raise Refused(refusal("base_unusable", base=name))
    free = [row for row in base["DocumentLines"] if reopened or row.get("LineStatus") != "bost_Close"]
    copied = []
    for sent, line in zip(body["DocumentLines"], lines, strict=True):
        fitting = [row for row in free if _fits(sent, row, reopened=reopened)]
        if not fitting:
            raise Refused(refusal("base_differs", line=line.number, base=name))
        # among equal lines the one that says the same
        row = next((row for row in fitting if row.get("ItemDescription") == sent.get("ItemDescription")), fitting[0])
        free.remove(row)
        copied.append(sent | {"BaseType": kind.object_code, "BaseEntry": base["DocEntry"], "BaseLine": row["LineNum"]})
    made = body | {"DocumentLines": copied}
    if "DocumentAdditionalExpenses" in body:
        made["DocumentAdditionalExpenses"] = list(_freight(body["DocumentAdditionalExpenses"], kind, base))
    if kind is DELIVERY:
        made.pop("ReserveInvoice", None)  # the delivery has issued the stock already
    return made


def _freight(expenses: Sequence[Body], kind: Kind, base: Row) -> Iterator[Body]:
    """Link freight to the base's own, where it has the same; what it doesn't have is charged with the invoice."""
    free = list(base.get("DocumentAdditionalExpenses") or [])
    for sent in expenses:
        held = [row for row in free if row.get("ExpenseCode") == sent["ExpenseCode"]]
        row = next((row for row in held if _number(row, "LineTotal") == sent["LineTotal"]), None)
        if row is None:
            yield sent
            continue
        free.remove(row)
        link = {"BaseDocType": kind.object_code, "BaseDocEntry": base["DocEntry"], "BaseDocLine": row["LineNum"]}
        yield sent | link


def _fits(sent: Body, row: Row, *, reopened: bool) -> bool:
    if any(sent.get(name) != row.get(name) for name in ("VatGroup", "TaxCode") if name in sent):
        return False
    if "AccountCode" in sent:
        total = "RowTotalFC" if "RowTotalFC" in sent else "LineTotal"
        same_text = row.get("ItemDescription") == sent.get("ItemDescription")
        same_account = row.get("AccountCode") == sent["AccountCode"]
        return same_text and same_account and _number(row, total) == Decimal(sent[total])
    quantity = "Quantity" if reopened else "RemainingOpenQuantity"
    return (
        row.get("ItemCode") == sent["ItemCode"]
        and _number(row, quantity) == Decimal(sent["Quantity"])
        and _number(row, "Price") == Decimal(sent["UnitPrice"])
    )


def _number(row: Row, name: str) -> Decimal:
    value = row.get(name)
    return Decimal(0) if value is None else Decimal(value)
