"""``/_local/…``: what a test or the demo does behind OData's back. Nothing here exists in the real system.

GET  /_local/state                  every instance, the revenue entries, the closed period
GET  /_local/stats                  requests by kind, refused sessions;  DELETE forgets them
POST /_local/closed_until           {"date": "2026-03-31"} or {"date": null}
POST /_local/password               {"password"}: the user's from now on
POST /_local/sessions/expire        every session of one's own becomes stale
POST /_local/accountant             {"entity", "key", "changes": {…}}: an edit by hand, past every check
POST /_local/accountant/post        {"entity", "key"}: posts by hand;  …/unpost takes it back
POST /_local/payments               {"invoice", "amount", "date"?}: a posted ПоступлениеНаРасчетныйСчет
"""

from collections import Counter
from collections.abc import Callable, Mapping
from datetime import date as Date
from decimal import Decimal
from typing import Any

from aiohttp import web
from pydantic import BaseModel, ConfigDict, ValidationError

from infra.local.onec import base
from infra.local.onec.errors import OneCError
from infra.local.onec.posting import LEDGER
from infra.local.onec.rules import INVOICE, PAYMENT
from infra.local.onec.schema import RECORD_TYPE, schema
from infra.local.onec.sessions import Sessions
from infra.local.onec.store import Store
from infra.local.onec.values import NAMESPACE, Body, apply
from infra.local.onec.writing import Writer
from shared.jsontext import dumps, loads


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _ClosedUntil(_Strict):
    date: Date | None


class _Password(_Strict):
    password: str


class _Instance(_Strict):
    entity: str
    key: str


class _Edit(_Instance):
    changes: dict[str, Any]


class _Payment(_Strict):
    invoice: str
    amount: Decimal
    date: str | None = None


def whole_state(store: Store) -> dict[str, Any]:
    """Give everything the base holds, in an order that doesn't depend on how it came about."""
    names = [*schema().entities, *(f"{e.name}{RECORD_TYPE}" for e in schema().entities.values() if e.recorded)]
    entities = {name: [body for _, body in sorted(store.all(name).items())] for name in names}
    ledger = [body for _, body in sorted(store.all(LEDGER).items())]
    return {"entities": entities, "ledger": ledger, "closed_until": store.meta("closed_until") or None}


class _Local:
    def __init__(
        self,
        store: Store,
        writer: Writer,
        sessions: Sessions,
        stats: Counter[str],
        set_password: Callable[[str], None],
    ) -> None:
        self._store, self._writer, self._sessions, self._stats = store, writer, sessions, stats
        self._set_password = set_password

    async def state(self, _: web.Request) -> web.Response:
        return _json(whole_state(self._store))

    async def stats(self, request: web.Request) -> web.Response:
        if request.method == "DELETE":
            self._stats.clear()
            self._sessions.refused = 0
            return web.Response(status=204)
        return _json({"requests": dict(sorted(self._stats.items())), "refused_sessions": self._sessions.refused})

    async def closed_until(self, request: web.Request) -> web.Response:
        asked = _ClosedUntil.model_validate(loads(await request.read()))
        with self._store.transaction():
            self._store.set_meta("closed_until", asked.date.isoformat() if asked.date else "")
        return web.Response(status=204)

    async def expire(self, _: web.Request) -> web.Response:
        self._sessions.expire()
        return web.Response(status=204)

    async def password(self, request: web.Request) -> web.Response:
        self._set_password(_Password.model_validate(loads(await request.read())).password)
        return web.Response(status=204)

    async def edit(self, request: web.Request) -> web.Response:
        asked = _Edit.model_validate(loads(await request.read()))
        entity, body = schema().entities[asked.entity], self._body(asked)
        changed = dict(body)
        apply(entity.properties, asked.changes, changed)
        for section, columns in entity.sections.items():
            for line, row in enumerate(asked.changes.get(section, ())):
                kept = dict(changed[section][line])
                apply(columns, row, kept)
                changed[section] = [*changed[section][:line], kept, *changed[section][line + 1 :]]
        with self._store.transaction():
            version = {} if entity.is_register else {"DataVersion": self._store.next_version()}
            self._store.put(entity.name, asked.key, changed | version)
        return web.Response(status=204)

    async def post(self, request: web.Request) -> web.Response:
        asked = _Instance.model_validate(loads(await request.read()))
        entity = schema().entities[asked.entity]
        if request.path.endswith("/unpost"):
            self._writer.unpost(entity, asked.key)
        else:
            self._writer.post(entity, asked.key, operational=False)
        return web.Response(status=204)

    async def pay(self, request: web.Request) -> web.Response:
        asked = _Payment.model_validate(loads(await request.read()))
        invoice = self._body(_Instance(entity=INVOICE, key=asked.invoice))
        entity = schema().entities[PAYMENT]
        created = self._writer.create(entity, _payment(invoice, asked))
        self._writer.post(entity, created["Ref_Key"], operational=False)
        return _json({"Ref_Key": created["Ref_Key"], "Number": created["Number"]})

    def _body(self, asked: _Instance) -> Mapping[str, Any]:
        body = self._store.get(asked.entity, asked.key)
        if body is None:
            raise web.HTTPNotFound(text=f"{asked.entity} {asked.key}")
        return body


def _payment(invoice: Mapping[str, Any], asked: _Payment) -> Body:
    row = {
        "LineNumber": "1",
        "ДоговорКонтрагента_Key": invoice["ДоговорКонтрагента_Key"],
        "СуммаПлатежа": asked.amount,
        "СуммаВзаиморасчетов": asked.amount,
        "СчетНаОплату_Key": asked.invoice,
    }
    return {
        "Date": asked.date or invoice["Date"],
        "Организация_Key": invoice["Организация_Key"],
        "ВидОперации": "ОплатаПокупателя",
        "СчетОрганизации_Key": base.BANK_ACCOUNT,
        "Контрагент": invoice["Контрагент_Key"],
        "Контрагент_Type": f"{NAMESPACE}Catalog_Контрагенты",
        "ВалютаДокумента_Key": invoice["ВалютаДокумента_Key"],
        "СуммаДокумента": asked.amount,
        "РасшифровкаПлатежа": [row],
    }


def _json(body: object) -> web.Response:
    return web.Response(text=dumps(body), content_type="application/json")


@web.middleware
async def _say_what_is_wrong(request: web.Request, handler: Any) -> web.StreamResponse:
    try:
        response: web.StreamResponse = await handler(request)
    except (ValidationError, ValueError, KeyError, IndexError) as error:
        if request.path.startswith("/_local/"):
            return web.Response(status=400, text=f"{type(error).__name__}: {error}")
        raise
    except OneCError as error:
        return web.Response(status=error.status, text=error.text)
    return response


def add_routes(
    app: web.Application,
    store: Store,
    writer: Writer,
    sessions: Sessions,
    stats: Counter[str],
    *,
    set_password: Callable[[str], None],
) -> None:
    """Add the back door to the application."""
    here = _Local(store, writer, sessions, stats, set_password)
    app.middlewares.append(_say_what_is_wrong)
    app.router.add_get("/_local/state", here.state)
    app.router.add_get("/_local/stats", here.stats)
    app.router.add_delete("/_local/stats", here.stats)
    app.router.add_post("/_local/closed_until", here.closed_until)
    app.router.add_post("/_local/password", here.password)
    app.router.add_post("/_local/sessions/expire", here.expire)
    app.router.add_post("/_local/accountant", here.edit)
    app.router.add_post("/_local/accountant/post", here.post)
    app.router.add_post("/_local/accountant/unpost", here.post)
    app.router.add_post("/_local/payments", here.pay)
