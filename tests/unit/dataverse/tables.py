"""Golden cases as tables that an accountant can read: rows of the CRM in, lines of the books out."""

from decimal import Decimal
from typing import Any

from shared.documents import Sale
from tests.builders import RATE_COLUMN, invoice_row, line_row, order_row, product_row, record_id, write_in

COLUMNS = {
    "quantity": "quantity",
    "price": "priceperunit",
    "volume": "volumediscountamount",
    "base": "baseamount",
    "manual": "manualdiscountamount",
    "tax": "tax",
    "extended": "extendedamount",
}
BLANK = {"totallineitemamount": None, "totaltax": None, "totalamount": None}
KINDS = {"product": 1, "bundle": 2, "required": 3, "optional": 4}


def cells(table: str) -> list[dict[str, str]]:
    """Read a table: a line of names, then a line for each row; “-” is an empty cell."""
    header, *rows = [line.split() for line in table.strip().splitlines()]
    return [dict(zip(header, row, strict=True)) for row in rows]


def crm_lines(table: str) -> list[dict[str, Any]]:
    """Make line rows of a table with the columns quantity, price, volume, base, manual, tax, extended, rate, kind, of.

    ``kind`` is product (goods), service, write_in, bundle, required or optional; ``of`` the place of the bundle that
    the line belongs to.
    """
    made = []
    for position, row in enumerate(cells(table), start=1):
        number, kind = record_id(position, 0x3A), row.get("kind", "product")
        product = product_row(number, service=kind == "service", productnumber=f"P{position}")
        line = line_row(position=position, product=product)
        if kind == "write_in":
            line = write_in(f"By hand {position}", position=position)
        line[RATE_COLUMN] = None if row.get("rate", "-") == "-" else row["rate"]
        for name, column in COLUMNS.items():
            value = row.get(name, "1" if name == "quantity" else "-")
            line[column] = None if value == "-" else Decimal(value)
        line["producttypecode"] = KINDS.get(kind, KINDS["product"])
        parent = row.get("of", "-")
        line["_parentbundleidref_value"] = None if parent == "-" else str(record_id(int(parent), 0x1B))
        made.append(line)
    return made


def crm(table: str, **header: str | None) -> dict[str, Any]:
    """Make an invoice's row: its lines as a table, the amounts of its header by their columns' names."""
    amounts = {
        name: value if value is None or name.startswith(("date", "duedate", "acx_")) else Decimal(value)
        for name, value in header.items()
    }
    lines = crm_lines(table)
    return invoice_row(line_row()) | {"invoice_details": lines} | BLANK | amounts


def crm_order(table: str, **header: str | None) -> dict[str, Any]:
    """Make the row of a fulfilled order in the same way."""
    row = crm(table, **header)
    amounts = {name: value for name, value in row.items() if name in {*header, *BLANK}}
    return order_row(*row["invoice_details"]) | amounts


def books(sale: Sale) -> list[tuple[str, ...]]:
    """Give the lines of a sale as they would be read out: place, kind, net, tax, rate."""
    return [
        (
            str(line.number),
            line.kind,
            f"{line.net:f}",
            f"{line.tax:f}",
            "none" if line.rate is None else f"{line.rate:f}",
        )
        for line in sale.lines
    ]


def expected(table: str) -> list[tuple[str, ...]]:
    """Read a table of number, kind, net, tax, rate without its names."""
    return [tuple(row.values()) for row in cells(table)]
