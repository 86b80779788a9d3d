"""Function and master keys, and what each level of authorization asks for."""

import secrets
from dataclasses import dataclass, field

from aiohttp import web


def _random_key() -> str:
    return secrets.token_urlsafe(40)


@dataclass(frozen=True)
class Keys:
    """The host's keys: one function key for all functions, and the master key, which opens everything."""

    function: str = field(default_factory=_random_key)
    master: str = field(default_factory=_random_key)

    def allow(self, level: str, request: web.Request) -> bool:
        """Say whether a request carries what ``level`` (anonymous, function, admin) asks for.

        The key comes in the header ``x-functions-key`` or, where that is absent, in ``?code=``.
        """
        if level == "anonymous":
            return True
        given = (request.headers.get("x-functions-key") or request.query.get("code") or "").encode()
        if secrets.compare_digest(given, self.master.encode()):
            return True
        return level == "function" and secrets.compare_digest(given, self.function.encode())
