"""What the bridge says in its log: ids, states and causes, never a secret or personal data."""

import asyncio

from infra.demo.company import CUSTOMERS, EUROPEAN, RUSSIAN
from infra.demo.world import World
from tests.integration.chain.conftest import faults, invoice, issue, line, until


async def test_the_log_has_no_secret_and_no_personal_data(world: World) -> None:
    documents = [invoice(f"{company.code}-LOG", company, line("10.00")) for company in (RUSSIAN, EUROPEAN)]
    await faults(world, "onec", {"kind": "status", "match": "POST", "status": 500, "body": {"error": "secret"}})
    await faults(world, "sapb1", {"kind": "html", "match": "POST"})
    await issue(world, *documents)
    for document in documents:
        await until(world, document)

    log = await asyncio.to_thread(world.stack.servers["host"].log.read_text)

    assert "in accounting" in log
    for name, first_line in ((name, server.first_line) for name, server in world.stack.servers.items()):
        for field in ("password", "client_secret", "admin_client_secret", "function_key", "master_key"):
            assert first_line.get(field) is None or str(first_line[field]) not in log, (name, field)
    for word in ("Bearer", "Basic ", "B1SESSION", "SharedAccessKey", "@example.test", "+000 555"):
        assert word not in log, word
    for customer in CUSTOMERS:
        assert customer.name not in log
        assert not customer.tax_number or customer.tax_number not in log
