"""Fixtures for the tests of the broker."""

import gc
from collections.abc import Iterator

import pytest

from tests.integration.servicebus.impatience import hasten
from tests.integration.servicebus.namespaces import REAL, Namespace, namespace_for_a_test


@pytest.fixture(scope="session", autouse=True)
def _impatient_sdk() -> Iterator[None]:
    """Let the SDK of this process nap less."""
    if REAL is not None:
        yield
        return
    with pytest.MonkeyPatch.context() as patch:
        hasten(patch)
        yield


@pytest.fixture
def namespace() -> Iterator[Namespace]:
    """A namespace with the queues ``plain``, ``sessions`` and ``unique``, all empty."""
    with namespace_for_a_test() as namespace:
        yield namespace


@pytest.fixture
def collected() -> Iterator[None]:
    """Collect what a test leaves before the next one begins; see ``cuts_connections``."""
    yield
    gc.collect()
