"""PATCH and PUT: what may still change in a document that was posted, and how collections are merged."""

from collections.abc import Mapping
from typing import Any

from infra.local.sapb1.books import key_text
from infra.local.sapb1.context import Context
from infra.local.sapb1.documents import Documents
from infra.local.sapb1.edm import Body, EntityType
from infra.local.sapb1.errors import SapError, not_updatable
from infra.local.sapb1.keys import check_unique_keys
from infra.local.sapb1.kinds import BY_NAME, DRAFTS, DocumentKind

_HEADER = frozenset(
    {
        "Address",
        "Address2",
        "AddressExtension",
        "BlockDunning",
        "ClosingRemarks",
        "Comments",
        "ContactPersonCode",
        "DocDueDate",
        "DocumentsOwner",
        "Indicator",
        "JournalMemo",
        "LanguageCode",
        "ManualNumber",
        "NumAtCard",
        "OpeningRemarks",
        "OriginalRefDate",
        "OriginalRefNo",
        "PayToCode",
        "PaymentMethod",
        "PickRemark",
        "Project",
        "Reference1",
        "Reference2",
        "SalesPersonCode",
        "ShipToCode",
        "TrackingNumber",
        "TransportationCode",
    }
)
"""Header fields that stay open for change after posting."""
_LINE = frozenset({"FreeText", "ShipDate", "ItemDetails", "Text", "SalesPersonCode", "ActualDeliveryDate"})


def _merge_lines(stored: list[Body], sent: list[Body], *, replace: bool) -> list[Body]:
    """Merge by LineNum; a line without one, or with a new one, is added. ``replace`` drops what was not sent."""
    merged = {line["LineNum"]: line for line in stored}
    kept: list[Any] = []
    for line in sent:
        number = line.get("LineNum")
        if number is None or number not in merged:
            number = max(merged, default=-1) + 1
        merged[number] = {**merged.get(number, {}), **line, "LineNum": number}
        kept.append(number)
    return [merged[number] for number in sorted(merged) if not replace or number in kept]


class DocumentChanges:
    """Applies changes to documents."""

    def __init__(self, context: Context, documents: Documents) -> None:
        self._context = context
        self._documents = documents

    def patch(self, kind: DocumentKind, stored: Body, sent: Body, *, replace: bool) -> None:
        """Change a posted document. SapError (-1029) for a field that is fixed."""
        if kind.editable and stored["DocumentStatus"] == "bost_Open" and not _touched(stored):
            self._recompute(kind.set, kind, stored, sent, replace=replace)
            return
        lines = sent.pop("DocumentLines", [])
        for name, value in sent.items():
            if name not in _HEADER and not name.startswith("U_") and not _same(stored.get(name), value):
                raise not_updatable(f"{kind.table}.{name}")
        by_number = {line["LineNum"]: line for line in stored["DocumentLines"]}
        if replace and lines and {line.get("LineNum") for line in lines} != set(by_number):
            raise not_updatable(f"{kind.line_table}.LineNum")
        for line in lines:
            target = by_number.get(line.get("LineNum", -1))
            if target is None:
                raise not_updatable(f"{kind.line_table}.LineNum")
            for name, value in line.items():
                if name not in _LINE and not name.startswith("U_") and not _same(target.get(name), value):
                    raise not_updatable(f"{kind.line_table}.{name}")
            target.update(line)
        changed = {**stored, **sent}
        check_unique_keys(self._context, kind.table, changed, key_text(stored["DocEntry"]))
        self._context.stamp(changed)
        self._context.books.update(kind.set, key_text(stored["DocEntry"]), changed)

    def patch_draft(self, stored: Body, sent: Body, *, replace: bool) -> None:
        """Change a draft, which is recomputed as a whole."""
        if stored["DocumentStatus"] == "bost_Close":
            raise SapError(-5002, "Document is already closed")
        kind = BY_NAME[sent.get("DocObjectCode") or stored["DocObjectCode"]]
        self._recompute(DRAFTS, kind, stored, sent, replace=replace)

    def _recompute(self, set_name: str, kind: DocumentKind, stored: Body, sent: Body, *, replace: bool) -> None:
        lines = _merge_lines(
            stored["DocumentLines"], sent.get("DocumentLines", []), replace=replace and "DocumentLines" in sent
        )
        merged: Body = {**_inputs(stored), **sent}
        merged["DocumentLines"] = [_line_inputs(line, stored) for line in lines]
        fresh = self._documents.compute(kind, merged)
        for name in ("DocEntry", "DocNum", "Series", "CreationDate", "DocTime", "TransNum", "AuthorizationStatus"):
            fresh[name] = stored.get(name)
        for line in fresh["DocumentLines"]:
            line["DocEntry"] = stored["DocEntry"]
        check_unique_keys(self._context, kind.table, fresh, key_text(stored["DocEntry"]))
        self._context.books.update(set_name, key_text(stored["DocEntry"]), fresh)

    def inputs(self, draft: Body) -> Body:
        """Give what a document is to be created from, out of a draft."""
        body = _inputs(draft)
        body["DocumentLines"] = [_line_inputs(line, draft) for line in draft["DocumentLines"]]
        return body


def _touched(document: Mapping[str, Any]) -> bool:
    return any(line["RemainingOpenQuantity"] != line["Quantity"] for line in document["DocumentLines"])


def _inputs(stored: Mapping[str, Any]) -> Body:
    """Give a document without what is computed anew."""
    computed = {"DocRate", "DocTotal", "DocNum", "TotalDiscount", "DocEntry"}
    return {name: value for name, value in stored.items() if name not in computed}


def _line_inputs(line: Mapping[str, Any], document: Mapping[str, Any]) -> Body:
    if document["DocType"] == "dDocument_Service":
        computed = {"Price", "UnitPrice", "Quantity", "Currency"}
        computed.add("RowTotalFC" if document["DocTotalFc"] == 0 else "LineTotal")
    else:
        computed = {"Price", "LineTotal", "RowTotalFC", "Currency"}
    return {name: value for name, value in line.items() if name not in computed}


def _same(stored: Any, sent: Any) -> bool:
    return bool(stored == sent) or (stored is None and sent in ("", 0))


def put_body(kind: EntityType, stored: Body, sent: Body) -> Body:
    """Give the body that PUT stands for: what is left out and can be written goes back to nothing."""
    keep = {name for name in stored if name not in kind.properties or kind.properties[name].read_only}
    keep.update(kind.key)
    cleared: Body = {
        name: [] if prop.collection else None
        for name, prop in kind.properties.items()
        if name not in keep and not prop.refused
    }
    return {**cleared, **sent}
