"""What a test may see and turn that no client of the real system could, under /_local/.

GET/DELETE /_local/stats     how often what was asked: {"POST Login": 1, "POST $batch": 3, "POST Invoices": 3}
GET /_local/state            every row there is, by kind and key
GET/POST /_local/settings    the settings; {"approval": true} changes them while it runs
GET/POST /_local/clock       {"now": "2026-01-31T10:00:00Z"}, {"advance": seconds} or {"reset": true}
POST /_local/period          {"month": "2026-01", "status": "open" | "locked" | "closing"}
GET/POST /_local/stock       {"item": "A1000", "warehouse": "01", "quantity": 5}
POST /_local/restart         Service Layer restarts: sessions are gone, new user-defined fields are loaded
"""

from collections.abc import Callable, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from aiohttp import web
from pydantic import ValidationError

from infra.local.sapb1.books import key_text
from infra.local.sapb1.service import ServiceLayer
from infra.local.sapb1.settings import Settings
from shared.jsontext import dumps, loads

Handler = Callable[[Mapping[str, Any]], object]


class Backdoor:
    """The endpoints for tests."""

    def __init__(self, service: ServiceLayer) -> None:
        self._service = service
        self._handlers: dict[tuple[str, str], Handler] = {
            ("GET", "stats"): lambda _: self._service.stats,
            ("DELETE", "stats"): self._forget_stats,
            ("GET", "state"): lambda _: self._service.context.books.dump(),
            ("GET", "settings"): lambda _: self._service.context.settings.model_dump(),
            ("POST", "settings"): self._change_settings,
            ("GET", "clock"): lambda _: self._now(),
            ("POST", "clock"): self._set_clock,
            ("POST", "period"): self._set_period,
            ("GET", "stock"): lambda _: self._service.context.books.dump().get("_stock", {}),
            ("POST", "stock"): self._set_stock,
            ("POST", "expire"): lambda _: self._service.context.books.drop_session(),
            ("POST", "restart"): self._restart,
        }

    async def handle(self, request: web.Request) -> web.Response:
        """Answer one of them; 400 with a sentence for a body that makes no sense, 404 for anything else."""
        handler = self._handlers.get((request.method, request.match_info["name"]))
        if handler is None:
            return web.json_response({"error": f"{request.method} {request.path} does not exist"}, status=404)
        text = await request.read()
        try:
            result = handler(loads(text) if text else {})
        except (ValueError, ValidationError, KeyError, InvalidOperation, TypeError) as error:
            return web.json_response({"error": f"{type(error).__name__}: {error}"}, status=400)
        if result is None:
            return web.Response(status=204)
        return web.Response(text=dumps(result), content_type="application/json")

    def _forget_stats(self, _: Mapping[str, Any]) -> None:
        self._service.stats.clear()

    def _change_settings(self, body: Mapping[str, Any]) -> object:
        context = self._service.context
        context.settings = Settings.model_validate({**context.settings.model_dump(), **body})
        return context.settings.model_dump()

    def _now(self) -> object:
        return {"now": self._service.context.clock.now().isoformat()}

    def _set_clock(self, body: Mapping[str, Any]) -> object:
        clock = self._service.context.clock
        match dict(body):
            case {"now": str(moment)}:
                clock.set(moment)
            case {"advance": (int() | Decimal()) as seconds}:
                clock.advance(float(seconds))
            case {"reset": True}:
                clock.reset()
            case _:
                raise ValueError('{"now": …}, {"advance": seconds} or {"reset": true} expected')
        return self._now()

    def _set_period(self, body: Mapping[str, Any]) -> None:
        books = self._service.context.books
        period = books.get("_periods", body["month"])
        if period is None or body["status"] not in {"open", "locked", "closing"}:
            raise ValueError('{"month": "2026-01", "status": "open", "locked" or "closing"} expected')
        with books.transaction():
            books.update("_periods", body["month"], {**period, "status": body["status"]})

    def _set_stock(self, body: Mapping[str, Any]) -> None:
        books = self._service.context.books
        if not (books.exists("Items", body["item"]) and books.exists("Warehouses", body["warehouse"])):
            raise ValueError("no such item or warehouse")
        with books.transaction():
            key = key_text(body["item"], body["warehouse"])
            books.set("_stock", key, {"quantity": Decimal(str(body["quantity"]))})

    def _restart(self, _: Mapping[str, Any]) -> None:
        self._service.context.books.drop_session()
        self._service.context.reload_metadata()
