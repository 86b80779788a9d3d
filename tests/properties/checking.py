"""Whether the product makes of a random document what must come of it: the sale, and each body for 1C and SAP.

Either the figures are equal to the minor unit, or a refusal names the exact difference; nothing else may happen. What
must come of it was computed where the document was drawn; how each system computes is in ``onec`` and ``sapb1``.
"""

from collections import Counter
from collections.abc import Callable
from decimal import Decimal
from typing import TypeVar

from shared.dataverse import transform
from shared.dataverse.sales import BY_NAME
from shared.documents import Sale
from shared.errors import Refused
from shared.rates import rate_name
from shared.refusals import Refusal
from shared.routes import Route, Target
from tests.builders import settings
from tests.properties import onec, sapb1
from tests.properties.drawing import Case
from tests.properties.expecting import expect

SETTINGS = settings()
Made = TypeVar("Made")


class Checker:
    """Checks documents and counts what came of them."""

    def __init__(self) -> None:
        """Start with no figures."""
        self.figures: Counter[str] = Counter()
        self._routes: dict[tuple[Target, str, bool, str | None, bool], Route] = {}

    def check(self, case: Case) -> None:
        """Check one document. Raises Wrong, or whatever the product raises without meaning to."""
        self.figures["documents"] += 1
        sale, refused = self._tried(lambda: self._sale(case, "onec"))
        if sale is None:
            self._refused(case, refused)
            return
        expect(right=case.code is None, what=f"not refused with {case.code}", case=case, found=sale)
        self._check_sale(case, sale)
        self._check_bodies(case, "onec", sale)
        self._check_bodies(case, "sapb1", self._sale(case, "sapb1"))

    def _check_bodies(self, case: Case, target: Target, sale: Sale) -> None:
        books, route = {"onec": onec, "sapb1": sapb1}[target], self._route(case, target)
        made, reason = self._tried(lambda: books.bodies(sale, route))
        if made is None:
            assert reason is not None
            self.figures[f"refused for {target}: {reason.code}"] += 1
            books.check_refusal(case, reason)
            return
        self.figures[f"sales for {target} equal to the minor unit, each body of theirs"] += 1
        expect(right=[title for title, _ in made] == books.titles(case), what=target, case=case, found=made)
        for title, body in made:
            self.figures[f"{target}: {title}"] += 1
            books.check(case, title, body)

    def _sale(self, case: Case, target: Target) -> Sale:
        return transform.to_sale(BY_NAME[case.table], case.row, self._route(case, target), SETTINGS)

    def _route(self, case: Case, target: Target) -> Route:
        key = (target, case.table, case.tax_inside, case.freight_rate, case.more)
        if key not in self._routes:
            self._routes[key] = {"onec": onec, "sapb1": sapb1}[target].route(case)
        return self._routes[key]

    @staticmethod
    def _tried(make: Callable[[], Made]) -> tuple[Made | None, Refusal | None]:
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
