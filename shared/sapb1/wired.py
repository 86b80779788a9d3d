"""SAP Business One, wired from the settings. Apart from :mod:`shared.wiring`, so that only what uses it imports it."""

from collections.abc import Callable

from shared.http import Http
from shared.sapb1.client import ServiceLayer
from shared.sapb1.connector import Sapb1Connector
from shared.secrets import Secret
from shared.setting_values import needed
from shared.settings import Settings

Secrets = Callable[[str], Secret]


def client(given: Settings, secret: Secrets, http: Http) -> ServiceLayer:
    """Give a client. Misconfigured names the setting that is missing."""
    return ServiceLayer(
        http,
        needed("SAPB1_URL", given.sapb1_url),
        needed("SAPB1_COMPANY", given.sapb1_company),
        needed("SAPB1_USERNAME", given.sapb1_username),
        secret("SAPB1_PASSWORD"),
    )


def system(given: Settings, secret: Secrets, http: Http) -> Sapb1Connector:
    """Give the accounting system. Misconfigured names the setting that is missing."""
    return Sapb1Connector(
        http,
        needed("SAPB1_URL", given.sapb1_url),
        needed("SAPB1_COMPANY", given.sapb1_company),
        needed("SAPB1_USERNAME", given.sapb1_username),
        secret("SAPB1_PASSWORD"),
        given.dataverse_organization_id,
        field_map=given.field_map,
    )
