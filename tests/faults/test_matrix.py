"""The fault matrix: each row for 1C and for SAP Business One, with several seeds; FAULT_SEEDS sets how many."""

import pytest

from tests.faults import books
from tests.faults.conftest import SEEDS
from tests.faults.harness import Chain
from tests.faults.rows import ROWS, Row
from tests.faults.systems import Systems


@pytest.mark.parametrize("seed", range(SEEDS), ids=lambda seed: f"seed{seed}")
@pytest.mark.parametrize("target", ["onec", "sapb1"], ids=["1C", "SAP"])
@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
async def test_nothing_is_lost_and_nothing_is_doubled(systems: Systems, row: Row, target: str, seed: int) -> None:
    chain = Chain(systems, seed)
    try:
        await row.run(chain, target)
        assert row.name == "crashes anywhere" or not chain.script.strikes, "not every fault struck"
        await books.check(chain, may_be_refused=target in row.refusable)
    finally:
        await chain.close()
