"""Messages: what is encoded is decoded, what is not ours is named without being quoted."""

import gzip
import json
import zlib
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.errors import Unreadable
from shared.messages import (
    GZIP_FROM,
    MAX_UNPACKED,
    SCHEMA,
    Binding,
    Document,
    Message,
    Reference,
    Result,
    State,
    salvage,
)
from shared.refusals import refusal
from tests.builders import INVOICE, NOW, ORGANIZATION, document, invoice, journalled, line, reference, result

MARKER = "Ivanov-quoted"

_texts = st.text(max_size=20)
_amounts = st.decimals(0, 10**15, places=2)
_lines = st.builds(
    line,
    net=_amounts.map(str),
    tax=_amounts.map(str),
    rate=st.none() | st.decimals(0, 100, places=1).map(str),
    number=st.integers(1, 999),
    id=st.uuids(),
    description=_texts,
    quantity=st.decimals(0, 10**9, places=10),
)
_documents = st.lists(_lines, min_size=1, max_size=5).flatmap(
    lambda lines: st.builds(
        document,
        st.builds(
            invoice,
            *(st.just(each) for each in lines),
            number=_texts,
            document_date=st.dates(date(2000, 1, 1), date(2100, 1, 1)),
        ),
        version=st.integers(0, 2**62),
        traceparent=st.text(max_size=100),
        bindings=st.dictionaries(_texts, _texts, max_size=3),
        journal=st.none() | st.builds(journalled, st.sampled_from(State), number=_texts),
    )
)


@settings(max_examples=60)
@given(_documents)
def test_a_document_arrives_as_it_was_sent(sent: Document) -> None:
    arrived = Document.decode(sent.encode())
    assert arrived == sent
    assert arrived.sale.content_hash() == sent.sale.content_hash()
    assert [str(each.net) for each in arrived.sale.lines] == [str(each.net) for each in sent.sale.lines]


MESSAGES: list[Message] = [
    reference(),
    document(),
    result(),
    result(
        State.REFUSED,
        reason=refusal("freight", value=Decimal("1.50")),
        hangs_on=("account:1",),
        lines=(INVOICE,),
        bindings=(Binding(table="product", id=INVOICE, accounting_id="x"),),
        journal=journalled(),
        next_attempt_at=datetime(2026, 1, 1, tzinfo=UTC),
    ),
]


@pytest.mark.parametrize("sent", MESSAGES, ids=["reference", "document", "posted", "refused"])
def test_every_kind_arrives_as_it_was_sent(sent: Message) -> None:
    assert type(sent).decode(sent.encode()) == sent


def test_amounts_travel_as_text() -> None:
    sent = json.loads(document(invoice(line("0.10", "0.02"))).encode())
    assert (sent["sale"]["net"], sent["sale"]["lines"][0]["tax"]) == ("0.10", "0.02")


def test_a_large_message_is_compressed_and_a_small_one_can_be_read_by_eye() -> None:
    large = document(invoice(*(line(number=number, description=f"№ {number}" * 20) for number in range(1, 400))))
    body = large.encode()
    assert body.startswith(b"\x1f\x8b")
    assert GZIP_FROM < len(body) < len(gzip.decompress(body)) / 4
    assert Document.decode(body) == large
    assert document().encode().startswith(b"{")
    assert large.encode() == body, "the same message has the same bytes"


def test_a_small_message_may_come_compressed_too() -> None:
    assert Reference.decode(gzip.compress(reference().encode())) == reference()


def _bomb() -> bytes:
    packer = zlib.compressobj(9, wbits=31)
    return packer.compress(b" " * (MAX_UNPACKED + 1)) + packer.flush()


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(gzip.compress(reference().encode())[:-1], id="cut at the end"),
        pytest.param(gzip.compress(reference().encode())[:30], id="cut in the middle"),
        pytest.param(b"\x1f\x8b", id="nothing but the mark"),
        pytest.param(b"\x1f\x8bgarbage and more garbage", id="garbage"),
        pytest.param(_bomb(), id="a bomb"),
    ],
)
def test_a_broken_compression_is_unreadable(body: bytes) -> None:
    with pytest.raises(Unreadable, match=r"^body: "):
        Reference.decode(body)
    assert salvage(body) is None


def changed(**changes: Any) -> bytes:
    content = json.loads(reference().encode()) | changes
    return json.dumps({name: value for name, value in content.items() if value is not ...}).encode()


@pytest.mark.parametrize(
    ("changes", "place"),
    [
        pytest.param({"surprise": MARKER}, "surprise", id="unknown field"),
        pytest.param({"id": MARKER}, "id", id="no GUID"),
        pytest.param({"id": ...}, "id", id="missing"),
        pytest.param({"table": MARKER}, "table", id="unknown table"),
        pytest.param({"kind": "result"}, "kind", id="another kind"),
        pytest.param({"schema_version": SCHEMA + 1}, "schema_version", id="another schema"),
        pytest.param({"occurred_at": MARKER}, "occurred_at", id="no time"),
        pytest.param({"attempt": -1}, "attempt", id="negative attempt"),
        pytest.param({"message_id": MARKER * 20}, "message_id", id="id too long"),
        pytest.param({"organization_id": None}, "organization_id", id="null"),
    ],
)
def test_a_wrong_field_is_named_and_nothing_is_quoted(changes: dict[str, Any], place: str) -> None:
    with pytest.raises(Unreadable) as caught:
        Reference.decode(changed(**changes))
    assert str(caught.value).startswith(f"Reference: {place}: ")
    assert MARKER not in str(caught.value)


def test_a_place_inside_a_document_is_named() -> None:
    content = json.loads(document().encode())
    content["sale"]["lines"][0]["net"] = MARKER
    with pytest.raises(Unreadable, match=r"^Document: sale\.lines\.0\.net: "):
        Document.decode(json.dumps(content).encode())


def test_the_name_of_an_unknown_field_can_not_flood_the_reason() -> None:
    with pytest.raises(Unreadable) as caught:
        Reference.decode(changed(**{"x" * 200_000: 1}))
    assert len(str(caught.value)) < 300


@pytest.mark.parametrize("body", [b"", b"null", b"[]", b"\xff", b"[" * 200_000], ids=str)
def test_what_is_no_message_is_unreadable_and_gives_no_reference(body: bytes) -> None:
    with pytest.raises(Unreadable):
        Result.decode(body)
    assert salvage(body) is None


@pytest.mark.parametrize(
    "sent",
    [
        pytest.param(json.loads(document().encode()) | {"new_field": [1]}, id="document"),
        pytest.param(json.loads(result().encode()) | {"state": "Unheard of"}, id="result"),
        pytest.param(json.loads(reference().encode()) | {"new_field": {}}, id="reference"),
    ],
)
def test_what_another_version_wrote_is_read_afresh(sent: dict[str, Any]) -> None:
    body = json.dumps(sent | {"schema_version": SCHEMA + 1}).encode()
    assert salvage(body) == reference()
    assert salvage(gzip.compress(body)) == reference()


@pytest.mark.parametrize(
    "sent",
    [
        pytest.param({"schema_version": SCHEMA, "surprise": 1} | json.loads(reference().encode()), id="our own schema"),
        pytest.param({"schema_version": SCHEMA + 1}, id="nothing to go by"),
        pytest.param({"schema_version": SCHEMA + 1, "reference": [1]}, id="no object"),
        pytest.param({"schema_version": SCHEMA + 1, "reference": {"table": "invoice"}}, id="no id"),
        pytest.param(
            json.loads(reference().encode()) | {"schema_version": SCHEMA + 1, "table": "lead"},
            id="a table of no concern",
        ),
    ],
)
def test_what_names_no_record_gives_no_reference(sent: dict[str, Any]) -> None:
    assert salvage(json.dumps(sent).encode()) is None


@given(st.binary(max_size=100) | st.binary(max_size=60).map(gzip.compress))
def test_no_bytes_raise_anything_else(body: bytes) -> None:
    with pytest.raises(Unreadable):
        Document.decode(body)
    assert salvage(body) is None


@pytest.mark.parametrize("state", State)
def test_states_that_mean_accounting_holds_it(state: State) -> None:
    assert state.in_accounting is (
        state.value
        in {"Exported", "Posted", "Paid", "Partially paid", "Draft awaiting approval", "Settled without payment"}
    )


def test_the_hash_is_of_the_content_alone() -> None:
    made = invoice()
    customer = made.customer.model_copy(update={"name": "Other", "phone": "1", "tax_number": "2"})
    product = line().product
    assert product is not None
    renamed = line(product=product.model_copy(update={"name": "Other", "number": "9"}))
    assert invoice(renamed, customer=customer).content_hash() == made.content_hash()
    for other in (
        invoice(line("1001")),
        invoice(line(rate="20")),
        invoice(line(description="x")),
        invoice(number="INV-2"),
        invoice(document_date=NOW.date().replace(day=1)),
        invoice(customer=made.customer.model_copy(update={"id": ORGANIZATION})),
        invoice(line(product=product.model_copy(update={"id": UUID(int=1)}))),
        invoice(line(rate=None)),
    ):
        assert other.content_hash() != made.content_hash()
