"""The documents of a period, page by page, in an order of their own: by date, then by id."""

from collections.abc import AsyncIterator, Sequence
from datetime import date, timedelta
from typing import Any

from shared.dataverse.client import Dataverse
from shared.dataverse.columns import guid, key
from shared.dataverse.reading import CHUNK, Reader
from shared.dataverse.sales import SalesTable
from shared.routes import Route, route_for
from shared.settings import Settings

HEADS = 1000
"""Documents whose ids one answer holds."""
MARGIN = timedelta(days=2)
"""More than any two time zones differ: which day a moment falls on is decided where the document is."""

Rows = Sequence[dict[str, Any]]


class Documents:
    """Reads what may go into a file."""

    def __init__(self, dataverse: Dataverse, reader: Reader, settings: Settings) -> None:
        self._dataverse, self._reader, self._settings = dataverse, reader, settings

    async def pages(self, table: SalesTable, route: Route, since: date, until: date) -> AsyncIterator[Rows]:
        """Give the rows of a route's documents with everything around them, some days more than asked for."""
        column = route.dates.document
        condition = f"{column} ge {since - MARGIN} and {column} lt {until + MARGIN + timedelta(days=1)}"
        if route.business_unit is not None:
            condition += f" and _owningbusinessunit_value eq {route.business_unit}"
        query = {
            "$select": ",".join(dict.fromkeys((table.key, column, "_owningbusinessunit_value"))),
            "$filter": condition,
            "$orderby": f"{column},{table.key}",
        }
        page = await self._dataverse.get(table.set_name, query, page=HEADS)
        while True:
            ids = [key(row, table.key) for row in page["value"] if self._is_of(table, route, row)]
            for start in range(0, len(ids), CHUNK):
                chunk = ids[start : start + CHUNK]
                found = {key(row, table.key): row for row in await self._reader.sales(table, chunk)}
                yield [found[each] for each in chunk if each in found]
            link = page.get("@odata.nextLink")
            if not link:
                return
            page = await self._dataverse.follow(link, tracked=False, page=HEADS)

    def _is_of(self, table: SalesTable, route: Route, row: dict[str, Any]) -> bool:
        return route_for(self._settings.routes, table.way, guid(row, "_owningbusinessunit_value")) == route
