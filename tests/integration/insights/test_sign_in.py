"""Telemetry is sent by the app's identity where the setting asks for it: the real azure-identity in between, over TLS.

The token comes from the endpoint of a managed identity, and a server takes telemetry with that token alone, as a
resource does whose local authentication is off.
"""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from aiohttp import web

from infra.local.insights.server import create
from infra.local.serving import ServeOptions
from shared import tls
from shared.telemetry import problems, recorder
from shared.telemetry.allowed import scrub
from shared.telemetry.invocations import sender
from shared.telemetry.outbox import Outbox
from tests.integration.insights.conftest import Insights, way
from tests.integration.insights.test_exporters import arrived, work
from tests.integration.secrets.conftest import RunningVault, vault
from tests.integration.tls.authority import Authority

__all__ = ["vault", "way"]

# OpenCensus is retired and will not be mended.
pytestmark = pytest.mark.filterwarnings("ignore:.locale.getdefaultlocale:DeprecationWarning")

TOKEN = "token-of-the-app"
MONITOR = "https://monitor.azure.com/"


@pytest.fixture
async def guarded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Insights]:
    """A server that takes telemetry with the token alone. Over TLS: a token must not travel in the clear."""
    authority = Authority(complete=True)
    (tmp_path / "authority.pem").write_text(authority.pem)
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "authority.pem"))
    service = create(ServeOptions(settings={"token": TOKEN}))
    runner = web.AppRunner(service.app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=authority.server(tmp_path)).start()
    url = f"https://localhost:{runner.addresses[0][1]}"
    async with httpx.AsyncClient(base_url=url, trust_env=False, verify=tls.context(authority.pem)) as client:
        yield Insights(url, str(service.announce(url)["connection_string"]), client)
    await runner.cleanup()


@pytest.fixture
async def known(vault: RunningVault) -> RunningVault:
    """An identity that may send telemetry."""
    await vault.local("POST", "tokens", resource=MONITOR, token=TOKEN)
    return vault


async def sent(insights: Insights, way: str, sign_in: str, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Record and send something with a setting; give the names of the spans that arrived."""
    box = Outbox(lambda: sender(way, insights.connection_string, sign_in), scrub, first_pause=0.0)
    monkeypatch.setattr(recorder.out, "box", box)
    work()
    assert await arrived(box)
    await asyncio.to_thread(box.close, 10.0)
    return [row["name"] for row in await insights.rows(table="dependencies")]


async def test_telemetry_carries_the_token_of_the_identity_that_is_named(
    guarded: Insights, known: RunningVault, way: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    sign_in = f"Authorization=AAD;ClientId={known.line['client_id']}"
    assert "onec_connector" in await sent(guarded, way, sign_in, monkeypatch)
    assert problems() == []


async def test_without_a_client_id_the_only_identity_signs_in(
    guarded: Insights, known: RunningVault, way: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "onec_connector" in await sent(guarded, way, "Authorization=AAD", monkeypatch)


@pytest.mark.parametrize("sign_in", ["", "Authorization=ApiKey;ClientId=x", "ClientId=x"])
async def test_without_a_sign_in_nothing_is_taken_and_health_says_so(
    guarded: Insights, known: RunningVault, way: str, sign_in: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert await sent(guarded, way, sign_in, monkeypatch) == []
    assert len(problems()) == 1
    assert (await known.local("GET", "stats"))["tokens"] == 0


async def test_an_identity_that_is_not_assigned_is_a_problem_and_no_more(
    guarded: Insights, known: RunningVault, way: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert await sent(guarded, way, "Authorization=AAD;ClientId=another", monkeypatch) == []
    (problem,) = problems()
    assert "Application Insights" in problem
    work()
