"""The multipart shape of ``$batch``, to the byte."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.dataverse.batch import MAX_OPERATIONS, Operation, decode, encode

ROOT = "/api/data/v9.2/"


def test_operations_are_written_as_dataverse_takes_them() -> None:
    operations = [
        Operation("PATCH", "things(1)", {"total": Decimal("1.10"), "name": "Ромашка"}, {"If-Match": 'W/"7"'}),
        Operation("GET", "things(2)"),
    ]
    assert encode(operations, ROOT, "b1").decode() == (
        "--b1\r\n"
        "Content-Type: application/http\r\n"
        "Content-Transfer-Encoding: binary\r\n"
        "Content-ID: 1\r\n"
        "\r\n"
        "PATCH /api/data/v9.2/things(1) HTTP/1.1\r\n"
        "Accept: application/json\r\n"
        'If-Match: W/"7"\r\n'
        "Content-Type: application/json; charset=utf-8\r\n"
        "\r\n"
        '{"total":1.10,"name":"Ромашка"}\r\n'
        "--b1\r\n"
        "Content-Type: application/http\r\n"
        "Content-Transfer-Encoding: binary\r\n"
        "Content-ID: 2\r\n"
        "\r\n"
        "GET /api/data/v9.2/things(2) HTTP/1.1\r\n"
        "Accept: application/json\r\n"
        "\r\n"
        "\r\n"
        "--b1--\r\n"
    )


def test_more_than_dataverse_takes_is_an_error_of_ours() -> None:
    operation = Operation("GET", "things")
    assert encode([operation] * MAX_OPERATIONS, ROOT, "b").count(b"--b\r\n") == MAX_OPERATIONS
    with pytest.raises(ValueError, match="1001 operations"):
        encode([operation] * (MAX_OPERATIONS + 1), ROOT, "b")


CREATED = (
    b"--resp\r\nContent-Type: application/http\r\nContent-Transfer-Encoding: binary\r\n\r\n"
    b'HTTP/1.1 204 No Content\r\nOData-Version: 4.0\r\nETag: W/"9"\r\n\r\n\r\n'
)
READ = (
    b"--resp\r\nContent-Type: application/http\r\nContent-Transfer-Encoding: binary\r\nContent-ID: 2\r\n\r\n"
    b"HTTP/1.1 200 OK\r\nContent-Type: application/json; odata.metadata=minimal\r\n\r\n"
    b'{"total":1.10,\r\n\r\n"name":"x"}\r\n'
)
FAILED = (
    b"--resp\r\nContent-Type: application/http\r\n\r\n"
    b"HTTP/1.1 412 Precondition Failed\r\nContent-Type: application/json\r\n\r\n"
    b'{"error":{"code":"0x80060882","message":"changed"}}\r\n'
)
END = b"--resp--\r\n"
TYPE = "multipart/mixed; boundary=resp"


def test_answers_are_read_in_order_failed_ones_too() -> None:
    created, read, failed = decode(TYPE, CREATED + READ + FAILED + END)
    assert (created.status, created.headers["etag"], created.content, created.json()) == (204, 'W/"9"', b"", None)
    assert (read.status, read.json()) == (200, {"total": Decimal("1.10"), "name": "x"})
    assert (failed.status, failed.json()["error"]["code"]) == (412, "0x80060882")


@pytest.mark.parametrize(
    ("content_type", "content"),
    [
        pytest.param('multipart/mixed; boundary="resp"', CREATED + END, id="quoted boundary"),
        pytest.param("multipart/mixed;charset=utf-8;BOUNDARY=resp", CREATED + END, id="other parameters"),
        pytest.param(TYPE, b"preamble\r\n" + CREATED + END, id="preamble"),
        pytest.param(TYPE, b"\r\n" + CREATED + b"\r\n" + END, id="empty lines around"),
        pytest.param(TYPE, CREATED + b"--resp--", id="nothing after the end"),
        pytest.param(TYPE, CREATED + END + b"epilogue", id="epilogue"),
        pytest.param(TYPE, b"--resp\r\n\r\nHTTP/1.1 204 No Content\r\n" + END, id="no headers at all"),
        pytest.param(TYPE, b"--resp\r\n\r\nHTTP/1.1 204\r\n\r\n" + END, id="no reason"),
    ],
)
def test_shapes_that_the_standard_allows(content_type: str, content: bytes) -> None:
    (part,) = decode(content_type, content)
    assert (part.status, part.content) == (204, b"")


def test_an_empty_batch_has_no_answers() -> None:
    assert decode(TYPE, END) == []


@pytest.mark.parametrize(
    ("content_type", "content"),
    [
        pytest.param("application/json", b"{}", id="no multipart"),
        pytest.param("", b"", id="nothing"),
        pytest.param("text/html", b"<html>--resp--</html>", id="HTML"),
        pytest.param(TYPE, b"", id="empty"),
        pytest.param(TYPE, b"<html></html>", id="no boundary in it"),
        pytest.param(TYPE, b"--resp\r\n\r\nHTTP/1.1\r\n\r\n" + END, id="no status"),
        pytest.param(TYPE, b"--resp\r\n\r\nHTTP/1.1 abc\r\n\r\n" + END, id="a status that is no number"),
        pytest.param(TYPE, b"--resp\r\n\r\nHTTP/1.1 \xff\xfe\r\n\r\n" + END, id="no text"),
        pytest.param(TYPE, b"--resp\r\n" + END, id="an empty part"),
    ],
)
def test_what_is_no_answer_is_a_value_error(content_type: str, content: bytes) -> None:
    with pytest.raises(ValueError, match=r"batch|decode"):
        decode(content_type, content)


WHOLE = CREATED + READ + FAILED + END


@given(st.integers(0, len(WHOLE) - len(b"--\r\n")))
def test_an_answer_cut_anywhere_is_a_value_error(length: int) -> None:
    with pytest.raises(ValueError, match="cut short"):
        decode(TYPE, WHOLE[:length])


@given(st.binary(max_size=100), st.text(max_size=40))
def test_nothing_else_is_raised(content: bytes, content_type: str) -> None:
    try:
        decode(content_type, b"--resp" + content)
    except ValueError:
        pass
    else:
        assert "boundary" in content_type.lower()
