"""Whether the product makes of a random document what must come of it: the sale, 1C's rows, SAP's lines.

Either the figures are equal to the minor unit, or a refusal names the exact difference; nothing else may happen.
"""

from collections import Counter
from collections.abc import Callable
from decimal import ROUND_HALF_UP, Decimal
from typing import Any
from uuid import UUID

from shared.dataverse import transform
from shared.dataverse.sales import BY_NAME
from shared.documents import Sale
from shared.errors import Refused
from shared.onec import mapping as onec
from shared.rates import rate_name
from shared.refusals import Refusal
from shared.routes import Route
from shared.sapb1.company import Company
from shared.sapb1.mapping import PreparedDocument
from tests.builders import document, route, sapb1_route, settings
from tests.properties.drawing import Case

SETTINGS = settings()
DATES = {"document": "acx_documentdate", "shipment": "acx_documentdate", "due": "acx_documentdate"}
COMPANY = Company(totals=2, prices=6, quantities=3, tax_by_group=False, local_currency="EUR")
CENT = Decimal("0.01")
GROUPS = {name: f"S{name}" for name in ("22", "10", "7", "5", "0", "none")}
BOOKS = sapb1_route()["sapb1"] | {"vat_groups": GROUPS, "freight_expense": 1}


class Wrong(AssertionError):
    """The product made something else of a document."""


def expect(*, right: bool, what: str, case: Case, found: object) -> None:
    """Fail with the document where something is not as it must be."""
    if not right:
        raise Wrong(f"{what}: {found}; changed: {case.changed or 'nothing'}; {case}")


class Checker:
    """Checks documents and counts what came of them."""

    def __init__(self) -> None:
        """Start with no figures."""
        self.figures: Counter[str] = Counter()
        self._routes: dict[tuple[str, bool, str | None], Route] = {}

    def check(self, case: Case) -> None:
        """Check one document. Raises Wrong, or whatever the product raises without meaning to."""
        self.figures["documents"] += 1
        sale, refused = self._tried(lambda: self._sale(case, "onec"))
        if sale is None:
            self._refused(case, refused)
            return
        expect(right=case.code is None, what=f"not refused with {case.code}", case=case, found=sale)
        self._check_sale(case, sale)
        for_sap = self._sale(case, "sapb1")
        self._check_onec(case, sale)
        self._check_sapb1(case, for_sap)

    def _sale(self, case: Case, target: str) -> Sale:
        return transform.to_sale(BY_NAME[case.table], case.row, self._route(case, target), SETTINGS)

    def _route(self, case: Case, target: str) -> Route:
        key = (target, case.tax_inside, case.freight_rate)
        if key not in self._routes:
            changes: dict[str, Any] = {
                "dates": DATES,
                "tax_inside": case.tax_inside,
                "freight_rate": case.freight_rate,
            }
            made = route(**changes) if target == "onec" else Route.model_validate(sapb1_route(**changes, sapb1=BOOKS))
            self._routes[key] = made
        return self._routes[key]

    @staticmethod
    def _tried(make: Callable[[], Any]) -> tuple[Any, Refusal | None]:
        try:
            return make(), None
        except Refused as error:
            return None, error.refusal

    def _refused(self, case: Case, reason: Refusal | None) -> None:
        assert reason is not None
        self.figures[f"refused by the CRM's data: {reason.code}"] += 1
        expect(right=reason.code == case.code, what=f"expected {case.code}", case=case, found=reason)
        values = reason.values
        if case.difference is not None:
            difference = Decimal(case.difference).scaleb(-case.precision)
            expect(right=Decimal(values["difference"]) == difference, what="difference", case=case, found=reason)
        if reason.code == "line_arithmetic":
            told = Decimal(values["stated"]) - Decimal(values["expected"])
            expect(right=Decimal(values["difference"]) == told != 0, what="difference", case=case, found=reason)

    def _check_sale(self, case: Case, sale: Sale) -> None:
        self.figures["sales equal to the minor unit"] += 1
        unit = Decimal(1).scaleb(-case.precision)
        found = [(line.number, line.kind, line.net, line.tax, rate_name(line.rate)) for line in sale.lines]
        wanted = [(line.number, line.kind, line.net * unit, line.tax * unit, line.rate) for line in case.lines]
        expect(right=found == wanted, what=f"lines, expected {wanted}", case=case, found=found)
        sums = (sum(line.net for line in case.lines) * unit, sum(line.tax for line in case.lines) * unit)
        right = (sale.net, sale.tax) == sums and sale.total == sum(sums) == case.row["totalamount"]
        expect(right=right, what=f"sums, expected {sums}", case=case, found=(sale.net, sale.tax, sale.total))

    def _check_onec(self, case: Case, sale: Sale) -> None:
        rows, reason = self._tried(lambda: onec.rows(sale, self._route(case, "onec")))
        fits = (
            case.quantity_digits <= 3
            and case.price_digits <= 2
            and all(amount == amount.quantize(CENT) for line in sale.lines for amount in (line.net, line.tax))
        )
        if rows is None:
            self.figures[f"refused for 1C: {reason.code if reason else ''}"] += 1
            expect(
                right=reason is not None and reason.code == "precision" and not fits, what="1C", case=case, found=reason
            )
            return
        self.figures["1C rows equal to the kopeck"] += 1
        expect(right=fits, what="1C holds fewer digits", case=case, found=rows)
        for row, line in zip(rows, sale.lines, strict=True):
            amount = line.net + line.tax if case.tax_inside else line.net
            right = (row["Сумма"], row["СуммаНДС"], row["Количество"]) == (amount, line.tax, line.quantity)
            expect(right=right, what="1C row", case=case, found=row)
        total = sum(row["Сумма"] + (0 if case.tax_inside else row["СуммаНДС"]) for row in rows)
        expect(right=total == sale.total, what="1C total", case=case, found=total)

    def _check_sapb1(self, case: Case, sale: Sale) -> None:
        made = document(sale, target="sapb1", route="eu")
        prepared, reason = self._tried(lambda: PreparedDocument(made, self._route(case, "sapb1"), COMPANY))
        if prepared is None:
            assert reason is not None
            self.figures[f"refused for SAP: {reason.code}"] += 1
            self._check_sapb1_refusal(case, sale, reason)
            return
        self.figures["SAP totals equal to the cent"] += 1
        body = prepared.body(UUID(int=1), "C1", ["I"] * len(prepared.lines))
        nets = [_half_up(row["Quantity"] * row["UnitPrice"]) for row in body["DocumentLines"]]
        nets += [expense["LineTotal"] for expense in body.get("DocumentAdditionalExpenses", [])]
        taxes = [_half_up(net * (line.rate or 0) / 100) for net, line in zip(nets, sale.lines, strict=True)]
        right = nets == [line.net for line in sale.lines] and taxes == [line.tax for line in sale.lines]
        expect(right=right, what="SAP lines", case=case, found=body)
        expect(right=sum(nets) + sum(taxes) == sale.total, what="SAP total", case=case, found=body)

    def _check_sapb1_refusal(self, case: Case, sale: Sale, reason: Refusal) -> None:
        values = reason.values
        if reason.code == "precision":
            finer = case.quantity_digits > 3 or case.precision > 2
            expect(right=finer, what="SAP precision", case=case, found=reason)
            return
        expect(right=reason.code == "total_not_reachable", what="SAP", case=case, found=reason)
        accounting, crm = Decimal(values["accounting"]), Decimal(values["crm"])
        difference = Decimal(values["difference"])
        expect(right=difference == accounting - crm != 0, what="SAP difference", case=case, found=reason)
        place, what = values["field"].removeprefix("line ").split(": ")
        (line,) = (line for line in sale.lines if line.number == int(place))
        exact = _half_up(line.net * (line.rate or 0) / 100)
        right = what == "tax" and (accounting, crm) == (exact, line.tax)
        expect(right=right, what=f"SAP would compute {exact}", case=case, found=reason)


def _half_up(value: Decimal) -> Decimal:
    return value.quantize(CENT, rounding=ROUND_HALF_UP)
