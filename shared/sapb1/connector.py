"""SAP Business One as the bridge needs it: one sale becomes at most one document of a kind, and revenue is posted once.

An issued invoice becomes an A/R invoice (2B), a fulfilled order a delivery or an order, and by setting the A/R invoice
copied from it (2A). What happens to one of them is told in ``job``.
"""

import asyncio
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime
from uuid import UUID

from shared.accounting import Bindings, Outcome
from shared.errors import Misconfigured
from shared.fieldmap import FieldRule
from shared.http import Http
from shared.messages import Document
from shared.routes import Route
from shared.sapb1 import fence, kinds
from shared.sapb1.cancelling import Canceller
from shared.sapb1.client import ServiceLayer
from shared.sapb1.company import CompanyFacts
from shared.sapb1.desk import Desk
from shared.sapb1.held import SELECT, Holdings
from shared.sapb1.items import Items
from shared.sapb1.job import Job
from shared.sapb1.kinds import DRAFTS, INVOICE
from shared.sapb1.meaning import SYSTEM, SetupMissing
from shared.sapb1.partners import Partners
from shared.sapb1.posting import Poster
from shared.sapb1.published import Published
from shared.sapb1.same_sale import SameSale
from shared.sapb1.trial import Trial
from shared.secrets import Secret


def _now() -> datetime:
    return datetime.now(UTC)


class Sapb1Connector:
    """One company of SAP Business One."""

    def __init__(  # noqa: PLR0917 -- a connection's settings, in the order in which they are documented
        self,
        http: Http,
        url: str,
        company: str,
        username: str,
        password: Secret,
        organization_id: UUID,
        now: Callable[[], datetime] = _now,
        *,
        field_map: Sequence[FieldRule] = (),
    ) -> None:
        """``url`` ends in ``/b1s/v2``; ``organization_id`` is the CRM's; ``now`` gives an aware time."""
        self._client = ServiceLayer(http, url, company, username, password)
        self._organization_id = organization_id
        holdings = Holdings(self._client, organization_id)
        self._desk = Desk(
            client=self._client,
            facts=CompanyFacts(self._client),
            partners=Partners(self._client, organization_id),
            items=Items(self._client, organization_id),
            holdings=holdings,
            poster=Poster(self._client, holdings),
            same_sale=SameSale(self._client, holdings, organization_id),
            trial=Trial(self._client),
            canceller=Canceller(self._client, holdings),
            today=lambda route: _day(now(), route),
        )
        self._published = Published(self._client, field_map)
        self._fenced: set[str] = set()
        self._lock = asyncio.Lock()

    async def export(self, document: Document, route: Route, key: UUID, bindings: Bindings) -> Outcome:
        """Make Business One hold the sale under its key, exactly once."""
        await self._check(document, route)
        return await Job(self._desk, document, route, bindings).export(key)

    async def cancel(self, document: Document, route: Route, key: UUID) -> Outcome:
        """Take back what stands under the key, or refuse: the route wants it left, or SAP can't (a credit memo)."""
        await self._check(document, route)
        return await Job(self._desk, document, route, Bindings({})).cancel(key)

    async def ping(self) -> None:
        """Sign in and ask for the company's facts."""
        await self._desk.facts.company(afresh=True)

    async def close(self) -> None:
        """Log out and close the connections."""
        await self._client.close()

    async def _check(self, document: Document, route: Route) -> None:
        """Make sure of the right CRM, and once a process of the fence and of every name that is used."""
        if document.organization_id != self._organization_id:
            raise Misconfigured(f"{SYSTEM}: a document of another Dataverse organization; nothing is written")
        await self._check_fence(document, route)
        await self._published.check(route)

    async def _check_fence(self, document: Document, route: Route) -> None:
        """Make sure that its table and fields can be reached by our user."""
        sets = {kinds.main_kind(document.sale, route.sapb1_books).set, INVOICE.set, DRAFTS}
        if sets <= self._fenced:
            return
        async with self._lock:
            wanted = [(name, SELECT) for name in sorted(sets)]
            missing = []
            for entity, fields in [(fence.CLAIMS, ("Code", "Name")), *wanted]:
                if entity in self._fenced:
                    continue
                try:
                    await self._client.rows(entity, select=fields, where="", top=1)
                except SetupMissing as error:
                    missing.append(f"{entity}: {error}")
            if missing:
                raise Misconfigured(
                    *missing,
                    f"{SYSTEM}: without the claim table @{fence.TABLE} and the user-defined fields "
                    f"{', '.join(fence.FIELDS)} nothing is written; run `{fence.SET_UP}`, then restart Service Layer",
                )
            self._fenced |= sets | {fence.CLAIMS}


def _day(moment: datetime, route: Route) -> date:
    """Give the legal entity's day."""
    return moment.astimezone(route.zone).date()
