"""Change tracking: ``Prefer: odata.track-changes`` and the delta links it gives.

The first call answers all rows, page by page, and on its last page a delta link from the moment the first page was
answered. A delta link answers what was created or changed since, by version, then what was deleted. A token lives as
many days as ``organization.expirechangetrackingindays`` says.
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from json.encoder import encode_basestring as json_text
from typing import Literal
from urllib.parse import quote

from infra.local.dataverse.clock import Clock
from infra.local.dataverse.errors import DataverseError, not_understood
from infra.local.dataverse.query import Query, check_tracked
from infra.local.dataverse.reading import Reader, Reading, RowWriter, link, next_link
from infra.local.dataverse.store import Deletion, Row

_TOKEN = re.compile(r"(\d+)!(\d\d/\d\d/\d{4} \d\d:\d\d:\d\d)\Z")
_PAGE = re.compile(r'pagingcookie="(\d+)!([01])!(\d+)" istracking="True"')
_SECONDS_A_DAY = 86_400
_DEFAULT_DAYS = 7
_NOT_TRACKED = frozenset(
    {"asyncoperation", "sdkmessage", "sdkmessagefilter", "sdkmessageprocessingstep", "sdkmessageprocessingstepimage"}
)

_Phase = Literal[0, 1]
"""First the rows, then the deletions; within each, versions rise."""


@dataclass(frozen=True)
class _Place:
    """Where a page begins: behind this version of this phase. ``start`` is the version of the first page."""

    start: int
    phase: int = 0
    version: int = -1


class ChangeTracking:
    """Answers tracked requests."""

    def __init__(self, reader: Reader, clock: Clock) -> None:
        self._reader = reader
        self._store = reader.store
        self._clock = clock

    def answer(self, query: Query, reading: Reading) -> str:
        """Answer a first call, a delta link, or a further page of either."""
        if query.table.name in _NOT_TRACKED or not query.table.change_tracking:
            raise not_understood(
                f"Change tracking is not enabled for entity '{query.table.name}'. Enable change tracking for the "
                "entity to use the odata.track-changes preference."
            )
        check_tracked(query)
        delta = query.deltatoken is not None
        place = self._place(query)
        items = [item for item in self._items(query) if item[:2] > (place.phase, place.version)]
        chosen = items[: reading.page_size]
        suffix = "/$delta" if delta else ""
        context = json_text(f"{reading.base}$metadata#{query.table.set_name}{query.context}{suffix}")
        write = RowWriter(self._reader, query, reading)
        gone = json_text(f"{reading.base}$metadata#{query.table.set_name}/$deletedEntity")
        texts = [
            f'{{"@odata.context":{gone},"id":"{item.id}","reason":"deleted"}}'
            if isinstance(item, Deletion)
            else write.row(item)
            for _, _, item in chosen
        ]
        parts = [f'"@odata.context":{context}']
        if query.count:
            parts.append(f'"@odata.count":{len(items)}')
        if len(items) > len(chosen):
            phase, version, _ = chosen[-1]
            token = f'<cookie pagingcookie="{place.start}!{phase}!{version}" istracking="True" />'
            address = next_link(reading.base, query.table.set_name, query.text, token)
            parts.append(f'"@odata.nextLink":{json_text(address)}')
        else:
            parts.append(f'"@odata.deltaLink":{json_text(self._delta_link(query, reading, place.start))}')
        parts.append(f'"value":[{",".join(texts)}]')
        return f"{{{','.join(parts)}}}"

    @staticmethod
    def concerns(query: Query) -> bool:
        """Say whether a link of change tracking is followed, with or without the preference."""
        return query.deltatoken is not None or _PAGE.search(query.skiptoken or "") is not None

    def count(self, query: Query) -> int:
        """Give the number of changes behind a delta link."""
        check_tracked(query)
        return len(self._items(query))

    def _items(self, query: Query) -> list[tuple[_Phase, int, Row | Deletion]]:
        rows, deletions = self._store.tables[query.table.name], self._store.deletions[query.table.name]
        since = -1 if query.deltatoken is None else self._since(query.deltatoken)
        items: list[tuple[_Phase, int, Row | Deletion]] = [
            (0, row["versionnumber"], row) for row in rows.values() if row["versionnumber"] > since
        ]
        items.sort(key=lambda item: item[1])
        if query.deltatoken is not None:
            items += [(1, item.version, item) for item in deletions if item.version > since and item.id not in rows]
        return items

    def _place(self, query: Query) -> _Place:
        if query.skiptoken is None:
            return _Place(self._store.version)
        match = _PAGE.search(query.skiptoken)
        if match is None:
            raise not_understood("Malformed XML in the paging cookie: invalid $skiptoken.")
        return _Place(int(match[1]), int(match[2]), int(match[3]))

    def _delta_link(self, query: Query, reading: Reading, version: int) -> str:
        moment = datetime.fromtimestamp(self._clock.time(), UTC)
        token = f"{version}!{moment:%m/%d/%Y %H:%M:%S}"
        kept = {
            name: value for name, value in query.text.items() if name not in {"$deltatoken", "$skiptoken", "$count"}
        }
        return link(reading.base, query.table.set_name, kept, f"$deltatoken={quote(token, safe='')}")

    def _since(self, token: str) -> int:
        match = _TOKEN.match(token)
        if match is None:
            raise not_understood("The delta token is not valid.")
        issued = datetime.strptime(match[2], "%m/%d/%Y %H:%M:%S").replace(tzinfo=UTC)
        organization: Row = next(iter(self._store.tables["organization"].values()), {})
        days = organization.get("expirechangetrackingindays")
        days = _DEFAULT_DAYS if days is None else days
        if self._clock.time() - issued.timestamp() > days * _SECONDS_A_DAY:
            raise DataverseError(
                400,
                "0x80044352",
                "Version stamp associated with the client has expired. Please perform a full sync.",
            )
        return int(match[1])
