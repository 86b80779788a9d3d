"""What the connector decides before it writes anything."""

import asyncio
from uuid import uuid4

import httpx
import pytest
from pydantic import SecretStr

from infra.local.onec import metadata
from shared.accounting import Bindings
from shared.errors import Misconfigured, Unavailable
from shared.http import Http
from shared.onec.connector import OnecConnector
from tests.unit.onec import samples


def connector(answer: httpx.Response) -> tuple[OnecConnector, list[httpx.Request]]:
    """Give a connector whose base gives one answer to everything, and what it was asked."""
    asked: list[httpx.Request] = []

    def handle(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return answer

    http = Http("onec", httpx.MockTransport(handle))
    url = "https://1c.example/odata/standard.odata"
    return OnecConnector(http, url, "user", SecretStr("x"), samples.ORGANIZATION_ID), asked


async def test_names_are_checked_once_however_many_ask() -> None:
    own, asked = connector(httpx.Response(200, text=metadata.edmx()))

    await asyncio.gather(*(own.check_names(samples.route()) for _ in range(5)))

    assert [each.url.path.rpartition("/")[2] for each in asked] == ["$metadata"]


async def test_a_name_that_the_base_lacks_stops_everything_and_is_named() -> None:
    text = metadata.edmx().replace('"СуммаВключаетНДС"', '"Другое"')
    own, asked = connector(httpx.Response(200, text=text))

    for _ in range(3):
        with pytest.raises(Misconfigured, match=r"Document_СчетНаОплатуПокупателю\.СуммаВключаетНДС"):
            await own.export(samples.document(), samples.route(), samples.key(), Bindings({}))

    assert len(asked) == 1


async def test_a_page_instead_of_metadata_is_an_outage_and_asked_again() -> None:
    own, asked = connector(httpx.Response(200, html="<html></html>"))

    for _ in range(2):
        with pytest.raises(Unavailable, match="metadata"):
            await own.check_names(samples.route())

    assert len(asked) == 2


async def test_another_organization_is_never_written() -> None:
    own, asked = connector(httpx.Response(200, text=metadata.edmx()))

    with pytest.raises(Misconfigured, match="organization"):
        await own.export(samples.document(organization_id=uuid4()), samples.route(), samples.key(), Bindings({}))

    assert asked == []
