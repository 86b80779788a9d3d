"""The writeback step: results in, the journal written, each row by itself, nobody's newer word lost."""

import logging
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from shared import intake
from shared.bus import CHANGES, RESULTS, Bus, Envelope
from shared.dataverse import journal, journal_changes, paid
from shared.dataverse.batch import MAX_OPERATIONS, Operation, Part
from shared.dataverse.client import Dataverse
from shared.dataverse.reading import Reader
from shared.dataverse.sales import INVOICE
from shared.errors import BridgeError, Misconfigured, Unavailable
from shared.intake import Incoming
from shared.keys import journal_key, message_id
from shared.links import link
from shared.messages import Journalled, Result, State
from shared.retry import Backoff, cause_of, reference_envelope, result_envelope
from shared.settings import Settings
from shared.telemetry import count, hop, say

ROUNDS = 5
"""How often a row that somebody else keeps changing is read again before its results wait for later."""


@dataclass
class _Entry:
    """One journal row and what a batch of results has to say about it."""

    parent: tuple[str, UUID] | None
    """the record that the row hangs under; None once that record turned out to be deleted"""
    results: list[Result]
    columns: dict[str, Any] | None = None
    """for a customer's or a product's row: what it says; its results only carry it"""
    current: Journalled | None = None
    """the row as it was read"""
    is_fresh: bool = False
    """whether it was read here, and not by the export that the results come from"""
    is_paid: bool = False
    """whether the row says Paid in the end, by a result that read it in accounting or ends a refusal"""


class Writeback:
    """Writes results into the journal."""

    def __init__(self, settings: Settings, dataverse: Dataverse, bus: Bus, now: Callable[[], datetime]) -> None:
        """``now`` gives an aware time."""
        self._settings = settings
        self._dataverse = dataverse
        self._reader = Reader(dataverse, settings)
        self._bus = bus
        self._now = now
        self._backoff = Backoff(settings.retry_first_seconds, settings.retry_max_seconds)

    async def handle(self, batch: Sequence[Incoming]) -> None:
        """Settle a batch of results. Raises only where the bus does not take what must be sent."""
        results = [
            result
            for incoming in batch
            if (result := await intake.read(Result, incoming, self._settings.dataverse_organization_id, self._bus))
        ]
        if not results:
            return
        with hop("writeback", results, max(result.deferrals for result in results)):
            await self._settle(results)

    async def _settle(self, results: Sequence[Result]) -> None:
        try:
            left = await self._write(results)
        except Exception as error:  # noqa: BLE001 -- accounting has done its part: its answer must not be lost
            await self._later(results, error)
        else:
            # One result can be about several rows that were not written; it is sent again once, or it would multiply.
            waiting: list[Result] = []
            for entry, problem in left:
                news = [result for result in entry.results if result not in waiting]
                waiting += news
                await self._later(news, problem)
            _tell([result for result in results if result not in waiting])

    async def _write(self, results: Sequence[Result]) -> list[tuple[_Entry, Exception]]:
        """Write what the results say; give the rows that could not be written, and why."""
        await self._dataverse.check_organization()
        entries = _entries(results)
        started = dict(entries)
        again: list[Result] = []
        left: list[tuple[_Entry, Exception]] = []
        for _ in range(ROUNDS):
            entries = await self._round(entries, again, left)
            if not entries:
                break
            rows = await self._reader.journalled(sorted(entries))
            for key, entry in entries.items():
                entry.current, entry.is_fresh = rows.get(key), True
        await self._bus.send(CHANGES, [_again(result, "older version") for result in again])
        await self._bus.send(CHANGES, [_again(result, "mended meanwhile") for result in await self._mended(results)])
        left += [(entry, Unavailable("Dataverse", "a row keeps changing")) for entry in entries.values()]
        return left + await self._mark_paid(started.values(), [entry for entry, _ in left])

    async def _mended(self, results: Iterable[Result]) -> list[Result]:
        """Give the refusals whose customer, or a product, or the document itself was changed since it was read.

        Whoever was told of the change found no refusal that hangs on it. Asked once the rows are written: a later
        change finds them.
        """
        refusals = [(result, _mends(result)) for result in results if result.state is State.REFUSED]
        versions = await self._reader.versions(name for _, names in refusals for name in names)
        now = {name: self._settings.epoch + version for name, version in versions.items()}
        return [each for each, names in refusals if any(now.get(name, 0) > each.version for name in names)]

    async def _mark_paid(self, entries: Iterable[_Entry], left: Sequence[_Entry]) -> list[tuple[_Entry, Exception]]:
        """Set the invoices Paid that the journal now calls so; give those that could not be, and why."""
        if not self._settings.mark_invoices_paid:
            return []
        written = (entry for entry in entries if entry.is_paid and entry not in left)
        invoices = {entry.parent[1]: entry for entry in written if entry.parent and entry.parent[0] == INVOICE.name}
        if not invoices:
            return []
        try:
            problems = await paid.mark_paid(self._dataverse, list(invoices))
        except BridgeError as error:
            return [(entry, error) for entry in invoices.values()]
        return [(invoices[invoice], problem) for invoice, problem in problems.items()]

    async def _round(
        self, entries: dict[str, _Entry], again: list[Result], left: list[tuple[_Entry, Exception]]
    ) -> dict[str, _Entry]:
        """Write every entry once; give those whose row has to be read before anything is known of it.

        A write says itself that somebody else has changed the row meanwhile. That there is nothing to write does not,
        where the row is the one that export read: a word may have been written since that this one ends.
        """
        operations: dict[str, Operation] = {}
        conflicts: dict[str, _Entry] = {}
        for key, entry in entries.items():
            try:
                columns = self._columns(entry, again)
            except Exception as error:  # noqa: BLE001 -- one bad item never takes its neighbours along
                left.append((entry, error))
                continue
            if columns:
                operations[key] = journal.write(key, entry.parent, entry.current, columns)
            elif not entry.is_fresh:
                conflicts[key] = entry
        keys = list(operations)
        for start in range(0, len(keys), MAX_OPERATIONS):
            chunk = keys[start : start + MAX_OPERATIONS]
            parts = await self._dataverse.batch([operations[key] for key in chunk])
            for key, part in zip(chunk, parts, strict=True):
                if part.status in {404, 412} or _is_duplicate(part):
                    conflicts[key] = entries[key]
                    if part.status == 404 and entries[key].current is None:
                        entries[key].parent = None
                elif part.status >= 300:
                    problem = f"the journal does not take a row ({part.status} {_code(part)})"
                    left.append((entries[key], Misconfigured(problem)))
        return conflicts

    def _columns(self, entry: _Entry, again: list[Result]) -> dict[str, Any] | None:
        """Merge the results of one row into what is to be written, in the order of version, time and attempt."""
        if entry.columns is not None:
            return journal.binding_change(entry.current, entry.columns)
        written: dict[str, Any] = {}
        current = entry.current
        was_refused = current is not None and current.is_refused
        for result in sorted(entry.results, key=lambda result: (result.version, result.at, result.attempt)):
            merge = paid.merge if result.read_back else journal_changes.merge
            change = merge(current, result, self._settings.language)
            if change.again and result not in again:
                again.append(result)
            if change.columns:
                written |= change.columns
                current = journal_changes.after(current, result, change.columns)
                if (template := self._settings.link(result.target)) and "acx_accountingid" in change.columns:
                    named = change.columns["acx_accountingid"]
                    written["acx_link"] = link(template, result.target, result.table, named)
        read_paid = any(result.read_back and result.state is State.PAID for result in entry.results)
        # While a change stands refused, the invoice is not closed to its being taken back.
        paid_now = current is not None and current.state is State.PAID and not current.is_refused
        entry.is_paid = paid_now and (read_paid or was_refused)
        return written or None

    async def _later(self, results: Sequence[Result], error: Exception) -> None:
        """Send the results to ourselves again: the journal waits, accounting is not asked twice."""
        level = logging.WARNING if isinstance(error, BridgeError) else logging.ERROR
        envelopes = []
        for result in results:
            delayed = result.model_copy(update={"deferrals": result.deferrals + 1})
            named = error.retry_after if isinstance(error, Unavailable) else None
            at = self._now() + self._backoff.wait(result.deferrals, named)
            envelopes.append(result_envelope(delayed, at))
            count("retries", hop="writeback")
            dimensions = {result.table: result.id, "cause": cause_of(error), "next": at}
            say(level, "journal waits", dimensions, trace=result.traceparent)
        await self._bus.send(RESULTS, envelopes)


def _mends(result: Result) -> tuple[str, ...]:
    """Name what may have been changed without anybody's finding the refusal.

    The document itself where it stood in the books: changed back meanwhile, it passed for written.
    """
    was_written = result.journal is not None and result.journal.passes_for_written
    return (*result.hangs_on, f"{result.table}:{result.id}") if was_written else result.hangs_on


def _tell(results: Iterable[Result]) -> None:
    """Say what became of documents, now that the CRM knows it too."""
    for result in results:
        reason = result.reason.code if result.state is State.REFUSED and result.reason else None
        what = {"target": result.target, "state": result.state, "reason": reason}
        say(logging.INFO, "journal written", {result.table: result.id, **what}, trace=result.traceparent)
        count("documents", **what)


def _entries(results: Sequence[Result]) -> dict[str, _Entry]:
    """Group results by journal row; the row that export read is the one to start from."""
    entries: dict[str, _Entry] = {}
    for result in sorted(results, key=lambda result: result.at):
        entry = entries.setdefault(journal.result_key(result), _Entry((result.table, result.id), []))
        entry.results.append(result)
        if result.journal and (entry.current is None or result.journal.version >= entry.current.version):
            entry.current = result.journal
        for binding in result.bindings:
            key = journal_key(result.target, binding.table, binding.id)
            entries[key] = _Entry((binding.table, binding.id), [result], journal.binding_columns(binding, result.at))
    return entries


def _again(result: Result, cause: str) -> Envelope:
    """Give the reference of a record that is to be looked at again."""
    identity = message_id("again", result.reference.message_id, result.version, result.at)
    reference = result.reference.model_copy(update={"message_id": identity, "cause": cause, "attempt": 0})
    return reference_envelope(reference)


def _is_duplicate(part: Part) -> bool:
    return part.status >= 400 and _code(part) in {"0x80040237", "0x80060892"}


def _code(part: Part) -> str:
    try:
        return str(part.json()["error"]["code"])
    except (ValueError, KeyError, TypeError):
        return ""
