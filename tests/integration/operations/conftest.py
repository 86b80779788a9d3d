"""The SDK looks more often whether a link is open, as in the tests of the broker."""

from tests.integration.servicebus.conftest import _impatient_sdk, collected

__all__ = ["_impatient_sdk", "collected"]
