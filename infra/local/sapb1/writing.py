"""What is written into a document once it is computed: amounts in both currencies, instalments, the due date."""

from datetime import date, timedelta
from decimal import Decimal

from infra.local.sapb1.amounts import Precision, Taxed, Totals
from infra.local.sapb1.edm import Body
from infra.local.sapb1.lines import BuiltLine, Heading


def due_date(day: str, terms: Body) -> str:
    """Give the due date that payment terms make of a day: months first, then days."""
    start = date.fromisoformat(day)
    months = start.month - 1 + int(terms.get("NumberOfAdditionalMonths") or 0)
    year, month = start.year + months // 12, months % 12 + 1
    first = date(year, month, 1)
    last_day = (date(year + month // 12, month % 12 + 1, 1) - timedelta(days=1)).day
    moved = first.replace(day=min(start.day, last_day))
    return (moved + timedelta(days=int(terms.get("NumberOfAdditionalDays") or 0))).isoformat()


def write_amounts(
    precision: Precision,
    *,
    document: Body,
    heading: Heading,
    built: list[BuiltLine],
    expenses: list[tuple[Body, Taxed]],
    totals: Totals,
) -> None:
    """Write the amounts: the plain names are in local currency, those ending in FC in the document's."""
    zero = Decimal(0)

    def local(value: Decimal) -> Decimal:
        return precision.amount(value * heading.rate) if heading.foreign else value

    def both(name: str, foreign_name: str, value: Decimal) -> Body:
        return {name: local(value), foreign_name: value if heading.foreign else zero}

    for line, tax in zip(built, totals.taxes, strict=False):
        body = line.body
        body |= both("LineTotal", "RowTotalFC", line.price.total)
        body |= both("NetTaxAmount", "NetTaxAmountFC", tax)
        body |= both("OpenAmount", "OpenAmountFC", line.price.total)
        body |= {
            "RowTotalSC": body["LineTotal"],
            "OpenAmountSC": body["LineTotal"],
            "TaxTotal": body["NetTaxAmount"],
            "LineStatus": "bost_Open",
            "RemainingOpenQuantity": body["Quantity"],
            "RemainingOpenInventoryQuantity": body["InventoryQuantity"],
        }
    for (expense, taxed), tax in zip(expenses, totals.taxes[len(built) :], strict=True):
        computed = both("LineTotal", "LineTotalFC", taxed.amount) | both("TaxSum", "TaxSumFC", tax)
        computed |= {"TaxPercent": taxed.rate, "LineTotalSys": computed["LineTotal"], "TaxSumSys": computed["TaxSum"]}
        expense.update(computed)
    document["DocumentLines"] = [line.body for line in built]
    document["DocumentAdditionalExpenses"] = [expense for expense, _ in expenses]
    document |= both("VatSum", "VatSumFc", totals.tax)
    document |= both("TotalDiscount", "TotalDiscountFC", totals.discount)
    document |= both("RoundingDiffAmount", "RoundingDiffAmountFC", totals.rounding)
    document["Rounding"] = "tYES" if totals.rounding else "tNO"
    if heading.foreign:
        lines = sum((line.body["LineTotal"] for line in built), zero)
        freight = sum((expense["LineTotal"] for expense, _ in expenses), zero)
        document["DocTotal"] = lines - document["TotalDiscount"] + freight + document["VatSum"]
        document["DocTotal"] += document["RoundingDiffAmount"]
        document["DocTotalFc"] = totals.total
    else:
        document |= {"DocTotal": totals.total, "DocTotalFc": zero}
    document |= {
        "DiscountPercent": totals.discount_percent,
        "DocTotalSys": document["DocTotal"],
        "VatSumSys": document["VatSum"],
        "TotalDiscountSC": document["TotalDiscount"],
        "PaidToDate": zero,
        "PaidToDateFC": zero,
        "PaidToDateSys": zero,
        "NumberOfInstallments": 1,
        "DocumentInstallments": [
            {
                "DueDate": document["DocDueDate"],
                "Percentage": Decimal(100),
                "Total": document["DocTotal"],
                "TotalFC": document["DocTotalFc"],
                "InstallmentId": 1,
            }
        ],
    }
