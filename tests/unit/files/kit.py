"""A company whose accountant imports by hand: routes, rows, and the ZIP that comes of them."""

import io
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from zipfile import ZipFile

from shared.binding import JournalBindings
from shared.dataverse.reading import Reader
from shared.dataverse.sales import SalesTable
from shared.files.asking import Asked, read
from shared.files.handing_out import HandingOut
from shared.files.reading import Rows
from shared.messages import Result
from shared.routes import Route
from shared.settings import Settings
from tests.builders import NOW, UNIT_RU, onec_route, record_id, sapb1_route, settings
from tests.unit.core.fakes import FakeDataverse, MemoryBus, clock

PERIOD = {"from": "2026-02-01", "to": "2026-02-28"}
ONEC_FILE = {
    "organization_name": "ООО «Поставщик»",
    "organization_inn": "7707083893",
    "organization_kpp": "770701001",
    "write_in_item_name": "Прочие услуги",
    "warehouse_name": "Основной склад",
}
SAPB1_FILE = {
    "local_currency": "EUR",
    "amount_decimals": 2,
    "price_decimals": 6,
    "quantity_decimals": 6,
    "tax_by_group": False,
}
REQUIRED = ("organization", "write_in_item")


def onec(way: str = "1B", *, books: dict[str, Any] | None = None, **changes: Any) -> dict[str, Any]:
    """Give the JSON of a route by hand for 1C, which names no more than a file needs."""
    whole = onec_route()["onec"]
    named = {name: whole[name] for name in REQUIRED} | {"warehouse": str(record_id(9, 0x6A)), "file": ONEC_FILE}
    extra = {"schet_faktura": "accountant"} if way == "1A" else {}
    return onec_route(**{"way": way, "onec": named | extra | (books or {})} | changes)


def sapb1(way: str = "1B", *, books: dict[str, Any] | None = None, **changes: Any) -> dict[str, Any]:
    """Give the JSON of a route by hand for SAP Business One."""
    named = sapb1_route()["sapb1"] | {"file": SAPB1_FILE}
    extra = {"services_document": "delivery"} if way == "1A" else {}
    changes = {"way": way, "business_unit": str(UNIT_RU), "sapb1": named | extra | (books or {})} | changes
    return sapb1_route(**changes)


@dataclass
class Pages:
    """Rows in memory, page by page."""

    rows: Iterable[dict[str, Any]]
    size: int = 100

    async def pages(self, table: SalesTable, route: Route, since: date, until: date) -> AsyncIterator[Rows]:
        """Give them whatever is asked for: what belongs into a file is decided by the row."""
        page: list[dict[str, Any]] = []
        for row in self.rows:
            page.append(row)
            if len(page) == self.size:
                yield page
                page = []
        yield page


@dataclass
class Desk:
    """What hands out files, with everything around it in memory."""

    settings: Settings
    rows: list[dict[str, Any]]
    now: datetime = NOW
    bus: MemoryBus = field(default_factory=MemoryBus)
    dataverse: FakeDataverse = field(default_factory=FakeDataverse)

    @property
    def handing_out(self) -> HandingOut:
        """The step."""
        bindings = JournalBindings(Reader(self.dataverse, self.settings))
        return HandingOut(self.settings, self.dataverse, Pages(self.rows), bindings, self.bus)

    async def made(self, kind: str = "invoices", **given: str) -> dict[str, bytes]:
        """Hand out a file; give what is in it, by its name."""
        asked: Asked = read(kind, PERIOD | given, self.settings)
        async with self.handing_out.made(asked, clock(self.now)) as file:
            content = file.path.read_bytes()
            await file.delivered()
        with ZipFile(io.BytesIO(content)) as archive:
            return {name: archive.read(name) for name in archive.namelist()}

    @property
    def results(self) -> list[Result]:
        """What the journal was told."""
        return self.bus.results()


def desk(route: dict[str, Any], *rows: dict[str, Any], **changes: str) -> Desk:
    """Give a desk for one route; the connection to accounting is not set, because nothing needs it."""
    names = [f"{system}_{name}" for system in ("ONEC", "SAPB1") for name in ("URL", "USERNAME", "PASSWORD", "COMPANY")]
    absent: dict[str, str | None] = dict.fromkeys(names)
    return Desk(settings(route, **absent, **changes), list(rows))
