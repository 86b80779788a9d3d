"""Seven bodies that Dataverse really sent: each names its row, whatever else it holds."""

import json
from pathlib import Path
from uuid import UUID

import pytest

from shared.dataverse.events import parse
from shared.errors import Unreadable

BODIES = [
    ("01_Update_new_customactivity.json", "new_customactivity", "Update"),
    ("03_Create_sharepointdocumentlocation.json", "sharepointdocumentlocation", "Create"),
    ("04_Update_account.json", "account", "Update"),
    ("06_Create_albxrm_alltypes.json", "albxrm_alltypes", "Create"),
    ("08_Update_contact.json", "contact", "Update"),
    ("09_Create_account.json", "account", "Create"),
    ("11_Update_msdyn_agentstatus.json", "msdyn_agentstatus", "Update"),
]
bodies = pytest.mark.parametrize(("name", "table", "message"), BODIES, ids=[name for name, _, _ in BODIES])


@bodies
def test_a_real_body_names_its_row(contracts: Path, name: str, table: str, message: str) -> None:
    body = (contracts / "dataverse" / "events" / name).read_bytes()
    context = json.loads(body.decode("utf-8-sig"))
    event = parse(body)
    assert (event.table, event.message) == (table, message)
    assert event.id == UUID(context["PrimaryEntityId"])
    assert event.organization_id == UUID(context["OrganizationId"])
    assert event.initiating_user_id == UUID(context["InitiatingUserId"])
    assert event.correlation_id == context["CorrelationId"]


@bodies
def test_a_real_body_that_dataverse_sends_again_is_the_same_event(
    contracts: Path, name: str, table: str, message: str
) -> None:
    body = (contracts / "dataverse" / "events" / name).read_bytes()
    again = json.dumps(json.loads(body.decode("utf-8-sig"))).encode()
    assert parse(again).event_id == parse(body).event_id


@bodies
def test_a_real_body_without_what_is_dropped_from_large_ones(
    contracts: Path, name: str, table: str, message: str
) -> None:
    context = json.loads((contracts / "dataverse" / "events" / name).read_bytes().decode("utf-8-sig"))
    for dropped in ("ParentContext", "InputParameters", "PreEntityImages", "PostEntityImages"):
        context.pop(dropped, None)
    assert parse(json.dumps(context).encode()).table == table


@bodies
def test_a_real_body_cut_short_is_unreadable(contracts: Path, name: str, table: str, message: str) -> None:
    body = (contracts / "dataverse" / "events" / name).read_bytes().rstrip()
    for length in (0, 1, len(body) // 2, len(body) - 1):
        with pytest.raises(Unreadable):
            parse(body[:length])


def test_every_real_body_is_an_event_of_its_own(contracts: Path) -> None:
    events = [parse((contracts / "dataverse" / "events" / name).read_bytes()) for name, _, _ in BODIES]
    assert len({event.event_id for event in events}) == len(BODIES)
