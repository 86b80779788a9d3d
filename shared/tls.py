"""TLS to the systems at the edge: certificates are always verified, and nothing older than TLS 1.2 is spoken.

An on-premises 1C or Service Layer often shows a certificate of the company's own authority, or its own: ``CA_BUNDLE``
names it, beside the public authorities and never instead of verifying.
"""

import ssl
from functools import lru_cache
from pathlib import Path

import certifi

PEM = "-----BEGIN CERTIFICATE-----"
_UNKNOWN = "nobody trusted issued it; for 1C and Service Layer CA_BUNDLE may name who did"
_REASONS = {10: "it has expired", 62: "it is another host's", 64: "it is another address's"}
"""OpenSSL's X509_V_ERR_…; anything else is about who issued it"""


def pem_of(bundle: str) -> str:
    r"""Give the PEM text of ``CA_BUNDLE``: itself (``\n`` may stand for a line's end), or what its file holds.

    ValueError where there is no such file, or no certificate in it.
    """
    if PEM in bundle:
        text = bundle.replace("\\n", "\n")
    else:
        try:
            text = Path(bundle).read_text(encoding="ascii")
        except (OSError, ValueError):
            raise ValueError("is neither PEM text nor a file of it that can be read") from None
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(cadata=text)
    except (ssl.SSLError, ValueError):
        raise ValueError("holds no certificate in PEM form") from None
    return text


@lru_cache(maxsize=4)
def context(pem: str = "") -> ssl.SSLContext:
    """Give the context of clients; ``pem`` holds the authorities to trust beside the public ones."""
    made = ssl.create_default_context(cafile=certifi.where())
    made.minimum_version = ssl.TLSVersion.TLSv1_2
    if pem:
        made.load_verify_locations(cadata=pem)
        # A company's own certificates seldom have every extension that RFC 5280 asks for, and Python 3.13 insists on
        # them; and whoever names a server's own certificate trusts that one, whoever issued it.
        made.verify_flags = (made.verify_flags & ~ssl.VERIFY_X509_STRICT) | ssl.VERIFY_X509_PARTIAL_CHAIN
    return made


def untrusted(error: BaseException) -> str | None:
    """Say what was wrong with a certificate, where that is why no connection came about; None otherwise."""
    seen: BaseException | None = error
    while seen is not None:
        if isinstance(seen, ssl.SSLCertVerificationError):
            return _REASONS.get(seen.verify_code, _UNKNOWN)
        seen = seen.__cause__ or seen.__context__
    return None
