"""A secret in the vault: how long it is kept, and when it is read again."""

import asyncio
from typing import cast

import pytest
from pydantic import SecretStr

from shared.errors import Misconfigured, Unavailable
from shared.secrets import KEPT_SECONDS, REREAD_SECONDS, Vault, VaultSecret, offer
from shared.setting_values import resource_of, vault_address


class FakeVault:
    """Holds one secret; counts how often it is read."""

    def __init__(self) -> None:
        self.value = "old"
        self.reads = 0
        self.failure: Exception | None = None

    async def read(self, name: str, setting: str) -> str:
        self.reads += 1
        await asyncio.sleep(0)
        if self.failure is not None:
            raise self.failure
        return self.value


class Desk:
    """A secret, its vault, a clock, and a system that takes one password."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self.vault = FakeVault()
        self.secret = VaultSecret(cast(Vault, self.vault), "name", "ONEC_PASSWORD", clock=lambda: self.seconds)
        self.right = "old"
        self.tried: list[str] = []

    async def attempt(self, value: str) -> bool:
        self.tried.append(value)
        return value == self.right

    async def sign_in(self) -> bool:
        return await offer(self.secret, self.attempt, lambda taken: not taken)

    def rotate(self, *, vault: bool = True) -> None:
        self.right = "new"
        if vault:
            self.vault.value = "new"


async def test_it_is_read_once_and_anew_when_it_is_old() -> None:
    desk = Desk()
    for _ in range(3):
        assert await desk.sign_in()
    assert desk.vault.reads == 1
    desk.seconds = KEPT_SECONDS
    assert await desk.sign_in()
    assert desk.vault.reads == 2


async def test_a_refused_one_is_read_again_and_tried_once_more() -> None:
    desk = Desk()
    await desk.sign_in()
    desk.rotate()
    assert await desk.sign_in()
    assert desk.tried == ["old", "old", "new"]


async def test_the_same_one_is_not_tried_twice() -> None:
    desk = Desk()
    await desk.sign_in()
    desk.rotate(vault=False)
    assert not await desk.sign_in()
    assert desk.tried == ["old", "old"]


async def test_a_backlog_of_refusals_does_not_ask_the_vault_each_time() -> None:
    desk = Desk()
    desk.rotate(vault=False)
    for _ in range(100):
        assert not await desk.sign_in()
    assert desk.vault.reads == 2
    desk.vault.value = "new"
    desk.seconds += REREAD_SECONDS
    assert await desk.sign_in()
    assert desk.vault.reads == 3


async def test_those_who_are_refused_together_read_once() -> None:
    desk = Desk()
    await desk.sign_in()
    desk.rotate()
    assert all(await asyncio.gather(*(desk.sign_in() for _ in range(8))))
    assert desk.vault.reads == 2


async def test_while_the_vault_is_away_the_last_one_serves() -> None:
    desk = Desk()
    await desk.sign_in()
    desk.seconds = KEPT_SECONDS
    desk.vault.failure = Unavailable("Key Vault", "away")
    assert await desk.sign_in()
    desk.rotate(vault=False)
    with pytest.raises(Unavailable):
        await desk.sign_in()


@pytest.mark.parametrize("failure", [Unavailable("Key Vault", "away"), Misconfigured("ONEC_PASSWORD: gone")])
async def test_without_a_first_reading_there_is_nothing_to_try(failure: Exception) -> None:
    desk = Desk()
    desk.vault.failure = failure
    with pytest.raises(type(failure)):
        await desk.sign_in()
    assert desk.tried == []


async def test_a_secret_that_was_taken_away_on_purpose_is_not_used_any_more() -> None:
    desk = Desk()
    await desk.sign_in()
    desk.seconds = KEPT_SECONDS
    desk.vault.failure = Misconfigured("ONEC_PASSWORD: the vault refused to give it")
    with pytest.raises(Misconfigured):
        await desk.sign_in()
    assert desk.tried == ["old"]


async def test_a_plain_setting_is_tried_once() -> None:
    desk = Desk()
    assert not await offer(SecretStr("wrong"), desk.attempt, lambda taken: not taken)
    assert desk.tried == ["wrong"]


@pytest.mark.parametrize(
    ("url", "resource"),
    [
        ("https://contoso.vault.azure.net", "https://vault.azure.net"),
        ("https://contoso.vault.azure.cn", "https://vault.azure.cn"),
        ("https://contoso.vault.usgovcloudapi.net", "https://vault.usgovcloudapi.net"),
        ("http://127.0.0.1:8080", "https://vault.azure.net"),
    ],
)
def test_a_token_is_asked_for_the_vaults_own_cloud(url: str, resource: str) -> None:
    assert vault_address(url) == url
    assert resource_of(url) == resource
