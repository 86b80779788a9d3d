"""What travels on the queues. Bodies are UTF-8 JSON, gzipped when large; amounts are strings, never floats."""

import gzip
import json
import zlib
from datetime import date, datetime
from enum import StrEnum
from typing import Literal, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from shared.documents import Sale, SaleTable
from shared.errors import Unreadable
from shared.refusals import Refusal
from shared.routes import Target

SCHEMA: Literal[2] = 2
"""Rises with every change of a message: another version of the bridge reads it as a reference (see salvage)."""
GZIP_FROM = 2 * 1024
"""Bytes. A document of 20 lines has 10 KB, 2.5 of them gzipped in 0.03 ms: a queue holds four times as many."""
MAX_UNPACKED = 32 * 1024 * 1024
_GZIP_MAGIC = b"\x1f\x8b"

Table = Literal[
    "invoice",
    "invoicedetail",
    "salesorder",
    "salesorderdetail",
    "account",
    "contact",
    "product",
    "acx_accountingexport",
]
"""Tables whose changes can cause an export; a row of the journal does when somebody presses Retry on it."""


REFUSED_CHANGE = "refused"
"""In the place of a row's hash: its version was refused, and accounting holds another one that is paid."""


class State(StrEnum):
    """Where a document stands; the labels are those of the journal's choice column."""

    WAITING = "Waiting"
    PAUSED = "Paused"
    BEFORE_START = "Before start"
    EXPORTED = "Exported"
    POSTED = "Posted"
    REFUSED = "Refused"
    RETRYING = "Retrying"
    CANCELLED = "Cancelled"
    PAID = "Paid"
    PARTIALLY_PAID = "Partially paid"
    BOUND = "Bound"
    DRAFT = "Draft awaiting approval"
    SETTLED = "Settled without payment"

    @property
    def in_accounting(self) -> bool:
        """Whether accounting holds the document in the version that the journal names."""
        return self in {State.EXPORTED, State.POSTED, State.DRAFT} or self.says_payment

    @property
    def says_payment(self) -> bool:
        """Whether it tells how far the document is paid, which only accounting knows."""
        return self in {State.PARTIALLY_PAID, State.PAID, State.SETTLED}


class Message(BaseModel):
    """What every message carries. ``traceparent`` is W3C's; one trace runs through every hop."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    organization_id: UUID
    correlation_id: str = Field(max_length=100)
    traceparent: str = Field(default="", max_length=100)

    def encode(self) -> bytes:
        """Give the body."""
        body = self.model_dump_json().encode()
        return gzip.compress(body, compresslevel=1, mtime=0) if len(body) >= GZIP_FROM else body

    @classmethod
    def decode(cls, body: bytes) -> Self:
        """Read a body. Unreadable says which field is wrong, and quotes nothing."""
        try:
            return cls.model_validate_json(unpack(body))
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False)[0]
            # The name of an unknown field is the sender's: a long one would not fit a message's properties.
            place = ".".join(str(part) for part in first["loc"])[:100] or "body"
            raise Unreadable(f"{cls.__name__}: {place}: {first['type']}") from None


def unpack(body: bytes) -> bytes:
    """Undo the compression of a body, whatever it unpacks to, up to 32 MB."""
    if not body.startswith(_GZIP_MAGIC):
        return body
    unpacker = zlib.decompressobj(wbits=31)
    try:
        data = unpacker.decompress(body, MAX_UNPACKED)
    except zlib.error:
        raise Unreadable("body: broken gzip") from None
    if unpacker.unconsumed_tail or not unpacker.eof:
        raise Unreadable("body: cut short, or larger than 32 MB unpacked")
    return data


class Reference(Message):
    """A hint that a record may have to be exported; everything else is read when it is handled."""

    kind: Literal["reference"] = "reference"
    schema_version: Literal[2] = SCHEMA
    table: Table
    id: UUID
    cause: str = Field(max_length=100)
    """event:Update, retry, …"""
    occurred_at: datetime
    """when the first event of this chain happened; the start of “seconds from event to posted”"""
    message_id: str = Field(max_length=128)
    """its own id on ``changes``; what it causes takes its ids from it"""
    attempt: int = Field(default=0, ge=0)


def salvage(body: bytes) -> Reference | None:
    """Make a reference of a message that another version of the bridge wrote, where its table and id can be read.

    A deployment in between must not lose a document: the reference is read afresh by whoever gets it.
    """
    try:
        content = json.loads(unpack(body))
    except (ValueError, RecursionError, Unreadable):
        return None
    if not isinstance(content, dict) or content.get("schema_version") == SCHEMA:
        return None
    inner = content.get("reference", content)
    if not isinstance(inner, dict):
        return None
    known = {name: inner[name] for name in Reference.model_fields if name in inner}
    try:
        return Reference.model_validate_json(json.dumps(known | {"schema_version": SCHEMA}))
    except ValidationError:
        return None


class Journalled(BaseModel):
    """What the journal knows of one record in one accounting system."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    row_id: UUID
    etag: str
    state: State
    version: int = 0
    hash: str = ""
    written_hash: str = ""
    generation: int = 0
    attempt: int = 0
    changed_at: datetime | None = None
    number: str = ""
    accounting_id: str = ""
    message: str = ""
    total: str = ""
    """what accounting holds, in ``currency``; empty: not known, as with its date"""
    currency: str = ""
    dated: str = ""
    """ISO 8601"""
    paid: str = ""
    """the paid amount, in the document's currency; empty: nothing is known of a payment"""
    retry: bool = False
    """whether somebody pressed Retry"""

    @property
    def in_books(self) -> bool:
        """Whether accounting may hold the document: it has an id there, or was handed out in a file."""
        return bool(self.accounting_id or self.written_hash)

    @property
    def may_be_held(self) -> bool:
        """Whether accounting holds the document, or may hold it by an attempt whose answer was lost.

        A refusal or a pause that followed such an attempt says nothing of what it did: its number of attempts stays.
        """
        return self.in_books or self.state is State.RETRYING or self.attempt > 0

    @property
    def is_lost(self) -> bool:
        """Whether nobody knows if accounting holds the document: an attempt had no answer, and no id is known."""
        return self.may_be_held and not self.in_books and self.state is not State.CANCELLED

    @property
    def generation_to_write(self) -> int:
        """The generation to write: a new one once accounting has cancelled the last."""
        cancelled = self.state is State.CANCELLED and bool(self.accounting_id)
        return self.generation + (1 if cancelled else 0)

    @property
    def is_refused(self) -> bool:
        """Whether the last word on the document's content is a refusal.

        What is paid stays Paid in the journal though a change of it was refused; the row is marked then.
        """
        return self.state is State.REFUSED or (self.state.says_payment and self.hash == REFUSED_CHANGE)

    @property
    def passes_for_written(self) -> bool:
        """Whether there is nothing to do with a document of the content that was written.

        A draft is looked at again: it may have been approved, and only then it has a number. So is one whose last
        change was refused: its sentence has to go once it is as it was.
        """
        return self.state.in_accounting and self.state is not State.DRAFT and not self.is_refused

    @property
    def awaits_a_look(self) -> bool:
        """Whether it is to be looked at though its version is known: what it was refused for may have been mended.

        Neither that nor Retry makes a version newer: while nothing may be written, the trigger itself has to wait.
        """
        return self.is_refused or self.retry


class Base(BaseModel):
    """The order that an invoice was made from, where that order was exported to the same accounting system."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    id: UUID
    accounting_id: str
    number: str = ""


class Issued(BaseModel):
    """An invoice that was made from an order, and what the journal says of it in the order's accounting system."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    id: UUID
    number: str
    generation: int
    in_books: bool


class Document(Message):
    """A whole document on its way to one accounting system. The connector needs nothing else."""

    kind: Literal["document"] = "document"
    schema_version: Literal[2] = SCHEMA
    target: Target
    route: str
    action: Literal["write", "cancel"] = "write"
    sale: Sale
    base: Base | None = None
    invoices: tuple[Issued, ...] = ()
    """of an order: what was made from it"""
    generation: int = 0
    """rises when a document that was cancelled in accounting is exported anew; part of the key"""
    version: int
    hash: str
    journal: Journalled | None
    bindings: dict[str, str] = {}
    """``table:id`` of customer and products → their id in accounting, as far as the journal knows them"""
    cards: dict[str, str] = {}
    """``table:id`` of the same → hash of the card that accounting was given last"""
    reference: Reference


class Binding(BaseModel):
    """A customer or a product that a connector found or created in accounting."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    table: Literal["account", "contact", "product"]
    id: UUID
    accounting_id: str
    number: str = ""
    card: str = ""
    """hash of the card that accounting was given"""


class Result(Message):
    """What became of a document, on its way to the journal."""

    kind: Literal["result"] = "result"
    schema_version: Literal[2] = SCHEMA
    target: Target
    table: SaleTable
    id: UUID
    record: str
    """the document's number in the CRM"""
    state: State
    version: int
    hash: str = ""
    written_hash: str = ""
    generation: int = 0
    attempt: int = 0
    at: datetime
    number: str = ""
    accounting_id: str = ""
    total: str = ""
    currency: str = ""
    dated: date | None = None
    """of the document in accounting"""
    reason: Refusal | None = None
    """why it is not in the books, or not yet; or what a person should know of a success"""
    next_attempt_at: datetime | None = None
    hangs_on: tuple[str, ...] = ()
    """``table:id`` of the records whose change may mend a refusal"""
    lines: tuple[UUID, ...] = ()
    bindings: tuple[Binding, ...] = ()
    journal: Journalled | None = None
    """the row as export read it: saves reading it again when nobody else wrote"""
    acknowledges: bool = False
    """says nothing new: the Retry that was pressed has been looked at"""
    read_back: bool = False
    """what the payments timer read in accounting: payment, cancellation; it says nothing of the content"""
    paid: str = ""
    """what was paid, in the document's currency; empty: nothing is said of it"""
    deferrals: int = 0
    """how often the journal could not be written"""
    reference: Reference
