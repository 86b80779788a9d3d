"""The app's own identity in Entra: how it signs in where nobody has to keep a secret.

In Azure that is the managed identity (``AZURE_CLIENT_ID`` says which one, where several are assigned); on a laptop
whoever is signed in with Azure CLI. Tokens are fetched in a thread: the asynchronous half of azure-identity needs a
further HTTP library, which the app doesn't have.
"""

import asyncio
from typing import Any, Protocol, Self

from azure.core.credentials import AccessToken
from azure.core.exceptions import AzureError

from shared.errors import Unavailable

SYSTEM = "Entra ID"


class TokenSource(Protocol):
    """What azure-identity's synchronous credentials do."""

    def get_token(self, *scopes: str, **options: Any) -> AccessToken:
        """Fetch a token, or give one that was kept."""
        ...

    def close(self) -> None:
        """Close the connections."""
        ...


class Identity:
    """A credential as the asynchronous SDKs take it (``AsyncTokenCredential``)."""

    def __init__(self, source: TokenSource | None = None) -> None:
        """``source`` is azure-identity's default one where none is given; it is made when it is first needed."""
        self._source = source
        self._making = asyncio.Lock()

    async def get_token(self, *scopes: str, **options: Any) -> AccessToken:
        """Give a token for a scope. azure-identity keeps tokens; its errors come as they are, as SDKs expect them."""
        async with self._making:
            if self._source is None:
                self._source = await asyncio.to_thread(_default_source)
        return await asyncio.to_thread(self._source.get_token, *scopes, **options)

    async def token_for(self, resource: str) -> AccessToken:
        """Give a token for a resource's address. Unavailable where there is none: its sentence says what to look at."""
        try:
            return await self.get_token(f"{resource}/.default")
        except (AzureError, ValueError, OSError) as error:
            # The error's text names addresses and every way that was tried, over many lines.
            cause = (
                f"no token for {resource} ({type(error).__name__}): has the app a managed identity, and does"
                " AZURE_CLIENT_ID name it?"
            )
            raise Unavailable(SYSTEM, cause) from None

    async def close(self) -> None:
        """Close the connections."""
        if self._source is not None:
            await asyncio.to_thread(self._source.close)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exception: object) -> None:
        await self.close()


def _default_source() -> TokenSource:
    # Imported only where an identity is used: it costs a cold start a third of a second.
    from azure.identity import DefaultAzureCredential  # noqa: PLC0415

    return DefaultAzureCredential()
