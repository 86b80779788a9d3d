"""A server that behaves like the Service Layer of SAP Business One, for what the product uses.

It speaks OData v4 under /b1s/v2 (and v1's shapes under /b1s/v1) and keeps one fictional company, described in
``company.py``. ``python -m infra.local serve sapb1 [--port N] [--state FILE] [--set KEY=VALUE …]``; the settings
are in ``settings.py``, what tests may turn in ``backdoor.py``. What the local company can't do is refused.
"""

from collections.abc import AsyncIterator
from urllib.parse import parse_qsl, unquote

from aiohttp import web

from infra.local.faults import HTTP_KINDS, Fault, Faults
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


class _Company:
    """The parts that exist while the server listens: the books are opened with it and closed with it."""

    def __init__(self, options: ServeOptions, settings: Settings, faults: Faults) -> None:
        self._books = Books(options.state)
        self._service = ServiceLayer(self._books, settings, Clock(settings.now), faults)
        self._batch = Batch(self._service)
        self.backdoor = Backdoor(self._service)

    def answer(self, call: Call) -> Answer:
        """Do one request. There is no await in here: operations happen one after the other."""
        if call.path == "$batch" and call.method == "POST":
            return self._batch.handle(call)
        return self._service.handle(call)

    def fail(self, fault: Fault) -> None:
        """Let sessions end, or the posting periods be locked."""
        if fault.until is None:
            self._books.drop_session()
        else:
            self._service.close_books(fault.until)

    def close(self) -> None:
        """Close the books."""
        self._books.close()


def create(options: ServeOptions) -> Service:
    """Give the server: an empty state file becomes the fresh company. ValidationError for a setting that is wrong."""
    settings = Settings.read(options.settings)
    running: list[_Company] = []
    faults = Faults(HTTP_KINDS | {"expire", "reject", "close"})

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
        return _response(running[0].answer(call))

    async def back_door(request: web.Request) -> web.Response:
        return await running[0].backdoor.handle(request)

    async def open_books(_: web.Application) -> AsyncIterator[None]:
        running.append(_Company(options, settings, faults))
        yield
        running.pop().close()

    def fail(fault: Fault) -> None:
        running[0].fail(fault)

    app = new_app(faults, {"expire": fail, "close": fail})
    app.router.add_route("*", "/_local/{name}", back_door)
    app.router.add_route("*", "/b1s/{version:v1|v2}/{path:.*}", operation)
    app.cleanup_ctx.append(open_books)
    return Service(
        app,
        lambda url: {
            "service": "sapb1",
            "url": f"{url}/b1s/v2",
            "company": company.COMPANY,
            "username": company.USERNAME,
            "password": settings.password,
        },
    )


async def serve(options: ServeOptions) -> None:
    """Serve until told to stop."""
    await serve_http(create(options), options.port)
