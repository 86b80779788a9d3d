"""What we compute beforehand is what the company computes: no document is posted with another total."""

from decimal import Decimal
from random import Random
from uuid import UUID

import pytest

from shared.errors import Refused
from shared.money import rounded
from tests.integration.sapb1_connector.conftest import Bridge, Company
from tests.unit.sapb1.examples import document, invoice, line

CENT = Decimal("0.01")


@pytest.mark.parametrize("settings", [{}, {"prices": 2}, {"vat_by": "group"}, {"prices": 4, "vat_by": "group"}])
async def test_invoices_of_any_amounts(company: Company, settings: dict[str, object]) -> None:
    await company.turn(**settings)
    bridge = Bridge(company, company.connector())
    random = Random(20260210)  # noqa: S311 -- amounts for a test
    posted = 0
    for number in range(25):
        lines = []
        for position in range(1, random.randint(2, 6)):
            quantity = Decimal(random.randint(1, 50_000)).scaleb(-random.choice([0, 0, 1, 3]))
            price = Decimal(random.randint(0, 500_000)).scaleb(-random.choice([0, 2, 4]))
            net = rounded(quantity * price * Decimal(random.choice(["1", "1", "0.95", "0.333"])), CENT)
            rate = random.choice(["22", "9.5", "0", None])
            tax = rounded(net * Decimal(rate or 0) / 100, CENT)
            lines.append(line(str(quantity), str(price), str(net), str(tax), rate, number=position))
        currency = random.choice(["EUR", "USD"])
        made = invoice(*lines, id=UUID(int=0xD000 + number), number=f"INV-{number}", currency=currency)
        try:
            outcome = await bridge.export(document(made))
        except Refused as refused:
            assert refused.refusal.code == "total_not_reachable"
            continue
        assert outcome.total == made.total
        posted += 1
    assert len(await company.invoices()) == posted
    assert posted > 0
