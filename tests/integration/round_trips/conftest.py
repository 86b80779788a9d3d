"""The running systems."""

from collections.abc import AsyncIterator

import pytest

from tests.faults import systems as running
from tests.faults.systems import Systems


@pytest.fixture(scope="package")
async def systems() -> AsyncIterator[Systems]:
    """Everything that the bridge stands between."""
    async with running.systems() as started:
        yield started
