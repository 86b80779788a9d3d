"""What the tests of the local 1C share: a client that speaks as the product does, and a sale's worth of data."""

import uuid
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import httpx

from infra.local.onec import base
from infra.local.onec.values import NAMESPACE
from shared.jsontext import dumps, loads

INVOICES = "Document_СчетНаОплатуПокупателю"
SALES = "Document_РеализацияТоваровУслуг"
TAX_INVOICES = "Document_СчетФактураВыданный"
CUSTOMERS = "Catalog_Контрагенты"
CONTRACTS = "Catalog_ДоговорыКонтрагентов"
ITEMS = "Catalog_Номенклатура"
STATES = "InformationRegister_СтатусыДокументов"

CUSTOMER = str(uuid.UUID(int=1))
CONTRACT = str(uuid.UUID(int=2))
ITEM = str(uuid.UUID(int=3))
INVOICE = str(uuid.UUID(int=4))
SALE = str(uuid.UUID(int=5))


@dataclass(frozen=True)
class Answer:
    """A response, read."""

    status: int
    body: Any
    headers: httpx.Headers

    @property
    def code(self) -> str:
        """1C's inner code of a refusal."""
        return str(self.body["odata.error"]["code"])

    @property
    def text(self) -> str:
        """1C's sentence of a refusal."""
        return str(self.body["odata.error"]["message"]["value"])

    @property
    def value(self) -> list[dict[str, Any]]:
        """The rows of a collection."""
        assert self.status == 200, self.body
        rows: list[dict[str, Any]] = self.body["value"]
        return rows


class Client:
    """Talks OData to one local base."""

    def __init__(self, http: httpx.AsyncClient, url: str, root: str) -> None:
        self.http, self.url, self.root = http, url, root

    async def call(
        self, method: str, path: str, body: object = None, *, headers: dict[str, str] | None = None, **options: Any
    ) -> Answer:
        """Send a request; ``options`` become ``$name=value`` with spaces as %20."""
        query = "&".join(f"${name}={quote(str(value), safe='')}" for name, value in options.items())
        content = None if body is None else dumps(body).encode()
        typed = {"Content-Type": "application/json"} if content is not None else {}
        address = self.url + quote(path, safe="/()',=$?&+%") + (f"?{query}" if query else "")
        response = await self.http.request(method, address, content=content, headers=typed | (headers or {}))
        is_json = response.headers.get("Content-Type", "").startswith("application/json")
        return Answer(response.status_code, loads(response.content) if is_json else response.text, response.headers)

    async def get(self, path: str, **options: Any) -> Answer:
        """GET with ``$`` options."""
        return await self.call("GET", path, **options)

    async def local(self, path: str, body: object = None) -> Any:
        """Use the back door; give its JSON."""
        method = "GET" if body is None else "POST"
        content = None if body is None else dumps(body).encode()
        response = await self.http.request(method, f"{self.root}/_local/{path}", content=content)
        assert response.is_success, response.text
        return loads(response.content) if response.content else None


def at(entity: str, key: str) -> str:
    """Give the address of an instance."""
    return f"{entity}(guid'{key}')"


def invoice(**changes: Any) -> dict[str, Any]:
    """Give a счёт that can be posted."""
    row = {
        "LineNumber": "1",
        "Номенклатура": ITEM,
        "Номенклатура_Type": f"{NAMESPACE}{ITEMS}",
        "Содержание": "Настройка",
        "Количество": 2,
        "Цена": 1000,
        "Сумма": 2000,
        "СтавкаНДС": "НДС22",
        "СуммаНДС": 440,
    }
    document = {
        "Ref_Key": INVOICE,
        "Date": "2026-03-02T10:00:00",
        "Организация_Key": base.ORGANIZATION,
        "ОрганизацияПолучатель_Key": base.ORGANIZATION,
        "СтруктурнаяЕдиница_Key": base.BANK_ACCOUNT,
        "Контрагент_Key": CUSTOMER,
        "ДоговорКонтрагента_Key": CONTRACT,
        "ВалютаДокумента_Key": base.RUB,
        "КурсВзаиморасчетов": 1,
        "КратностьВзаиморасчетов": "1",
        "СуммаВключаетНДС": False,
        "ВидОперации": "ТоварыИУслуги",
        "Товары": [row],
    }
    return document | changes


def sale(**changes: Any) -> dict[str, Any]:
    """Give a реализация of one service that can be posted."""
    row = {
        "LineNumber": "1",
        "Номенклатура_Key": ITEM,
        "Содержание": "Настройка",
        "Количество": 2,
        "Цена": 1000,
        "Сумма": 2000,
        "СтавкаНДС": "НДС22",
        "СуммаНДС": 440,
    }
    document = {
        "Ref_Key": SALE,
        "Date": "2026-03-05T10:00:00",
        "Организация_Key": base.ORGANIZATION,
        "Контрагент_Key": CUSTOMER,
        "ДоговорКонтрагента_Key": CONTRACT,
        "ВалютаДокумента_Key": base.RUB,
        "СуммаВключаетНДС": False,
        "ВидОперации": "Услуги",
        "СпособЗачетаАвансов": "Автоматически",
        "Услуги": [row],
    }
    return document | changes


async def add_customer(client: Client, *, key: str = CUSTOMER, inn: str = "7799000020", kpp: str = "779901001") -> None:
    """Create a counterparty."""
    body = {
        "Ref_Key": key,
        "Description": f"Покупатель {inn}",
        "ИНН": inn,
        "КПП": kpp,
        "ЮридическоеФизическоеЛицо": "ЮридическоеЛицо",
        "СтранаРегистрации_Key": base.RUSSIA,
    }
    assert (await client.call("POST", CUSTOMERS, body)).status == 201


async def add_sale_data(client: Client, **contract: Any) -> None:
    """Create what a document needs: a counterparty, its contract, an item."""
    await add_customer(client)
    terms = {
        "Ref_Key": CONTRACT,
        "Owner_Key": CUSTOMER,
        "Description": "Основной договор",
        "ВидДоговора": "СПокупателем",
        "Организация_Key": base.ORGANIZATION,
        "ВалютаВзаиморасчетов_Key": base.RUB,
    }
    assert (await client.call("POST", CONTRACTS, terms | contract)).status == 201
    item = {
        "Ref_Key": ITEM,
        "Description": "Настройка оборудования",
        "Артикул": "SRV-1",
        "Услуга": True,
        "ВидНоменклатуры_Key": base.ITEM_KIND_SERVICES,
        "ЕдиницаИзмерения_Key": base.UNIT_HOUR,
        "НоменклатурнаяГруппа_Key": base.ITEM_GROUP,
    }
    assert (await client.call("POST", ITEMS, item)).status == 201


async def add(client: Client, entity: str, body: dict[str, Any]) -> dict[str, Any]:
    """Create a document; give the answer's body."""
    answer = await client.call("POST", entity, body)
    assert answer.status == 201, answer.body
    created: dict[str, Any] = answer.body
    return created


async def post(client: Client, entity: str, key: str) -> Answer:
    """Post a document."""
    return await client.call("POST", f"{at(entity, key)}/Post?PostingModeOperational=false")
