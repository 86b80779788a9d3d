"""What the core talks to, in memory: a queue, a Dataverse, an accounting system. Each can be told to fail."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from shared.accounting import Bindings, Outcome
from shared.bus import CHANGES, RESULTS, Envelope
from shared.dataverse import journal
from shared.dataverse.batch import Operation, Part
from shared.dataverse.client import Dataverse
from shared.errors import Misconfigured
from shared.intake import Incoming
from shared.messages import Document, Message, Reference, Result, State
from shared.routes import Route
from tests.builders import ORGANIZATION


@dataclass
class MemoryBus:
    """Keeps what is sent, in order; raises instead where it was told to."""

    sent: list[tuple[str, Envelope]] = field(default_factory=list)
    failure: Exception | None = None

    async def send(self, queue: str, envelopes: Iterable[Envelope]) -> None:
        """Keep the messages."""
        if self.failure is not None:
            raise self.failure
        self.sent += [(queue, envelope) for envelope in envelopes]

    def on(self, queue: str) -> list[Envelope]:
        """Give what was sent to a queue."""
        return [envelope for name, envelope in self.sent if name == queue]

    def references(self) -> list[Reference]:
        """Give the references on ``changes``."""
        return [Reference.decode(envelope.body) for envelope in self.on(CHANGES)]

    def results(self) -> list[Result]:
        """Give the results on ``results``."""
        return [Result.decode(envelope.body) for envelope in self.on(RESULTS)]

    def documents(self, queue: str = "onec") -> list[Document]:
        """Give the documents on a target's queue."""
        return [Document.decode(envelope.body) for envelope in self.on(queue)]


def incoming(queue: str, message: Message | bytes, message_id: str = "m1") -> Incoming:
    """Give a message as a trigger gives it."""
    return Incoming(queue, message if isinstance(message, bytes) else message.encode(), message_id)


_IN = re.compile(r"PropertyName='(\w+)',PropertyValues=\[(.*?)\]\)")


class FakeDataverse(Dataverse):
    """Invoices, lines and journal rows in memory; answers what export and writeback ask, and nothing else."""

    def __init__(self, *invoices: dict[str, Any]) -> None:
        """Take the invoices' rows as export reads them."""
        self.invoices = {UUID(row["invoiceid"]): row for row in invoices}
        self.owners: dict[UUID, UUID] = {}
        """line → invoice"""
        self.refused: dict[str, list[UUID]] = {}
        """``table:id`` → invoices whose refusal hangs on it"""
        self.accounts: dict[UUID, dict[str, Any]] = {}
        """with masters and those merged into them, as they are read one by one"""
        self.journal: dict[str, dict[str, Any]] = {}
        self.failure: Exception | None = None
        self.organization = ORGANIZATION
        self.queries: list[str] = []
        self.batches: list[list[Operation]] = []
        self.refuse: Callable[[Operation], Part | None] = lambda operation: None
        self.before_batch: Callable[[], None] = lambda: None
        """lets somebody else write between our reading and our writing"""

    async def check_organization(self, *, anew: bool = False) -> None:
        """Fail, where told to."""
        if self.failure is not None:
            raise self.failure
        if self.organization != ORGANIZATION:
            raise Misconfigured("DATAVERSE_ORGANIZATION_ID: another one answers")

    async def rows(self, path: str, query: Mapping[str, str]) -> list[dict[str, Any]]:
        """Answer the questions that are asked."""
        if self.failure is not None:
            raise self.failure
        if path == "organizations":
            return [{"discountcalculationmethod": 0}]
        if path.startswith("EntityDefinitions("):
            raise Misconfigured("DATAVERSE_CLIENT_ID: the application user lacks a right to definitions")
        self.queries.append(path)
        asked = _IN.search(query["$filter"])
        if path == journal.SET and asked is None:
            needles = re.findall(r"contains\((\w+),'([^']*)'\)", query["$filter"])
            assert needles
            return [
                {column: needle, "_acx_invoiceid_value": str(owner)}
                for column, needle in needles
                for owner in self.refused.get(needle, [])
            ]
        assert asked is not None
        values = [value.strip("'") for value in asked[2].split(",")]
        match path, asked[1]:
            case "invoices", "invoiceid":
                return [self.invoices[UUID(value)] for value in values if UUID(value) in self.invoices]
            case "invoicedetails", "invoicedetailid":
                lines = [UUID(value) for value in values if UUID(value) in self.owners]
                return [{"invoicedetailid": str(line), "_invoiceid_value": str(self.owners[line])} for line in lines]
            case "accounts", "accountid":
                return [self.accounts[UUID(value)] for value in values if UUID(value) in self.accounts]
            case journal.SET, "acx_key":
                return [dict(self.journal[value]) for value in values if value in self.journal]
        raise AssertionError(f"{path} by {asked[1]} is asked of nobody")

    async def more(self, row: dict[str, Any], collection: str) -> None:
        """Complete nothing: every row is whole."""

    def write(self, key: str, **columns: Any) -> dict[str, Any]:
        """Write a journal row as somebody else does."""
        row = self.journal.setdefault(key, {"acx_accountingexportid": str(uuid4()), "acx_key": key})
        row |= columns | {"@odata.etag": f'W/"{uuid4()}"', "acx_target": key.split(":", maxsplit=1)[0]}
        return row

    async def batch(self, operations: Sequence[Operation]) -> list[Part]:
        """Write journal rows, each by itself, as Dataverse does with continue-on-error."""
        self.before_batch()
        if self.failure is not None:
            raise self.failure
        self.batches.append(list(operations))
        return [self.refuse(operation) or self._one(operation) for operation in operations]

    def _one(self, operation: Operation) -> Part:
        body = {name: value for name, value in (operation.body or {}).items() if not name.endswith("@odata.bind")}
        if operation.method == "POST":
            if body["acx_key"] in self.journal:
                return error(412, "0x80060892")
            self.write(body["acx_key"], **body)
            return Part(204, {}, b"")
        for key, row in self.journal.items():
            if operation.path == f"{journal.SET}({row['acx_accountingexportid']})":
                if operation.headers["If-Match"] != row["@odata.etag"]:
                    return error(412, "0x80060882")
                self.write(key, **body)
                return Part(204, {}, b"")
        return error(404, "0x80040217")


def error(status: int, code: str) -> Part:
    """Give an error as a part of a batch's answer."""
    return Part(status, {"content-type": "application/json"}, b'{"error":{"code":"%s"}}' % code.encode())


@dataclass
class FakeAccounting:
    """An accounting system that holds documents by key."""

    failure: Exception | None = None
    calls: list[tuple[Document, Route, UUID]] = field(default_factory=list)
    held: dict[UUID, Outcome] = field(default_factory=dict)
    bind: bool = False
    """whether it finds the customer and the products"""

    async def export(self, document: Document, route: Route, key: UUID, bindings: Bindings) -> Outcome:
        """Hold the document, once."""
        self.calls.append((document, route, key))
        if self.bind:
            bindings.add(document.sale.customer, "customer-1", "C-1")
        if self.failure is not None:
            raise self.failure
        invoice = document.sale
        outcome = Outcome(State.POSTED, "0000-000001", "ref-1", invoice.total, "RUB", document.hash)
        return self.held.setdefault(key, outcome)

    async def ping(self) -> None:
        """Answer."""

    async def cancel(self, document: Document, route: Route, key: UUID) -> Outcome:
        """Take back what is held."""
        self.calls.append((document, route, key))
        if self.failure is not None:
            raise self.failure
        held = self.held.pop(key, None)
        number, accounting_id = (held.number, held.accounting_id) if held else ("", "")
        return Outcome(State.CANCELLED, number, accounting_id, None, "RUB", "")

    async def close(self) -> None:
        """Hold no connection."""


def clock(moment: datetime) -> Callable[[], datetime]:
    """Give a clock that stands."""
    return lambda: moment
