"""The sample companies in Dataverse, entered through its API as people would enter them."""

from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from infra.demo.company import (
    COMPANIES,
    CUSTOMERS,
    CUSTOMERS_BY_HAND,
    PRODUCTS,
    UNITS,
    Company,
    SampleCustomer,
    SampleLine,
    SampleSale,
    sample_id,
)
from infra.demo.setup_error import SetupError
from shared.dataverse.batch import Operation, Part
from shared.dataverse.client import Dataverse
from shared.dataverse.columns import guid, key
from shared.dataverse.sales import INVOICE, SALES

ACTIVE, ACTIVE_PRODUCT = 0, 1
BILLED = {"statecode": 0, "statuscode": 4}
FULFILLED = {"statecode": 3, "statuscode": 100001}
PARTLY_FULFILLED = {"statecode": 3, "statuscode": 100002}
CANCELED = {"statecode": 3, "statuscode": 100003}
"""of an invoice"""
CURRENCIES = {"RUB": ("Russian rouble", "₽", "90.0"), "USD": ("US dollar", "$", "1.1")}
"""Besides the euro, which is the sample organization's base currency: name, symbol, rate to the euro."""
BATCH = 200


class Crm:
    """The organization as an administrator sees it."""

    def __init__(self, dataverse: Dataverse) -> None:
        """``dataverse`` is signed in as an administrator."""
        self._dataverse = dataverse
        self.repeats = False
        """whether what is created may be there already: it was sent before, and the answer was lost"""
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
        await self.add_customers([*CUSTOMERS, *CUSTOMERS_BY_HAND.values()])

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

    async def add_customers(self, customers: Iterable[SampleCustomer]) -> None:
        """Create customers' cards."""
        operations = []
        for customer in customers:
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

    async def enter(self, sales: Sequence[SampleSale]) -> None:
        """Enter documents with their lines; none is issued or fulfilled yet."""
        await self._create(Operation("POST", sale.table.set_name, self._head(sale)) for sale in sales)
        await self._create(
            Operation("POST", sale.table.line_set, self._line(sale, number, line))
            for sale in sales
            for number, line in enumerate(sale.lines, start=1)
        )

    def _head(self, sale: SampleSale) -> dict[str, Any]:
        customer, due = sale.customer, str(sale.dated + timedelta(days=14))
        head = {
            sale.table.key: str(sale.id),
            sale.table.number: sale.number,
            "name": f"Sale {sale.number}",
            "discountamount": sale.discount,
            "ownerid@odata.bind": f"/systemusers({manager(sale.company)})",
            "transactioncurrencyid@odata.bind": f"/transactioncurrencies({self._currencies[sale.currency]})",
            f"customerid_{customer.table}@odata.bind": f"/{customer.table}s({customer.id})",
        }
        if sale.table is INVOICE:
            dated = f"{sale.dated}T09:00:00Z"
            return head | {"acx_documentdate": dated, "datedelivered": str(sale.dated), "duedate": due}
        return head | {"datefulfilled": str(sale.dated), "requestdeliveryby": due}

    def _line(self, sale: SampleSale, number: int, line: SampleLine) -> dict[str, Any]:
        body: dict[str, Any] = {
            sale.table.line_key: str(line_id(sale, number)),
            f"{sale.table.key}@odata.bind": f"/{sale.table.set_name}({sale.id})",
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

    async def issue(self, sales: Iterable[SampleSale]) -> None:
        """Set invoices to Billed and orders to Fulfilled, which is what the bridge waits for."""
        await self._create(
            Operation("PATCH", f"{sale.table.set_name}({sale.id})", BILLED if sale.table is INVOICE else FULFILLED)
            for sale in sales
        )

    async def set_state(self, sale: SampleSale, state: dict[str, int]) -> None:
        """Set a document's state and status."""
        await self._create([Operation("PATCH", f"{sale.table.set_name}({sale.id})", state)])

    async def fulfil(self, order: SampleSale) -> None:
        """Fulfil an order by the action that the product's own button calls."""
        close = {"salesorderid@odata.bind": f"/salesorders({order.id})", "subject": "Fulfilled"}
        await self._create([Operation("POST", "FulfillSalesOrder", {"OrderClose": close, "Status": -1})])

    async def cancel(self, sale: SampleSale) -> None:
        """Cancel an invoice."""
        await self.set_state(sale, CANCELED)

    async def correct_line(self, sale: SampleSale, number: int, changes: dict[str, Any]) -> None:
        """Mend a line, as a manager would."""
        await self._create([Operation("PATCH", f"{sale.table.line_set}({line_id(sale, number)})", changes)])

    async def correct_customer(self, customer: SampleCustomer, changes: dict[str, Any]) -> None:
        """Mend a customer's card."""
        await self._create([Operation("PATCH", f"{customer.table}s({customer.id})", changes)])

    async def delete(self, sale: SampleSale) -> None:
        """Delete a document with its lines."""
        await self._create([Operation("DELETE", f"{sale.table.set_name}({sale.id})")])

    async def delete_line(self, sale: SampleSale, number: int) -> None:
        """Delete a line of a document."""
        await self._create([Operation("DELETE", f"{sale.table.line_set}({line_id(sale, number)})")])

    async def press_retry(self, journal_row: str) -> None:
        """Press Retry on a journal row."""
        await self._create([Operation("PATCH", f"acx_accountingexports({journal_row})", {"acx_retry": True})])

    async def journal_row(self, journal_row: str) -> dict[str, Any]:
        """Give one journal row."""
        row: dict[str, Any] = await self._dataverse.get(f"acx_accountingexports({journal_row})")
        return row

    async def totals(self) -> dict[UUID, str]:
        """Give each document's total as Dataverse has it now."""
        found: dict[UUID, str] = {}
        for table in SALES:
            for row in await self._dataverse.rows(table.set_name, {"$select": f"{table.key},totalamount"}):
                found[key(row, table.key)] = str(row["totalamount"])
        return found

    async def journal(self) -> dict[UUID, dict[str, Any]]:
        """Give the journal rows of documents, as a manager sees them, by the document's id."""
        parents = [f"_acx_{table.name}id_value" for table in SALES]
        columns = ("acx_accountingexportid", "acx_state", "acx_number", "acx_message", "acx_accountingid")
        query = {
            "$select": ",".join((*columns, "acx_postedon", "acx_target", *parents)),
            "$filter": " or ".join(f"{parent} ne null" for parent in parents),
        }
        rows = await self._dataverse.rows("acx_accountingexports", query)
        return {record: row for row in rows for parent in parents if (record := guid(row, parent))}

    async def _create(self, operations: Iterable[Operation]) -> None:
        waiting = list(operations)
        for start in range(0, len(waiting), BATCH):
            chunk = waiting[start : start + BATCH]
            for operation, part in zip(chunk, await self._dataverse.batch(chunk), strict=True):
                done_before = self.repeats and operation.method == "POST" and part.status == 412
                if part.status >= 300 and not done_before:
                    raise SetupError(_refusal(operation, part))


def _refusal(operation: Operation, part: Part) -> str:
    return f"Dataverse refused {operation.method} {operation.path}: {part.status} {part.content[:400].decode()}"


def line_id(sale: SampleSale, number: int) -> UUID:
    """Give the id of a document's line."""
    return sample_id(sale.table.line_name, f"{sale.number}/{number}")


def manager(company: Company) -> UUID:
    """Give the systemuserid of a company's sales manager."""
    return sample_id("systemuser", company.code)
