"""A server that behaves like the Service Layer of SAP Business One, for what the product uses.

It speaks OData v4 under /b1s/v2 (and v1's shapes under /b1s/v1) and keeps one fictional company, described in
``company.py``. ``python -m infra.local serve sapb1 [--port N] [--state FILE] [--set KEY=VALUE …]``; the settings
are in ``settings.py``, what tests may turn in ``backdoor.py``. What the local company can't do is refused.
"""

from collections.abc import AsyncIterator
from urllib.parse import parse_qsl, unquote

from aiohttp import web

from infra.local.sapb1 import company
from infra.local.sapb1.backdoor import Backdoor
from infra.local.sapb1.batch import Batch
from infra.local.sapb1.books import Books
from infra.local.sapb1.clock import Clock
from infra.local.sapb1.odata import Answer, Call
from infra.local.sapb1.service import ServiceLayer
from infra.local.sapb1.settings import Settings
from infra.local.serving import ServeOptions, Service, new_app, serve_http


def _response(answer: Answer) -> web.Response:
    response = web.Response(status=answer.status, body=answer.body or None)
    for name, value in answer.headers.items():
        if name == "Set-Cookie":
            for cookie in value.split("\n"):
                response.headers.add(name, cookie)
        else:
            response.headers[name] = value
    return response


def create(options: ServeOptions) -> Service:
    """Give the server: an empty state file becomes the fresh company. ValidationError for a setting that is wrong."""
    settings = Settings.read(options.settings)
    books = Books(options.state)
    service = ServiceLayer(books, settings, Clock(settings.now))
    batch = Batch(service)

    async def operation(request: web.Request) -> web.Response:
        path, _, query = request.raw_path.partition("?")
        version = request.match_info["version"]
        call = Call(
            method=request.method,
            version=version,
            base=f"{request.scheme}://{request.host}/b1s/{version}",
            path=unquote(path).removeprefix(f"/b1s/{version}/"),
            query=parse_qsl(query, keep_blank_values=True),
            headers={name.lower(): value for name, value in request.headers.items()},
            body=await request.read(),
        )
        # No await from here on: operations happen one after the other.
        if call.path == "$batch" and call.method == "POST":
            return _response(batch.handle(call))
        return _response(service.handle(call))

    async def close_books(_: web.Application) -> AsyncIterator[None]:
        yield
        books.close()

    app = new_app()
    app.router.add_route("*", "/_local/{name}", Backdoor(service).handle)
    app.router.add_route("*", "/b1s/{version:v1|v2}/{path:.*}", operation)
    app.cleanup_ctx.append(close_books)
    return Service(
        app,
        lambda url: {
            "service": "sapb1",
            "url": f"{url}/b1s/v2",
            "company": company.COMPANY,
            "username": company.USERNAME,
            "password": company.PASSWORD,
        },
    )


async def serve(options: ServeOptions) -> None:
    """Serve until told to stop."""
    await serve_http(create(options), options.port)
