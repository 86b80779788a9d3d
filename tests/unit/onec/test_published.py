"""Which names a route needs of a base, and what their absence stops."""

import httpx
import pytest
from pydantic import SecretStr

from infra.local.onec import metadata
from shared.errors import Misconfigured
from shared.http import Http
from shared.onec import names
from shared.onec.client import OnecClient
from shared.onec.published import Published, needed
from shared.routes import Route
from tests.unit.onec import samples

ACTS = samples.route(samples.books(schet_faktura="create"), way="2A")
BOTH = samples.route(samples.books(schet_faktura="create", realizatsiya=True))
DUE = samples.route(samples.books(due_dates=True, email_kind=samples.ident("kind")))


def published(*absent: str) -> Published:
    """Give the names of a base that lacks some."""
    text = metadata.edmx()
    for name in absent:
        text = text.replace(f'Name="{name}"', 'Name="Другое"')
    http = Http("onec", httpx.MockTransport(lambda _: httpx.Response(200, text=text)))
    return Published(OnecClient(http, "https://1c.example/odata/standard.odata", "user", SecretStr("x")))


@pytest.mark.parametrize(
    ("route", "absent", "stopped"),
    [
        (samples.route(), names.SALES, False),
        (samples.route(), names.INVOICES, True),
        (samples.route(), "ОрганизацияПолучатель_Key", True),
        (samples.route(), "ЭтоУниверсальныйДокумент", False),
        (samples.route(), names.DUE_DATES, False),
        (DUE, names.DUE_DATES, True),
        (DUE, names.CONTACTS, True),
        (ACTS, names.SALES, True),
        (ACTS, names.INVOICES, False),
        (ACTS, names.TAX_INVOICES, True),
        (ACTS, "ЭтоУниверсальныйДокумент", True),
        (ACTS, names.CORRECTIONS, False),
        (BOTH, names.INVOICES, True),
        (BOTH, names.SALE_SERVICES, True),
        (BOTH, names.COUNTERPARTIES, True),
    ],
)
async def test_a_route_is_stopped_by_what_its_own_documents_need(route: Route, absent: str, stopped: bool) -> None:
    own = published(absent)
    if not stopped:
        await own.check(needed(route))
        return
    with pytest.raises(Misconfigured) as raised:
        await own.check(needed(route))
    assert absent in str(raised.value)


async def test_what_a_base_does_not_publish_at_all_is_known() -> None:
    own = published(names.SALES)

    assert await own.has(names.INVOICES)
    assert not await own.has(names.SALES)


async def test_payments_by_card_are_looked_at_where_a_base_publishes_them() -> None:
    assert await published("Сделка").has(names.PAYMENT_ROWS)
    for absent in (names.CARD_ROWS, "Сделка"):
        own = published(absent)
        assert not await own.has(names.CARD_ROWS)
        await own.check(names.FOR_CHANGING_SCHET)
    assert await published("ничего").has(names.CARD_ROWS)
