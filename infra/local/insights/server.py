"""A server that takes the telemetry that exporters send to Application Insights, keeps it, and lets a test ask for it.

    POST /v2.1/track, /v2/track     what exporters send; see ``ingestion.py`` for what is refused
    GET /_local/rows                rows as queries see them; ``table``, ``operation`` (an operation_Id) narrow it down
    GET /_local/envelopes           what came, as it came
    DELETE /_local/rows             forget everything

``python -m infra.local serve insights [--port N] [--state FILE] [--set instrumentation_key=GUID] [--set token=TOKEN]``.
With a token local authentication is off, as in Azure: telemetry without it is refused with 401. Faults as with every
local server (``infra/local/serving.py``): 402, 429, 439, 503, a delay, a dropped connection.
"""

import json
import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

from aiohttp import web

from infra.local.insights.ingestion import MAX_BODY, Unacceptable, judge, unpack
from infra.local.insights.tables import TABLES, rows
from infra.local.serving import ServeOptions, Service, new_app, serve_http


class Kept:
    """What was taken, in SQLite."""

    def __init__(self, state: Path | None) -> None:
        """Open the file; None keeps it in memory."""
        self._database = sqlite3.connect(state or ":memory:", isolation_level=None)
        self._database.executescript(
            """
            CREATE TABLE IF NOT EXISTS envelope (number INTEGER PRIMARY KEY, content TEXT NOT NULL);
            CREATE TABLE IF NOT EXISTS item
                (number INTEGER PRIMARY KEY, type TEXT NOT NULL, operation TEXT NOT NULL, content TEXT NOT NULL);
            CREATE INDEX IF NOT EXISTS item_operation ON item (operation);
            """
        )

    def add(self, envelopes: list[dict[str, Any]]) -> None:
        """Keep envelopes, and the rows that they are."""
        self._database.execute("BEGIN")
        for envelope in envelopes:
            self._database.execute("INSERT INTO envelope (content) VALUES (?)", (json.dumps(envelope),))
            for table, row in rows(envelope):
                values = (table, row["operation_Id"], json.dumps(row))
                self._database.execute("INSERT INTO item (type, operation, content) VALUES (?, ?, ?)", values)
        self._database.execute("COMMIT")

    def rows(self, table: str, operation: str) -> list[dict[str, Any]]:
        """Give rows in the order they came, each with its ``table``."""
        found = self._database.execute(
            "SELECT type, content FROM item WHERE ? IN ('', type) AND ? IN ('', operation) ORDER BY number",
            (table, operation),
        )
        return [{"table": kind, **json.loads(content)} for kind, content in found]

    def envelopes(self) -> list[Any]:
        """Give everything as it came."""
        return [json.loads(content) for (content,) in self._database.execute("SELECT content FROM envelope")]

    def clear(self) -> None:
        """Forget everything."""
        self._database.executescript("DELETE FROM envelope; DELETE FROM item;")

    def close(self) -> None:
        """Close the file."""
        self._database.close()


class Insights:
    """The ingestion and the back door."""

    def __init__(self, kept: Kept, instrumentation_key: str, token: str = "") -> None:
        """Take what keeps telemetry, the key that it must carry, and the token; none: the key is enough."""
        self.kept = kept
        self._key = instrumentation_key
        self._token = token

    async def track(self, request: web.Request) -> web.Response:
        """Take telemetry."""
        if self._token and request.headers.get("Authorization") != f"Bearer {self._token}":
            return web.json_response({"error": "Local authentication is off, and no valid token came."}, status=401)
        try:
            # aiohttp has unpacked gzip, and answers 400 itself where it is broken.
            envelopes = unpack(await request.read())
        except Unacceptable as error:
            problem = {"index": 0, "statusCode": 400, "message": str(error)}
            return web.json_response({"itemsReceived": 0, "itemsAccepted": 0, "errors": [problem]}, status=400)
        taken, answer = judge(envelopes, self._key)
        self.kept.add(taken)
        return web.json_response(answer.body, status=answer.status)

    async def rows(self, request: web.Request) -> web.Response:
        """Give rows, or forget them."""
        if request.method == "DELETE":
            self.kept.clear()
            return web.Response(status=204)
        table = request.query.get("table", "")
        if table and table not in TABLES.values():
            return web.json_response({"error": f"table: must be one of {', '.join(TABLES.values())}"}, status=400)
        return web.json_response(self.kept.rows(table, request.query.get("operation", "")))

    async def envelopes(self, _: web.Request) -> web.Response:
        """Give everything as it came."""
        return web.json_response(self.kept.envelopes())


def create(options: ServeOptions) -> Service:
    """Give the server. ValueError for a setting that is wrong."""
    if unknown := set(options.settings) - {"instrumentation_key", "token"}:
        raise ValueError(f"insights has no setting {min(unknown)}")
    key = str(UUID(options.settings.get("instrumentation_key") or str(uuid4())))
    insights = Insights(Kept(options.state), key, options.settings.get("token", ""))

    async def close(_: web.Application) -> AsyncIterator[None]:
        yield
        insights.kept.close()

    app = new_app(client_max_size=MAX_BODY)
    # Connection strings end their endpoint in a slash, and exporters add another.
    app.router.add_post("/{slash:/?}{version:v2|v2.1}/track", insights.track)
    app.router.add_route("GET", "/_local/rows", insights.rows)
    app.router.add_route("DELETE", "/_local/rows", insights.rows)
    app.router.add_get("/_local/envelopes", insights.envelopes)
    app.cleanup_ctx.append(close)
    return Service(
        app,
        lambda url: {
            "service": "insights",
            "connection_string": f"InstrumentationKey={key};IngestionEndpoint={url}/;LiveEndpoint={url}/",
            "url": url,
        },
    )


async def serve(options: ServeOptions) -> None:
    """Serve until told to stop."""
    await serve_http(create(options), options.port)
