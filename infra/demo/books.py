"""The sample companies' accounting: what an accountant typed before the bridge came, and what stands there afterwards.

It talks to the systems by plain HTTP and shares nothing with the bridge, so that the comparison is independent.
"""

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from urllib.parse import quote

import httpx

from infra.demo.company import CUSTOMERS, PRODUCTS, UNITS, SampleCustomer, SampleProduct, sample_id
from infra.demo.setup_error import SetupError
from infra.local.onec import base as onec
from infra.local.sapb1 import company as sapb1
from shared import jsontext

WRITE_IN_ITEM = sample_id("onec", "write-in service")
WRITE_IN_NAME = "Услуги по договору"
WRITE_IN_CODE = "WRITEIN"


ONEC_DOCUMENTS = ("Document_СчетНаОплатуПокупателю", "Document_РеализацияТоваровУслуг")
SAPB1_DOCUMENTS = ("Invoices", "DeliveryNotes", "Orders")
MAIN_DOCUMENT = {
    ("onec", "2B"): "Document_СчетНаОплатуПокупателю",
    ("onec", "2A"): "Document_РеализацияТоваровУслуг",
    ("sapb1", "2B"): "Invoices",
    ("sapb1", "2A"): "DeliveryNotes",
}
"""What a sale becomes, by target and way; the journal names this one's number."""


@dataclass(frozen=True)
class Entry:
    """A document as the books have it; ``reference`` is the CRM's number on it."""

    kind: str
    """the document's entity"""
    reference: str
    number: str
    total: Decimal


def _checked(answer: httpx.Response) -> Any:
    if answer.status_code >= 300:
        raise SetupError(f"{answer.request.method} {answer.request.url.path}: {answer.status_code} {answer.text[:300]}")
    return jsontext.loads(answer.content) if answer.content else None


class OnecBooks:
    """The Russian company's 1С:Бухгалтерия."""

    def __init__(self, first_line: dict[str, Any]) -> None:
        """``first_line`` is what the local server said of itself."""
        credentials = base64.b64encode(f"{first_line['username']}:{first_line['password']}".encode()).decode()
        self._url = first_line["url"]
        self._client = httpx.Client(
            headers={"Authorization": f"Basic {credentials}", "Accept": "application/json"},
            timeout=60,
            trust_env=False,
        )

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def type_by_hand(self) -> None:
        """Enter what the company had before: a service for write-in lines, some customers, some items."""
        self._item(str(WRITE_IN_ITEM), WRITE_IN_NAME, "", service=True, okei="876")
        for product in PRODUCTS:
            if product.known:
                self._known_item(product)
        for customer in CUSTOMERS:
            if customer.known and customer.company.target == "onec":
                self._known_customer(customer)

    def _known_item(self, product: SampleProduct) -> None:
        key = str(sample_id("onec item", product.number))
        self._item(key, product.name, product.number, service=product.service, okei=UNITS[product.unit])

    def _item(self, key: str, name: str, number: str, *, service: bool, okei: str) -> None:
        self._post(
            "Catalog_Номенклатура",
            {
                "Ref_Key": key,
                "Description": name,
                "НаименованиеПолное": name,
                "Артикул": number,
                "Услуга": service,
                "ВидНоменклатуры_Key": onec.ITEM_KIND_SERVICES if service else onec.ITEM_KIND_GOODS,
                "НоменклатурнаяГруппа_Key": onec.ITEM_GROUP,
                "ЕдиницаИзмерения_Key": onec.key("Catalog_КлассификаторЕдиницИзмерения", okei),
            },
        )

    def _known_customer(self, customer: SampleCustomer) -> None:
        self._post(
            "Catalog_Контрагенты",
            {
                "Ref_Key": str(sample_id("onec customer", customer.name)),
                "Description": customer.name,
                "НаименованиеПолное": customer.name,
                "ЮридическоеФизическоеЛицо": "ЮридическоеЛицо",
                "ИНН": customer.tax_number,
                "КПП": customer.kpp,
                "СтранаРегистрации_Key": onec.RUSSIA,
            },
        )

    def _post(self, entity: str, body: dict[str, Any]) -> None:
        answer = self._client.post(
            self._url + quote(entity), content=jsontext.dumps(body), headers={"Content-Type": "application/json"}
        )
        _checked(answer)

    def entries(self) -> list[Entry]:
        """Give every invoice in the books. The CRM's number is the second word of its comment."""
        return [
            Entry(entity, row["Комментарий"].split(" ")[1], row["Number"], Decimal(row["СуммаДокумента"]))
            for entity in ONEC_DOCUMENTS
            for row in self._rows(entity, "&$filter=Posted%20eq%20true")
        ]

    def _rows(self, entity: str, more: str = "") -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = _checked(self._client.get(f"{self._url}{quote(entity)}?$format=json{more}"))[
            "value"
        ]
        return rows

    def count(self) -> dict[str, int]:
        """Count every document and card, posted or not."""
        cards = ("Catalog_Контрагенты", "Catalog_ДоговорыКонтрагентов", "Catalog_Номенклатура")
        return {entity: len(self._rows(entity)) for entity in (*ONEC_DOCUMENTS, "Document_СчетФактураВыданный", *cards)}


class Sapb1Books:
    """The European company's SAP Business One."""

    def __init__(self, first_line: dict[str, Any]) -> None:
        """``first_line`` is what the local server said of itself."""
        self._url = first_line["url"]
        self._client = httpx.Client(timeout=60, trust_env=False, headers={"Prefer": "odata.maxpagesize=0"})
        self._login = {
            "CompanyDB": first_line["company"],
            "UserName": first_line["username"],
            "Password": first_line["password"],
        }
        self._sign_in()

    def _sign_in(self) -> None:
        _checked(self._client.post(f"{self._url}/Login", json=self._login))

    def _read(self, path: str) -> Any:
        """Read with a session that may have ended: half an hour without a request is enough."""
        answer = self._client.get(f"{self._url}/{path}")
        if answer.status_code == 401:
            self._sign_in()
            answer = self._client.get(f"{self._url}/{path}")
        return _checked(answer)

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def type_by_hand(self) -> None:
        """Enter what the company had before: an item for write-in lines, and one known item. A partner is there."""
        self._item(WRITE_IN_CODE, "Individual service")
        for product in PRODUCTS:
            if product.known and product.number != sapb1.SERVICE_ITEM:
                self._item(product.number, product.name)

    def _item(self, code: str, name: str) -> None:
        body = {"ItemCode": code, "ItemName": name[:100], "InventoryItem": "tNO", "SalesItem": "tYES"}
        _checked(self._client.post(f"{self._url}/Items", json=body))

    def entries(self) -> list[Entry]:
        """Give every invoice in the books that is not cancelled; the CRM's number is the customer's reference."""
        query = "$select=DocNum,NumAtCard,DocTotal&$filter=CancelStatus%20eq%20'csNo'"
        return [
            Entry(entity, row["NumAtCard"], str(row["DocNum"]), Decimal(row["DocTotal"]))
            for entity in SAPB1_DOCUMENTS
            for row in self._read(f"{entity}?{query}")["value"]
        ]

    def count(self) -> dict[str, int]:
        """Count every document and card."""
        documents = ((entity, "DocEntry") for entity in SAPB1_DOCUMENTS)
        return {
            entity: len(self._read(f"{entity}?$select={column}")["value"])
            for entity, column in (*documents, ("BusinessPartners", "CardCode"), ("Items", "ItemCode"))
        }


Books = OnecBooks | Sapb1Books


def doubled(entries: Sequence[Entry]) -> list[str]:
    """Name the CRM numbers that stand in the books more than once with one kind of document."""
    seen: set[tuple[str, str]] = set()
    twice = []
    for entry in entries:
        if (entry.kind, entry.reference) in seen:
            twice.append(f"{entry.kind} {entry.reference}")
        seen.add((entry.kind, entry.reference))
    return twice
