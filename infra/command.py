"""A set-up as a command: settings from the environment, a look at a system, what it found, an exit status.

A set-up needs few of the app's settings and reads those alone, by the app's own rules for them.
"""

import sys
from collections.abc import Awaitable, Callable, Iterable, Mapping
from uuid import UUID

from pydantic import SecretStr

from infra.findings import Both, Finding, all_right, line
from shared import secrets, tls
from shared.errors import BridgeError, Misconfigured
from shared.http import Http
from shared.identity import Identity
from shared.refusals import Language
from shared.secrets import Vault
from shared.setting_values import http_address, name_in_vault, vault_address

WHO_READS = Both(
    "a set-up reads Key Vault as whoever is signed in (az login), who needs the role Key Vault Secrets User",
    "настройка читает Key Vault от имени вошедшего (az login); ему нужна роль Key Vault Secrets User",
)


def language_of(environment: Mapping[str, str]) -> Language:
    """Give the language of what is printed."""
    return "ru" if environment.get("LANGUAGE") == "ru" else "en"


def say(text: str) -> None:
    """Print a line."""
    sys.stdout.write(text + "\n")


async def report(
    environment: Mapping[str, str], needed: Iterable[str], look: Callable[[], Awaitable[list[Finding]]]
) -> int:
    """Look, and print what was found; 0 where all is right, 1 where something isn't, 2 where a setting is wrong."""
    language = language_of(environment)
    if absent := [name for name in needed if not environment.get(name)]:
        names = ", ".join(absent)
        say(Both(f"not set: {names}", f"не задано: {names}").said(language))
        return 2
    try:
        findings = await look()
    except Misconfigured as error:
        say(str(error))
        return 2
    for finding in findings:
        say(line(finding, language))
    return 0 if all_right(findings) else 1


async def secret(environment: Mapping[str, str], name: str) -> SecretStr:
    """Give a secret as its setting holds it, or as Key Vault does where the setting says ``keyvault:NAME``.

    A set-up is over before a secret is rotated, so it is read once. Misconfigured names the setting.
    """
    held = SecretStr(environment[name])
    try:
        in_vault = name_in_vault(held)
    except ValueError as error:
        raise Misconfigured(f"{name}: {error}") from None
    return held if in_vault is None else await _in_vault(environment, name, in_vault)


async def _in_vault(environment: Mapping[str, str], name: str, in_vault: str) -> SecretStr:
    if not environment.get("KEY_VAULT_URL"):
        raise Misconfigured(f"KEY_VAULT_URL: is missing, though {name} names a secret in the vault")
    try:
        url = vault_address(http_address(environment["KEY_VAULT_URL"]))
    except ValueError as error:
        raise Misconfigured(f"KEY_VAULT_URL: {error}") from None
    async with Identity() as identity:
        vault = Vault(Http(secrets.SYSTEM), url, identity)
        try:
            return SecretStr(await vault.read(in_vault, name))
        except BridgeError as error:
            raise Misconfigured(f"{error} → {WHO_READS.said(language_of(environment))}") from None
        finally:
            await vault.close()


def address(environment: Mapping[str, str], name: str) -> str:
    """Give the address of a system. Misconfigured where a password must not go there."""
    try:
        return http_address(environment[name])
    except ValueError as error:
        raise Misconfigured(f"{name}: {error}") from None


def guid(environment: Mapping[str, str], name: str) -> UUID:
    """Give an id. Misconfigured where it is none."""
    try:
        return UUID(environment[name])
    except ValueError:
        raise Misconfigured(f"{name}: must be a GUID") from None


def connections(environment: Mapping[str, str], system: str) -> Http:
    """Give connections to an accounting system, which may show certificates that CA_BUNDLE names."""
    bundle = environment.get("CA_BUNDLE", "")
    try:
        return Http(system, authorities=tls.pem_of(bundle) if bundle else "")
    except ValueError as error:
        raise Misconfigured(f"CA_BUNDLE: {error}") from None
