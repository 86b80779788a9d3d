"""What Service Layer would answer to the writes of a rehearsal.

Business One computes totals when a document is written. A rehearsal can't ask for them without writing a draft and
takes those of the CRM; the export compares, and refuses a difference before anything is posted.
"""

from email import message_from_bytes
from email.message import Message
from urllib.parse import unquote

import httpx

from shared import jsontext
from shared.rehearsal.transport import Rehearsal, Row, answer
from shared.sapb1 import fence
from shared.sapb1.kinds import DRAFTS, SERVICES
from shared.sapb1.kinds import INVOICE as INVOICE_KIND
from shared.sapb1.partners import PARTNERS

ROOT = "/b1s/v2/"
ONLY_READ = frozenset({"Login", "Logout", "CompanyService_GetAdminInfo", "CompanyService_GetCompanyInfo"})
"""What Service Layer wants a POST for, though it changes nothing but a session."""
DOCUMENTS = frozenset({INVOICE_KIND.set, DRAFTS, *(kind.set for kind in SERVICES.values())})
NEW = 0
"""DocEntry and DocNum of a document that is not there"""
CRLF = "\r\n"


class Sapb1Rehearsal(Rehearsal):
    """A rehearsal's connection to Service Layer."""

    def reads(self, request: httpx.Request) -> bool:
        """A GET, signing in and out, and the functions that only read."""
        return request.method == "GET" or (request.method == "POST" and self.address(request.url) in ONLY_READ)

    def address(self, url: httpx.URL) -> str:
        """Give what follows ``/b1s/v2/``."""
        return unquote(url.raw_path.decode().partition("?")[0]).partition(ROOT)[2]

    def is_document(self, address: str) -> bool:
        """Whatever is no partner, item or claim."""
        return address.partition("(")[0] in DOCUMENTS

    def address_of(self, entity: str, row: Row) -> str:
        """Documents go by DocEntry, partners and claims by their code."""
        if entity in DOCUMENTS:
            return f"{entity}({row.get('DocEntry')})"
        name = {PARTNERS: "CardCode", fence.CLAIMS: "Code"}.get(entity, "ItemCode")
        return f"{entity}('{row.get(name)}')"

    async def write(self, request: httpx.Request, content: bytes) -> httpx.Response:
        """Create (alone or in a changeset), change, delete, cancel."""
        address = self.address(request.url)
        if address == "$batch":
            return self._batch(request.headers["content-type"], content)
        if request.method == "DELETE":
            self.note("DELETE", address, None)
            return answer(None, 204)
        if request.method == "PATCH":
            response, there = await self.held(request)
            if there is None:
                return response
            body = jsontext.loads(content)
            self.note("PATCH", address, body, there)
            self.changed(address, body)
            return answer(None, 204)
        if "(" in address or not content:
            self.note("POST", address, jsontext.loads(content) if content else None)
            self.changed(address.rpartition("/")[0], {"CancelStatus": "csYes"} if address.endswith("/Cancel") else {})
            return answer(None, 204)
        return answer(self._created(address, jsontext.loads(content)), 201)

    def _created(self, entity: str, body: Row) -> Row:
        self.note("POST", entity, body)
        row = {**body, **self._computed(body)} if entity in DOCUMENTS else dict(body)
        self.made(self.address_of(entity, row), row)
        return row

    def _computed(self, body: Row) -> Row:
        """Give what Business One adds to a new document, as far as an A/R invoice is copied from it."""
        lines = [
            {"LineNum": number, "LineStatus": "bost_Open", **line}
            | {"RemainingOpenQuantity": line.get("Quantity"), "Price": line.get("UnitPrice")}
            for number, line in enumerate(body.get("DocumentLines", []))
        ]
        freight = [
            {"LineNum": number, **each} for number, each in enumerate(body.get("DocumentAdditionalExpenses", []))
        ]
        computed = {"DocEntry": NEW, "DocNum": NEW, "CancelStatus": "csNo", "DocumentStatus": "bost_Open"}
        computed |= {"DocumentLines": lines, "DocumentAdditionalExpenses": freight}
        if self.sale is not None:
            computed |= {"DocTotal": self.sale.total, "VatSum": self.sale.tax, "DocTotalFc": 0, "WTAmount": 0}
        return computed

    def _batch(self, content_type: str, content: bytes) -> httpx.Response:
        message = message_from_bytes(f"Content-Type: {content_type}\r\n\r\n".encode() + content)
        lines = ["--batch", "Content-Type: multipart/mixed; boundary=changeset", ""]
        for number, (entity, body) in enumerate(_operations(message), 1):
            row = self._created(entity, body)
            head = ("Content-Type: application/http", "Content-Transfer-Encoding: binary", f"Content-ID: {number}")
            status = ("HTTP/1.1 201 Created", "Content-Type: application/json")
            lines += ["--changeset", *head, "", *status, "", jsontext.dumps(row)]
        lines += ["--changeset--", "--batch--", ""]
        headers = {"content-type": "multipart/mixed; boundary=batch"}
        return httpx.Response(202, headers=headers, content=CRLF.join(lines).encode())


def _operations(message: Message) -> list[tuple[str, Row]]:
    """Read the creations of a changeset; the product sends nothing else in one (see shared.sapb1.batch)."""
    if message.is_multipart():
        return [each for part in message.get_payload() if isinstance(part, Message) for each in _operations(part)]
    raw = message.get_payload(decode=True)
    if not isinstance(raw, bytes):
        raise TypeError("an operation without a body")
    head, _, body = raw.replace(b"\r\n", b"\n").partition(b"\n\n")
    target = head.decode().split(" ", 2)[1]
    return [(unquote(target).partition(ROOT)[2], jsontext.loads(body))]
