"""``$cbs``: who may come in. A shared access signature is checked as the real service checks it.

See https://learn.microsoft.com/azure/service-bus-messaging/service-bus-sas#generate-a-shared-access-signature-token.
"""

import base64
import hashlib
import hmac
from urllib.parse import parse_qs

from infra.local.servicebus import errors
from infra.local.servicebus.errors import RefusedError


def check_token(token: str, *, key: str, now: float) -> None:
    """Let a token pass, or raise RefusedError. A JWT is refused: there is no Microsoft Entra ID on a laptop.

    What a token is, is read from the token: azure-servicebus announces its signatures as ``jwt``.
    """
    scheme, _, rest = token.partition(" ")
    fields = {name: values[0] for name, values in parse_qs(rest, keep_blank_values=True).items()}
    if scheme != "SharedAccessSignature" or not {"sr", "sig", "se"} <= fields.keys():
        raise RefusedError(
            errors.UNAUTHORIZED, "InvalidIssuer: only a shared access signature is accepted here, made with the key."
        )
    # The signature covers the resource as it is written in the token, still percent-encoded.
    resource = next(part[3:] for part in rest.split("&") if part.startswith("sr="))
    expected = hmac.new(key.encode(), f"{resource}\n{fields['se']}".encode(), hashlib.sha256).digest()
    if not hmac.compare_digest(base64.b64encode(expected), fields["sig"].encode()):
        raise RefusedError(errors.UNAUTHORIZED, "InvalidSignature: The token has an invalid signature.")
    if not fields["se"].isdigit() or float(fields["se"]) <= now:
        raise RefusedError(errors.UNAUTHORIZED, "ExpiredToken: The token is expired.")
