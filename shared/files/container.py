"""A container of Azure Blob Storage, as the app's own identity writes into it (Blob service REST API, block blobs).

A blob appears whole or not at all: blocks first, then the list of them. Everything may be repeated: a block has its
number for an id, and the same file becomes the same blob.
"""

import base64
from collections.abc import Callable
from datetime import datetime
from email.utils import format_datetime
from pathlib import Path
from urllib.parse import quote
from xml.sax.saxutils import escape

from shared.errors import Misconfigured, Unavailable
from shared.http import Answer, Http
from shared.identity import Identity

SYSTEM = "Blob Storage"
RESOURCE = "https://storage.azure.com"
API_VERSION = "2021-12-02"
BLOCK = 4 * 1024 * 1024
"""Bytes of a block; a blob may have 50,000."""


class Container:
    """One container."""

    def __init__(self, http: Http, url: str, identity: Identity, now: Callable[[], datetime]) -> None:
        """``url`` is a container's address, as the settings check it: our token goes there."""
        self._http, self._url, self._identity, self._now = http, url, identity, now

    async def put(self, name: str, path: Path) -> None:
        """Write a file as the blob ``name``; one that is there is replaced. Unavailable, Misconfigured."""
        blob = f"{self._url}/{quote(name)}"
        blocks: list[str] = []
        with path.open("rb") as file:
            while content := file.read(BLOCK):
                block = base64.b64encode(f"{len(blocks):08}".encode()).decode()
                await self._send(f"{blob}?comp=block&blockid={quote(block, safe='')}", content, {})
                blocks.append(block)
        listed = "".join(f"<Latest>{escape(block)}</Latest>" for block in blocks)
        body = f'<?xml version="1.0" encoding="utf-8"?><BlockList>{listed}</BlockList>'.encode()
        await self._send(f"{blob}?comp=blocklist", body, {"x-ms-blob-content-type": "application/zip"})

    async def _send(self, url: str, content: bytes, headers: dict[str, str]) -> None:
        token = await self._identity.token_for(RESOURCE)
        sent = {
            "Authorization": f"Bearer {token.token}",
            "x-ms-version": API_VERSION,
            "x-ms-date": format_datetime(self._now(), usegmt=True),
            "Content-Type": "application/octet-stream",
            **headers,
        }
        answer = await self._http.send("PUT", url, headers=sent, content=content, writes=True)
        if answer.status != 201:
            raise _failure(answer)

    async def close(self) -> None:
        """Close the connections."""
        await self._http.close()


def _failure(answer: Answer) -> Misconfigured | Unavailable:
    if answer.status in {401, 403}:
        return Misconfigured(
            f"FILES_CONTAINER_URL: the container refused the file ({answer.status}); the app's identity needs the role"
            " Storage Blob Data Contributor, and the storage's firewall must let the app in"
        )
    if answer.status in {400, 404}:
        return Misconfigured(f"FILES_CONTAINER_URL: there is no such container ({answer.status})")
    return Unavailable(SYSTEM, f"answered {answer.status}")
