"""1C, wired from the settings. Apart from :mod:`shared.wiring`, so that only what 1C is used for imports it."""

from collections.abc import Callable

from shared.http import Http
from shared.onec.client import OnecClient
from shared.onec.connector import OnecConnector
from shared.secrets import Secret
from shared.setting_values import needed
from shared.settings import Settings

Secrets = Callable[[str], Secret]


def client(given: Settings, secret: Secrets, http: Http) -> OnecClient:
    """Give a client. Misconfigured names the setting that is missing."""
    url, username = needed("ONEC_URL", given.onec_url), needed("ONEC_USERNAME", given.onec_username)
    return OnecClient(http, url, username, secret("ONEC_PASSWORD"))


def system(given: Settings, secret: Secrets, http: Http) -> OnecConnector:
    """Give the accounting system. Misconfigured names the setting that is missing."""
    return OnecConnector(
        http,
        needed("ONEC_URL", given.onec_url),
        needed("ONEC_USERNAME", given.onec_username),
        secret("ONEC_PASSWORD"),
        given.dataverse_organization_id,
        field_map=given.field_map,
    )
