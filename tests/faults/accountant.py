"""What accountants do by hand in 1C and in SAP Business One: payments, and taking documents away."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from decimal import Decimal
from typing import Any

from infra.local.sapb1.company import CASH_ACCOUNT
from shared import jsontext
from tests.faults.systems import Systems

PAID_ON = "2026-11-02"
"""A month that no run closes."""
PAYMENT = "Document_ПоступлениеНаРасчетныйСчет"


class Accountant:
    """Whoever works in the books."""

    def __init__(self, systems: Systems) -> None:
        """Take the running systems."""
        self._systems = systems

    async def pay(self, target: str, invoice: str, customer: str, amount: Decimal) -> str:
        """Enter a payment of a счёт or an A/R invoice, by its id; give the payment's own."""
        if target == "onec":
            body = {"invoice": invoice, "amount": str(amount), "date": f"{PAID_ON}T00:00:00"}
            return str((await self._systems.local("onec", "payments", **body))["Ref_Key"])
        made = await self._sapb1(
            "IncomingPayments",
            CardCode=customer,
            DocDate=PAID_ON,
            CashAccount=CASH_ACCOUNT,
            CashSum=amount,
            PaymentInvoices=[{"DocEntry": int(invoice), "SumApplied": amount}],
        )
        return str(made["DocEntry"])

    async def take_back(self, target: str, payment: str) -> None:
        """Take a payment back."""
        if target == "onec":
            await self._systems.local("onec", "accountant/unpost", entity=PAYMENT, key=payment)
        else:
            await self._sapb1(f"IncomingPayments({payment})/Cancel")

    async def take_away(self, target: str, entity: str, document: str) -> None:
        """Mark a document of 1C for deletion, or cancel one of SAP Business One."""
        if target == "onec":
            changes = {"DeletionMark": True, "Posted": False}
            await self._systems.local("onec", "accountant", entity=entity, key=document.lower(), changes=changes)
        else:
            await self._sapb1(f"{entity}({document})/Cancel")

    async def enter_currency(self, target: str, code: str, number: str) -> None:
        """Enter a currency that has no rate yet; SAP Business One knows them all."""
        if target == "onec":
            await self._onec("Catalog_Валюты", Code=number, Description=code)

    async def enter_rate(self, target: str, code: str, number: str, day: str) -> None:
        """Enter the rate of a currency for a day."""
        if target == "sapb1":
            await self._sapb1("SBOBobService_SetCurrencyRate", Currency=code, RateDate=day, Rate="2")
            return
        held = await self._systems.local("onec", "state", "GET")
        (currency,) = [row["Ref_Key"] for row in held["entities"]["Catalog_Валюты"] if row["Code"] == number]
        row = {"Period": f"{day}T00:00:00", "Валюта_Key": currency, "Курс": 2, "Кратность": "1"}
        await self._onec("InformationRegister_КурсыВалют", **row)

    async def _onec(self, entity: str, **body: Any) -> None:
        line = self._systems.first_lines["onec"]
        signed_in = (line["username"], line["password"])
        answer = await self._systems.door.post(f"{line['url']}{entity}?$format=json", json=body, auth=signed_in)
        answer.raise_for_status()

    async def _sapb1(self, path: str, **body: Any) -> Any:
        async with self._signed_in() as headers:
            url = f"{self._systems.first_lines['sapb1']['url']}/{path}"
            answer = await self._systems.door.post(url, content=jsontext.dumps(body) if body else b"", headers=headers)
            answer.raise_for_status()
            return jsontext.loads(answer.content) if answer.content else None

    @asynccontextmanager
    async def _signed_in(self) -> AsyncIterator[dict[str, str]]:
        line, door = self._systems.first_lines["sapb1"], self._systems.door
        login = {"CompanyDB": line["company"], "UserName": line["username"], "Password": line["password"]}
        session = await door.post(f"{line['url']}/Login", json=login)
        session.raise_for_status()
        cookies = "; ".join(header.split(";")[0] for header in session.headers.get_list("set-cookie"))
        door.cookies.clear()
        headers = {"Cookie": cookies, "Content-Type": "application/json"}
        try:
            yield headers
        finally:
            await door.post(f"{line['url']}/Logout", headers=headers)
