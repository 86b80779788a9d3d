"""The set-ups as commands: secrets that lie in Key Vault, and settings that are wrong in one clear sentence."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack
from types import ModuleType
from typing import Any

import pytest

from infra.command import secret
from infra.dataverse import __main__ as dataverse
from infra.doctor.__main__ import run as doctor
from infra.local.onec import server as onec_server
from infra.local.sapb1 import server as sapb1_server
from infra.local.serving import ServeOptions, listen
from infra.onec import __main__ as onec
from infra.sapb1 import __main__ as sapb1
from shared.errors import Misconfigured
from tests.integration.secrets.conftest import RunningVault, vault
from tests.integration.setup.conftest import WEBHOOK, Bare
from tests.integration.setup.test_doctor import environment as app_settings

__all__ = ["app_settings", "vault"]

Command = Callable[[Mapping[str, str]], Awaitable[int]]
COMMANDS: dict[str, Command] = {
    "DATAVERSE_ADMIN_CLIENT_SECRET": lambda settings: dataverse.run(settings, check=True, via=None, new_key=False),
    "ONEC_PASSWORD": lambda settings: onec.run(settings, check=True),
    "SAPB1_PASSWORD": lambda settings: sapb1.run(settings, check=True),
}
SECRETS = sorted(COMMANDS)
REFUSED = {
    "DATAVERSE_ADMIN_CLIENT_SECRET": "Dataverse",
    "ONEC_PASSWORD": "ONEC_PASSWORD) is wrong",
    "SAPB1_PASSWORD": "the log-in was refused",
}


@pytest.fixture
async def settings(bare: Bare) -> AsyncIterator[dict[str, str]]:
    """What the set-ups of all three systems need, for local servers."""
    line: Any = bare.organization.line
    made = {
        "DATAVERSE_URL": line["url"],
        "DATAVERSE_TOKEN_URL": line["token_url"],
        "DATAVERSE_ORGANIZATION_ID": line["organization_id"],
        "DATAVERSE_CLIENT_ID": line["client_id"],
        "DATAVERSE_ADMIN_CLIENT_ID": line["admin_client_id"],
        "DATAVERSE_ADMIN_CLIENT_SECRET": line["admin_client_secret"],
        "WEBHOOK_URL": WEBHOOK.url,
        "WEBHOOK_KEY": WEBHOOK.key,
    }
    servers: dict[str, ModuleType] = {"onec": onec_server, "sapb1": sapb1_server}
    async with AsyncExitStack() as stack:
        for name, module in servers.items():
            service = module.create(ServeOptions())
            runner, url = await listen(service)
            stack.push_async_callback(runner.cleanup)
            said = service.announce(url)
            fields = ("url", "username", "password", *(("company",) if name == "sapb1" else ()))
            made |= {f"{name.upper()}_{field.upper()}": str(said[field]) for field in fields}
        yield made


def moved(settings: dict[str, str], secret: str, vault: RunningVault) -> dict[str, str]:
    """Give the settings with a secret's name in the vault in its place."""
    return settings | {secret: "keyvault:the-secret", "KEY_VAULT_URL": vault.url}


@pytest.mark.parametrize("name", SECRETS)
async def test_a_set_up_reads_its_secret_in_the_vault(
    settings: dict[str, str], vault: RunningVault, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    await COMMANDS[name](settings)
    plain = capsys.readouterr().out
    await vault.put("the-secret", settings[name])
    await COMMANDS[name](moved(settings, name, vault))
    assert capsys.readouterr().out == plain
    assert "\n" in plain


@pytest.mark.parametrize("name", SECRETS)
async def test_the_name_in_the_vault_is_never_taken_for_the_secret(
    settings: dict[str, str], vault: RunningVault, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert await COMMANDS[name](moved(settings, name, vault)) == 2
    said = capsys.readouterr().out
    assert said.startswith(f"{name}: the vault at KEY_VAULT_URL has no secret of that name")
    assert "az login" in said
    assert REFUSED[name] not in said


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"KEY_VAULT_URL": ""}, "KEY_VAULT_URL: is missing, though {secret} names a secret in the vault"),
        ({"KEY_VAULT_URL": "https://elsewhere.example"}, "KEY_VAULT_URL: must be a vault's address"),
        ({"{secret}": "keyvault:no such name"}, "{secret}: keyvault: must be followed by a secret's name"),
        ({"{secret}": "@Microsoft.KeyVault(SecretUri=x)"}, "{secret}: App Service could not follow"),
    ],
)
async def test_a_reference_that_leads_nowhere_is_named(
    settings: dict[str, str], vault: RunningVault, changes: dict[str, str], sentence: str
) -> None:
    for name in SECRETS:
        wrong = {setting.format(secret=name): value for setting, value in changes.items()}
        with pytest.raises(Misconfigured) as raised:
            await secret(moved(settings, name, vault) | wrong, name)
        assert str(raised.value).startswith(sentence.format(secret=name))


async def test_the_webhooks_key_can_lie_in_the_vault_too(
    settings: dict[str, str], vault: RunningVault, capsys: pytest.CaptureFixture[str]
) -> None:
    given = moved(settings, "WEBHOOK_KEY", vault)
    assert await dataverse.run(given, check=True, via=None, new_key=False) == 2
    assert capsys.readouterr().out.startswith("WEBHOOK_KEY: the vault at KEY_VAULT_URL has no secret of that name")


async def test_the_doctor_follows_the_app_into_the_vault(
    app_settings: dict[str, str], vault: RunningVault, capsys: pytest.CaptureFixture[str]
) -> None:
    names = {name: name.replace("_", "-") for name in ("DATAVERSE_CLIENT_SECRET", "ONEC_PASSWORD", "SAPB1_PASSWORD")}
    for setting, name in names.items():
        await vault.put(name, app_settings[setting])
    in_vault = {setting: f"keyvault:{name}" for setting, name in names.items()}
    await doctor(app_settings | in_vault | {"KEY_VAULT_URL": vault.url})
    said = capsys.readouterr().out
    assert "ok" in next(row for row in said.splitlines() if row.startswith("1C") and "reading" in row)
    assert "@ACX_CLAIM" in said
    assert set((await vault.local("GET", "stats"))["reads"]) == set(names.values())


@pytest.mark.parametrize(
    ("name", "changes", "sentence"),
    [
        (
            "ONEC_PASSWORD",
            {"ONEC_URL": "http://1c.example/base/odata/standard.odata"},
            "ONEC_URL: must begin with https",
        ),
        ("SAPB1_PASSWORD", {"SAPB1_URL": "http://sap.example/b1s/v2"}, "SAPB1_URL: must begin with https"),
        ("ONEC_PASSWORD", {"CA_BUNDLE": "/no/such/file"}, "CA_BUNDLE: is neither PEM text nor a file"),
        ("SAPB1_PASSWORD", {"CA_BUNDLE": "/no/such/file"}, "CA_BUNDLE: is neither PEM text nor a file"),
        (
            "DATAVERSE_ADMIN_CLIENT_SECRET",
            {"DATAVERSE_ORGANIZATION_ID": "contoso"},
            "DATAVERSE_ORGANIZATION_ID: must be a GUID",
        ),
        ("DATAVERSE_ADMIN_CLIENT_SECRET", {"DATAVERSE_CLIENT_ID": "bridge"}, "DATAVERSE_CLIENT_ID: must be a GUID"),
    ],
)
async def test_a_wrong_setting_is_one_sentence_and_no_password_leaves(
    settings: dict[str, str], name: str, changes: dict[str, str], sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert await COMMANDS[name](settings | changes) == 2
    assert capsys.readouterr().out.startswith(sentence)
