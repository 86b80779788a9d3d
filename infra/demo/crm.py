"""The sample companies in Dataverse, entered through its API as people would enter them."""

from collections.abc import Iterable, Sequence
from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from infra.demo.company import (
    COMPANIES,
    CUSTOMERS,
    PRODUCTS,
    UNITS,
    Company,
    SampleInvoice,
    SampleLine,
    sample_id,
)
from infra.demo.setup_error import SetupError
from shared.dataverse.batch import Operation, Part
from shared.dataverse.client import Dataverse
from shared.dataverse.columns import key

BILLED = 4
ACTIVE, ACTIVE_PRODUCT = 0, 1
CURRENCIES = {"RUB": ("Russian rouble", "₽", "90.0"), "USD": ("US dollar", "$", "1.1")}
"""Besides the euro, which is the sample organization's base currency: name, symbol, rate to the euro."""
BATCH = 200


class Crm:
    """The organization as an administrator sees it."""

    def __init__(self, dataverse: Dataverse) -> None:
        """``dataverse`` is signed in as an administrator."""
        self._dataverse = dataverse
        self._currencies: dict[str, UUID] = {}
        self._units: dict[str, UUID] = {}
        self._schedules: dict[str, UUID] = {}

    async def set_up(self) -> None:
        """Create the companies with their managers, the currencies, units, products and customers."""
        for company in COMPANIES:
            await self.add(company)
        await self._set_up_currencies()
        await self._set_up_units()
        await self._set_up_products()
        await self._set_up_customers()

    async def add(self, company: Company) -> None:
        """Create a company's business unit and its sales manager, who owns its documents."""
        root = (await self._dataverse.get("WhoAmI"))["BusinessUnitId"]
        mail = f"manager.{company.code.lower()}@example.test"
        unit = {
            "businessunitid": str(company.business_unit),
            "name": company.name,
            "parentbusinessunitid@odata.bind": f"/businessunits({root})",
        }
        user = {
            "systemuserid": str(manager(company)),
            "firstname": "Sales",
            "lastname": f"Manager {company.code}",
            "domainname": mail,
            "internalemailaddress": mail,
            "businessunitid@odata.bind": f"/businessunits({company.business_unit})",
        }
        await self._create([Operation("POST", "businessunits", unit), Operation("POST", "systemusers", user)])

    async def _set_up_currencies(self) -> None:
        await self._create(
            Operation(
                "POST",
                "transactioncurrencies",
                {
                    "currencyname": name,
                    "currencysymbol": symbol,
                    "isocurrencycode": code,
                    "currencyprecision": 2,
                    "exchangerate": float(rate),
                },
            )
            for code, (name, symbol, rate) in CURRENCIES.items()
        )
        for row in await self._dataverse.rows(
            "transactioncurrencies", {"$select": "transactioncurrencyid,isocurrencycode"}
        ):
            self._currencies[row["isocurrencycode"]] = key(row, "transactioncurrencyid")

    async def _set_up_units(self) -> None:
        self._schedules = {name: sample_id("uomschedule", name) for name in UNITS}
        await self._create(
            Operation(
                "POST", "uomschedules", {"uomscheduleid": str(schedule), "name": f"Unit {name}", "baseuomname": name}
            )
            for name, schedule in self._schedules.items()
        )
        for row in await self._dataverse.rows("uoms", {"$select": "uomid,name"}):
            if row["name"] in UNITS:
                self._units[row["name"]] = key(row, "uomid")
        await self._create(
            Operation("PATCH", f"uoms({unit})", {"acx_okei": UNITS[name]}) for name, unit in self._units.items()
        )

    async def _set_up_products(self) -> None:
        await self._create(
            Operation(
                "POST",
                "products",
                {
                    "productid": str(product.id),
                    "productnumber": product.number,
                    "name": product.name,
                    "producttypecode": 3 if product.service else 1,
                    "productstructure": 1,
                    "quantitydecimal": 2,
                    "defaultuomid@odata.bind": f"/uoms({self._units[product.unit]})",
                    "defaultuomscheduleid@odata.bind": f"/uomschedules({self._schedules[product.unit]})",
                },
            )
            for product in PRODUCTS
        )
        active = {"statecode": ACTIVE, "statuscode": ACTIVE_PRODUCT}
        await self._create(Operation("PATCH", f"products({product.id})", active) for product in PRODUCTS)

    async def _set_up_customers(self) -> None:
        operations = []
        for customer in CUSTOMERS:
            body: dict[str, Any] = {
                f"{customer.table}id": str(customer.id),
                "address1_city": customer.city,
                "address1_country": customer.country,
                "ownerid@odata.bind": f"/systemusers({manager(customer.company)})",
                "acx_taxnumber": customer.tax_number or None,
            }
            if customer.table == "account":
                mail = f"office-{customer.id.hex[:6]}@example.test"
                body |= {"name": customer.name, "accountnumber": customer.number or None, "emailaddress1": mail}
                body |= {"acx_kpp": customer.kpp or None, "telephone1": "+000 555 0100"}
            else:
                *first, last = customer.name.split(" ")
                body |= {"firstname": " ".join(first), "lastname": last}
            operations.append(Operation("POST", f"{customer.table}s", body))
        await self._create(operations)

    async def enter(self, invoices: Sequence[SampleInvoice]) -> None:
        """Enter invoices with their lines; none is issued yet."""
        await self._create(Operation("POST", "invoices", self._head(invoice)) for invoice in invoices)
        await self._create(
            Operation("POST", "invoicedetails", self._line(invoice, number, line))
            for invoice in invoices
            for number, line in enumerate(invoice.lines, start=1)
        )

    def _head(self, invoice: SampleInvoice) -> dict[str, Any]:
        table = invoice.customer.table
        return {
            "invoiceid": str(invoice.id),
            "invoicenumber": invoice.number,
            "name": f"Invoice {invoice.number}",
            "acx_documentdate": f"{invoice.dated}T09:00:00Z",
            "datedelivered": str(invoice.dated),
            "duedate": str(invoice.dated + timedelta(days=14)),
            "discountamount": invoice.discount,
            "ownerid@odata.bind": f"/systemusers({manager(invoice.company)})",
            "transactioncurrencyid@odata.bind": f"/transactioncurrencies({self._currencies[invoice.currency]})",
            f"customerid_{table}@odata.bind": f"/{table}s({invoice.customer.id})",
        }

    def _line(self, invoice: SampleInvoice, number: int, line: SampleLine) -> dict[str, Any]:
        body: dict[str, Any] = {
            "invoicedetailid": str(sample_id("invoicedetail", f"{invoice.number}/{number}")),
            "invoiceid@odata.bind": f"/invoices({invoice.id})",
            "lineitemnumber": number,
            "quantity": line.quantity,
            "priceperunit": line.price,
            "manualdiscountamount": line.discount,
            "tax": line.tax,
            "acx_taxrate": line.rate,
        }
        if line.product is None:
            return body | {"isproductoverridden": True, "productdescription": line.description}
        return body | {
            "ispriceoverridden": True,
            "productid@odata.bind": f"/products({line.product.id})",
            "uomid@odata.bind": f"/uoms({self._units[line.product.unit]})",
        }

    async def issue(self, invoices: Iterable[SampleInvoice]) -> None:
        """Set invoices to Billed, which is what the bridge waits for."""
        status = {"statecode": ACTIVE, "statuscode": BILLED}
        await self._create(Operation("PATCH", f"invoices({invoice.id})", status) for invoice in invoices)

    async def correct_tax(self, invoice: SampleInvoice, number: int, tax: Decimal) -> None:
        """Mend the tax of a line, as a manager would."""
        line = sample_id("invoicedetail", f"{invoice.number}/{number}")
        await self._create([Operation("PATCH", f"invoicedetails({line})", {"tax": tax})])

    async def delete(self, invoice: SampleInvoice) -> None:
        """Delete an invoice with its lines."""
        await self._create([Operation("DELETE", f"invoices({invoice.id})")])

    async def delete_line(self, invoice: SampleInvoice, number: int) -> None:
        """Delete a line of an invoice."""
        line = sample_id("invoicedetail", f"{invoice.number}/{number}")
        await self._create([Operation("DELETE", f"invoicedetails({line})")])

    async def press_retry(self, journal_row: str) -> None:
        """Press Retry on a journal row."""
        await self._create([Operation("PATCH", f"acx_accountingexports({journal_row})", {"acx_retry": True})])

    async def journal_row(self, journal_row: str) -> dict[str, Any]:
        """Give one journal row."""
        row: dict[str, Any] = await self._dataverse.get(f"acx_accountingexports({journal_row})")
        return row

    async def totals(self) -> dict[UUID, str]:
        """Give each invoice's total as Dataverse has it now."""
        rows = await self._dataverse.rows("invoices", {"$select": "invoiceid,totalamount"})
        return {key(row, "invoiceid"): str(row["totalamount"]) for row in rows}

    async def journal(self) -> list[dict[str, Any]]:
        """Give the journal rows of invoices, as a manager sees them."""
        columns = ("acx_accountingexportid", "_acx_invoiceid_value", "acx_state", "acx_number", "acx_message")
        select = ",".join((*columns, "acx_accountingid", "acx_postedon", "acx_target"))
        query = {"$select": select, "$filter": "_acx_invoiceid_value ne null"}
        return await self._dataverse.rows("acx_accountingexports", query)

    async def _create(self, operations: Iterable[Operation]) -> None:
        waiting = list(operations)
        for start in range(0, len(waiting), BATCH):
            chunk = waiting[start : start + BATCH]
            for operation, part in zip(chunk, await self._dataverse.batch(chunk), strict=True):
                if part.status >= 300:
                    raise SetupError(_refusal(operation, part))


def _refusal(operation: Operation, part: Part) -> str:
    return f"Dataverse refused {operation.method} {operation.path}: {part.status} {part.content[:400].decode()}"


def manager(company: Company) -> UUID:
    """Give the systemuserid of a company's sales manager."""
    return sample_id("systemuser", company.code)
