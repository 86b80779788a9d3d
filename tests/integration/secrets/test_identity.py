"""The app's identity with what is deployed: aiohttp, which azure-identity's asynchronous half wants, is not."""

import asyncio
import json
import os
import sys
from asyncio.subprocess import PIPE

from azure.servicebus.aio import ServiceBusClient

from infra.local.stack import ROOT
from shared.wiring import Wiring
from tests.builders import environment
from tests.integration.secrets.conftest import RunningVault

IN_A_PROCESS_OF_ITS_OWN = """
import asyncio, json, sys
sys.modules["aiohttp"] = None
from shared.identity import Identity

async def main():
    async with Identity() as identity:
        token = await identity.token_for("https://vault.azure.net")
        again = await identity.get_token("https://vault.azure.net/.default")
        print(json.dumps([token.token == again.token, token.expires_on > 0]))

asyncio.run(main())
"""


async def test_a_token_comes_without_the_library_that_is_not_deployed(vault: RunningVault) -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", IN_A_PROCESS_OF_ITS_OWN, cwd=ROOT, env={**os.environ}, stdout=PIPE, stderr=PIPE
    )
    out, errors = await process.communicate()

    assert process.returncode == 0, errors.decode()
    assert json.loads(out) == [True, True]


async def test_service_bus_signs_in_with_the_same_identity(vault: RunningVault) -> None:
    named = {"ServiceBusConnection__fullyQualifiedNamespace": "contoso.servicebus.windows.net"}
    wiring = Wiring(environment(**named))
    client: ServiceBusClient = wiring._service_bus
    # What the SDK does when it opens a connection.
    token = await wiring.identity.get_token("https://servicebus.azure.net//.default")
    await client.close()
    await wiring.identity.close()

    assert client._credential is wiring.identity
    assert token.token
    assert (await vault.local("GET", "stats"))["tokens"] == 1


async def test_importing_the_app_does_not_load_the_identity_library() -> None:
    script = "import sys, function_app; print('azure.identity' in sys.modules)"
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", script, cwd=ROOT, stdout=PIPE, stderr=PIPE)
    out, errors = await process.communicate()

    assert out.decode().strip() == "False", errors.decode()
