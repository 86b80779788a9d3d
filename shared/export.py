"""The export step: references in, documents and words for the journal out. Each item is settled by itself."""

import asyncio
import logging
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from shared import intake
from shared.binding import JournalBindings, bind
from shared.bus import MAX_BODY, RESULTS, TARGET_QUEUES, Bus, Envelope
from shared.dataverse.client import Dataverse
from shared.dataverse.columns import Row, key
from shared.dataverse.own_columns import OwnColumns
from shared.dataverse.reading import Reader
from shared.dataverse.sales import SALES, SalesTable
from shared.decision import Decision, Nothing, Send, Tell, decide, decide_gone, wait
from shared.errors import BridgeError, Refused, Unavailable
from shared.intake import Incoming
from shared.keys import journal_key, message_id
from shared.messages import Reference, State
from shared.refusals import refusal
from shared.resolving import resolve
from shared.results import result_of
from shared.retry import Backoff, cause_of, result_envelope, try_again, waiting_for
from shared.routes import NAMES
from shared.settings import Settings
from shared.telemetry import count, hop, observe, onward, say


@dataclass
class _Output:
    """What a batch sends, by queue."""

    envelopes: dict[str, list[Envelope]] = field(default_factory=dict)
    causes: dict[str, list[Reference]] = field(default_factory=dict)
    """the references that led to the documents on a target's queue"""

    def add(self, queue: str, envelope: Envelope, causes: Iterable[Reference] = ()) -> None:
        self.envelopes.setdefault(queue, []).append(envelope)
        self.causes.setdefault(queue, []).extend(causes)


class Export:
    """Turns references into documents for the accounting systems."""

    def __init__(
        self,
        settings: Settings,
        dataverse: Dataverse,
        bus: Bus,
        now: Callable[[], datetime],
        columns: OwnColumns | None = None,
    ) -> None:
        """``now`` gives an aware time. ``columns``: looks up those that the settings name, before the first reading."""
        self._settings = settings
        self._dataverse = dataverse
        self._columns = columns
        self._reader = Reader(dataverse, settings)
        self._bus = bus
        self._now = now
        self._backoff = Backoff(settings.retry_first_seconds, settings.retry_max_seconds)
        self._bindings = JournalBindings(self._reader)

    async def handle(self, batch: Sequence[Incoming]) -> None:
        """Settle a batch of references. Raises only where the bus does not take what must be sent."""
        references = [
            reference
            for incoming in batch
            if (reference := await intake.read_change(incoming, self._settings, self._bus, self._now()))
        ]
        for reference in references:
            observe("waiting_seconds", (self._now() - reference.occurred_at).total_seconds(), hop="export")
        with hop("export", references, max((reference.attempt for reference in references), default=0)):
            await self._settle(references)

    async def _settle(self, references: Sequence[Reference]) -> None:
        try:
            await self._dataverse.check_organization()
            if self._columns is not None:
                await self._columns.check()
        except Exception as error:  # noqa: BLE001 -- whatever it is, no reference may be lost
            await self._again(references, error)
            return
        try:
            resolved = await resolve(self._dataverse, self._reader, references)
            found = [
                (table, row)
                for table, by_id in resolved.by_sale.items()
                for row in await self._reader.sales(table, list(by_id))
            ]
        except Exception as error:  # noqa: BLE001 -- whatever it is, no reference may be lost
            await self._unread(references, error)
            return
        _log_settled(resolved.settled)
        await self._export(found, resolved.by_sale)

    async def _export(
        self, found: Sequence[tuple[SalesTable, Row]], by_sale: dict[SalesTable, dict[UUID, list[Reference]]]
    ) -> None:
        output = _Output()
        sends: list[tuple[Send, list[Reference]]] = []
        for table, row in found:
            # The one that was tried most often speaks for all: behind it an answer may be lost.
            references = sorted(by_sale[table].pop(key(row, table.key)), key=lambda each: each.attempt)
            try:
                decision = decide(table, dict(row), references[-1], self._settings, self._now())
            except Exception as error:  # noqa: BLE001 -- one bad item never takes its neighbours along
                again = await self._again(references, error)
                self._tell_waiting(table, row, again[-1], error, output)
                continue
            match decision:
                case Nothing(why=why):
                    _log_settled([(reference, why) for reference in references])
                case Tell(result=result):
                    output.add(RESULTS, result_envelope(result))
                case Send():
                    sends.append((decision, references))
        await self._add_gone(by_sale, output)
        await self._add_documents(sends, output)
        await asyncio.gather(
            *(self._send(queue, items, output.causes[queue]) for queue, items in output.envelopes.items())
        )

    async def _send(self, queue: str, envelopes: Sequence[Envelope], causes: Sequence[Reference]) -> None:
        """Send; where a target's queue alone takes nothing, such as a full one, what led to it waits on ``changes``.

        Raised, it would come again at once, ten times, and be a dead letter. A document that was taken all the same
        comes twice then, and is found in the books.
        """
        try:
            await self._bus.send(queue, envelopes)
        except Unavailable as error:
            if not causes:
                raise
            await self._again(causes, error)

    async def _add_gone(self, by_sale: dict[SalesTable, dict[UUID, list[Reference]]], output: _Output) -> None:
        """Say of documents that are no more in the CRM what the journal still knows of them."""
        gone = {
            journal_key(target, table.name, sale): (table, sale, target, references)
            for table, by_id in by_sale.items()
            for sale, references in by_id.items()
            # Whatever the routes are now: one may hand out files, or lead elsewhere than when it was exported.
            for target in NAMES
        }
        try:
            known = await self._reader.journalled(sorted(gone)) if gone else {}
        except Exception as error:  # noqa: BLE001 -- whatever it is, no reference may be lost
            await self._again([reference for _, _, _, references in gone.values() for reference in references], error)
            return
        for row_key, (table, sale, target, references) in gone.items():
            decision: Decision = Nothing("the document is no more")
            if row_key in known:
                decision = decide_gone(table, sale, target, known[row_key], reference=references[-1], now=self._now())
            match decision:
                case Tell(result=result):
                    output.add(RESULTS, result_envelope(result))
                case Nothing(why=why):
                    _log_settled((reference, why) for reference in references)

    async def _add_documents(self, sends: list[tuple[Send, list[Reference]]], output: _Output) -> None:
        try:
            bound = await self._bindings.of([send for send, _ in sends])
        except Exception as error:  # noqa: BLE001 -- whatever it is, no reference may be lost
            for send, references in sends:
                following, at = (await self._again(references, error))[-1]
                waiting = send.document.model_copy(update={"reference": following})
                reason = waiting_for(error)
                result = result_of(waiting, State.RETRYING, self._now(), reason=reason, next_attempt_at=at)
                output.add(RESULTS, result_envelope(result))
            return
        for send, references in sends:
            target = send.document.target
            try:
                document = bind(send, bound)
            except Refused as error:
                refused = result_of(send.document, State.REFUSED, self._now(), reason=error.refusal)
                output.add(RESULTS, result_envelope(refused))
                continue
            document = document.model_copy(update={"traceparent": onward(document.traceparent)})
            body = document.encode()
            if len(body) > MAX_BODY:
                reason = refusal("too_large", size=len(body) // 1024, limit=MAX_BODY // 1024)
                result = result_of(document, State.REFUSED, self._now(), reason=reason)
                output.add(RESULTS, result_envelope(result))
                continue
            # Each trigger passes, each repeat of one is the same message: the id follows from what caused it.
            causes = sorted({reference.message_id for reference in references})
            sale = document.sale
            identity = message_id(target, sale.table, sale.id, document.version, *causes)
            envelope = Envelope(body, identity, send.session, document.correlation_id, traceparent=document.traceparent)
            output.add(TARGET_QUEUES[target], envelope, references)
            found_by = {"target": target, "cause": references[-1].cause}
            say(
                logging.INFO,
                "sent",
                {sale.table: sale.id, "version": document.version, **found_by},
                trace=document.traceparent,
            )

    async def _unread(self, references: Sequence[Reference], error: Exception) -> None:
        """Put references back whose documents could not be read; say in the journal that they wait, and why.

        Where Dataverse is away so is the journal, and nothing is asked of it: the cause travels in the reference.
        """
        again = await self._again(references, error)
        if isinstance(error, Unavailable):
            return
        output = _Output()
        for table in SALES:
            waiting = {each.id: (each, at) for each, at in again if each.table == table.name}
            try:
                rows = await self._reader.heads(table, list(waiting)) if waiting else []
            except Exception as untold:  # noqa: BLE001 -- the references are safe, and their cause is logged
                say(logging.WARNING, "journal not told", {"table": table.name, "cause": cause_of(untold)})
                continue
            for row in rows:
                self._tell_waiting(table, row, waiting[key(row, table.key)], error, output)
        await self._bus.send(RESULTS, output.envelopes.get(RESULTS, []))

    def _tell_waiting(
        self, table: SalesTable, row: Row, following: tuple[Reference, datetime], error: Exception, output: _Output
    ) -> None:
        """Say in the journal that a document waits, where its row can be read so far."""
        reference, at = following
        try:
            told = wait(table, dict(row), reference, self._settings, self._now(), at=at, reason=waiting_for(error))
        except Exception as untold:  # noqa: BLE001 -- the reference is safe, and its cause is logged
            say(logging.WARNING, "journal not told", {table.name: reference.id, "cause": cause_of(untold)})
            return
        if isinstance(told, Tell):
            output.add(RESULTS, result_envelope(told.result))

    async def _again(self, references: Iterable[Reference], error: Exception) -> list[tuple[Reference, datetime]]:
        """Put references back with a later time; give the next attempts and their times."""
        level = logging.WARNING if isinstance(error, BridgeError) else logging.ERROR
        again: list[tuple[Reference, datetime]] = []
        for reference in references:
            following, at = await try_again(self._bus, reference, error, self._backoff, self._now())
            again.append((following, at))
            dimensions = {"table": reference.table, "id": reference.id, "cause": cause_of(error), "next": at}
            say(level, "retry", dimensions, trace=reference.traceparent)
            count("retries", hop="export")
        return again


def _log_settled(settled: Iterable[tuple[Reference, str]]) -> None:
    for reference, why in settled:
        say(
            logging.INFO,
            "nothing to do",
            {"table": reference.table, "id": reference.id, "why": why},
            trace=reference.traceparent,
        )
