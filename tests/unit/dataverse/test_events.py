"""Events by table and by brute force: a body is an event or Unreadable, and nothing of it is quoted."""

import json
from typing import Any
from uuid import UUID

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from shared.dataverse.events import parse
from shared.errors import Unreadable
from tests.builders import INVOICE, ORGANIZATION

USER = UUID("0c000000-0000-4000-8000-000000000001")
CORRELATION = UUID("0d000000-0000-4000-8000-000000000001")
MARKER = "Ivanov-quoted"


def context(**changes: Any) -> dict[str, Any]:
    values: dict[str, Any] = {
        "PrimaryEntityName": "invoice",
        "PrimaryEntityId": str(INVOICE),
        "MessageName": "Update",
        "OrganizationId": str(ORGANIZATION),
        "CorrelationId": str(CORRELATION),
        "OperationId": str(UUID(int=5)),
        "OperationCreatedOn": "/Date(1527757530151)/",
        "InitiatingUserId": str(USER),
        "Secret": MARKER,
    }
    return {name: value for name, value in (values | changes).items() if value is not ...}


def body(**changes: Any) -> bytes:
    return json.dumps(context(**changes)).encode()


def wrapped(value: object, kind: str = "Guid:#System") -> dict[str, object]:
    return {"__type": kind, "__value": value}


def test_an_event_says_who_what_and_which() -> None:
    event = parse(body())
    assert (event.table, event.id, event.message) == ("invoice", INVOICE, "Update")
    assert (event.organization_id, event.initiating_user_id) == (ORGANIZATION, USER)
    assert event.correlation_id == str(CORRELATION)
    assert len(event.event_id) <= 128


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"PrimaryEntityId": wrapped(str(INVOICE))}, id="id"),
        pytest.param({"OrganizationId": wrapped(str(ORGANIZATION))}, id="organization"),
        pytest.param({"PrimaryEntityName": wrapped("invoice", "String:#System")}, id="table"),
        pytest.param({"OperationCreatedOn": wrapped("/Date(1527757530151)/", "DateTime:#System")}, id="time"),
        pytest.param({"InitiatingUserId": wrapped(str(USER)), "OperationId": wrapped(str(UUID(int=5)))}, id="others"),
        pytest.param({"PrimaryEntityId": f"{{{str(INVOICE).upper()}}}"}, id="braces and capitals"),
    ],
)
def test_a_wrapped_value_is_the_same_event(changes: dict[str, Any]) -> None:
    assert parse(body(**changes)) == parse(body())


@pytest.mark.parametrize("absent", [..., None], ids=["absent", "null"])
def test_who_and_when_may_be_missing(absent: object) -> None:
    event = parse(body(InitiatingUserId=absent, OperationId=absent, OperationCreatedOn=absent))
    assert event.initiating_user_id is None
    assert event.event_id == parse(body(InitiatingUserId=absent, OperationId=absent, OperationCreatedOn=None)).event_id


@pytest.mark.parametrize(
    "changes",
    [
        {"PrimaryEntityId": str(UUID(int=1))},
        {"PrimaryEntityName": "account"},
        {"MessageName": "Create"},
        {"OrganizationId": str(UUID(int=1))},
        {"CorrelationId": str(UUID(int=1))},
        {"OperationId": str(UUID(int=1))},
        {"OperationCreatedOn": "/Date(1527757530152)/"},
    ],
    ids=lambda changes: next(iter(changes)),
)
def test_another_event_has_another_id(changes: dict[str, Any]) -> None:
    assert parse(body(**changes)).event_id != parse(body()).event_id


@pytest.mark.parametrize("name", ["PrimaryEntityName", "PrimaryEntityId", "MessageName", "OrganizationId"])
@pytest.mark.parametrize(
    "value",
    [
        pytest.param(..., id="missing"),
        pytest.param(None, id="null"),
        pytest.param("", id="empty"),
        pytest.param(12, id="number"),
        pytest.param(True, id="boolean"),
        pytest.param([MARKER], id="list"),
        pytest.param({"Value": MARKER}, id="object"),
        pytest.param({"__value": 5}, id="number wrapped"),
        pytest.param({"__value": {"__value": MARKER}}, id="wrapped twice"),
        pytest.param(MARKER * 20, id="too long"),
        pytest.param("\ud800", id="half a character"),
    ],
)
def test_a_wrong_value_is_named_and_not_quoted(name: str, value: object) -> None:
    with pytest.raises(Unreadable, match=f"^{name} is not ") as caught:
        parse(body(**{name: value}))
    assert MARKER not in str(caught.value)


@pytest.mark.parametrize(
    "value", ["invoice", "1a000000-0000-4000-8000-00000000000", "1a000000-0000-4000-8000-00000000000g", " " * 32]
)
@pytest.mark.parametrize("name", ["PrimaryEntityId", "OrganizationId", "CorrelationId", "OperationId"])
def test_an_id_that_is_no_guid_is_unreadable(name: str, value: str) -> None:
    with pytest.raises(Unreadable, match=f"{name} is not a GUID"):
        parse(body(**{name: value}))


@pytest.mark.parametrize("value", [5, ["x"], {"__value": 5}, "\udfff"], ids=["number", "list", "wrapped", "half"])
def test_a_time_that_is_no_text_is_unreadable(value: object) -> None:
    with pytest.raises(Unreadable, match="OperationCreatedOn"):
        parse(body(OperationCreatedOn=value))


@pytest.mark.parametrize(
    "sent",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"{", id="cut short"),
        pytest.param(b"null", id="null"),
        pytest.param(b"[]", id="list"),
        pytest.param(b'"text"', id="text"),
        pytest.param(b"<html></html>", id="HTML"),
        pytest.param(b"\xff\xfe\x00", id="no UTF-8"),
        pytest.param(b"[" * 200_000, id="nested without end"),
        pytest.param(b'{"a":' * 100_000, id="objects without end"),
        pytest.param(b'{"PrimaryEntityName": NaN}', id="NaN"),
        pytest.param(b'{"a": 1e99999999999999999999}', id="a number without end"),
        pytest.param(b'{"a": ' + b"9" * 5000 + b"}", id="a long number"),
    ],
)
def test_what_is_no_json_object_is_unreadable(sent: bytes) -> None:
    with pytest.raises(Unreadable):
        parse(sent)


_anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(codec=None), max_size=40),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["__value", "__type", "x"]), inner),
    max_leaves=6,
)


@given(st.dictionaries(st.sampled_from(sorted(context())), _anything, max_size=4))
@example({"MessageName": "\ud800"})
def test_no_json_raises_anything_else(changes: dict[str, Any]) -> None:
    try:
        event = parse(body(**changes))
    except Unreadable:
        return
    assert event.table


@given(st.binary(max_size=200))
def test_no_bytes_raise_anything_else(sent: bytes) -> None:
    with pytest.raises(Unreadable):
        parse(sent)
