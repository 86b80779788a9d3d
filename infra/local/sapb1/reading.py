"""GET: one row, a page of rows, a count."""

from collections.abc import Callable
from typing import Any

from infra.local.sapb1.answers import (
    FROZEN_ETAG,
    answer,
    etag,
    has_version,
    next_link,
    note,
    plain,
    protocol,
    with_context,
)
from infra.local.sapb1.context import Context
from infra.local.sapb1.edm import Body, EntityType
from infra.local.sapb1.entities import Entities, Found
from infra.local.sapb1.errors import invalid_property, unsupported
from infra.local.sapb1.filters import EVERYTHING, parse_filter, parse_order, sort_key
from infra.local.sapb1.odata import Answer, Call, flag, options, preferences, whole


class Reading:
    """Reads."""

    def __init__(self, context: Context, entities: Entities) -> None:
        self._context = context
        self._entities = entities

    def written(self, call: Call, found: Found) -> Body:
        """Give a row as it is sent, with its ETag where it has one."""
        row = self._context.model.write(found.kind, self._entities.shown(found), call.version)
        return {note(call, "etag"): etag(found.version), **row} if has_version(found.kind) else row

    def _projected(self, call: Call, found: Found, selected: list[str] | None) -> Body:
        if selected is None:
            return self.written(call, found)
        row = self._context.model.write(found.kind, self._entities.shown(found), call.version)
        frozen = {note(call, "etag"): FROZEN_ETAG} if has_version(found.kind) else {}
        return {**frozen, **{name: row[name] for name in selected}}

    def _all(self, kind: EntityType, name: str, chosen: dict[str, str]) -> list[Found]:
        condition = parse_filter(kind, chosen["$filter"]) if "$filter" in chosen else EVERYTHING
        rows = [
            Found(kind, name, key, row, version)
            for key, version, row in self._context.books.rows(name, condition.where)
            if condition.accepts(row)
        ]
        for prop, down in reversed(parse_order(kind, chosen["$orderby"]) if "$orderby" in chosen else []):
            rows.sort(key=_by(sort_key(prop)), reverse=down)
        return rows

    def count(self, call: Call, name: str) -> Answer:
        """Answer ``Invoices/$count``."""
        return plain(call, str(len(self._all(self._entities.type_of(name), name, options(call)))))

    def page(self, call: Call, name: str) -> Answer:
        """Answer with a page of a set. A link to the next one only where $top leaves something over."""
        kind = self._entities.type_of(name)
        chosen = options(call)
        wants = preferences(call.headers)
        selected = _selected(kind, chosen.get("$select"))
        skip = whole("$skip", chosen.get("$skip", "0"))
        top = whole("$top", chosen["$top"]) if "$top" in chosen else None
        size = self._context.settings.page_size if wants.page_size is None else wants.page_size
        if "$filter" in chosen or "$orderby" in chosen:
            rows = self._all(kind, name, chosen)
            total, window = len(rows), rows[skip:]
        else:
            total = self._context.books.count(name)
            found = self._context.books.rows(name, offset=skip, limit=size + 1 if size else -1)
            window = [Found(kind, name, key, row, version) for key, version, row in found]
        if top is not None:
            window = window[:top]
        page = window[:size] if size else window
        body: Body = {}
        if any(flag(option, chosen[option]) for option in ("$count", "$inlinecount") if option in chosen):
            body[note(call, "count")] = total
        body["value"] = [self._projected(call, one, selected) for one in page]
        if len(page) < len(window):
            body[note(call, "nextLink")] = next_link(name, chosen, skip + len(page))
        applied = {} if wants.page_size is None else {"Preference-Applied": f"odata.maxpagesize={wants.page_size}"}
        reply = answer(call, 200, with_context(call, name, body))
        return Answer(200, {**reply.headers, **applied}, reply.body)

    def row(self, call: Call, found: Found) -> Answer:
        """Answer with one row; 304 where the caller has it already."""
        chosen = options(call)
        if set(chosen) - {"$select"}:
            raise unsupported("A query option other than $select with a key")
        selected = _selected(found.kind, chosen.get("$select"))
        tag = etag(found.version)
        versioned = selected is None and has_version(found.kind)
        if versioned and call.headers.get("if-none-match") == tag:
            return Answer(304, {**protocol(call), "ETag": tag})
        body = with_context(call, f"{found.set}/$entity", self._projected(call, found, selected))
        reply = answer(call, 200, body)
        return Answer(200, {**reply.headers, "ETag": tag}, reply.body) if versioned else reply


def _by(key: Callable[[Any], Any]) -> Callable[[Found], Any]:
    return lambda found: key(found.row)


def _selected(kind: EntityType, text: str | None) -> list[str] | None:
    if text is None or text.strip() == "*":
        return None
    names = [name.strip() for name in text.split(",")]
    for name in names:
        if name not in kind.properties:
            raise invalid_property(name, kind.name)
    return names
