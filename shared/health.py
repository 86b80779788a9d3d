"""Is the bridge able to do its work?"""

from collections.abc import Awaitable, Callable

from shared.errors import Misconfigured, Unavailable
from shared.secrets import VaultSecret
from shared.settings import SECRETS
from shared.wiring import Wiring

Check = Callable[[Wiring], Awaitable[None]]


async def check(wiring: Wiring) -> list[str]:
    """Give the problems, one sentence each.

    Settings first, then whether a restore waits to be looked at, whether the right Dataverse organization answers and
    has the columns that the settings name, and whether every secret in the vault can be read there.
    """
    bus, settings = await _problems(_bus, wiring), await _problems(_settings, wiring)
    if settings:
        return [*bus, *settings]
    behind = [*_restored(wiring), *await _problems(_dataverse, wiring), *await _problems(_secrets, wiring)]
    # A secret that can't be read is found by both.
    return list(dict.fromkeys([*bus, *behind]))


async def _problems(one: Check, wiring: Wiring) -> tuple[str, ...]:
    try:
        await one(wiring)
    except Misconfigured as error:
        return error.problems
    except Unavailable as error:
        return (str(error),)
    return ()


async def _bus(wiring: Wiring) -> None:
    _ = wiring.bus


async def _settings(wiring: Wiring) -> None:
    _ = wiring.settings


def _restored(wiring: Wiring) -> tuple[str, ...]:
    if not wiring.settings.restored_unseen:
        return ()
    what = "nothing is exported until it is set to EPOCH, after python -m infra.restore was looked through"
    return (f"EPOCH_SEEN: the CRM was restored; {what}",)


async def _dataverse(wiring: Wiring) -> None:
    await wiring.dataverse.check_organization(anew=True)
    await wiring.own_columns.check()


async def _secrets(wiring: Wiring) -> None:
    for name in SECRETS:
        if wiring.settings.secret(name) is None:
            continue
        secret = wiring.secret(name)
        if isinstance(secret, VaultSecret):
            await secret.read()
