"""Where everything is wired, once a process: settings, clients, steps.

Built on first use, so that indexing costs nothing and works whatever the settings say. With broken settings each
invocation raises Misconfigured with their names; a message then goes back with a later time, which needs the bus alone.

LAZY: every step, 1C, SAP Business One, the dry run, files and pages are imported when they are first asked for. An
instance of Azure Functions serves one queue or the webhook: importing the others as well would make each cold start
half as long again.
"""

import logging
import os
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Protocol

from azure.servicebus.aio import ServiceBusClient

from shared import secrets
from shared import settings as app_settings
from shared.accounting import AccountingSystem, Ledger
from shared.breaker import Breaker
from shared.bus import CHANGES, Envelope, ServiceBus
from shared.dataverse.client import Credentials, Dataverse
from shared.errors import Misconfigured, Unreadable
from shared.http import Http
from shared.identity import Identity
from shared.intake import Incoming
from shared.keys import message_id
from shared.messages import Document
from shared.retry import cause_of, reference_envelope
from shared.routes import NAMES, Target
from shared.secrets import Secret, Vault, VaultSecret
from shared.setting_values import name_in_vault, needed
from shared.settings import SERVICE_BUS_CONNECTION, Settings
from shared.telemetry import say

if TYPE_CHECKING:
    from shared.connector import Connector
    from shared.dataverse.own_columns import OwnColumns
    from shared.export import Export
    from shared.onec.client import OnecClient
    from shared.operations import Operations
    from shared.payments import Payments
    from shared.reconcile import Reconciliation
    from shared.rehearsal.rehearse import Rehearser
    from shared.sapb1.client import ServiceLayer
    from shared.sweep import Sweep
    from shared.watch import Watch
    from shared.writeback import Writeback

RETRIES = 1
"""of one send. A webhook is answered within the 60 seconds that Dataverse waits; queued messages come again."""
MISCONFIGURED_WAIT = timedelta(seconds=60)


def now() -> datetime:
    """Give the time."""
    return datetime.now(UTC)


class Wiring:
    """The parts of one process, each made when it is first asked for."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        """Take the app settings by name."""
        self._environment = environment
        self._vault_secrets: dict[str, VaultSecret] = {}

    @cached_property
    def settings(self) -> Settings:
        """The settings in force. Raises Misconfigured, each time, while one is wrong."""
        return app_settings.load(self._environment)

    @cached_property
    def bus(self) -> ServiceBus:
        """Where messages are sent."""
        return ServiceBus(self._service_bus)

    @cached_property
    def operations(self) -> "Operations":
        """What an administrator does with messages that were set aside; it needs no setting but the connection."""
        from shared.operations import Operations  # noqa: PLC0415 -- see LAZY

        return Operations(self._service_bus, self.bus, now)

    @cached_property
    def _service_bus(self) -> ServiceBusClient:
        """Service Bus, by a connection string or by identity."""
        if connection := self._environment.get(SERVICE_BUS_CONNECTION):
            try:
                return ServiceBusClient.from_connection_string(connection, retry_total=RETRIES)
            except ValueError:
                raise Misconfigured(f"{SERVICE_BUS_CONNECTION}: is not a connection string") from None
        if namespace := self._environment.get(f"{SERVICE_BUS_CONNECTION}__fullyQualifiedNamespace"):
            return ServiceBusClient(namespace, self.identity, retry_total=RETRIES)
        raise Misconfigured(f"{SERVICE_BUS_CONNECTION}: is missing")

    @cached_property
    def dataverse(self) -> Dataverse:
        """The Dataverse environment."""
        given = self.settings
        credentials: Credentials | Identity = self.identity
        if given.dataverse_token_url is not None and given.dataverse_client_id is not None:
            secret = self.secret("DATAVERSE_CLIENT_SECRET")
            credentials = Credentials(given.dataverse_token_url, given.dataverse_client_id, secret)
        organization = given.dataverse_organization_id
        breaker = Breaker("Dataverse", first=given.retry_first_seconds, longest=given.retry_max_seconds)
        return Dataverse(Http("Dataverse"), given.dataverse_url, credentials, organization, breaker=breaker)

    @cached_property
    def identity(self) -> Identity:
        """The app's own identity."""
        return Identity()

    @cached_property
    def _vault(self) -> Vault:
        return Vault(Http(secrets.SYSTEM), needed("KEY_VAULT_URL", self.settings.key_vault_url), self.identity)

    async def close(self) -> None:
        """Close what was opened, for a command that is done; the app's process keeps everything until it ends."""
        opened = vars(self)
        for part in ("bus", "dataverse", "_vault", "identity"):
            if part in opened:
                await opened[part].close()

    def secret(self, name: str) -> Secret:
        """Give the secret of a setting: as it was set, or where it is read in the vault; the same for all who ask."""
        value = needed(name, self.settings.secret(name))
        in_vault = name_in_vault(value)
        if in_vault is None:
            return value
        if name not in self._vault_secrets:
            self._vault_secrets[name] = VaultSecret(self._vault, in_vault, name)
        return self._vault_secrets[name]

    def _accounting(self, system: str) -> Http:
        """Connections to an accounting system, which may show certificates of the company's own."""
        return Http(system, authorities=self.settings.ca_bundle)

    @cached_property
    def export(self) -> "Export":
        """The export step."""
        from shared.export import Export  # noqa: PLC0415 -- see LAZY

        return Export(self.settings, self.dataverse, self.bus, now, self.own_columns)

    @cached_property
    def own_columns(self) -> "OwnColumns":
        """The columns that the settings name, held against the environment."""
        from shared.dataverse.own_columns import OwnColumns  # noqa: PLC0415 -- see LAZY

        return OwnColumns(self.dataverse, self.settings)

    @cached_property
    def sweep(self) -> "Sweep":
        """The sweep."""
        from shared.sweep import Sweep  # noqa: PLC0415 -- see LAZY

        return Sweep(self.settings, self.dataverse, self.bus, now)

    @cached_property
    def watch(self) -> "Watch":
        """What is measured after a sweep."""
        from shared.watch import Watch  # noqa: PLC0415 -- see LAZY

        return Watch(self.settings, self.dataverse, self.operations, now)

    @cached_property
    def reconciliation(self) -> "Reconciliation":
        """The reconciliation."""
        from shared.reconcile import Reconciliation  # noqa: PLC0415 -- see LAZY

        return Reconciliation(self.settings, self.dataverse, self.bus, now)

    @cached_property
    def writeback(self) -> "Writeback":
        """The writeback step."""
        from shared.writeback import Writeback  # noqa: PLC0415 -- see LAZY

        return Writeback(self.settings, self.dataverse, self.bus, now)

    @cached_property
    def payments(self) -> "Payments":
        """The payments step, for the accounting systems that a route leads to."""
        from shared.payments import Payments  # noqa: PLC0415 -- see LAZY

        ledgers: dict[Target, Callable[[], Ledger]] = {"onec": self._onec_ledger, "sapb1": self._sapb1_ledger}
        used = {route.target for route in self.settings.routes if not route.by_hand}
        made = {target: ledger() for target, ledger in ledgers.items() if target in used}
        return Payments(self.settings, self.dataverse, self.bus, made, now)

    @cached_property
    def onec(self) -> "Connector":
        """The connector step for 1C."""
        return self._connector("onec", self._onec_system())

    @cached_property
    def sapb1(self) -> "Connector":
        """The connector step for SAP Business One."""
        return self._connector("sapb1", self._sapb1_system())

    def _connector(self, target: Target, system: AccountingSystem) -> "Connector":
        from shared.connector import Connector  # noqa: PLC0415 -- see LAZY

        return Connector(target, system, self.settings, self.bus, now)

    @cached_property
    def rehearser(self) -> "Rehearser":
        """The dry run."""
        from shared.rehearsal.wired import rehearser  # noqa: PLC0415 -- see LAZY

        return rehearser(self.settings, self.secret, self.dataverse, self._looking, now)

    @cached_property
    def _looking(self) -> dict[Target, Breaker]:
        """What keeps those who only look from trying a refused log-in with each look, which would lock the user."""
        return {target: Breaker(name) for target, name in NAMES.items()}

    def _onec_system(self) -> AccountingSystem:
        from shared.onec.wired import system  # noqa: PLC0415 -- see LAZY

        return system(self.settings, self.secret, self._accounting("1C"))

    def _sapb1_system(self) -> AccountingSystem:
        from shared.sapb1.wired import system  # noqa: PLC0415 -- see LAZY

        return system(self.settings, self.secret, self._accounting("SAP Business One"))

    def _onec_ledger(self) -> Ledger:
        from shared.onec.payments import OnecPayments  # noqa: PLC0415 -- see LAZY

        return OnecPayments(self.onec_client())

    def _sapb1_ledger(self) -> Ledger:
        from shared.sapb1.payments import Sapb1Payments  # noqa: PLC0415 -- see LAZY

        return Sapb1Payments(self.service_layer())

    async def reach(self, target: Target) -> None:
        """Ask an accounting system whether it answers. Raises Unavailable or Misconfigured."""
        with self._looking[target].call():
            system = self._onec_system() if target == "onec" else self._sapb1_system()
            try:
                await system.ping()
            finally:
                await system.close()

    def onec_client(self) -> "OnecClient":
        """Give a new client of 1C, for whoever reads there; it is theirs to close."""
        from shared.onec.wired import client  # noqa: PLC0415 -- see LAZY

        return client(self.settings, self.secret, self._accounting("1C"))

    def service_layer(self) -> "ServiceLayer":
        """Give a new client of Service Layer, for whoever reads there; it is theirs to close."""
        from shared.sapb1.wired import client  # noqa: PLC0415 -- see LAZY

        return client(self.settings, self.secret, self._accounting("SAP Business One"))


class Step(Protocol):
    """What settles a batch of messages of one queue."""

    async def handle(self, batch: Sequence[Incoming]) -> None:
        """Settle the batch; raises only where the bus does not take what must be sent."""
        ...


async def settle(wiring: Wiring, step: Callable[[Wiring], Step], batch: Sequence[Incoming]) -> None:
    """Let a step settle a batch; while it can't be made, as with a wrong setting, put it back with a later time."""
    try:
        ready = step(wiring)
    except Exception as error:  # noqa: BLE001 -- whatever it is, no message may become a dead letter
        say(logging.ERROR, "misconfigured", {"problems": cause_of(error)})
        at = now() + MISCONFIGURED_WAIT
        for incoming in batch:
            queue, envelope = put_back(incoming, at)
            await wiring.bus.send(queue, [envelope])
        return
    await ready.handle(batch)


def put_back(incoming: Incoming, at: datetime) -> tuple[str, Envelope]:
    """Give a message as it goes back untouched; a document goes back as its reference, so that it is read afresh."""
    identity = message_id(incoming.identity, "misconfigured", at)
    try:
        reference = Document.decode(incoming.body).reference
    except Unreadable:
        return incoming.queue, Envelope(incoming.body, identity, incoming.session_id, not_before=at)
    return CHANGES, reference_envelope(reference.model_copy(update={"message_id": identity}), at)


process = Wiring(os.environ)
"""The wiring of this process."""
