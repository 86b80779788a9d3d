"""A real local Dataverse with a few invoices, a bus in memory, and a clock that a test moves."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from pydantic import SecretStr

from infra.local.dataverse import server
from infra.local.serving import ServeOptions, listen
from shared.dataverse.batch import Operation
from shared.dataverse.client import Credentials, Dataverse
from shared.http import Http
from shared.messages import Reference
from shared.passes import BUDGET
from shared.reconcile import Reconciliation
from shared.settings import Settings
from shared.sweep import Sweep
from tests.builders import onec_route, settings
from tests.unit.core.fakes import MemoryBus

PAGE = 3
ISSUED, NEW = 4, 1


@dataclass
class Clock:
    """Stands until it is moved; each look at it may take some time."""

    at: datetime = field(default_factory=lambda: datetime.now(UTC))
    step: timedelta = timedelta(0)

    def __call__(self) -> datetime:
        self.at += self.step
        return self.at


@dataclass
class Organization:
    """The environment as administrator and as bridge."""

    url: str
    admin: Dataverse
    ours: Dataverse
    unit: UUID
    settings: Settings
    account: UUID = field(default_factory=uuid4)
    bus: MemoryBus = field(default_factory=MemoryBus)
    clock: Clock = field(default_factory=Clock)

    async def do(self, *operations: Operation) -> None:
        """Write as the administrator."""
        for part in await self.admin.batch(operations):
            assert part.status < 300, part.content

    async def invoice(self, *, status: int = ISSUED, dated: str = "2026-09-01", lines: int = 1) -> UUID:
        """Enter an invoice with lines."""
        made = uuid4()
        head = {
            "invoiceid": str(made),
            "name": "Sample",
            "datedelivered": dated,
            "duedate": dated,
            "acx_documentdate": f"{dated}T09:00:00Z",
            "customerid_account@odata.bind": f"/accounts({self.account})",
        }
        await self.do(Operation("POST", "invoices", head))
        for _ in range(lines):
            await self.line(made)
        await self.do(Operation("PATCH", f"invoices({made})", {"statuscode": status}))
        return made

    async def line(self, invoice: UUID) -> UUID:
        """Add a write-in line."""
        made = uuid4()
        body = {
            "invoicedetailid": str(made),
            "invoiceid@odata.bind": f"/invoices({invoice})",
            "isproductoverridden": True,
            "productdescription": "Work",
            "quantity": 1,
            "priceperunit": 10,
        }
        await self.do(Operation("POST", "invoicedetails", body))
        return made

    def sweep(self, budget: timedelta = BUDGET) -> Sweep:
        """Give a sweep as a fresh process has it."""
        return Sweep(self.settings, self.ours, self.bus, self.clock, budget)

    def reconciliation(self, budget: timedelta = BUDGET) -> Reconciliation:
        """Give a reconciliation as a fresh process has it."""
        return Reconciliation(self.settings, self.ours, self.bus, self.clock, budget)

    def referred(self, table: str = "invoice") -> list[UUID]:
        """Give the records that references were sent to, and forget them."""
        sent = [Reference.decode(envelope.body) for _, envelope in self.bus.sent]
        self.bus.sent.clear()
        return [reference.id for reference in sent if reference.table == table]


@pytest.fixture
async def organization() -> AsyncIterator[Organization]:
    """Give a fresh environment that has one customer."""
    service = server.create(ServeOptions())
    runner, url = await listen(service)
    line = {name: str(value) for name, value in service.announce(url).items()}
    admin = _client(line, "admin_")
    unit = UUID((await admin.get("WhoAmI"))["BusinessUnitId"])
    given = settings(
        onec_route(business_unit=str(unit), start_date="2026-07-01"), DATAVERSE_ORGANIZATION_ID=line["organization_id"]
    )
    made = Organization(url, admin, _client(line, ""), unit, given)
    await made.do(Operation("POST", "accounts", {"accountid": str(made.account), "name": "Sample customer"}))
    yield made
    await made.admin.close()
    await made.ours.close()
    await runner.cleanup()


def _client(line: dict[str, str], kind: str) -> Dataverse:
    secret = SecretStr(line[f"{kind}client_secret"])
    credentials = Credentials(line["token_url"], line[f"{kind}client_id"], secret)
    return Dataverse(Http("Dataverse"), line["url"], credentials, UUID(line["organization_id"]), page=PAGE)
