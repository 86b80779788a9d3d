"""A blob container on this machine, as far as block blobs are written by identity; it refuses what the real one does.

Source: Blob service REST API: Put Block, Put Block List; “Authorize with Microsoft Entra ID”: versions from 2017-11-09.
"""

import base64
import binascii
import re
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime

from aiohttp import web

OLDEST = "2017-11-09"


@dataclass
class Storage:
    """Blobs by name, and blocks that no blob has yet."""

    token: str
    container: str = "files"
    blobs: dict[str, bytes] = field(default_factory=dict)
    types: dict[str, str] = field(default_factory=dict)
    waiting: dict[str, dict[str, bytes]] = field(default_factory=dict)
    away: int = 0
    """how many requests are answered 503 first"""

    def app(self) -> web.Application:
        """Give the server."""
        app = web.Application(client_max_size=64 * 1024 * 1024)
        app.router.add_put("/{container}/{blob:.+}", self._put)
        return app

    async def _put(self, request: web.Request) -> web.Response:
        body = await request.read()
        if self.away:
            self.away -= 1
            return _refused(503, "ServerBusy")
        if problem := self._denied(request):
            return _refused(*problem)
        if not body:
            return _refused(400, "InvalidHeaderValue")
        name, kind = request.match_info["blob"], request.query.get("comp")
        if kind == "block":
            return self._block(name, request.query.get("blockid", ""), body)
        if kind == "blocklist":
            return self._list(name, body, request.headers.get("x-ms-blob-content-type", "application/octet-stream"))
        return _refused(400, "MissingRequiredHeader")  # Put Blob needs x-ms-blob-type, which is not served here

    def _denied(self, request: web.Request) -> tuple[int, str] | None:
        version = request.headers.get("x-ms-version", "")
        try:
            dated = parsedate_to_datetime(request.headers.get("x-ms-date", ""))
        except ValueError:
            dated = None
        cases = (
            ("Authorization" not in request.headers, (401, "NoAuthenticationInformation")),
            (not re.fullmatch(r"\d{4}-\d\d-\d\d", version) or version < OLDEST, (400, "InvalidHeaderValue")),
            (dated is None, (403, "AuthenticationFailed")),
            (request.headers.get("Authorization") != f"Bearer {self.token}", (403, "AuthorizationPermissionMismatch")),
            (request.match_info["container"] != self.container, (404, "ContainerNotFound")),
        )
        return next((answer for wrong, answer in cases if wrong), None)

    def _block(self, name: str, block: str, body: bytes) -> web.Response:
        blocks = self.waiting.setdefault(name, {})
        try:
            decoded = base64.b64decode(block, validate=True)
        except binascii.Error:
            return _refused(400, "InvalidQueryParameterValue")
        if not 0 < len(decoded) <= 64 or any(len(other) != len(block) for other in blocks):
            return _refused(400, "InvalidBlobOrBlock")
        blocks[block] = body
        return web.Response(status=201)

    def _list(self, name: str, body: bytes, content_type: str) -> web.Response:
        listed = re.findall(r"<Latest>([^<]*)</Latest>", body.decode())
        blocks = self.waiting.pop(name, {})
        if any(block not in blocks for block in listed):
            return _refused(400, "InvalidBlockList")
        self.blobs[name] = b"".join(blocks[block] for block in listed)
        self.types[name] = content_type
        return web.Response(status=201)


def _refused(status: int, code: str) -> web.Response:
    body = f'<?xml version="1.0" encoding="utf-8"?><Error><Code>{code}</Code></Error>'
    return web.Response(status=status, text=body, content_type="application/xml", headers={"x-ms-error-code": code})
