"""Service Bus triggers: listeners that receive, invoke and settle, and outlive the broker.

Rules of the real host (``ServiceBusListener``): a function that returns completes its messages, one that raises
abandons them and the broker counts. Batches run one at a time and without lock renewal; single messages up to
``maxConcurrentCalls`` at once; sessions up to ``maxConcurrentSessions`` at once, one message after the other in each.
"""

import asyncio
import contextlib
import functools
import logging
import random
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime

from azure.servicebus import NEXT_AVAILABLE_SESSION, ServiceBusReceivedMessage
from azure.servicebus.aio import ServiceBusReceiver
from azure.servicebus.exceptions import (
    MessageAlreadySettled,
    MessageLockLostError,
    OperationTimeoutError,
    ServiceBusError,
    SessionLockLostError,
)

from infra.local.host.bindings import Function, ServiceBusTrigger
from infra.local.host.host import Host
from infra.local.host.servicebus_connection import Connection, NamespaceClient
from infra.local.host.servicebus_metadata import (
    application_properties,
    body_bytes,
    many_bodies,
    many_metadata,
    one_body,
    one_metadata,
)
from infra.local.host.settings import ServiceBusOptions
from infra.local.host.tracing import TraceContext, continue_trace, is_traceparent
from infra.local.host.worker import Outcome

log = logging.getLogger(__name__)

_FURTHER_WAIT = 0.02
"""Seconds a batch waits for more once its first message is there, as .NET's receiver does."""
_READ_WAIT = 0.05
"""Seconds one read of the SDK waits. Only between reads does it look at its deadlines and go on opening a link: with
its default of 0.2 s, accepting a session takes half a second."""
_FIRST_PAUSE, _LONGEST_PAUSE = 0.2, 5.0
"""Seconds between attempts to reach a broker that is away."""


class Listener:
    """One Service Bus function: its receivers, and whether they are at work."""

    def __init__(
        self,
        host: Host,
        function: Function,
        trigger: ServiceBusTrigger,
        connection: Connection,
        options: ServiceBusOptions,
    ) -> None:
        self._host, self._function, self._trigger = host, function, trigger
        self._options = options
        self._namespace = NamespaceClient(connection, None if trigger.sessions else options.client_retry_options)
        self._about = {"function": function.name}
        self._lanes: set[asyncio.Task[None]] = set()
        self._busy: set[asyncio.Task[None] | None] = set()
        self._closing: set[asyncio.Task[None]] = set()
        self._stopping = False
        self._away = False

    def start(self) -> None:
        """Begin to receive, in the background."""
        if self._trigger.many:
            self._add_lane(self._batches)
        elif self._trigger.sessions:
            for _ in range(self._options.max_concurrent_sessions):
                self._add_lane(self._session)
        else:
            self._add_lane(self._singles)

    def rest(self) -> None:
        """Receive nothing more; what runs goes on."""
        self._stopping = True
        for lane in self._lanes - self._busy:
            lane.cancel()

    async def stop(self) -> None:
        """End every receiver. A message still at work is neither completed nor abandoned: its lock ends."""
        self._stopping = True
        for lane in self._lanes:
            lane.cancel()
        await asyncio.gather(*self._lanes, return_exceptions=True)
        await asyncio.gather(*self._closing)
        await self._namespace.close()

    def _add_lane(self, work: Callable[[], Awaitable[None]]) -> None:
        lane = asyncio.create_task(self._keep_up(work), name=f"listener {self._function.name}")
        self._lanes.add(lane)
        lane.add_done_callback(self._lanes.discard)

    async def _keep_up(self, work: Callable[[], Awaitable[None]]) -> None:
        failures = 0
        while not self._stopping:
            started = time.monotonic()
            try:
                await work()
                failures = 0
            except Exception as error:  # noqa: BLE001 - a listener outlives all the SDK can throw; it is logged and tried again
                lasted = time.monotonic() - started
                failures = 1 if lasted > _LONGEST_PAUSE else failures + 1
                level = logging.DEBUG if self._away else logging.WARNING
                log.log(level, "The listener of %s lost its broker: %r", self._trigger.queue, error, extra=self._about)
                self._away = True
                pause = min(_LONGEST_PAUSE, _FIRST_PAUSE * 2 ** min(failures - 1, 10))
                await asyncio.sleep(pause * random.uniform(0.8, 1.2))  # noqa: S311 - jitter

    # Receiving

    @contextlib.asynccontextmanager
    async def _receiver(self, *, session: bool = False) -> AsyncIterator[ServiceBusReceiver]:
        retries = self._options.client_retry_options
        receiver = self._namespace.client.get_queue_receiver(
            self._trigger.queue,
            session_id=NEXT_AVAILABLE_SESSION if session else None,
            max_wait_time=retries.try_timeout.total_seconds(),
            prefetch_count=self._options.prefetch_count,
            socket_timeout=_FURTHER_WAIT if self._trigger.many else _READ_WAIT,
        )
        try:
            await receiver.__aenter__()
            if self._away:
                self._away = False
                log.info("The listener of %s reached its broker again.", self._trigger.queue, extra=self._about)
            yield receiver
        finally:
            # The link is given up at once, the rest takes up to a second: a lane need not wait for it.
            closing = asyncio.create_task(self._close(receiver))
            self._closing.add(closing)
            closing.add_done_callback(self._closing.discard)

    async def _close(self, receiver: ServiceBusReceiver) -> None:
        try:
            await receiver.close()
        except Exception as error:  # noqa: BLE001 - a broken connection may break in its closing, too; it is logged
            log.debug("A receiver of %s did not close: %r", self._trigger.queue, error, extra=self._about)

    async def _batches(self) -> None:
        async with self._receiver() as receiver:
            while not self._stopping:
                messages = await self._next_batch(receiver)
                if not messages:
                    continue
                with self._at_work():
                    outcome = await self._invoke_many(messages)
                    for message in messages:
                        await self._settle(receiver, message, outcome)

    async def _next_batch(self, receiver: ServiceBusReceiver) -> list[ServiceBusReceivedMessage]:
        most, least = self._options.max_message_batch_size, self._options.min_message_batch_size
        # One first, then what else is there: asking for all at once would wait 0.2 s for company.
        messages = await receiver.receive_messages(max_message_count=1)
        more = messages
        while more and len(messages) < most:
            more = await receiver.receive_messages(max_message_count=most - len(messages), max_wait_time=_FURTHER_WAIT)
            messages += more
        deadline = time.monotonic() + self._options.max_batch_wait_time.total_seconds()
        while messages and len(messages) < least and (left := deadline - time.monotonic()) > 0:
            messages += await receiver.receive_messages(max_message_count=most - len(messages), max_wait_time=left)
        return messages

    async def _singles(self) -> None:
        async with self._receiver() as receiver:
            while not self._stopping:
                for message in await receiver.receive_messages(max_message_count=1):
                    with self._at_work():
                        self._grow()
                        outcome = await self._while_renewing(
                            self._invoke_one(message),
                            functools.partial(receiver.renew_message_lock, message),
                            message.locked_until_utc,
                            time.monotonic() + self._options.max_auto_lock_renewal_duration.total_seconds(),
                        )
                        await self._settle(receiver, message, outcome)

    def _grow(self) -> None:
        """Add a receiver while all are at work and more may be: an idle queue then costs one connection."""
        if len(self._busy) == len(self._lanes) < self._options.max_concurrent_calls and not self._stopping:
            self._add_lane(self._singles)

    async def _session(self) -> None:
        try:
            async with self._receiver(session=True) as receiver:
                await self._serve_session(receiver)
        except OperationTimeoutError:
            return  # no session had a message
        except SessionLockLostError as error:
            log.warning("A session of %s was lost: %r", self._trigger.queue, error, extra=self._about)

    async def _serve_session(self, receiver: ServiceBusReceiver) -> None:
        # As in SessionReceiverManager, renewal ends a fixed time after the session was accepted.
        renew_until = time.monotonic() + self._options.max_auto_lock_renewal_duration.total_seconds()
        session = receiver.session
        idle_until = time.monotonic() + self._options.idle_timeout
        while not self._stopping and (left := idle_until - time.monotonic()) > 0:
            renew_in = _renew_delay(session.locked_until_utc) if time.monotonic() < renew_until else left
            messages = await receiver.receive_messages(
                max_message_count=1, max_wait_time=max(0.01, min(left, renew_in))
            )
            for message in messages:
                with self._at_work():
                    outcome = await self._while_renewing(
                        self._invoke_one(message), session.renew_lock, session.locked_until_utc, renew_until
                    )
                    if not await self._settle(receiver, message, outcome):
                        return
                idle_until = time.monotonic() + self._options.idle_timeout
            if not messages and time.monotonic() < min(idle_until, renew_until):
                await session.renew_lock()

    # Invoking and settling

    @contextlib.contextmanager
    def _at_work(self) -> Iterator[None]:
        lane = asyncio.current_task()
        self._busy.add(lane)
        try:
            yield
        finally:
            self._busy.discard(lane)

    async def _invoke_one(self, message: ServiceBusReceivedMessage) -> Outcome:
        wrap = self._host.datum
        try:
            data = one_body(body_bytes(message), wrap, binary=self._trigger.binary)
        except ValueError as error:
            return self._unreadable(error)
        return await self._host.run(self._function, data, _trace(message), one_metadata(message, wrap))

    async def _invoke_many(self, messages: Sequence[ServiceBusReceivedMessage]) -> Outcome:
        wrap = self._host.datum
        try:
            data = many_bodies([body_bytes(message) for message in messages], wrap, binary=self._trigger.binary)
        except ValueError as error:
            return self._unreadable(error)
        # A batch is a trace of its own, linked to those of its messages.
        links = tuple(filter(is_traceparent, (_traceparent(message) for message in messages)))
        trace = replace(continue_trace(None), links=links)
        return await self._host.run(self._function, data, trace, many_metadata(messages, wrap))

    def _unreadable(self, error: ValueError) -> Outcome:
        log.error("A message of %s cannot be handed over: %s", self._trigger.queue, error, extra=self._about)
        return Outcome(False, error=str(error))

    async def _while_renewing(
        self,
        work: Coroutine[None, None, Outcome],
        renew: Callable[[], Awaitable[datetime]],
        locked_until: datetime | None,
        renew_until: float,
    ) -> Outcome:
        """Run an invocation and renew its lock meanwhile, until the monotonic time ``renew_until``."""
        running = asyncio.ensure_future(work)
        try:
            while locked_until is not None:
                delay = _renew_delay(locked_until)
                if time.monotonic() + delay > renew_until:
                    break
                done, _ = await asyncio.wait({running}, timeout=delay)
                if done:
                    break
                try:
                    locked_until = await renew()
                except ServiceBusError as error:
                    # The function cannot be called back; settling will tell what became of the message.
                    log.warning("A lock on %s was not renewed: %r", self._trigger.queue, error, extra=self._about)
                    break
            return await running
        finally:
            running.cancel()

    async def _settle(self, receiver: ServiceBusReceiver, message: ServiceBusReceivedMessage, outcome: Outcome) -> bool:
        """Complete or abandon; say whether the receiver still has its session.

        Where the lock was lost, the broker delivers the message again; that is logged and not an error.
        """
        try:
            if outcome.succeeded:
                await receiver.complete_message(message)
            else:
                await receiver.abandon_message(message)
        except (MessageLockLostError, MessageAlreadySettled, SessionLockLostError) as error:
            log.warning(
                "The lock of message %s on %s was lost: %r",
                message.message_id,
                self._trigger.queue,
                error,
                extra=self._about,
            )
            return not isinstance(error, SessionLockLostError)
        return True


def _renew_delay(locked_until: datetime | None) -> float:
    """Seconds until a lock is renewed: at half of what is left, ten seconds before its end at the latest."""
    if locked_until is None:
        return 0.0
    left = (locked_until - datetime.now(UTC)).total_seconds()
    return max(0.0, left - min(left / 2, 10.0))


def _trace(message: ServiceBusReceivedMessage) -> TraceContext:
    return continue_trace(_traceparent(message), application_properties(message).get("tracestate"))


def _traceparent(message: ServiceBusReceivedMessage) -> str:
    properties = application_properties(message)
    parent = properties.get("traceparent") or properties.get("Diagnostic-Id")
    return parent if isinstance(parent, str) else ""
