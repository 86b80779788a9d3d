"""A file costs no memory, however long it is."""

import pytest

from tests.bench.files import measure


@pytest.mark.parametrize("target", ["onec", "sapb1"])
def test_memory_does_not_grow_with_the_documents(target: str) -> None:
    few, many = measure(target, 100), measure(target, 2_000)

    # Some MB are the caches that are full sooner; the rows alone would be tens of MB.
    assert many["memory_mb"] - few["memory_mb"] < 12
