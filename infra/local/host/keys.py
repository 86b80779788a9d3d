"""Function and master keys, and what each level of authorization asks for."""

import hashlib
import hmac
import secrets
from dataclasses import dataclass, field

from aiohttp import web


def _random_key() -> str:
    return secrets.token_urlsafe(40)


@dataclass(frozen=True)
class Keys:
    """The host's keys: one for all functions, one of each function for it alone, and the master key for everything."""

    function: str = field(default_factory=_random_key)
    master: str = field(default_factory=_random_key)

    def of(self, function: str) -> str:
        """Give a function's own key. It follows from the key for all, and outlives a restart as that one does."""
        return hmac.new(self.function.encode(), function.encode(), hashlib.sha256).hexdigest()

    def allow(self, level: str, request: web.Request, function: str = "") -> bool:
        """Say whether a request carries what ``level`` (anonymous, function, admin) asks for.

        The key comes in the header ``x-functions-key`` or, where that is absent, in ``?code=``.
        """
        if level == "anonymous":
            return True
        given = (request.headers.get("x-functions-key") or request.query.get("code") or "").encode()
        taken = [self.master]
        if level == "function":
            taken += [self.function, self.of(function)]
        return any(secrets.compare_digest(given, key.encode()) for key in taken)
