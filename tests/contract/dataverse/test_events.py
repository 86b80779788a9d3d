"""What a step sends has the structure of real captures: the same keys, the same wrapping of values."""

import json
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from infra.local.dataverse.events import ContextBuilder, serialize
from infra.local.dataverse.model import load_schema
from infra.local.dataverse.schema import Kind
from infra.local.dataverse.session import Event, Session, User
from infra.local.dataverse.store import Ref
from shared.jsontext import loads

NEWEST = "11_Update_msdyn_agentstatus.json"
FORMER = {"InitiatingUserAgent", "UserAzureActiveDirectoryObjectId", "InitiatingUserAzureActiveDirectoryObjectId"}
"""Keys that older captures don't have."""

ID = "60c4e274-0d87-4711-80e5-00155db19e6d"


@pytest.fixture(scope="session")
def captures(contracts: Path) -> dict[str, dict[str, Any]]:
    """The captures by name."""
    return {
        path.name: json.loads(path.read_text(encoding="utf-8-sig"))
        for path in sorted((contracts / "dataverse" / "events").glob("*.json"))
    }


def build(message: str) -> dict[str, Any]:
    """Give what is sent for an event on an invoice that has a column of every kind."""
    table = load_schema()["invoice"]
    row = {
        "invoiceid": ID,
        "name": "Invoice",
        "totalamount": Decimal("2154.3200"),
        "exchangerate": Decimal("1.0000000000"),
        "statecode": 0,
        "statuscode": 4,
        "ispricelocked": False,
        "customerid": Ref("account", ID),
        "createdon": "2026-01-31T22:00:00Z",
        "duedate": "2026-02-01",
        "onholdtime": 4,
        "description": None,
    }
    user = User(Ref("systemuser", ID), ID, is_admin=False)
    session = Session(user, request_id=ID, correlation_id=ID, user_agent="python", tag=None)
    event = Event(message, table, ID, {"statuscode": 4}, row, None if message == "Create" else row, row, 1)
    step = {"sdkmessageprocessingstepid": ID}
    image = {"imagetype": 2, "entityalias": "Image", "attributes": None}
    builder = ContextBuilder(ID, "unqorganization")
    body, _ = serialize(builder.build(event, session, step, [image], now="2026-02-01T00:00:00Z", unit=ID))
    assert b"\\/Date(" in body
    assert b'":"/' not in body
    return dict(loads(body))


def entities(value: Any) -> Iterator[dict[str, Any]]:
    """Give every entity inside a context."""
    if isinstance(value, dict):
        if "Attributes" in value:
            yield value
        value = list(value.values())
    if isinstance(value, list):
        for item in value:
            yield from entities(item)


def wrapping(value: Any) -> str:
    """Name the form of a value."""
    if isinstance(value, dict):
        return f"{value.get('__type', '').partition(':')[0]}{sorted(value)}"
    if isinstance(value, str) and value.startswith("/Date("):
        return "date"
    if isinstance(value, bool):
        return "boolean"
    return {str: "text", int: "number", float: "number", Decimal: "number"}.get(type(value), "null")


def forms(context: dict[str, Any]) -> set[str]:
    """Give the forms of all attribute values of a context."""
    return {wrapping(item["value"]) for entity in entities(context) for item in entity["Attributes"]}


def test_the_keys_are_those_of_the_newest_capture(captures: dict[str, dict[str, Any]]) -> None:
    real, ours = captures[NEWEST], build("Update")
    assert list(ours) == list(real)
    assert list(ours["ParentContext"]) == list(real["ParentContext"])
    assert ours["OwningExtension"].keys() == real["OwningExtension"].keys()
    assert {name: type(value) for name, value in ours.items()} == {name: type(value) for name, value in real.items()}


def test_no_key_is_unknown_to_the_older_captures(captures: dict[str, dict[str, Any]]) -> None:
    ours = set(build("Create"))
    for name, real in captures.items():
        assert ours - FORMER == set(real) - FORMER, name


def test_entities_have_the_keys_of_real_ones(captures: dict[str, dict[str, Any]]) -> None:
    real = {frozenset(entity) for context in captures.values() for entity in entities(context)}
    ours = {frozenset(entity) for message in ("Create", "Update") for entity in entities(build(message))}
    assert ours <= real


def test_values_are_wrapped_as_real_ones_are(captures: dict[str, dict[str, Any]]) -> None:
    real = set().union(*(forms(context) for context in captures.values()))
    ours = forms(build("Create"))
    assert ours <= real
    assert len(ours) >= 7


def test_dates_have_the_form_of_real_ones(captures: dict[str, dict[str, Any]]) -> None:
    assert build("Update")["OperationCreatedOn"] == "/Date(1769904000000+0000)/"
    assert captures[NEWEST]["OperationCreatedOn"].endswith("+0000)/")


def test_every_kind_of_column_was_sent() -> None:
    names = {item["key"] for entity in entities(build("Create")) for item in entity["Attributes"]}
    kinds = {load_schema()["invoice"].columns[name].kind for name in names}
    assert kinds >= {Kind.MONEY, Kind.DECIMAL, Kind.STATE, Kind.LOOKUP, Kind.DATE, Kind.DATETIME, Kind.BOOLEAN}
