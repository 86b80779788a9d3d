"""The SDK, made to look more often whether a link is open, or to be closed: each time it naps half a second in all.

What it sends and how it reads the answers stays as it is.
"""

import asyncio
import time
import types

import pytest
from azure.servicebus import _servicebus_receiver, _servicebus_sender
from azure.servicebus._pyamqp import client as pyamqp_client
from azure.servicebus._pyamqp.aio import _client_async
from azure.servicebus.aio import _servicebus_receiver_async, _servicebus_sender_async

IMPATIENCE = 0.002


def hasten(patch: pytest.MonkeyPatch) -> None:
    """Shorten the SDK's naps in this process."""
    for module in (_servicebus_sender, _servicebus_receiver, pyamqp_client):
        patch.setattr(module, "time", _impatient(time))
    for module in (_servicebus_sender_async, _servicebus_receiver_async, _client_async):
        patch.setattr(module, "asyncio", _impatient(asyncio))


def _impatient(module: types.ModuleType) -> types.SimpleNamespace:
    """Give a module whose naps are short."""
    impatient = types.SimpleNamespace(**vars(module))
    impatient.sleep = lambda seconds: module.sleep(min(seconds, IMPATIENCE))
    return impatient
