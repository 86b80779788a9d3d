"""What people do in the CRM, and what it says then. Each run has customers and invoices of its own."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

from infra.demo.company import EUROPEAN, PRODUCTS, RUSSIAN, inn
from infra.demo.crm import manager
from shared.dataverse.batch import Operation
from shared.dataverse.journal import STATE_VALUES
from shared.messages import State
from tests.faults.systems import Systems

COMPANIES = {"onec": RUSSIAN, "sapb1": EUROPEAN}
STATES = {value: state for state, value in STATE_VALUES.items()}
BILLED, CANCELLED = (0, 4), (3, 100003)
DUE = frozenset({4, 100001, 100002})
DATED = "2026-10-05"
CENT = Decimal("0.01")


@dataclass(frozen=True)
class Invoice:
    """An invoice of a run."""

    id: UUID
    number: str
    target: str
    lines: tuple[UUID, ...]

    @property
    def key(self) -> str:
        """Its key in the journal."""
        return f"{self.target}:invoice:{self.id}"


@dataclass(frozen=True)
class Journal:
    """What the journal says of an invoice."""

    row: str
    state: State
    number: str
    message: str
    version: int
    accounting_id: str


@dataclass(frozen=True)
class Truth:
    """An invoice as the CRM has it; ``version`` is the highest of its row and its lines."""

    status: int
    total: Decimal
    version: int


class People:
    """Whoever works in the CRM."""

    def __init__(self, systems: Systems) -> None:
        """Take the running systems."""
        self._systems = systems
        self._currencies: dict[str, str] = {}
        self._units: dict[str, str] = {}

    async def do(self, *operations: Operation) -> None:
        """Write as a person does."""
        for operation, part in zip(operations, await self._systems.admin.batch(operations), strict=True):
            if part.status >= 300:
                raise AssertionError(f"{operation.method} {operation.path}: {part.status} {part.content.decode()}")

    async def customer(self, target: str, *, tax_number: str = "") -> UUID:
        """Enter a customer that accounting does not know."""
        made, serial, company = uuid4(), self._systems.serial(), COMPANIES[target]
        russian = target == "onec"
        body: dict[str, Any] = {
            "accountid": str(made),
            "name": f"Customer {serial:06d}",
            "address1_city": "Псков" if russian else "Koper",
            "address1_country": "Россия" if russian else "SI",
            "acx_taxnumber": tax_number or (inn(f"60{serial:07d}") if russian else f"SI{serial:08d}"),
            "ownerid@odata.bind": f"/systemusers({manager(company)})",
        }
        if russian:
            body["acx_kpp"] = "602701001"
        await self.do(Operation("POST", "accounts", body))
        return made

    async def enter(self, target: str, customer: UUID, *quantities: int) -> Invoice:
        """Enter an invoice with a line for each quantity; it is not issued yet."""
        await self._learn()
        company = COMPANIES[target]
        lines = tuple(uuid4() for _ in quantities)
        made = Invoice(uuid4(), f"F-{self._systems.serial():06d}", target, lines)
        currency = self._currencies["RUB" if target == "onec" else "EUR"]
        head = {
            "invoiceid": str(made.id),
            "invoicenumber": made.number,
            "name": f"Invoice {made.number}",
            "acx_documentdate": f"{DATED}T09:00:00Z",
            "datedelivered": DATED,
            "duedate": "2026-10-19",
            "ownerid@odata.bind": f"/systemusers({manager(company)})",
            "transactioncurrencyid@odata.bind": f"/transactioncurrencies({currency})",
            "customerid_account@odata.bind": f"/accounts({customer})",
        }
        bodies = [
            {
                "invoicedetailid": str(line),
                "invoiceid@odata.bind": f"/invoices({made.id})",
                "lineitemnumber": position,
                "acx_taxrate": "22",
                "ispriceoverridden": True,
                "productid@odata.bind": f"/products({PRODUCTS[position % 2].id})",
                "uomid@odata.bind": f"/uoms({self._units[PRODUCTS[position % 2].unit]})",
                **_amounts(quantity, position),
            }
            for position, (line, quantity) in enumerate(zip(lines, quantities, strict=True), start=1)
        ]
        await self.do(
            Operation("POST", "invoices", head), *(Operation("POST", "invoicedetails", body) for body in bodies)
        )
        return made

    async def _learn(self) -> None:
        if self._units:
            return
        currencies = await self._systems.admin.rows(
            "transactioncurrencies", {"$select": "transactioncurrencyid,isocurrencycode"}
        )
        self._currencies = {row["isocurrencycode"]: row["transactioncurrencyid"] for row in currencies}
        units = await self._systems.admin.rows("uoms", {"$select": "uomid,name"})
        self._units = {row["name"]: row["uomid"] for row in units}

    async def issue(self, *invoices: Invoice) -> None:
        """Set invoices to Billed."""
        await self._status(BILLED, *invoices)

    async def cancel(self, *invoices: Invoice) -> None:
        """Cancel invoices."""
        await self._status(CANCELLED, *invoices)

    async def _status(self, status: tuple[int, int], *invoices: Invoice) -> None:
        body = {"statecode": status[0], "statuscode": status[1]}
        await self.do(*(Operation("PATCH", f"invoices({each.id})", body) for each in invoices))

    async def edit(self, invoice: Invoice, quantity: int) -> None:
        """Change the quantity of the first line, and its tax with it."""
        await self.do(Operation("PATCH", f"invoicedetails({invoice.lines[0]})", _amounts(quantity, 1)))

    async def spoil(self, invoice: Invoice) -> None:
        """Enter a tax that is not right."""
        await self.do(Operation("PATCH", f"invoicedetails({invoice.lines[0]})", {"tax": Decimal("0.77")}))

    async def move(self, invoice: Invoice, customer: UUID) -> None:
        """Give an invoice to another customer."""
        body = {"customerid_account@odata.bind": f"/accounts({customer})"}
        await self.do(Operation("PATCH", f"invoices({invoice.id})", body))

    async def merge(self, gone: UUID, stays: UUID) -> None:
        """Merge one account into another."""
        typed = {"@odata.type": "Microsoft.Dynamics.CRM.account"}
        body = {
            "Target": {"accountid": str(stays)} | typed,
            "Subordinate": {"accountid": str(gone)} | typed,
            "PerformParentingChecks": False,
        }
        await self.do(Operation("POST", "Merge", body))

    async def press_retry(self, invoice: Invoice) -> None:
        """Press Retry on the invoice's journal row."""
        journal = await self.journal(invoice)
        assert journal is not None
        await self.do(Operation("PATCH", f"acx_accountingexports({journal.row})", {"acx_retry": True}))

    async def journal(self, invoice: Invoice) -> Journal | None:
        """Read the invoice's journal row."""
        select = "acx_accountingexportid,acx_state,acx_number,acx_message,acx_version,acx_accountingid"
        rows = await self._systems.admin.rows(
            "acx_accountingexports", {"$select": select, "$filter": f"acx_key eq '{invoice.key}'"}
        )
        if not rows:
            return None
        (row,) = rows
        return Journal(
            row=row["acx_accountingexportid"],
            state=STATES[row["acx_state"]],
            number=row["acx_number"] or "",
            message=row["acx_message"] or "",
            version=int(row["acx_version"] or 0),
            accounting_id=row["acx_accountingid"] or "",
        )

    async def truth(self, invoice: Invoice) -> Truth | None:
        """Give an invoice as the CRM has it now; None for one that is no more."""
        lines = "invoice_details($select=versionnumber)"
        query = {
            "$select": "statuscode,totalamount,versionnumber",
            "$expand": lines,
            "$filter": f"invoiceid eq {invoice.id}",
        }
        rows = await self._systems.admin.rows("invoices", query)
        if not rows:
            return None
        (row,) = rows
        versions = [int(each["versionnumber"]) for each in (row, *row["invoice_details"])]
        return Truth(row["statuscode"], Decimal(row["totalamount"]), max(versions))


def _amounts(quantity: int, position: int) -> dict[str, Any]:
    price = Decimal(position * 10)
    tax = (price * quantity * 22 / 100).quantize(CENT)
    return {"quantity": quantity, "priceperunit": price, "tax": tax}
