"""What people do in the CRM, and what it says then. Each run has customers, products and documents of its own."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

from infra.demo.company import COMPANIES, PRODUCTS, Company, SampleProduct, inn
from infra.demo.crm import BILLED, CANCELED, FULFILLED, manager
from shared.dataverse.batch import Operation
from shared.dataverse.journal import STATE_VALUES
from shared.dataverse.sales import INVOICE, ORDER, SalesTable
from shared.messages import REFUSED_CHANGE, State
from tests.faults.systems import Systems

SELLERS = {(company.target, company.way): company for company in COMPANIES}
STATES = {value: state for state, value in STATE_VALUES.items()}
ISSUED = {INVOICE.name: BILLED, ORDER.name: FULFILLED}
CANCELLED = {INVOICE.name: CANCELED, ORDER.name: {"statecode": 2, "statuscode": 4}}
DUE = {INVOICE.name: frozenset({4, 100001, 100002}), ORDER.name: frozenset({100001, 100003})}
DATED, DUE_ON = "2026-10-05", "2026-10-19"
SOLD = (PRODUCTS[1], PRODUCTS[0])
LOCAL_CURRENCIES = {"onec": "RUB", "sapb1": "EUR"}
CENT = Decimal("0.01")
TARGETS = ("onec", "sapb1")


@dataclass(frozen=True)
class Sale:
    """An invoice or an order of a run."""

    id: UUID
    number: str
    target: str
    lines: tuple[UUID, ...]
    table: SalesTable = INVOICE

    @property
    def key(self) -> str:
        """Its key in the journal."""
        return f"{self.target}:{self.table.name}:{self.id}"


@dataclass(frozen=True)
class Journal:
    """What the journal says of a document."""

    row: str
    state: State
    number: str
    message: str
    version: int
    accounting_id: str
    paid: Decimal
    refused: bool
    """whether its last word on the content is a refusal, be it beside a payment"""


@dataclass(frozen=True)
class Truth:
    """A document as the CRM has it; ``version`` is the highest of its row and its lines."""

    status: int
    total: Decimal
    version: int


class People:
    """Whoever works in the CRM."""

    def __init__(self, systems: Systems) -> None:
        """Take the running systems."""
        self._systems = systems
        self.tax_numbers: set[str] = set()
        """of all customers who were entered"""
        self._currencies: dict[str, str] = {}
        self._units: dict[str, dict[str, Any]] = {}

    async def do(self, *operations: Operation) -> None:
        """Write as a person does."""
        for operation, part in zip(operations, await self._systems.admin.batch(operations), strict=True):
            if part.status >= 300:
                raise AssertionError(f"{operation.method} {operation.path}: {part.status} {part.content.decode()}")

    async def customer(self, target: str, *, tax_number: str | None = None) -> UUID:
        """Enter a customer that accounting does not know; without a tax number it has one of its own."""
        made, serial, company = uuid4(), self._systems.serial(), SELLERS[target, "2B"]
        russian = target == "onec"
        if tax_number is None:
            tax_number = inn(f"60{serial:07d}") if russian else f"SI{serial:08d}"
        if tax_number:
            self.tax_numbers.add(tax_number)
        body: dict[str, Any] = {
            "accountid": str(made),
            "name": f"Customer {serial:06d}",
            "address1_city": "Псков" if russian else "Koper",
            "address1_country": "Россия" if russian else "SI",
            "acx_taxnumber": tax_number,
            "ownerid@odata.bind": f"/systemusers({manager(company)})",
        }
        if russian:
            body["acx_kpp"] = "602701001"
        await self.do(Operation("POST", "accounts", body))
        return made

    async def activate(self, customer: UUID, *, active: bool = True) -> None:
        """Activate a customer, or deactivate it."""
        state = {"statecode": 0, "statuscode": 1} if active else {"statecode": 1, "statuscode": 2}
        await self.do(Operation("PATCH", f"accounts({customer})", state))

    async def currency(self, code: str) -> None:
        """Enter a currency, once."""
        await self._learn()
        if code in self._currencies:
            return
        self._currencies[code] = str(uuid4())
        body = {"currencyname": code, "currencysymbol": code, "isocurrencycode": code, "currencyprecision": 2}
        body |= {"transactioncurrencyid": self._currencies[code], "exchangerate": 1.0}
        await self.do(Operation("POST", "transactioncurrencies", body))

    async def product(self) -> SampleProduct:
        """Enter a service that accounting does not know."""
        await self._learn()
        unit = self._units["ч"]
        made = SampleProduct(f"P{self._systems.serial():06d}", "Service of a run", True, Decimal(10), "ч")
        body = {
            "productid": str(made.id),
            "productnumber": made.number,
            "name": made.name,
            "producttypecode": 3,
            "productstructure": 1,
            "quantitydecimal": 2,
            "defaultuomid@odata.bind": f"/uoms({unit['uomid']})",
            "defaultuomscheduleid@odata.bind": f"/uomschedules({unit['_uomscheduleid_value']})",
        }
        await self.do(
            Operation("POST", "products", body),
            Operation("PATCH", f"products({made.id})", {"statecode": 0, "statuscode": 1}),
        )
        return made

    async def enter(
        self,
        target: str,
        customer: UUID,
        *quantities: int,
        table: SalesTable = INVOICE,
        products: Sequence[SampleProduct] = SOLD,
        currency: str = "",
    ) -> Sale:
        """Enter a document with a line for each quantity, the products in turn; it is not issued or fulfilled yet."""
        await self._learn()
        currency_id = self._currencies[currency or LOCAL_CURRENCIES[target]]
        company = SELLERS[target, table.way]
        lines = tuple(uuid4() for _ in quantities)
        made = Sale(uuid4(), f"F-{self._systems.serial():06d}", target, lines, table)
        head: dict[str, Any] = {
            table.key: str(made.id),
            table.number: made.number,
            "name": f"Sale {made.number}",
            "ownerid@odata.bind": f"/systemusers({manager(company)})",
            "transactioncurrencyid@odata.bind": f"/transactioncurrencies({currency_id})",
            "customerid_account@odata.bind": f"/accounts({customer})",
        }
        if table is INVOICE:
            head |= {"acx_documentdate": f"{DATED}T09:00:00Z", "datedelivered": DATED, "duedate": DUE_ON}
        else:
            head |= {"datefulfilled": DATED, "requestdeliveryby": DUE_ON}
        sold = [products[number % len(products)] for number in range(len(lines))]
        bodies = [
            {
                table.line_key: str(line),
                f"{table.key}@odata.bind": f"/{table.set_name}({made.id})",
                "lineitemnumber": position,
                "acx_taxrate": "22",
                "ispriceoverridden": True,
                "productid@odata.bind": f"/products({product.id})",
                "uomid@odata.bind": f"/uoms({self._units[product.unit]['uomid']})",
                **_amounts(quantity, position),
            }
            for position, (line, quantity, product) in enumerate(zip(lines, quantities, sold, strict=True), start=1)
        ]
        await self.do(
            Operation("POST", table.set_name, head), *(Operation("POST", table.line_set, body) for body in bodies)
        )
        return made

    async def _learn(self) -> None:
        if self._units:
            return
        currencies = await self._systems.admin.rows(
            "transactioncurrencies", {"$select": "transactioncurrencyid,isocurrencycode"}
        )
        self._currencies = {row["isocurrencycode"]: row["transactioncurrencyid"] for row in currencies}
        units = await self._systems.admin.rows("uoms", {"$select": "uomid,name,_uomscheduleid_value"})
        self._units = {row["name"]: row for row in units}

    async def issue(self, *sales: Sale) -> None:
        """Set invoices to Billed and orders to Fulfilled."""
        await self.do(*(Operation("PATCH", _path(each), ISSUED[each.table.name]) for each in sales))

    async def withdraw(self, invoice: Sale) -> None:
        """Set an issued invoice back to New."""
        await self.do(Operation("PATCH", _path(invoice), {"statecode": 0, "statuscode": 1}))

    async def cancel(self, *sales: Sale) -> None:
        """Cancel documents."""
        await self.do(*(Operation("PATCH", _path(each), CANCELLED[each.table.name]) for each in sales))

    async def delete(self, sale: Sale) -> None:
        """Delete a document with its lines."""
        await self.do(Operation("DELETE", _path(sale)))

    async def edit(self, sale: Sale, quantity: int) -> None:
        """Change the quantity of the first line, and its tax with it."""
        await self.do(Operation("PATCH", f"{sale.table.line_set}({sale.lines[0]})", _amounts(quantity, 1)))

    async def spoil(self, sale: Sale) -> None:
        """Enter a tax that is not right."""
        await self.do(Operation("PATCH", f"{sale.table.line_set}({sale.lines[0]})", {"tax": Decimal("0.77")}))

    async def move(self, sale: Sale, customer: UUID) -> None:
        """Give a document to another customer."""
        body = {"customerid_account@odata.bind": f"/accounts({customer})"}
        await self.do(Operation("PATCH", _path(sale), body))

    async def give(self, sale: Sale, company: Company) -> None:
        """Give a document to the manager of another business unit."""
        await self.do(Operation("PATCH", _path(sale), {"ownerid@odata.bind": f"/systemusers({manager(company)})"}))

    async def rename(self, table: str, record: UUID, name: str) -> None:
        """Give an account or a product another name."""
        await self.do(Operation("PATCH", f"{table}s({record})", {"name": name}))

    async def merge(self, gone: UUID, stays: UUID) -> None:
        """Merge one account into another."""
        typed = {"@odata.type": "Microsoft.Dynamics.CRM.account"}
        body = {
            "Target": {"accountid": str(stays)} | typed,
            "Subordinate": {"accountid": str(gone)} | typed,
            "PerformParentingChecks": False,
        }
        await self.do(Operation("POST", "Merge", body))

    async def press_retry(self, sale: Sale) -> None:
        """Press Retry on the document's journal row."""
        journal = await self.journal(sale)
        assert journal is not None
        await self.do(Operation("PATCH", f"acx_accountingexports({journal.row})", {"acx_retry": True}))

    async def journal(self, sale: Sale) -> Journal | None:
        """Read the document's journal row."""
        columns = ("state", "number", "message", "version", "accountingid", "paidamount", "hash")
        select = ",".join(("acx_accountingexportid", *(f"acx_{column}" for column in columns)))
        rows = await self._systems.admin.rows(
            "acx_accountingexports", {"$select": select, "$filter": f"acx_key eq '{sale.key}'"}
        )
        if not rows:
            return None
        (row,) = rows
        state = STATES[row["acx_state"]]
        return Journal(
            row=row["acx_accountingexportid"],
            state=state,
            number=row["acx_number"] or "",
            message=row["acx_message"] or "",
            version=int(row["acx_version"] or 0),
            accounting_id=row["acx_accountingid"] or "",
            paid=Decimal(row["acx_paidamount"] or 0),
            refused=state is State.REFUSED or row["acx_hash"] == REFUSED_CHANGE,
        )

    async def truth(self, sale: Sale) -> Truth | None:
        """Give a document as the CRM has it now; None for one that is no more."""
        lines = f"{sale.table.lines}($select=versionnumber)"
        query = {
            "$select": "statuscode,totalamount,versionnumber",
            "$expand": lines,
            "$filter": f"{sale.table.key} eq {sale.id}",
        }
        rows = await self._systems.admin.rows(sale.table.set_name, query)
        if not rows:
            return None
        (row,) = rows
        versions = [int(each["versionnumber"]) for each in (row, *row[sale.table.lines])]
        return Truth(row["statuscode"], Decimal(row["totalamount"]), max(versions))


def _path(sale: Sale) -> str:
    return f"{sale.table.set_name}({sale.id})"


def _amounts(quantity: int, position: int) -> dict[str, Any]:
    price = Decimal(position * 10)
    tax = (price * quantity * 22 / 100).quantize(CENT)
    return {"quantity": quantity, "priceperunit": price, "tax": tax}
