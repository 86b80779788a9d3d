"""Whether a base publishes what the connector uses; read once, asked for each route's part of it."""

import asyncio
import time
from collections.abc import Sequence

from shared.errors import Misconfigured, Unavailable
from shared.fieldmap import FieldRule
from shared.onec import names
from shared.onec.client import OnecClient
from shared.onec.kinds import TARGET
from shared.routes import Route

RECHECK_SECONDS = 60.0
"""How long a failed check of names stands: metadata are large, and every retry would ask for them."""


def needed(route: Route) -> names.Names:
    """Give what a route's new documents need; what changes and cancellations need besides is asked for then."""
    books = route.onec_books
    parts = [names.ALWAYS]
    ships = route.way == "2A" or books.realizatsiya
    if route.way == "2B" or route.create_invoice:
        parts.append(names.FOR_SCHET)
        parts += [names.FOR_DUE_DATES] if books.due_dates else []
    if ships:
        parts.append(names.FOR_REALIZATSIYA)
        parts += [names.FOR_FAKTURA] if books.schet_faktura == "create" else []
    if books.email_kind or books.phone_kind or books.address_kind:
        parts.append(names.FOR_CONTACTS)
    return names.united(*parts)


def own_names(rules: Sequence[FieldRule]) -> names.Names:
    """Give the properties that a company's field map writes, by entity. Columns of lines stand in either section."""
    entities = {
        "document": (names.INVOICES, names.SALES),
        "line": (f"{names.INVOICES}_Товары", f"{names.SALES}_Товары", f"{names.SALES}_Услуги"),
        "customer": (names.COUNTERPARTIES,),
        "product": (names.ITEMS,),
    }
    of_1c = [rule for rule in rules if rule.target == TARGET]
    return names.united(*({entity: frozenset({rule.to})} for rule in of_1c for entity in entities[rule.record]))


class Published:
    """Checks names against ``$metadata``."""

    def __init__(self, client: OnecClient, own: names.Names | None = None) -> None:
        """``own`` are names beside those that the connector always uses: a company's field map."""
        self._client = client
        self._wanted = names.united(names.NAMES, own or {})
        self._lock = asyncio.Lock()
        self._lacking: frozenset[str] | None = None
        self._recheck_at = 0.0

    async def check(self, wanted: names.Names) -> None:
        """Check that the base publishes these names. Misconfigured lists what is missing."""
        if lacking := await self._missing(wanted):
            if time.monotonic() >= self._recheck_at:
                self._lacking = None
                lacking = await self._missing(wanted)
            if lacking:
                sentences = (f"1C: {name} is missing in the standard OData interface" for name in lacking)
                raise Misconfigured(*sentences)

    async def has(self, entity: str) -> bool:
        """Say whether the base publishes an entity at all."""
        return not any(name == entity for name in await self._missing({entity: frozenset()}))

    async def _missing(self, wanted: names.Names) -> list[str]:
        if self._lacking is None:
            async with self._lock:
                if self._lacking is None:
                    self._lacking = await self._read()
        return sorted(name for name in self._lacking if _concerns(name, wanted))

    async def _read(self) -> frozenset[str]:
        metadata = await self._client.metadata()
        try:
            lacking = await asyncio.to_thread(names.missing, metadata, self._wanted)
        except names.MetadataUnreadable:
            # A page of maintenance, or cut short: 1C is not there now. If it stays so, ONEC_URL is wrong.
            raise Unavailable(TARGET, "$metadata is not that of a standard OData interface") from None
        self._recheck_at = time.monotonic() + RECHECK_SECONDS
        return frozenset(lacking)


def _concerns(lacking: str, wanted: names.Names) -> bool:
    entity, _, name = lacking.partition(".")
    return entity in wanted and (not name or name in wanted[entity])
