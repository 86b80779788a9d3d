"""Every document that a sale becomes, as the product writes it and the accounting system reads it: through JSON."""

from typing import Any
from uuid import UUID, uuid5

from shared import jsontext
from shared.documents import Sale
from shared.messages import Base
from shared.onec import bodies, kinds, mapping
from shared.onec.bodies import Parts
from shared.onec.kinds import FAKTURA, REALIZATSIYA, SCHET
from shared.onec.mapping import Settlement
from shared.routes import Route
from shared.sapb1.basing import based
from shared.sapb1.company import Company
from shared.sapb1.kinds import INVOICE, main_kind
from shared.sapb1.mapping import PreparedDocument
from tests.builders import document

Named = list[tuple[str, dict[str, Any]]]
"""documents by their titles, in the order in which they are written"""

KEY, RATE = UUID(int=1), Settlement(UUID(int=4))
COMPANY = Company(totals=2, prices=6, quantities=3, tax_by_group=False, local_currency="EUR")
_SPACE = UUID("9e7b1f0e-0000-4000-8000-00000000cafe")


def item_key(number: str) -> UUID:
    """Give the Ref_Key that a product has in the base."""
    return uuid5(_SPACE, number)


def onec_bodies(sale: Sale, route: Route, settlement: Settlement = RATE, base: Base | None = None) -> Named:
    """Give the documents for 1C; ``base``: the реализация of the invoice's order. Raises Refused."""
    made = document(sale, route=route.name, base=base)
    steps = kinds.steps(made, route, KEY)
    keys = {step.kind.title: step.key for step in steps}
    ships = REALIZATSIYA.title in keys
    bodies.check(sale, route, ships=ships)
    rows = mapping.rows(sale, route, ships=ships)
    parts = Parts(
        UUID(int=2),
        UUID(int=3),
        {line.product.id: item_key(line.product.number) for line in sale.lines if line.product},
        dict.fromkeys((sale.document_date, sale.shipment_date), settlement),
        UUID(base.accounting_id) if base else None,
    )
    make = {
        SCHET.title: lambda: bodies.schet(sale, route, parts, rows),
        REALIZATSIYA.title: lambda: bodies.realizatsiya(sale, route, parts, rows, keys.get(SCHET.title)),
        FAKTURA.title: lambda: bodies.faktura(sale, route, parts, keys[REALIZATSIYA.title]),
    }
    return [(title, _read(make[title]())) for title in keys]


def sapb1_bodies(sale: Sale, route: Route, company: Company = COMPANY) -> Named:
    """Give the documents for SAP Business One; an invoice on top is copied from what the first would be. Refused."""
    prepared = PreparedDocument(document(sale, target="sapb1", route=route.name), route, company)
    write_in = route.sapb1_books.write_in_item or ""
    items = (
        [] if prepared.is_service else [line.product.number if line.product else write_in for line in prepared.lines]
    )
    kind = main_kind(sale, route.sapb1_books)
    main = prepared.body(KEY, "C1", items, kind)
    made = [(kind.title, _read(main))]
    if kind is not INVOICE and route.create_invoice:
        invoice = prepared.body(UUID(int=2), "C1", items, INVOICE, on_top=True)
        copied = based(invoice, prepared.lines, kind, standing(main))
        made.append((f"{INVOICE.title} copied from {kind.title}", _read(copied)))
    return made


def standing(body: dict[str, Any]) -> dict[str, Any]:
    """Give a delivery or order as Business One holds it once it is written."""
    held = {"LineStatus": "bost_Open", "ItemDescription": None}
    rows = [
        held | row | {"LineNum": n, "RemainingOpenQuantity": row.get("Quantity"), "Price": row.get("UnitPrice")}
        for n, row in enumerate(body["DocumentLines"])
    ]
    expenses = [row | {"LineNum": n} for n, row in enumerate(body.get("DocumentAdditionalExpenses", []))]
    numbers = {"DocEntry": 7, "DocNum": 7, "DocumentStatus": "bost_Open", "CancelStatus": "csNo"}
    return body | numbers | {"DocumentLines": rows, "DocumentAdditionalExpenses": expenses}


def _read(body: object) -> dict[str, Any]:
    read: dict[str, Any] = jsontext.loads(jsontext.dumps(body))
    return read
