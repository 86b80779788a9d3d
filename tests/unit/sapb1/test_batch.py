"""A changeset goes out as Service Layer wants it, and its answer is read whole or not at all."""

from decimal import Decimal
from pathlib import Path

import pytest

from shared.sapb1 import batch
from shared.sapb1.batch import Create

CONTENT_TYPE = "multipart/mixed; boundary=batchresponse_00000000-0000-0000-0000-000000000000"


def test_every_operation_has_a_content_id_and_the_service_root() -> None:
    content_type, body = batch.encode(
        "/b1s/v2",
        [Create("U_ACX_CLAIM", {"Code": "k"}), Create("Invoices", {"Comments": "Счёт", "N": Decimal("1.10")})],
    )
    assert content_type.startswith("multipart/mixed; boundary=batch_")
    text = body.decode()
    assert text.count("\r\n") == text.count("\n")
    assert "Content-ID: 1\r\n\r\nPOST /b1s/v2/U_ACX_CLAIM HTTP/1.1\r\n" in text
    assert "Content-ID: 2\r\n\r\nPOST /b1s/v2/Invoices HTTP/1.1\r\n" in text
    assert '{"Comments":"Счёт","N":1.10}' in text


@pytest.mark.parametrize("version", ["v1", "v2"])
def test_a_captured_answer_is_read(contracts: Path, version: str) -> None:
    captured = (contracts / "sapb1" / "samples" / f"batch.{version}.response.txt").read_bytes()
    parts = batch.decode(CONTENT_TYPE, captured)
    assert [(part.content_id, part.status, part.content) for part in parts] == [
        ("1", 201, b'{"some":"content"}'),
        ("2", 204, b""),
        ("3", 204, b""),
    ]


@pytest.mark.parametrize("length", [0, 100, 400, 900, 1050])
def test_an_answer_that_is_cut_short_is_no_answer(contracts: Path, length: int) -> None:
    captured = (contracts / "sapb1" / "samples" / "batch.v2.response.txt").read_bytes()
    with pytest.raises(ValueError, match="batch answer"):
        batch.decode(CONTENT_TYPE, captured[:length].rstrip(b"-"))


@pytest.mark.parametrize("content_type", ["", "text/html", "application/json"])
def test_what_is_not_multipart_is_no_answer(content_type: str) -> None:
    with pytest.raises(ValueError, match="batch answer"):
        batch.decode(content_type, b"<html></html>")


def test_names_of_any_script_come_through() -> None:
    body = '{"CardName":"Ромашка — «ООО»"}'
    answer = f"--o\r\nContent-Type: application/http\r\n\r\nHTTP/1.1 201 Created\r\n\r\n{body}\r\n--o--\r\n"
    (part,) = batch.decode("multipart/mixed; boundary=o", answer.encode())
    assert part.content == body.encode()


ANSWER = "--o\r\nContent-Type: application/http\r\n\r\nHTTP/1.1 201 Created\r\n\r\n{}\r\n--o--\r\n"


@pytest.mark.parametrize(
    "content",
    ['{"Comments":"--o"}', '{"Comments":"--o--"}', "{\r\n--other\r\n}", "{\r\n--only-begins-like-it\r\n}"],
)
def test_what_only_looks_like_a_delimiter_is_content(content: str) -> None:
    (part,) = batch.decode("multipart/mixed; boundary=o", ANSWER.format(content).encode())
    assert part.content == content.replace("\r\n", "\n").encode()


def test_line_ends_quotes_and_folded_headers_are_taken_as_they_come() -> None:
    inner = "--i\nContent-Type: application/http\nContent-ID: 1\n\nHTTP/1.1 204 No Content\n\n\n--i--\n"
    outer = f'preamble\n--o\nContent-Type: multipart/mixed;\n boundary="i"\n\n{inner}\n--o--'
    (part,) = batch.decode('multipart/mixed; boundary="o"', outer.encode())
    assert part == batch.Part("1", 204, b"")


@pytest.mark.parametrize(
    "answer",
    [
        "",
        "--o--",
        ANSWER.format("{}").replace("--o--", "--o"),
        ANSWER.format("{}").replace("application/http", "text/html"),
        ANSWER.format("{}").replace("HTTP/1.1 201", "201"),
        ANSWER.format("{}").replace("application/http", "multipart/mixed"),
    ],
)
def test_what_does_not_say_what_was_done_is_no_answer(answer: str) -> None:
    with pytest.raises(ValueError, match="batch answer"):
        batch.decode("multipart/mixed; boundary=o", answer.encode())


def test_an_answer_cut_anywhere_is_no_answer() -> None:
    whole = ANSWER.format('{"DocEntry":1}').encode()
    last = whole.rindex(b"--o--") + len(b"--o--")
    for length in range(last):
        with pytest.raises(ValueError, match="batch answer"):
            batch.decode("multipart/mixed; boundary=o", whole[:length])
