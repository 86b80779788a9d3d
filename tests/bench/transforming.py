"""What the pure part costs: a 20-line invoice from Dataverse's row to the body that accounting gets."""

import json
from collections.abc import Callable
from typing import Any
from uuid import UUID

from shared.dataverse.sales import INVOICE
from shared.dataverse.transform import to_sale
from shared.documents import Sale
from shared.onec import bodies, mapping
from shared.onec.bodies import Parts
from shared.onec.mapping import Settlement
from shared.routes import Route
from shared.sapb1.mapping import PreparedDocument
from tests import builders
from tests.bench.figure import Baseline, Figure, Reach
from tests.bench.measuring import pairs
from tests.bodies import COMPANY

TIMES = 50
LINES = 20
KEY = UUID(int=1)
Body = Callable[[Sale, Route], Any]


def figures() -> list[Figure]:
    """Measure transform and mapping for each accounting system, beside json.dumps of the body."""
    settings = builders.settings()
    onec, sapb1 = settings.routes
    row = invoice_row()
    targets = (
        ("1C", onec, _for_onec(to_sale(INVOICE, row, onec, settings))),
        ("SAP Business One", sapb1, _for_sapb1(to_sale(INVOICE, row, sapb1, settings))),
    )
    made = []
    for target, route, body in targets:

        def whole(route: Route = route, body: Body = body) -> Any:
            return body(to_sale(INVOICE, row, route, settings), route)

        made.append(_figure(target, whole))
    return made


def _figure(target: str, whole: Callable[[], Any]) -> Figure:
    result = whole()
    # Amounts are Decimals, which json.dumps asks a function for.
    own, base = pairs(whole, lambda: json.dumps(result, default=str), TIMES)
    baseline = Baseline("json.dumps of the result", tuple(base))
    name = f"transform and mapping of a {LINES}-line invoice, {target}: CPU"
    return Figure(name, "ms", tuple(own), baseline, Reach(4))


def _for_onec(sample: Sale) -> Body:
    items = {line.product.id: KEY for line in sample.lines if line.product}
    parts = Parts(KEY, KEY, items, dict.fromkeys((sample.document_date, sample.shipment_date), Settlement(KEY)))

    def body(sale: Sale, route: Route) -> Any:
        bodies.check(sale, route, ships=False)
        return bodies.schet(sale, route, parts, mapping.rows(sale, route))

    return body


def _for_sapb1(sample: Sale) -> Body:
    document = builders.document(sample, target="sapb1", route="eu")
    items = [line.product.number for line in sample.lines if line.product]

    def body(sale: Sale, route: Route) -> Any:
        return PreparedDocument(document.model_copy(update={"sale": sale}), route, COMPANY).body(KEY, "C1", items)

    return body


def invoice_row() -> dict[str, Any]:
    """Give an issued invoice of 20 lines as Dataverse's row."""
    return builders.invoice_row(*(builders.line_row(position=number) for number in range(1, LINES + 1)))
