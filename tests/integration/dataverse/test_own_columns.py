"""The columns that the settings name, held against a running Dataverse's definitions."""

import json
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import pytest
from pydantic import SecretStr

from shared.dataverse.client import Credentials, Dataverse
from shared.dataverse.own_columns import OwnColumns
from shared.errors import Misconfigured
from shared.http import Http
from tests.builders import onec_route, settings
from tests.integration.dataverse.conftest import Organization


@pytest.fixture
async def http() -> AsyncIterator[Http]:
    """Connections to Dataverse, counted."""
    made = Http("Dataverse")
    yield made
    await made.close()


def client(organization: Organization, http: Http) -> Dataverse:
    """Give the product's client, signed in as the application user."""
    line = organization.line
    credentials = Credentials(line["token_url"], line["client_id"], SecretStr(line["client_secret"]))
    return Dataverse(http, line["url"], credentials, UUID(line["organization_id"]))


def rules(*sources: str) -> str:
    """Give a field map of an account's columns."""
    made: list[dict[str, Any]] = [
        {"target": "onec", "record": "customer", "from": f"account.{source}", "to": f"Поле{number}"}
        for number, source in enumerate(sources)
    ]
    return json.dumps(made)


async def test_columns_that_exist_are_looked_up_once(organization: Organization, http: Http) -> None:
    known = settings(onec_route(), FIELD_MAP=rules("accountcategorycode", "_primarycontactid_value"))
    columns = OwnColumns(client(organization, http), known)
    await columns.check()
    before = http.round_trips
    await columns.check()
    assert http.round_trips == before


async def test_each_column_that_does_not_exist_is_named_with_its_setting(
    organization: Organization, http: Http
) -> None:
    wrong = settings(onec_route(), FIELD_MAP=rules("new_regoin", "name"), COLUMN_ACCOUNT_KPP="new_kpp")
    columns = OwnColumns(client(organization, http), wrong)
    for _ in range(2):
        with pytest.raises(Misconfigured) as raised:
            await columns.check()
        assert raised.value.problems == (
            "COLUMN_ACCOUNT_KPP: Dataverse has no column “new_kpp” in the table account",
            "FIELD_MAP: “account.new_regoin” → “Поле0” of a customer: Dataverse has no column “new_regoin” in the table"
            " account",
        )
