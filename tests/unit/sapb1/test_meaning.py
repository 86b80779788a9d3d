"""What each error of Service Layer makes of the request it answers."""

import json
from pathlib import Path

import pytest

from shared.errors import AnswerLost, BridgeError, Misconfigured, Refused, Unavailable
from shared.sapb1.meaning import AlreadyThere, RateMissing, SetupMissing, failure, read_error


def body(code: str, message: str = "") -> bytes:
    """Give a v2 error body."""
    return json.dumps({"error": {"code": code, "message": message}}).encode()


@pytest.mark.parametrize(
    ("status", "content", "expected"),
    [
        (401, body("301"), Unavailable),
        (401, body("100000027", "Login failed"), Misconfigured),
        (403, b"", SetupMissing),
        (400, body("-1000", "Property 'U_ACX_Key' of 'Document' is invalid"), SetupMissing),
        (404, body("200", "Unrecognized resource path."), SetupMissing),
        (400, body("-10", "1320000140 - Business partner code 'c1' already assigned"), AlreadyThere),
        (400, body("-2035", "This entry already exists"), AlreadyThere),
        (400, body("-10", "Update the exchange rate , 'GBP'"), RateMissing),
        (412, body("-2039"), Unavailable),
        (400, body("-2039"), Unavailable),
        (404, body("-2028", "No matching records found (ODBC -2028)"), AnswerLost),
        (502, b"<html>", AnswerLost),
        (500, body("-1000", "Property 'X' of 'Y' is invalid"), AnswerLost),
        (400, body("-1116", "Could not commit transaction"), Refused),
        (400, body("-5002", "Posting period locked"), Refused),
        (400, body("244", "Content ID should be specified"), Refused),
        (400, body("-5002"), Refused),
        (404, b"<html>There are no listeners connected for the endpoint</html>", AnswerLost),
        (408, b"", AnswerLost),
        (418, b"", AnswerLost),
    ],
)
def test_a_write_that_failed(status: int, content: bytes, expected: type[BridgeError]) -> None:
    assert type(failure(read_error(status, content), writes=True)) is expected


@pytest.mark.parametrize(("status", "content"), [(503, b""), (400, body("-2028")), (404, b"<html>"), (400, b"")])
def test_a_read_that_failed_is_never_a_lost_answer(status: int, content: bytes) -> None:
    assert type(failure(read_error(status, content), writes=False)) is Unavailable


def test_the_sentence_of_sap_reaches_the_refusal_and_no_log() -> None:
    made = failure(read_error(400, body("-5002", "Customer Ana Kovač is blocked")), writes=True)
    assert isinstance(made, Refused)
    assert made.refusal.values == {"message": "Customer Ana Kovač is blocked"}
    assert "Ana" not in str(made)


def test_the_currency_without_a_rate_is_named() -> None:
    made = failure(read_error(400, body("-10", "Update the exchange rate , 'GBP'")), writes=True)
    assert isinstance(made, RateMissing)
    assert made.currency == "GBP"


def test_every_error_as_seen_is_read(contracts: Path) -> None:
    seen = json.loads((contracts / "sapb1" / "samples" / "errors.json").read_text())
    for one in seen:
        error = read_error(one["http"], json.dumps(one["body"]).encode())
        assert error.code == str(one["body"]["error"]["code"])
        assert error.message
        assert isinstance(failure(error, writes=True), BridgeError)
