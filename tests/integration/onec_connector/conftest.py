"""A base of 1C on this machine for each test, and the connector in front of it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import httpx
import pytest
from pydantic import SecretStr

from infra.local.onec import base, server
from infra.local.serving import ServeOptions, listen
from shared.accounting import Bindings, Outcome
from shared.documents import Sale
from shared.fieldmap import FieldRule
from shared.http import Http
from shared.jsontext import loads
from shared.messages import Base as DocumentBase
from shared.messages import Document, Journalled
from shared.onec.connector import OnecConnector
from shared.routes import Route
from tests.unit.onec import samples

INVOICES = "Document_СчетНаОплатуПокупателю"
COUNTERPARTIES = "Catalog_Контрагенты"
SALES = "Document_РеализацияТоваровУслуг"
TAX_INVOICES = "Document_СчетФактураВыданный"
CONTRACTS = "Catalog_ДоговорыКонтрагентов"
ITEMS = "Catalog_Номенклатура"
WRITE_IN = samples.ident("write-in item")


def own_route(way: str = "2B", *, create_invoice: bool = False, crm_number: bool = False, **books: Any) -> Route:
    """Give a route whose books name what the seeded base holds."""
    named: dict[str, Any] = {
        "organization": UUID(base.ORGANIZATION),
        "bank_account": UUID(base.BANK_ACCOUNT),
        "goods_kind": UUID(base.ITEM_KIND_GOODS),
        "services_kind": UUID(base.ITEM_KIND_SERVICES),
        "item_group": UUID(base.ITEM_GROUP),
        "write_in_item": WRITE_IN,
        "country": UUID(base.RUSSIA),
    }
    if way == "2A":
        named["schet_faktura"] = "not_required"
    own = samples.books(**(named | books))
    return samples.route(own, way=way, create_invoice=create_invoice, crm_number=crm_number)


@dataclass
class Base:
    """A running base, looked at and disturbed through its back door."""

    address: str
    url: str
    username: str
    password: str
    outside: httpx.AsyncClient
    connectors: list[OnecConnector] = field(default_factory=list)

    def connector(self, *rules: FieldRule) -> OnecConnector:
        """Give another connector, as another process would have it, with a company's field map."""
        login = (self.url, self.username, SecretStr(self.password))
        made = OnecConnector(Http("onec"), *login, samples.ORGANIZATION_ID, field_map=rules)
        self.connectors.append(made)
        return made

    async def add(self, entity: str, key: UUID, **fields: Any) -> None:
        """Put an object into the base by hand."""
        answer = await self.outside.post(f"{self.url}{entity}", json={"Ref_Key": str(key), **fields})
        assert answer.status_code == 201, answer.text

    async def local(self, path: str, body: Any = None) -> None:
        """Ask the back door for something."""
        answer = await self.outside.post(f"{self.address}/_local/{path}", json=body or {})
        assert answer.status_code == 204, answer.text

    async def edit(self, entity: str, key: UUID | str, **changes: Any) -> None:
        """Edit an object as an accountant does."""
        await self.local("accountant", {"entity": entity, "key": str(key), "changes": changes})

    async def fail(self, kind: str, match: str, **more: Any) -> None:
        """Let the next matching request fail."""
        answer = await self.outside.post(f"{self.address}/_local/faults", json={"kind": kind, "match": match, **more})
        assert answer.status_code == 204, answer.text

    async def rows(self, entity: str) -> list[dict[str, Any]]:
        """Give every object of an entity."""
        state = loads((await self.outside.get(f"{self.address}/_local/state")).content)
        rows: list[dict[str, Any]] = state["entities"][entity]
        return rows

    async def counted(self) -> dict[str, int]:
        """Count the requests since the last time, by kind."""
        stats = (await self.outside.get(f"{self.address}/_local/stats")).json()
        await self.outside.delete(f"{self.address}/_local/stats")
        requests: dict[str, int] = stats["requests"]
        return requests


@asynccontextmanager
async def running(**settings: str) -> AsyncIterator[Base]:
    """Start a fresh base with its own settings; it holds the item for write-in lines."""
    service = server.create(ServeOptions(settings=settings))
    runner, address = await listen(service)
    said = service.announce(address)
    username, password = str(said["username"]), str(said["password"])
    auth = httpx.BasicAuth(username.encode(), password.encode())
    async with httpx.AsyncClient(auth=auth, headers={"Accept": "application/json"}, trust_env=False) as outside:
        own = Base(address, str(said["url"]), username, password, outside)
        await own.add(
            ITEMS,
            WRITE_IN,
            Description="Прочие услуги",
            Услуга=True,
            ВидНоменклатуры_Key=base.ITEM_KIND_SERVICES,
            ЕдиницаИзмерения_Key=base.UNIT_PIECE,
            НоменклатурнаяГруппа_Key=base.ITEM_GROUP,
        )
        try:
            yield own
        finally:
            for connector in own.connectors:
                await connector.close()
            await runner.cleanup()


@pytest.fixture
async def onec() -> AsyncIterator[Base]:
    """Start a fresh base as most are."""
    async with running() as own:
        yield own


async def export(
    connector: OnecConnector,
    sale: Sale | None = None,
    bindings: Bindings | None = None,
    journal: Journalled | None = None,
    version: int = 7,
    *,
    route: Route | None = None,
    base: DocumentBase | None = None,
) -> Outcome:
    """Export a sale as the flow does."""
    own = of(sale, journal, version, base)
    chosen = route or own_route("2A" if own.sale.table == "salesorder" else "2B")
    return await connector.export(own, chosen, key_of(own), bindings or Bindings({}))


async def cancel(
    connector: OnecConnector, sale: Sale | None = None, journal: Journalled | None = None, route: Route | None = None
) -> Outcome:
    """Cancel a sale as the flow does."""
    own = of(sale, journal, 8)
    return await connector.cancel(
        own, route or own_route("2A" if own.sale.table == "salesorder" else "2B"), key_of(own)
    )


def of(sale: Sale | None, journal: Journalled | None, version: int, base: DocumentBase | None = None) -> Document:
    """Give a sale on its way."""
    generation = journal.generation if journal else 0
    return samples.document(sale, journal=journal, version=version, generation=generation, base=base)


def key_of(document: Document) -> UUID:
    """Give the key of the main document."""
    return samples.key(document.sale, document.generation)


def journalled(outcome: Outcome, **changes: Any) -> Journalled:
    """Give what the journal knows after an export."""
    known = {
        "accounting_id": outcome.accounting_id,
        "written_hash": outcome.written_hash,
        "state": outcome.state,
        "number": outcome.number,
    }
    return samples.journal(**(known | changes))
