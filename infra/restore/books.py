"""Reads the documents of the bridge from accounting, page by page. It only reads."""

from collections.abc import AsyncIterator, Iterable
from datetime import date, datetime, time
from decimal import Decimal
from uuid import UUID

from infra.restore.comparing import Held
from shared.onec import kinds as onec_kinds
from shared.onec import odata
from shared.onec.client import OnecClient
from shared.onec.held import date_of, number_of, read_marker, record_number
from shared.onec.published import Published
from shared.routes import Route
from shared.sapb1 import fence, outcomes
from shared.sapb1.client import ServiceLayer
from shared.sapb1.held import SELECT, Found, is_off
from shared.sapb1.kinds import DELIVERY, DRAFTS, INVOICE, ORDER, Kind

DERIVED = 5
"""Version of the UUIDs that the bridge derives; 1C draws others."""


async def of_onec(client: OnecClient, routes: Iterable[Route], since: date, until: date | None) -> AsyncIterator[Held]:
    """Give the счета, реализации and счета-фактуры of the routes' organisations that are dated within the period.

    What is the bridge's is told by its Ref_Key. Комментарий doesn't tell: a person can empty it, and 1C takes it along
    into a copy that somebody makes of a document.
    """
    published = Published(client)
    by_organization: dict[UUID, list[str]] = {}
    for route in routes:
        by_organization.setdefault(route.onec_books.organization, []).append(route.name)
    for organization, names in by_organization.items():
        where = f"Организация_Key eq {odata.guid(organization)} and Date ge {_moment(since, time.min)}"
        if until is not None:
            where += f" and Date le {_moment(until, time.max)}"
        for kind in (onec_kinds.SCHET, onec_kinds.REALIZATSIYA, onec_kinds.FAKTURA):
            if not await published.has(kind.entity):
                continue  # what the base doesn't publish the bridge never wrote
            seen: set[UUID] = set()
            async for page in client.pages(kind.entity, select=_ONEC, where=where):
                for row in page:
                    key = odata.reference(row)
                    if key.version == DERIVED and key not in seen:
                        seen.add(key)
                        yield _of_onec(kind, key, row, ", ".join(names))


_ONEC = (
    "Ref_Key",
    "Number",
    "Date",
    "DeletionMark",
    "СуммаДокумента",
    "Контрагент_Key",
    "Комментарий",
)


def _moment(day: date, at: time) -> str:
    return odata.moment(datetime.combine(day, at))


def _of_onec(kind: onec_kinds.Kind, key: UUID, row: odata.Row, routes: str) -> Held:
    marker = read_marker(row.get("Комментарий"))
    return Held(
        target="onec",
        routes=routes,
        kind=kind.title,
        key=key,
        accounting_id=str(key),
        number=number_of(row),
        dated=date_of(row),
        total=odata.number(row, "СуммаДокумента"),
        currency="",
        customer=str(row.get("Контрагент_Key") or ""),
        crm_number=record_number(row.get("Комментарий")),
        version=marker.version if marker else 0,
        alive=row.get("DeletionMark") is not True,
    )


async def of_sapb1(
    client: ServiceLayer, routes: Iterable[Route], since: date, until: date | None
) -> AsyncIterator[Held]:
    """Give the invoices, deliveries, orders and open drafts with a key of the bridge, dated within the period."""
    names = ", ".join(route.name for route in routes)
    where = f"{fence.KEY} ne null and DocDate ge '{since}'" + (f" and DocDate le '{until}'" if until else "")
    select = (*SELECT, "Cancelled", "NumAtCard", "CardCode")
    for kind in (INVOICE, DELIVERY, ORDER):
        async for page in client.pages(kind.set, select=select, where=where, order="DocEntry"):
            for row in page:
                if (key := _key(row)) is not None:
                    yield _of_sapb1(Found(kind, row), kind, key, names)
    waiting = f"{where} and DocumentStatus eq 'bost_Open'"
    async for page in client.pages(DRAFTS, select=select, where=waiting, order="DocEntry"):
        for row in page:
            if (key := _key(row)) is not None:
                yield _of_sapb1(Found(INVOICE, row, is_draft=True), None, key, names)


def _key(row: odata.Row) -> UUID | None:
    """Read a document's key; None for a draft that was only computed, or what somebody typed."""
    return odata.key(str(row.get(fence.KEY) or ""))


def _of_sapb1(found: Found, kind: Kind | None, key: UUID, routes: str) -> Held:
    row = found.row
    number, accounting_id = found.identity
    total, _, withheld = outcomes.totals(row)
    return Held(
        target="sapb1",
        routes=routes,
        kind=kind.title if kind else "Draft",
        key=key,
        accounting_id=accounting_id,
        number=number,
        dated=outcomes.dated(found),
        total=Decimal(total + withheld),
        currency=str(row.get("DocCurrency") or ""),
        customer=str(row.get("CardCode") or ""),
        crm_number=str(row.get("NumAtCard") or ""),
        version=found.version,
        alive=not is_off(row),
    )
