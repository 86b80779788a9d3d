"""What SAP Business One must get of a random document: the whole bodies, computed as it computes them, apart.

Business One rounds quantity × price of each row to the cent, half up, and the tax of that. Here both are whole cents,
from a body after its trip through JSON, and they must be the drawn ones. An A/R invoice on top of a delivery or order
is copied from what that would hold.
"""

from fractions import Fraction
from typing import Any

from shared.documents import Sale
from shared.refusals import Refusal
from shared.routes import Route
from shared.sapb1.kinds import DELIVERY, INVOICE, ORDER, Kind
from tests.bodies import Named, sapb1_bodies
from tests.builders import sapb1_route
from tests.properties.drawing import Case, percent, rounded
from tests.properties.expecting import DATES, cents, expect, of_catalogue, total

GROUPS = {name: f"S{name}" for name in ("22", "10", "7", "5", "0", "none")}
ACCOUNT, FREIGHT, WRITE_IN = "_SYS0001", 1, "S1000"


def route(case: Case) -> Route:
    """Give a route; an order becomes a delivery or order with its invoice. ``more``: write-ins alone are a service."""
    of_order = case.table == "salesorder"
    books = sapb1_route()["sapb1"] | {"vat_groups": GROUPS, "freight_expense": FREIGHT, "write_in_item": WRITE_IN}
    books |= {"services_document": "delivery" if case.more else "order"} if of_order else {}
    books |= {"write_in_account": ACCOUNT} if case.more else {}
    changes = {"tax_inside": case.tax_inside, "freight_rate": case.freight_rate, "dates": DATES}
    return Route.model_validate(
        sapb1_route(**changes, way="2A" if of_order else "2B", create_invoice=of_order, sapb1=books)
    )


def bodies(sale: Sale, own: Route) -> Named:
    """Let the product make every document of the sale. Raises Refused."""
    return sapb1_bodies(sale, own)


def _check_copied(case: Case, body: dict[str, Any], kind: Kind) -> None:
    """Each row of the base is used once, and its freight."""
    copied = [(row["BaseType"], row["BaseEntry"], row["BaseLine"]) for row in body["DocumentLines"]]
    wanted = {(kind.object_code, 7, n) for n in range(len(of_catalogue(case)))}
    expect(right=set(copied) == wanted and len(copied) == len(wanted), what="copied", case=case, found=body)
    linked = [row.get("BaseDocLine") for row in body.get("DocumentAdditionalExpenses", [])]
    expect(right=linked == [0] * len(linked), what="copied freight", case=case, found=body)


def titles(case: Case) -> list[str]:
    """Give the documents that the sale must become."""
    if case.table == "invoice":
        return [INVOICE.title]
    kind = (DELIVERY if case.more else ORDER).title
    return [kind, f"{INVOICE.title} copied from {kind}"]


def check(case: Case, title: str, body: dict[str, Any]) -> None:
    """Compute what Business One would, and hold it against what was drawn."""
    if "copied" in title:
        _check_copied(case, body, DELIVERY if case.more else ORDER)
    lines = of_catalogue(case)
    service = case.more and all(line.kind == "write_in" for line in lines)
    sent = [*body["DocumentLines"], *body.get("DocumentAdditionalExpenses", [])]
    net = [_net(row) for row in sent]
    rates = [percent(row["VatGroup"].removeprefix("S")) for row in sent]
    tax = [Fraction(rounded(amount * rate / 100)) for amount, rate in zip(net, rates, strict=True)]
    found = [*zip(net, tax, (str(row["VatGroup"]) for row in sent), strict=True)]
    wanted = [(cents(line.net, case), cents(line.tax, case), f"S{line.rate}") for line in case.lines]
    expect(right=found == wanted, what=f"{title}, expected {wanted}", case=case, found=found)
    expect(right=sum(net) + sum(tax) == total(case), what=f"{title}: total", case=case, found=body)
    items = [row.get("ItemCode") or row.get("AccountCode") for row in body["DocumentLines"]]
    names = [ACCOUNT if service else line.product or WRITE_IN for line in lines]
    expect(right=items == names, what=f"{title}: items, expected {names}", case=case, found=items)
    if not service:
        amounts = [Fraction(row["Quantity"]) for row in body["DocumentLines"]]
        expect(right=amounts == [line.quantity for line in lines], what=f"{title}: quantities", case=case, found=body)
    head = (body["DocType"], body["DiscountPercent"], [row.get("DiscountPercent", 0) for row in body["DocumentLines"]])
    kind = "dDocument_Service" if service else "dDocument_Items"
    expect(right=head == (kind, 0, [0] * len(lines)), what=f"{title}: header", case=case, found=head)


def _net(row: dict[str, Any]) -> Fraction:
    """Give a row's total in cents: stated, or quantity × price, rounded half up."""
    if "LineTotal" in row:
        return Fraction(row["LineTotal"]) * 100
    return Fraction(rounded(Fraction(row["Quantity"]) * Fraction(row["UnitPrice"]) * 100))


def check_refusal(case: Case, reason: Refusal) -> None:
    """Refused may be what Business One has no digits for, and a tax that is not the rate's: by the exact difference."""
    if reason.code == "precision":
        finer = case.quantity_digits > 3 or case.precision > 2
        expect(right=finer, what="SAP precision", case=case, found=reason)
        return
    expect(right=reason.code == "total_not_reachable", what="SAP", case=case, found=reason)
    values = reason.values
    place, what = values["field"].removeprefix("line ").split(": ")
    (line,) = (line for line in case.lines if line.number == int(place))
    computed = Fraction(rounded(cents(line.net, case) * percent(line.rate) / 100))
    accounting, crm, difference = (Fraction(values[name]) * 100 for name in ("accounting", "crm", "difference"))
    right = what == "tax" and (accounting, crm) == (computed, cents(line.tax, case))
    expect(right=right, what=f"SAP would compute {computed}", case=case, found=reason)
    expect(right=difference == accounting - crm != 0, what="SAP difference", case=case, found=reason)
