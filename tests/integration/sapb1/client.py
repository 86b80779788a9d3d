"""A small client of the local Service Layer, and the documents the tests post."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import httpx

from infra.local.sapb1 import company
from shared.jsontext import dumps, loads

TODAY = "2026-03-10"
Json = dict[str, Any]


@dataclass(frozen=True)
class Reply:
    """A status, headers and a body whose fractions are Decimals."""

    status: int
    headers: Mapping[str, str]
    body: Any

    @property
    def error(self) -> tuple[int, str, str]:
        """Give status, code and sentence of a refusal."""
        assert isinstance(self.body, dict), self
        assert "error" in self.body, self
        return self.status, self.body["error"]["code"], self.body["error"]["message"]


def _reply(response: httpx.Response) -> Reply:
    kind = response.headers.get("Content-Type", "")
    body = loads(response.content) if response.content and kind.startswith("application/json") else response.text
    return Reply(response.status_code, response.headers, body)


class Client:
    """Talks to one server, logged in."""

    def __init__(self, http: httpx.AsyncClient, root: str) -> None:
        self.http = http
        self.root = root

    async def login(self) -> Reply:
        """Log in with the company's own credentials."""
        return await self.call(
            "POST",
            "Login",
            {"CompanyDB": company.COMPANY, "UserName": company.USERNAME, "Password": company.PASSWORD},
        )

    async def call(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        params: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        version: str = "v2",
    ) -> Reply:
        """Send one request."""
        return _reply(
            await self.http.request(
                method,
                f"{self.root}/b1s/{version}/{path}",
                content=None if body is None else dumps(body),
                params=params,
                headers=headers,
            )
        )

    async def get(self, path: str, **params: str) -> Any:
        """Give the body of a GET that must work; ``filter=`` stands for ``$filter=``."""
        reply = await self.call("GET", path, params={f"${name}": value for name, value in params.items()})
        assert reply.status == 200, reply
        return reply.body

    async def add(self, path: str, body: object) -> Json:
        """Give what was created."""
        reply = await self.call("POST", path, body)
        assert reply.status == 201, reply
        assert isinstance(reply.body, dict)
        return reply.body

    async def refused(self, path: str, body: object, method: str = "POST") -> tuple[int, str, str]:
        """Give the refusal of a request."""
        return (await self.call(method, path, body)).error

    async def local(self, method: str, path: str, body: object = None) -> Any:
        """Use a back door."""
        content = None if body is None else json.dumps(body)
        response = await self.http.request(method, f"{self.root}/_local/{path}", content=content)
        assert response.is_success, response.text
        return loads(response.content) if response.content else None

    async def batch(self, *parts: "Operation | Sequence[Operation]") -> list["Part"]:
        """Send a batch whose lists are changesets; give its answers, those of a changeset one after the other."""
        response = await self.http.post(
            f"{self.root}/b1s/v2/$batch",
            content=batch_body(*parts),
            headers={"Content-Type": "multipart/mixed; boundary=batch_1"},
        )
        assert response.status_code == 200, response.text
        return read_parts(response.text)


@dataclass(frozen=True)
class Operation:
    """A request inside a batch."""

    method: str
    path: str
    body: object = None
    content_id: str | None = None

    def lines(self) -> list[str]:
        """Give the part's lines."""
        head = ["Content-Type: application/http", "Content-Transfer-Encoding: binary"]
        if self.content_id is not None:
            head.append(f"Content-ID: {self.content_id}")
        address = self.path if self.path.startswith("$") else f"/b1s/v2/{self.path}"
        text = [] if self.body is None else ["Content-Type: application/json", "", dumps(self.body)]
        return [*head, "", f"{self.method} {address} HTTP/1.1", *(text or [""]), ""]


@dataclass(frozen=True)
class Part:
    """An answer inside a batch."""

    status: int
    content_id: str | None
    body: Any
    in_changeset: bool


def batch_body(*parts: Operation | Sequence[Operation]) -> bytes:
    """Write a batch."""
    lines: list[str] = []
    for number, part in enumerate(parts):
        lines.append("--batch_1")
        if isinstance(part, Operation):
            lines += part.lines()
            continue
        lines += [f"Content-Type: multipart/mixed; boundary=changeset_{number}", ""]
        for operation in part:
            lines += [f"--changeset_{number}", *operation.lines()]
        lines += [f"--changeset_{number}--", ""]
    return "\r\n".join([*lines, "--batch_1--", ""]).encode()


def read_parts(text: str) -> list[Part]:
    """Read a batch's answer."""
    parts = []
    for piece in text.split("\r\n--"):
        if "HTTP/1.1 " not in piece:
            continue
        head, _, rest = piece.partition("HTTP/1.1 ")
        body = rest.partition("\r\n\r\n")[2].strip()
        content_id = next((line[12:] for line in head.split("\r\n") if line.startswith("Content-ID: ")), None)
        parts.append(
            Part(int(rest[:3]), content_id, loads(body) if body else None, piece.startswith("changesetresponse"))
        )
    return parts


def line(item: str = company.STOCK_ITEM, quantity: object = 1, price: object = 100, **more: object) -> Json:
    """Give a document line."""
    return {"ItemCode": item, "Quantity": quantity, "UnitPrice": price, "VatGroup": "S22", **more}


def document(*lines: Json, **more: object) -> Json:
    """Give a document of the usual customer."""
    return {"CardCode": company.CUSTOMER, "DocDate": TODAY, "DocumentLines": list(lines or (line(),)), **more}


def money(text: str) -> Decimal:
    """Give an amount."""
    return Decimal(text)


def claimed(key: str, invoice: Json | None = None) -> list[Operation]:
    """Give the changeset that the product creates a document with."""
    return [
        Operation("POST", "U_ACX_CLAIM", {"Code": key, "Name": key, "U_Source": "invoice"}, "1"),
        Operation("POST", "Invoices", {**(invoice or document()), "U_ACX_Key": key}, "2"),
    ]
