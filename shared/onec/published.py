"""Whether a base publishes what the connector uses; read once, asked for each route's part of it."""

import asyncio
import time
from collections.abc import Iterable, Sequence

from shared.edmx import MetadataUnreadable
from shared.errors import Misconfigured, Unavailable
from shared.fieldmap import FieldRule, RecordKind
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


OWN_ENTITIES: dict[RecordKind, tuple[str, ...]] = {
    "document": (names.INVOICES, names.SALES),
    "line": (names.INVOICE_LINES, names.SALE_GOODS, names.SALE_SERVICES),
    "customer": (names.COUNTERPARTIES,),
    "product": (names.ITEMS,),
}
"""Where the properties that a company's field map names stand. Columns of lines stand in either section."""


def own_names(rules: Sequence[FieldRule]) -> dict[str, FieldRule]:
    """Give the properties that a company's field map writes, as ``Entity.Property``, with the rule that names them."""
    of_1c = [rule for rule in rules if rule.target == TARGET]
    return {f"{entity}.{rule.to}": rule for rule in of_1c for entity in OWN_ENTITIES[rule.record]}


def of_route(own: Iterable[str], route: Route) -> names.Names:
    """Give those of them that concern a route: a base that is asked for no реализация needs none there."""
    wanted = needed(route)
    split = [name.partition(".")[::2] for name in own]
    mine = [(entity, to) for entity, to in split if entity in wanted or entity.rpartition("_")[0] in wanted]
    return names.united(*({entity: frozenset({to})} for entity, to in mine))


class Published:
    """Checks names against ``$metadata``."""

    def __init__(self, client: OnecClient, rules: Sequence[FieldRule] = ()) -> None:
        """``rules`` are a company's field map: they name properties beside those that the connector always uses."""
        self._client = client
        self._own = own_names(rules)
        mine = ({entity: frozenset({to})} for entity, to in (name.partition(".")[::2] for name in self._own))
        self._wanted = names.united(names.NAMES, names.WHERE_PUBLISHED, *mine)
        self._lock = asyncio.Lock()
        self._lacking: frozenset[str] | None = None
        self._recheck_at = 0.0

    async def check_route(self, route: Route) -> None:
        """Check that the base publishes every name that a route's documents need. Misconfigured lists the others."""
        await self.check(names.united(needed(route), of_route(self._own, route)))

    async def check(self, wanted: names.Names) -> None:
        """Check that the base publishes these names. Misconfigured lists what is missing."""
        if lacking := await self._missing(wanted):
            if time.monotonic() >= self._recheck_at:
                self._lacking = None
                lacking = await self._missing(wanted)
            if lacking:
                raise Misconfigured(*map(self._sentence, lacking))

    def _sentence(self, lacking: str) -> str:
        sentence = f"1C: {lacking} is missing in the standard OData interface"
        return f"{self._own[lacking]}: {sentence}" if lacking in self._own else sentence

    async def has(self, entity: str) -> bool:
        """Say whether the base publishes an entity at all, with what is read of it where it is published."""
        return not await self._missing({entity: names.WHERE_PUBLISHED.get(entity, frozenset())})

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
        except MetadataUnreadable:
            # A page of maintenance, or cut short: 1C is not there now. If it stays so, ONEC_URL is wrong.
            raise Unavailable(TARGET, "$metadata is not that of a standard OData interface") from None
        self._recheck_at = time.monotonic() + RECHECK_SECONDS
        return frozenset(lacking)


def _concerns(lacking: str, wanted: names.Names) -> bool:
    entity, _, name = lacking.partition(".")
    return entity in wanted and (not name or name in wanted[entity])
