"""Fixtures for the tests of the broker."""

import asyncio
import gc
import time
import types
from collections.abc import Iterator

import pytest
from azure.servicebus import _servicebus_receiver, _servicebus_sender
from azure.servicebus._pyamqp import client as pyamqp_client
from azure.servicebus._pyamqp.aio import _client_async
from azure.servicebus.aio import _servicebus_receiver_async, _servicebus_sender_async

from tests.integration.servicebus.namespaces import REAL, Namespace, namespace_for_a_test

IMPATIENCE = 0.002


@pytest.fixture(scope="session", autouse=True)
def _impatient_sdk() -> Iterator[None]:
    """Let the SDK look more often whether a link is open, or to be closed: each time it naps half a second in all.

    What it sends and how it reads the answers stays as it is.
    """
    if REAL is not None:
        yield
        return
    with pytest.MonkeyPatch.context() as patch:
        for module in (_servicebus_sender, _servicebus_receiver, pyamqp_client):
            patch.setattr(module, "time", _impatient(time))
        for module in (_servicebus_sender_async, _servicebus_receiver_async, _client_async):
            patch.setattr(module, "asyncio", _impatient(asyncio))
        yield


def _impatient(module: types.ModuleType) -> types.SimpleNamespace:
    """Give a module whose naps are short."""
    impatient = types.SimpleNamespace(**vars(module))
    impatient.sleep = lambda seconds: module.sleep(min(seconds, IMPATIENCE))
    return impatient


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
