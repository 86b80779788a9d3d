"""Reading a secret with the app's identity, and what is said where that fails."""

import logging
import time

import httpx
import pytest

from shared.errors import Misconfigured, Unavailable
from shared.identity import Identity
from tests.integration.secrets.conftest import RunningVault

VALUE = "пароль with every char: \" ' \\ & % + \u00a0"


async def test_a_secret_is_read_as_it_was_entered_and_the_newest_version_counts(vault: RunningVault) -> None:
    await vault.put("onec-password", "an older one")
    await vault.put("onec-password", VALUE)

    assert await vault.client.read("onec-password", "ONEC_PASSWORD") == VALUE


async def test_tokens_are_kept(vault: RunningVault) -> None:
    await vault.put("a", "1")
    for _ in range(3):
        await vault.client.read("a", "ONEC_PASSWORD")

    assert await vault.local("GET", "stats") == {"reads": {"a": 3}, "tokens": 1}


async def test_what_the_administrator_has_to_do_is_said(vault: RunningVault) -> None:
    await vault.put("disabled", "x", enabled=False)
    await vault.put("a", "x")
    with pytest.raises(Misconfigured, match=r"^SAPB1_PASSWORD: the vault at KEY_VAULT_URL has no secret"):
        await vault.client.read("unknown", "SAPB1_PASSWORD")
    with pytest.raises(Misconfigured, match=r"^SAPB1_PASSWORD: .* must be enabled"):
        await vault.client.read("disabled", "SAPB1_PASSWORD")
    await vault.local("POST", "access", granted=False)
    with pytest.raises(Misconfigured, match=r"^SAPB1_PASSWORD: .* Key Vault Secrets User"):
        await vault.client.read("a", "SAPB1_PASSWORD")


@pytest.mark.parametrize(
    "fault",
    [
        {"kind": "status", "status": 503},
        {"kind": "status", "status": 429, "retry_after": 7},
        {"kind": "html"},
        {"kind": "drop_before"},
        {"kind": "status", "status": 500, "body": {"error": {"code": "InternalError", "message": VALUE}}},
    ],
)
async def test_a_vault_that_is_away_is_an_outage(vault: RunningVault, fault: dict[str, object]) -> None:
    await vault.put("a", VALUE)
    vault.fault(**{"match": "/secrets/", **fault})  # type: ignore[arg-type] # mypy loses the kind among the fault's fields
    with pytest.raises(Unavailable) as caught:
        await vault.client.read("a", "ONEC_PASSWORD")
    assert VALUE not in str(caught.value)
    assert await vault.client.read("a", "ONEC_PASSWORD") == VALUE


async def test_without_an_identity_it_is_said_what_to_look_at(
    vault: RunningVault, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AZURE_CLIENT_ID", "00000000-0000-0000-0000-0000000000ff")
    async with Identity() as other:
        with pytest.raises(Unavailable, match="AZURE_CLIENT_ID") as caught:
            await other.token_for("https://vault.azure.net")
    assert "\n" not in str(caught.value)


async def test_a_secret_that_ends_soon_is_told_by_its_day_alone(
    vault: RunningVault, caplog: pytest.LogCaptureFixture
) -> None:
    await vault.put("a", VALUE, expires=int(time.time()) + 86_400)
    await vault.put("b", VALUE, expires=int(time.time()) + 90 * 86_400)
    with caplog.at_level(logging.WARNING):
        await vault.client.read("a", "ONEC_PASSWORD")
        await vault.client.read("b", "SAPB1_PASSWORD")
    assert "ONEC_PASSWORD" in caplog.text
    assert "SAPB1_PASSWORD" not in caplog.text
    assert VALUE not in caplog.text


# --- the local vault refuses what the real one refuses


async def _get(vault: RunningVault, path: str, token: str | None) -> httpx.Response:
    headers = {} if token is None else {"Authorization": f"Bearer {token}"}
    return await vault.outside.get(f"{vault.url}{path}", headers=headers)


async def test_no_token_and_a_wrong_one_are_challenged(vault: RunningVault) -> None:
    await vault.put("a", VALUE)
    other = (await vault.identity.token_for("https://management.azure.com")).token
    for token in (None, "invented", other):
        answer = await _get(vault, "/secrets/a?api-version=7.4", token)
        assert answer.status_code == 401
        assert 'resource="https://vault.azure.net"' in answer.headers["WWW-Authenticate"]
        assert answer.json()["error"]["code"] == "Unauthorized"
        assert VALUE not in answer.text


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("/secrets/unknown?api-version=7.4", 404, "SecretNotFound"),
        ("/secrets/a/0123456789abcdef?api-version=7.4", 404, "SecretNotFound"),
        ("/secrets/a", 400, "BadParameter"),
        ("/secrets/a?api-version=1.0", 400, "BadParameter"),
        ("/secrets/a_b?api-version=7.4", 400, "BadParameter"),
    ],
)
async def test_a_wrong_question_is_refused_in_its_shape(vault: RunningVault, path: str, status: int, code: str) -> None:
    await vault.put("a", VALUE)
    token = (await vault.identity.token_for("https://vault.azure.net")).token
    answer = await _get(vault, path, token)
    assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)


@pytest.mark.parametrize(
    ("header", "query", "status"),
    [
        ("", "api-version=2019-08-01&resource=https://vault.azure.net", 401),
        ("invented", "api-version=2019-08-01&resource=https://vault.azure.net", 401),
        (None, "resource=https://vault.azure.net", 400),
        (None, "api-version=2019-08-01", 400),
        (None, "api-version=2019-08-01&resource=https://vault.azure.net&client_id=another", 400),
    ],
)
async def test_the_identity_answers_only_its_own_app(
    vault: RunningVault, header: str | None, query: str, status: int
) -> None:
    given = vault.line["identity_header"] if header is None else header
    answer = await vault.outside.get(f"{vault.line['identity_endpoint']}?{query}", headers={"X-IDENTITY-HEADER": given})
    assert answer.status_code == status
    assert "access_token" not in answer.text


async def test_an_answer_too_large_for_a_secret_is_not_read(vault: RunningVault) -> None:
    await vault.put("a", "x" * 300_000)
    with pytest.raises(Unavailable, match="more than 256 KB"):
        await vault.client.read("a", "ONEC_PASSWORD")
