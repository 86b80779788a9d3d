"""A server that answers each POST at once with what it was sent: what a request costs its sender at the least.

``python -m tests.bench.sink`` prints its address, and ends when its standard input does.
"""

import asyncio
import sys

from aiohttp import web

from infra.local.serving import Service, listen


async def _echo(request: web.Request) -> web.Response:
    return web.Response(status=201, body=await request.read(), content_type="application/json")


async def main() -> None:
    """Serve."""
    app = web.Application(client_max_size=2**24)
    app.router.add_post("/", _echo)
    runner, address = await listen(Service(app, lambda _: {}))
    sys.stdout.write(f"{address}\n")
    sys.stdout.flush()
    await asyncio.to_thread(sys.stdin.read)
    await runner.cleanup()


if __name__ == "__main__":
    asyncio.run(main())
