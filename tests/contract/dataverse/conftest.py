"""The fixtures of the integration tests: a running server and clients."""

from tests.integration.dataverse.conftest import admin, bridge, goods, organization, serve

__all__ = ["admin", "bridge", "goods", "organization", "serve"]
