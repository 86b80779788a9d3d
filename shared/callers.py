"""Who may call health, operations and files: a caller with their function key, and by setting an app role in Entra ID.

App Service Authentication checks a caller's token before the app sees the request, and tells who it is in the header
X-MS-CLIENT-PRINCIPAL, which it takes off whatever comes from outside. Where it is off, anybody may write that header:
so it counts only where the platform says that it is on, and otherwise nobody is let in.
"""

import base64
import binascii
import json
from collections.abc import Mapping

PLATFORM_FLAG = "WEBSITE_AUTH_ENABLED"
"""Read-only and set by App Service: "True" where its authentication is on."""
PRINCIPAL = "x-ms-client-principal"
ENTRA = "aad"


def refusal(role: str, environment: Mapping[str, str], headers: Mapping[str, str]) -> str | None:
    """Say why a caller is turned away; None where it may go on. ``role`` empty: the function key is enough.

    ``headers`` by lower-case name. The sentence holds nothing that came from outside.
    """
    if not role:
        return None
    if environment.get(PLATFORM_FLAG, "").lower() != "true":
        return "OPERATIONS_ROLE is set, but App Service Authentication is off: nobody is let in."
    if role not in _roles(headers.get(PRINCIPAL, "")):
        return "The caller's token does not have the role that OPERATIONS_ROLE names."
    return None


def _roles(header: str) -> set[str]:
    """Read the app roles of a principal of Entra ID; none where it is not one."""
    try:
        principal = json.loads(base64.b64decode(header, validate=True))
        if principal["auth_typ"] != ENTRA:
            return set()
        kinds = {"roles", principal.get("role_typ")}
        return {claim["val"] for claim in principal["claims"] if claim["typ"] in kinds}
    except (binascii.Error, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return set()
