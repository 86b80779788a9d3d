"""From a binding's connection name to a Service Bus client, by the real host's rules.

The app setting of exactly that name, a connection string, wins; else ``NAME__fullyQualifiedNamespace`` connects by
identity.
"""

from dataclasses import dataclass

from azure.core.credentials_async import AsyncTokenCredential
from azure.servicebus.aio import ServiceBusClient

from infra.local.host.errors import HostError
from infra.local.host.settings import AppSettings, ClientRetryOptions

_IDENTITY_KEYS = {"fullyQualifiedNamespace", "credential", "clientId"}


@dataclass(frozen=True)
class Connection:
    """How to reach a namespace: by connection string, or by name and identity."""

    connection_string: str | None = None
    namespace: str | None = None
    managed_identity: bool = False
    client_id: str | None = None


def find_connection(name: str, settings: AppSettings, function: str) -> Connection:
    """Look a connection up in the app settings.

    :raises HostError: nothing is set under that name, or something this host does not understand.
    """
    exact = settings.get(f"AzureWebJobs{name}") or settings.get(name)
    if exact is not None:
        return Connection(connection_string=exact)
    prefix = f"{name}__"
    parts = {key.removeprefix(prefix): value for key, value in settings.values.items() if key.startswith(prefix)}
    unknown = set(parts) - _IDENTITY_KEYS
    if unknown:
        raise HostError(f"function {function}: this host does not know {prefix}{min(unknown)}.")
    namespace = parts.get("fullyQualifiedNamespace")
    if not namespace:
        raise HostError(
            f"function {function}: the connection {name} is not set: "
            f"set {name} (a connection string) or {prefix}fullyQualifiedNamespace."
        )
    credential = parts.get("credential")
    if credential not in {None, "", "managedidentity"}:
        raise HostError(f"function {function}: {prefix}credential is {credential!r}; only managedidentity is known.")
    return Connection(namespace=namespace, managed_identity=bool(credential), client_id=parts.get("clientId") or None)


class NamespaceClient:
    """A client of one namespace with its credential, to be closed together."""

    def __init__(self, connection: Connection, retries: ClientRetryOptions | None) -> None:
        """Prepare a client; nothing is sent before a receiver opens.

        :param retries: None for sessions: a session receiver cannot be used again after an error anyway.
        """
        options = {"retry_total": 0} if retries is None else _retry_options(retries)
        self._credential: AsyncTokenCredential | None = None
        if connection.connection_string is not None:
            self.client = ServiceBusClient.from_connection_string(connection.connection_string, **options)
            return
        self._credential = _credential(connection)
        self.client = ServiceBusClient(str(connection.namespace), self._credential, **options)

    async def close(self) -> None:
        """Close the client and its credential."""
        await self.client.close()
        if self._credential is not None:
            await self._credential.close()


def _credential(connection: Connection) -> AsyncTokenCredential:
    # Its import takes as long as the rest of a start, and on a laptop nobody needs it.
    from azure.identity.aio import DefaultAzureCredential, ManagedIdentityCredential  # noqa: PLC0415 - costs a start, seldom used

    if connection.managed_identity:
        return ManagedIdentityCredential(client_id=connection.client_id)
    return DefaultAzureCredential(managed_identity_client_id=connection.client_id)


def _retry_options(retries: ClientRetryOptions) -> dict[str, object]:
    return {
        "retry_total": retries.max_retries,
        "retry_backoff_factor": retries.delay.total_seconds(),
        "retry_backoff_max": retries.max_delay.total_seconds(),
        "retry_mode": retries.mode.lower(),
    }
