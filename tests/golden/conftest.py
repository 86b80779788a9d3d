"""The local servers that the tables of what happens after posting run against."""

from tests.integration.onec_connector.conftest import onec
from tests.integration.sapb1_connector.conftest import bridge, company

__all__ = ["bridge", "company", "onec"]
