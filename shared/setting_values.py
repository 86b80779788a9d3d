"""What the value of a setting may look like: an address, a secret, a vault's address, certificates, JSON.

A secret's setting holds the secret itself, or ``keyvault:NAME``.
"""

import json
import re
from typing import Annotated, TypeVar
from urllib.parse import urlsplit

import httpx
from pydantic import AfterValidator, SecretStr

from shared import tls
from shared.errors import Misconfigured

Value = TypeVar("Value")

_NOT_IN_AN_ADDRESS = re.compile(r"[\s\x00-\x1f\x7f]")
_THIS_MACHINE = {"localhost", "127.0.0.1"}
PREFIX = "keyvault:"
UNRESOLVED = "@Microsoft.KeyVault("
"""How App Service's own reference begins; the app sees it only where App Service could not follow it."""
RESOURCES = {
    ".vault.azure.net": "https://vault.azure.net",
    ".vault.azure.cn": "https://vault.azure.cn",
    ".vault.usgovcloudapi.net": "https://vault.usgovcloudapi.net",
}
"""Hosts of vaults, by cloud, and what a token for them is asked for."""

_STORAGE = re.compile(r"[a-z0-9-]+(\.z\d+)?\.blob\.core\.(windows\.net|chinacloudapi\.cn|usgovcloudapi\.net)")
_NAME = re.compile(r"[0-9A-Za-z-]{1,127}")

_FIELDS = ((0, 59), (0, 59), (0, 23), (1, 31), (1, 12), (0, 6))
"""The least and the greatest value of NCRONTAB's fields, from the second to the day of the week."""
_NAMES = {12: "jan feb mar apr may jun jul aug sep oct nov dec", 6: "sun mon tue wed thu fri sat"}
"""by the greatest value of the field; the host takes longer ones too"""
_PART = re.compile(r"(?:\*|([0-9]{1,2}|[A-Za-z]{3,9})(?:-([0-9]{1,2}|[A-Za-z]{3,9}))?)(?:/[1-9][0-9]?)?")


def needed(name: str, value: Value | None) -> Value:
    """Give a setting's value that may be missing. Misconfigured where it is."""
    if value is None:
        raise Misconfigured(f"{name}: required by this queue's connector")
    return value


def from_json(value: object) -> object:
    """Parse JSON text; what is no text passes. ValueError where it is not JSON."""
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except ValueError as error:
        raise ValueError(f"is not JSON ({error})") from error


def http_address(value: str) -> str:
    """Check an address: https, or http to this machine. ValueError says what is wrong.

    What passes the client can ask: ``urlsplit`` leaves out a line's end that came along with a copy, and the client
    would fail at it with each request.
    """
    if _NOT_IN_AN_ADDRESS.search(value):
        raise ValueError("must be an address without spaces or line ends")
    try:
        address = urlsplit(value)
        allowed = address.scheme == "https" or (address.scheme == "http" and address.hostname in _THIS_MACHINE)
        _ = address.port, httpx.URL(value)
    except (ValueError, httpx.InvalidURL):
        raise ValueError("is not an address") from None
    if not allowed or not address.hostname:
        raise ValueError("must begin with https:// (http only to this machine)")
    if "@" in address.netloc or "?" in value or "#" in value:
        raise ValueError("must be an address alone, without a user name, a query or a fragment")
    return value.rstrip("/")


def ncrontab(value: str) -> str:
    """Check a schedule. ValueError where it is none.

    The Functions host leaves a timer out whose schedule it can't read, and says so in its own log alone.
    """
    fields = value.split()
    if len(fields) != len(_FIELDS) or not all(map(_is_field, fields, _FIELDS)):
        raise ValueError("is not a six-field NCRONTAB expression, such as 0 */5 * * * *")
    return value


def _is_field(text: str, bounds: tuple[int, int]) -> bool:
    parts = [_PART.fullmatch(part) for part in text.split(",")]
    ends = [end for part in parts if part is not None for end in part.groups() if end is not None]
    return None not in parts and all(_is_value(end, *bounds) for end in ends)


def _is_value(text: str, least: int, greatest: int) -> bool:
    if text.isdecimal():
        return least <= int(text) <= greatest
    return text[:3].lower() in _NAMES.get(greatest, "").split()


def name_in_vault(value: SecretStr) -> str | None:
    """Give the name in the vault that a setting's value leads to; None where the value is the secret itself.

    ValueError where it is neither.
    """
    text = value.get_secret_value()
    if text.startswith(UNRESOLVED):
        raise ValueError("App Service could not follow its Key Vault reference; keyvault:NAME needs none")
    if not text.startswith(PREFIX):
        return None
    name = text.removeprefix(PREFIX)
    if not _NAME.fullmatch(name):
        raise ValueError("keyvault: must be followed by a secret's name (letters, digits, hyphens)")
    return name


def environment_address(url: str) -> str:
    """Check the address of a Dataverse environment: a token is asked for by it. ValueError where it has a path."""
    if urlsplit(url).path:
        raise ValueError("must be the environment's address without a path")
    return url


def vault_address(url: str) -> str:
    """Check the address of a vault: our token goes there. ValueError where the host is no vault's.

    ``url`` is https, or http to this machine, where a test's vault is.
    """
    parts = urlsplit(url)
    if parts.path:
        raise ValueError("must be the vault's address without a path")
    if parts.scheme == "https" and not any((parts.hostname or "").endswith(suffix) for suffix in RESOURCES):
        raise ValueError("must be a vault's address, such as https://NAME.vault.azure.net")
    return url


def resource_of(url: str) -> str:
    """Give what a token for a vault is asked for."""
    host = urlsplit(url).hostname or ""
    found = (resource for suffix, resource in RESOURCES.items() if host.endswith(suffix))
    return next(found, RESOURCES[".vault.azure.net"])


def container_address(url: str) -> str:
    """Check the address of a blob container: our token goes there. ValueError where it is none.

    ``url`` is https, or http to this machine, where a test's storage is.
    """
    parts = urlsplit(url)
    if not re.fullmatch(r"/[a-z0-9-]{3,63}", parts.path):
        raise ValueError("must be a container's address, such as https://NAME.blob.core.windows.net/CONTAINER")
    if parts.scheme == "https" and not _STORAGE.fullmatch(parts.hostname or ""):
        raise ValueError("must be a container's address, such as https://NAME.blob.core.windows.net/CONTAINER")
    return url


def _secret(value: SecretStr) -> SecretStr:
    name_in_vault(value)
    return value


Address = Annotated[str, AfterValidator(http_address)]
Schedule = Annotated[str, AfterValidator(ncrontab)]
SecretValue = Annotated[SecretStr, AfterValidator(_secret)]
EnvironmentAddress = Annotated[Address, AfterValidator(environment_address)]
ContainerAddress = Annotated[Address, AfterValidator(container_address)]
VaultAddress = Annotated[Address, AfterValidator(vault_address)]
Certificates = Annotated[str, AfterValidator(tls.pem_of)]
