"""Sales into 1С:Бухгалтерия 3.0, each at most once: счёт, реализация and счёт-фактура, written and posted.

A document's ``Ref_Key`` is derived, so 1C refuses a second one; whatever is unclear is looked up by it. A new document
takes two calls once customer and products are known: write and post.
"""

from collections.abc import Sequence
from uuid import UUID

from shared.accounting import Bindings, Outcome
from shared.errors import Misconfigured, Refused
from shared.fieldmap import FieldRule
from shared.http import Http
from shared.messages import Document
from shared.onec import linked, names
from shared.onec.client import OnecClient
from shared.onec.exporter import Exporter
from shared.onec.published import Published
from shared.onec.resolving import Resolver
from shared.onec.writer import Writer
from shared.refusals import refusal
from shared.routes import Route
from shared.secrets import Secret


class OnecConnector:
    """1C as an :class:`shared.accounting.AccountingSystem`."""

    def __init__(
        self,
        http: Http,
        url: str,
        username: str,
        password: Secret,
        organization_id: UUID,
        *,
        field_map: Sequence[FieldRule] = (),
    ) -> None:
        """``url`` ends in ``/odata/standard.odata``; ``organization_id`` is that of the Dataverse organization."""
        self._client = OnecClient(http, url, username, password)
        self._organization_id = organization_id
        self._published = Published(self._client, field_map)
        self._writer = Writer(self._client, self._published)
        self._exporter = Exporter(self._writer, Resolver(self._client, organization_id))

    async def check_names(self, route: Route) -> None:
        """Check that the base publishes every name a route's documents need. Misconfigured lists what is missing."""
        await self._published.check_route(route)

    async def export(self, document: Document, route: Route, key: UUID, bindings: Bindings) -> Outcome:
        """Make 1C hold the documents of the sale, exactly once, posted, and say what it holds of the main one.

        Raises Refused, Unavailable or Misconfigured. A document that is written but can't be posted (a closed period)
        stays unposted under its key; a later export posts it. One that was typed by hand and linked is only read.
        """
        self._check_organization(document)
        await self.check_names(route)
        if linked.is_linked(document):
            return await linked.shown(document, self._writer)
        return await self._exporter.export(document, route, key, bindings)

    async def cancel(self, document: Document, route: Route, key: UUID) -> Outcome:
        """Take the documents of the sale back: unposted and marked for deletion, never deleted.

        Where 1C holds none there is nothing to take back. One that was typed by hand and linked is never touched.
        """
        self._check_organization(document)
        if document.journal is not None and linked.is_linked(document):
            raise Refused(refusal("cancelled_after_export"), document.journal.number, document.journal.accounting_id)
        return await self._exporter.cancel(document, route, key)

    async def ping(self) -> None:
        """Read one organisation: the base answers, takes our password, and publishes it."""
        await self._client.rows(names.ORGANIZATIONS, select=("Ref_Key",), where="", top=1)

    async def close(self) -> None:
        """End our sessions in 1C and close the connections."""
        await self._client.close()

    def _check_organization(self, document: Document) -> None:
        if document.organization_id != self._organization_id:
            raise Misconfigured("the message comes from another Dataverse organization; nothing is written")
