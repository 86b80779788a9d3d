"""Whether Service Layer knows every name that the bridge sends or asks for; its ``$metadata`` is read once a process.

User-defined fields stand in ``$metadata`` beside the rest, once Service Layer was restarted after their creation. The
fence's own are looked at by the connector, which says how to create them.
"""

import asyncio
import time
from collections.abc import Iterator, Mapping, Sequence

from shared import edmx
from shared.edmx import Edmx, MetadataUnreadable
from shared.errors import Misconfigured, Unavailable
from shared.fieldmap import FieldRule, RecordKind
from shared.routes import Route
from shared.sapb1 import cards, held, items, mapping, partners
from shared.sapb1.client import ServiceLayer
from shared.sapb1.kinds import DRAFTS, INVOICE, SERVICES, Kind
from shared.sapb1.meaning import SYSTEM

RECHECK_SECONDS = 60.0
"""How long a failed check of names stands: ``$metadata`` has some megabytes, and every retry would ask for it."""

LINES, EXPENSES, ADDRESSES = "DocumentLines", "DocumentAdditionalExpenses", "BPAddresses"

Names = dict[str, frozenset[str]]
"""``EntitySet`` or ``EntitySet/Collection`` → properties"""


def _split(*texts: str) -> frozenset[str]:
    return frozenset(name for text in texts for name in text.split())


DOCUMENT = _split(
    "DocType CardCode NumAtCard DocDate TaxDate DocDueDate DocCurrency DiscountPercent Comments DocumentLines",
    *(name for name in held.SELECT if not name.startswith("U_")),
)
LINE = _split("ShipDate ItemCode ItemDescription ItemDetails Quantity UnitPrice Currency DiscountPercent WarehouseCode")
COPIED = _split("LineNum LineStatus RemainingOpenQuantity Price BaseType BaseEntry BaseLine")
ON_ACCOUNT = _split("AccountCode LineTotal RowTotalFC")
EXPENSE = _split("ExpenseCode LineTotal LineNum BaseDocType BaseDocEntry BaseDocLine")
PARTNER = _split("CardType CompanyPrivate Currency", *partners.SELECT, *partners.CARD)
ADDRESS = _split("BPCode RowNum AddressName AddressType Country", *(field.to for field in cards.ADDRESS))
ITEM = _split("ItemsGroupCode PurchaseItem", *items.SELECT, *items.CARD)


def documents(route: Route) -> tuple[Kind, ...]:
    """Give the kinds of documents that a route writes."""
    if route.way == "2B":
        return (INVOICE,)
    services = route.sapb1_books.services_document
    found = (SERVICES[services],) if services else ()
    return (*found, INVOICE) if route.create_invoice else found


def needed(route: Route) -> Names:
    """Give what a route sends and asks for, by where it stands."""
    books = route.sapb1_books
    taxes = _split("TaxCode" if books.tax_codes else "VatGroup")
    header, line = set(DOCUMENT), set(LINE | COPIED | taxes)
    header |= {name for name, setting in mapping.SETTINGS if getattr(books, setting) is not None}
    header |= {"HandWritten"} if route.crm_number else set()
    header |= {"Series"} if books.series is not None or books.base_series is not None else set()
    header |= {"ReserveInvoice"} if books.stock == "reserve_invoice" else set()
    header |= {EXPENSES} if books.freight_expense is not None else set()
    line |= {"CostingCode"} if books.cost_center is not None else set()
    line |= ON_ACCOUNT if books.write_in_account is not None else set()
    partner = PARTNER | {name for name, setting in cards.PARTNER_SETTINGS if getattr(books, setting) is not None}
    found: Names = {"BusinessPartners": partner, f"BusinessPartners/{ADDRESSES}": ADDRESS, "Items": ITEM}
    for name in (*(kind.set for kind in documents(route)), DRAFTS):
        found |= {name: frozenset(header), f"{name}/{LINES}": frozenset(line)}
        if books.freight_expense is not None:
            found[f"{name}/{EXPENSES}"] = EXPENSE | taxes
    return found


def places(rule: FieldRule, route: Route) -> Iterator[str]:
    """Give where the property that a rule names has to be."""
    cards_of: dict[RecordKind, str] = {"customer": "BusinessPartners", "product": "Items"}
    if rule.record in cards_of:
        yield cards_of[rule.record]
        return
    for kind in documents(route):
        yield kind.set if rule.record == "document" else f"{kind.set}/{LINES}"


def problems(known: Names, route: Route, rules: Sequence[FieldRule]) -> list[str]:
    """Name what Service Layer doesn't know, with the route or the rule that asks for it."""
    found = [
        f"route “{route.name}”: {SYSTEM} has no {place}.{name}"
        for place, names in needed(route).items()
        for name in sorted(names - known.get(place, frozenset()))
    ]
    for rule in rules:
        if rule.target != "sapb1":
            continue
        missing = [place for place in places(rule, route) if rule.to not in known.get(place, frozenset())]
        found += [f"{rule}: {SYSTEM} has no {place}.{rule.to}{_advice(rule)}" for place in missing]
    return found


def _advice(rule: FieldRule) -> str:
    return "; create the user-defined field, then restart Service Layer" if rule.to.startswith("U_") else ""


class Published:
    """Checks names against ``$metadata``."""

    def __init__(self, client: ServiceLayer, rules: Sequence[FieldRule] = ()) -> None:
        """``rules`` are a company's field map."""
        self._client = client
        self._rules = rules
        self._lock = asyncio.Lock()
        self._known: Names | None = None
        self._recheck_at = 0.0

    async def check(self, route: Route) -> None:
        """Check what a route sends and asks for. Misconfigured lists what is missing; it is read anew by and by."""
        found = problems(await self._names(), route, self._rules)
        if found and time.monotonic() >= self._recheck_at:
            self._known = None
            found = problems(await self._names(), route, self._rules)
        if found:
            raise Misconfigured(*found)

    async def _names(self) -> Names:
        async with self._lock:
            if self._known is None:
                content = await self._client.metadata()
                try:
                    self._known = by_place(await asyncio.to_thread(edmx.read, content))
                except MetadataUnreadable:
                    raise Unavailable(SYSTEM, "$metadata is not that of a Service Layer") from None
                self._recheck_at = time.monotonic() + RECHECK_SECONDS
            return self._known


def by_place(metadata: Edmx) -> Names:
    """Give the properties of the sets that the bridge uses, and of the collections inside."""
    sets = {kind.set for kind in (INVOICE, *SERVICES.values())} | {DRAFTS, "BusinessPartners", "Items"}
    found: Names = {}
    for name in sorted(sets & metadata.sets.keys()):
        properties: Mapping[str, str] = metadata.types.get(metadata.sets[name], {})
        found[name] = frozenset(properties)
        for inner in (LINES, EXPENSES, ADDRESSES):
            if inner in properties:
                kind = properties[inner].removeprefix("Collection(").rstrip(")").rpartition(".")[2]
                found[f"{name}/{inner}"] = frozenset(metadata.types.get(kind, {}))
    return found
