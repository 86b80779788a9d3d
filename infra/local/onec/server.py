"""The protocol: addresses, authentication, sessions, representations; ``python -m infra.local serve onec``."""

import asyncio
import base64
import binascii
import hmac
import re
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import unquote

from aiohttp import web

from infra.local.faults import HTTP_KINDS, Fault, Faults
from infra.local.onec import base, local, metadata, reading
from infra.local.onec.errors import Code, OneCError, handler_failed
from infra.local.onec.filters import parse_filter
from infra.local.onec.query import READ_OPTIONS, parse_options, parse_reading, wants_metadata
from infra.local.onec.schema import Entity, schema
from infra.local.onec.sessions import COOKIE, HEADER, SessionError, Sessions
from infra.local.onec.settings import OneCSettings, parse_settings
from infra.local.onec.store import Store
from infra.local.onec.values import Body, date
from infra.local.onec.writing import Writer
from infra.local.serving import ServeOptions, Service, new_app, serve_http
from shared.jsontext import dumps, loads

ROOT = "/base/odata/standard.odata/"
_PATH = re.compile(r"(?P<set>[^()/]+)(?:\((?P<key>[^)]*)\))?(?:/(?P<tail>.+))?")
_SLICE = re.compile(r"SliceLast\((?P<arguments>.*)\)")
_SLICE_ARGUMENT = re.compile(r"\s*(?P<name>Period|Condition)=(?P<value>datetime'[^']*'|'.*?')\s*(?:,(?=\s*\w+=)|$)")
"""Clients write a Condition with its inner quotes doubled or as they are: it ends where the next argument begins."""
_FORMAT_ONLY = frozenset({"$format"})
_XML = "application/xml"
_UNSUPPORTED_HEADERS = ("Prefer", "X-HTTP-Method", "X-HTTP-Method-Override")


class Infobase:
    """One published infobase: answers every request under ``ROOT``."""

    def __init__(self, settings: OneCSettings, store: Store) -> None:
        self.settings, self.store = settings, store
        self.faults = Faults(HTTP_KINDS | {"expire", "reject", "close"})
        self.writer = Writer(store, settings)
        self.sessions = Sessions(settings.pool, settings.session_seconds)
        self.stats: Counter[str] = Counter()

    def set_password(self, password: str) -> None:
        """Take another password from now on; sessions that are open survive."""
        self.settings = self.settings.model_copy(update={"password": password})

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Answer one request; every refusal in 1C's own shape."""
        if not self._authenticated(request.headers.get("Authorization", "")):
            challenge = {"WWW-Authenticate": 'Basic realm="1C:Enterprise 8.3"'}
            return web.Response(status=401, text="Не авторизован", headers=challenge)
        body = await request.read()
        try:
            with self.sessions.use(request.headers.get(HEADER), request.cookies.get(COOKIE)) as cookie:
                if self.settings.work_seconds:
                    await asyncio.sleep(self.settings.work_seconds)
                response = self._answer(request, body)
        except SessionError as error:
            # The session is refused by the web server extension, before OData: plain text, no code.
            return web.Response(status=error.status, text=error.text)
        response.headers["DataServiceVersion"] = "3.0"
        if cookie is not None:
            response.set_cookie(COOKIE, cookie, path="/base")
        return response

    def _authenticated(self, header: str) -> bool:
        scheme, _, encoded = header.partition(" ")
        try:
            given = base64.b64decode(encoded, validate=True)
        except binascii.Error:
            return False
        wanted = f"{self.settings.username}:{self.settings.password}".encode()
        return scheme.lower() == "basic" and hmac.compare_digest(given, wanted)

    def _answer(self, request: web.Request, body: bytes) -> web.Response:
        try:
            row = f"ROW {request.method} {unquote(request.path).removeprefix(ROOT)}"
            if request.method != "GET" and self.faults.take(row, {"reject"}):
                raise handler_failed("Запись отклонена: так было велено")
            return _Request(self, request, body).answer()
        except OneCError as error:
            return _json(error.body(), status=error.status)


class _Request:
    def __init__(self, infobase: Infobase, request: web.Request, body: bytes) -> None:
        self._base, self._store, self._http, self._body = infobase, infobase.store, request, body
        path, _, self._query = request.raw_path.partition("?")
        self._path = unquote(path).removeprefix(ROOT.rstrip("/")).strip("/")
        self._root = f"{request.scheme}://{request.host}{ROOT}"

    def answer(self) -> web.Response:
        """Find out what the address names and do it."""
        self._check_headers()
        if self._path in ("", "$metadata"):
            return self._description()
        match = _PATH.fullmatch(self._path)
        if match is None:
            raise OneCError(Code.BAD_URL, f"Неверный URL: {self._path}")
        entity = schema().sets.get(match["set"])
        if entity is None:
            raise OneCError(Code.NO_SUCH_TYPE, f"Тип сущности не найден: {match['set']}")
        tail = (match["tail"] or "").removesuffix("()")
        action = "" if match["key"] is None else "()"
        named = tail if tail in ("Post", "Unpost") else tail.split("(")[0] and "…"
        self._base.stats[f"{self._http.method} {entity.name}{action}{f'/{named}' if named else ''}"] += 1
        if match["key"] is None:
            return self._collection(entity, tail)
        key = reading.instance_key(entity, match["key"])
        if tail:
            return self._below(entity, key, tail)
        return self._instance(entity, key)

    def _check_headers(self) -> None:
        headers = self._http.headers
        if headers.get("1C_OData-DataLoadMode", "false").lower() != "false":
            raise OneCError(
                Code.LOAD_MODE_REFUSED, "Режим загрузки данных отключает логику конфигурации и здесь запрещен"
            )
        for name in _UNSUPPORTED_HEADERS:
            if name in headers:
                raise OneCError(Code.NOT_SUPPORTED, f"Возможность не поддерживается: заголовок {name}")

    def _options(self, allowed: frozenset[str]) -> tuple[dict[str, str], bool]:
        options = parse_options(self._query, allowed)
        return options, wants_metadata(self._http.headers.get("Accept", "*/*"), options.get("$format"))

    def _only(self, *methods: str) -> str:
        if self._http.method not in methods:
            raise OneCError(Code.METHOD_FORBIDDEN, f"HTTP-метод {self._http.method} запрещен для {self._path}")
        return self._http.method

    def _json_body(self) -> Body:
        if self._http.content_type != "application/json":
            raise OneCError(Code.BAD_REPRESENTATION, "Тело запроса передаётся как application/json", status=415)
        try:
            body = loads(self._body)
        except ValueError as error:
            raise OneCError(Code.BAD_REQUEST, f"Неверный формат запроса: {error}") from error
        if not isinstance(body, dict):
            raise OneCError(Code.BAD_REQUEST, "Неверный формат запроса: ожидается объект")
        return body

    def _description(self) -> web.Response:
        self._only("GET")
        if self._path == "$metadata":
            parse_options(self._query, frozenset())
            return web.Response(text=metadata.edmx(), content_type=_XML)
        options = parse_options(self._query, _FORMAT_ONLY)
        if "json" in options.get("$format", self._http.headers.get("Accept", "")):
            return _json(metadata.service_json(self._root))
        return web.Response(text=metadata.service_xml(self._root), content_type="application/atomsvc+xml")

    def _collection(self, entity: Entity, tail: str) -> web.Response:
        if tail == "$count":
            self._only("GET")
            options = parse_options(self._query, frozenset({"$filter", "allowedOnly"}))
            self._check_filter(options.get("$filter", ""))
            _, count = reading.select_rows(self._store, entity, parse_reading(options, entity))
            return web.Response(text=str(count))
        if slice_last := _SLICE.fullmatch(tail):
            return self._slice_last(entity, slice_last["arguments"])
        if tail:
            raise OneCError(Code.NO_SUCH_METHOD, f"Метод не найден: {tail}")
        if self._only("GET", "POST") == "POST":
            _, full = self._options(_FORMAT_ONLY)
            created = self._base.writer.create(entity, self._json_body())
            return self._shown(entity, created, full=full, status=201)
        options, full = self._options(READ_OPTIONS)
        self._check_filter(options.get("$filter", ""))
        asked = parse_reading(options, entity)
        found, count = reading.select_rows(self._store, entity, asked)
        values = [reading.render(self._store, entity, row, asked, links=full) for row in found]
        head = f"{self._root}$metadata#{entity.name}" if full else None
        return _json(reading.collection(head, values, count if asked.count else None))

    def _check_filter(self, text: str) -> None:
        names = set(re.findall(r"[^\W\d]\w*", re.sub(r"'[^']*'", "", text)))
        if names & set(filter(None, self._base.settings.unfilterable.split(","))):
            raise handler_failed('Операция не разрешена в предложении "ГДЕ"')

    def _slice_last(self, entity: Entity, arguments: str) -> web.Response:
        self._only("GET")
        if "periodic" not in entity.attributes:
            raise OneCError(Code.NO_SUCH_METHOD, f"Метод не найден: SliceLast для {entity.name}")
        given = {m["name"]: m["value"] for m in _SLICE_ARGUMENT.finditer(arguments)}
        if _SLICE_ARGUMENT.sub("", arguments).strip():
            raise OneCError(Code.BAD_URL, f"Неверный URL: SliceLast({arguments})", status=400)
        options, full = self._options(READ_OPTIONS)
        asked = parse_reading(options, entity)
        until = date(given["Period"][9:-1], "Period") if "Period" in given else "9999-12-31T23:59:59"
        rows, last = list(reading.rows(self._store, entity)), {}
        if "Condition" in given:
            condition = given["Condition"][1:-1].replace("''", "'")
            rows = [r for r in rows if parse_filter(condition, entity, entity.properties, self._store).test(r)]
        for row in sorted(rows, key=lambda r: str(r["Period"])):
            if row["Period"] <= until:
                last[tuple(row[item.wire] for item in entity.key[1:])] = row
        values = [reading.render(self._store, entity, row, asked, links=full) for row in last.values()]
        return _json(reading.collection(f"{self._root}$metadata#{entity.name}" if full else None, values, None))

    def _found(self, entity: Entity, key: str) -> Body:
        body = self._store.get(entity.name, key)
        if body is None:
            raise OneCError(Code.NO_SUCH_INSTANCE, f"Экземпляр сущности не найден: {self._path}")
        return body

    def _instance(self, entity: Entity, key: str) -> web.Response:
        method = self._only("GET", "PATCH", "PUT", "DELETE")
        if method == "GET":
            options, full = self._options(frozenset({"$format", "$select", "$expand", "allowedOnly"}))
            asked = parse_reading(options, entity)
            shown = reading.render(self._store, entity, self._found(entity, key), asked, links=full)
            head = {"odata.metadata": f"{self._root}$metadata#{entity.name}/@Element"} if full else {}
            return _json({**head, **shown})
        if_match = self._http.headers.get("If-Match")
        if method == "DELETE":
            parse_options(self._query, _FORMAT_ONLY)
            self._base.writer.delete(entity, key, if_match=if_match)
            return web.Response(status=204)
        _, full = self._options(_FORMAT_ONLY)
        changed = self._base.writer.update(entity, key, self._json_body(), if_match=if_match, whole=method == "PUT")
        return self._shown(entity, changed, full=full)

    def _shown(self, entity: Entity, body: Body, *, full: bool, status: int = 200) -> web.Response:
        head = {"odata.metadata": f"{self._root}$metadata#{entity.name}/@Element"} if full else {}
        return _json({**head, **reading.render(self._store, entity, body, None, links=full)}, status=status)

    def _below(self, entity: Entity, key: str, tail: str) -> web.Response:
        if tail in ("Post", "Unpost"):
            self._only("POST")
            options = parse_options(self._query, frozenset({"PostingModeOperational", "$format"}))
            mode = options.get("PostingModeOperational", "false")
            if mode not in ("true", "false"):
                raise OneCError(Code.BAD_VALUE, f"PostingModeOperational={mode}")
            if tail == "Post":
                self._base.writer.post(entity, key, operational=mode == "true")
            else:
                self._base.writer.unpost(entity, key)
            return web.Response(status=200)
        self._only("GET")
        body = self._found(entity, key)
        if tail in entity.sections and f"{entity.name}_{tail}" in schema().sets:
            section, rows = reading.line_rows(entity, tail, body)
            options, full = self._options(frozenset({"$format", "$select"}))
            asked = parse_reading(options, section)
            values = [reading.render(self._store, section, row, asked, links=False) for row in rows]
            return _json(reading.collection(f"{self._root}$metadata#{section.name}" if full else None, values, None))
        target, found = reading.referenced(self._store, entity, body, tail)
        options, full = self._options(frozenset({"$format", "$select", "$expand"}))
        shown = reading.render(self._store, target, found, parse_reading(options, target), links=full)
        head = {"odata.metadata": f"{self._root}$metadata#{target.name}/@Element"} if full else {}
        return _json({**head, **shown})


def _json(body: Any, *, status: int = 200) -> web.Response:
    return web.Response(status=status, text=dumps(body), content_type="application/json")


def create(options: ServeOptions) -> Service:
    """Make the server: settings as :class:`OneCSettings`, state in ``options.state``."""
    settings = parse_settings(options.settings)
    store = Store(options.state)
    with store.transaction():
        base.fill(store)
        if "closed_until" in options.settings or store.meta("closed_until") is None:
            store.set_meta("closed_until", settings.closed_until)
    infobase = Infobase(settings, store)

    def close_books(fault: Fault) -> None:
        with store.transaction():
            store.set_meta("closed_until", str(fault.until))

    app = new_app(infobase.faults, {"expire": lambda _: infobase.sessions.expire(), "close": close_books})
    local.add_routes(
        app,
        infobase.store,
        infobase.writer,
        infobase.sessions,
        infobase.stats,
        set_password=infobase.set_password,
    )
    handler: Callable[[web.Request], Awaitable[web.StreamResponse]] = infobase.handle
    app.router.add_route("*", ROOT.rstrip("/"), handler)
    app.router.add_route("*", ROOT + "{path:.*}", handler)

    async def close(_: web.Application) -> None:
        store.close()

    app.on_cleanup.append(close)

    def announce(url: str) -> dict[str, object]:
        return {
            "service": "onec",
            "url": url + ROOT,
            "username": settings.username,
            "password": settings.password,
        }

    return Service(app, announce)


async def serve(options: ServeOptions) -> None:
    """Serve until SIGTERM."""
    await serve_http(create(options), options.port)
