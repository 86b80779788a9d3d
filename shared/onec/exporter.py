"""A sale into 1C: its documents one after the other, each finished before the next begins.

Whatever stops in between, the next attempt finds what is there by its key and goes on.
"""

from collections.abc import Iterable
from uuid import UUID

from shared.accounting import Bindings, Outcome
from shared.errors import Parked, Refused, Unavailable
from shared.messages import Document, Journalled, State
from shared.onec import bodies, held, kinds, mapping
from shared.onec.bodies import Parts
from shared.onec.cards import Body
from shared.onec.held import listed, number_of
from shared.onec.kinds import FAKTURA, REALIZATSIYA, SCHET, Step, all_steps, needs_faktura, steps
from shared.onec.odata import Row, number
from shared.onec.resolving import Resolver
from shared.onec.writer import Job, Writer, Written, check_alive
from shared.refusals import Refusal, refusal
from shared.routes import Route

GONE: Row = {"DeletionMark": True}


class Exporter:
    """Makes 1C hold the documents of a sale, or takes them back."""

    def __init__(self, writer: Writer, resolver: Resolver) -> None:
        self._writer = writer
        self._resolver = resolver

    async def export(self, document: Document, route: Route, key: UUID, bindings: Bindings) -> Outcome:
        """Make 1C hold all documents of the sale with its current content, posted."""
        job = Job(document, route, steps(document, route, key), known(document, key))
        ships = any(step.kind is REALIZATSIYA for step in job.steps)
        bodies.check(document.sale, route, ships=ships)
        rows = mapping.rows(document.sale, route, ships=ships)
        done: list[Written] = []
        there: dict[UUID, Row] = {}
        try:
            await self._read_known(job, there)
            if key not in there:
                await self._check_shipped(document)
            if newer := self._newer(job, there.get(key)):
                return newer
            stale = await self._stale(job, there, bindings, rows)
            if stale or len(there) < len(job.steps):
                parts = await self._resolver.parts(document, route, job.steps, bindings)
            else:
                parts = bodies.unresolved(document.sale)
            for step in job.steps:
                body = _body(step, job, parts, rows)
                row = there.get(step.key)
                if row is None:
                    row, made = await self._writer.create(step, job, body)
                    there[step.key] = row
                    if not made and self._writer.is_stale(row, job):
                        if newer := self._newer(job, await self._writer.look(_main(job))):
                            return newer
                        stale += await self._check_rest(job, step, there)
                if step in stale:
                    row = there[step.key] = await self._writer.rewrite(step, row, job, body)
                done.append(await self._writer.finish(step, row, job, body))
        except Refused as error:
            raise _placed(error, job, there) from None
        return _outcome(job, done)

    async def _read_known(self, job: Job, there: dict[UUID, Row]) -> None:
        """Read what the journal knows to be there: the main document; once it confirmed all of them, each."""
        if job.journal is None:
            return
        there[_main(job).key] = await self._writer.found(_main(job))
        for step in job.steps:
            if step.main or not job.journal.written_hash:
                continue
            if step.kind is not FAKTURA or _had_faktura(job.journal, there[_realizatsiya(job).key]):
                there[step.key] = await self._part(step)

    async def _part(self, step: Step) -> Row:
        """Read what belongs to a main document that stands. Refused: part_missing, deleted_in_accounting.

        Nothing there: it was deleted, or the route did not want it when the sale was exported. It may stand there by
        hand since then, so it is not made now.
        """
        row = await self._writer.look(step)
        if row is None:
            raise Refused(refusal("part_missing", document=step.kind.title))
        check_alive(step, row)
        return row

    async def _check_shipped(self, document: Document) -> None:
        """Refuse an order whose invoice shipped it: a route that has changed since wrote the реализация with it."""
        for issued in document.invoices:
            if not issued.in_books:
                continue
            family = kinds.family(document.organization_id, "invoice", issued.id, issued.generation)
            step = next(each for each in family if each.kind is REALIZATSIYA)
            row = await self._writer.look(step)
            if row is not None and row.get("DeletionMark") is not True:
                number_ = f"{step.kind.title} {number_of(row)}"
                raise Refused(refusal("invoiced_before", invoice=issued.number, number=number_))

    async def _stale(self, job: Job, there: dict[UUID, Row], bindings: Bindings, rows: list[Body]) -> list[Step]:
        """List the documents that are to be rewritten, once all of them may be.

        One that must stay stands against nothing where it stays the same: a реализация knows of no due date.
        """
        found = []
        for step in job.steps:
            if step.key not in there or not self._writer.is_stale(there[step.key], job):
                continue
            try:
                await self._writer.check_rewriting(step, there[step.key], job)
            except Refused:
                if not await self._stays_the_same(step, there[step.key], job, bindings, rows):
                    raise
            else:
                found.append(step)
        return found

    async def _stays_the_same(self, step: Step, row: Row, job: Job, bindings: Bindings, rows: list[Body]) -> bool:
        """Say whether a posted document was written as it would be now, whatever else changed in the CRM."""
        marker = held.read_marker(row.get("Комментарий"))
        due_date = step.kind is SCHET and job.route.onec_books.due_dates  # stands in a register, and not in the print
        if marker is None or marker.revision > 1 or row.get("Posted") is not True or due_date:
            return False
        sale = job.document.sale
        day = sale.document_date if step.kind is SCHET else sale.shipment_date
        parts = await self._resolver.known(job.document, day, row, bindings)
        if parts is None:
            return False
        return held.is_written_so(step.kind, row, _body(step, job, parts, rows), marker.print, sale)

    async def _check_rest(self, job: Job, first: Step, there: dict[UUID, Row]) -> list[Step]:
        """Check, before one document that was not known to be there is rewritten, that all may be; list them."""
        stale = []
        for step in job.steps[job.steps.index(first) :]:
            row = there.get(step.key) or await self._writer.look(step)
            if row is None:
                continue
            check_alive(step, row)
            there[step.key] = row
            if self._writer.is_stale(row, job):
                await self._writer.check_rewriting(step, row, job)
                stale.append(step)
        return stale

    def _newer(self, job: Job, row: Row | None) -> Outcome | None:
        """Give what 1C holds where that is a later version: an older one never overwrites it."""
        marker = held.read_marker(row.get("Комментарий")) if row else None
        if row is None or marker is None or marker.version <= job.document.version or job.has_content(marker.hash):
            return None
        state = State.POSTED if row.get("Posted") is True else State.EXPORTED
        total = number(row, "СуммаДокумента")
        currency = job.document.sale.currency.code
        return Outcome(
            state, number_of(row), str(row["Ref_Key"]), total, currency, marker.hash, dated=held.date_of(row)
        )

    async def cancel(self, document: Document, route: Route, key: UUID) -> Outcome:
        """Take back whatever of the sale 1C holds: first what refers to others. One that must stay stops all.

        Raises Unavailable where a later version stands: the record is read again, and may be no more cancelled.
        """
        job = Job(document, route, all_steps(document, key), known(document, key))
        there: dict[UUID, Row] = {}
        for step in job.steps:
            if (row := await self._writer.look(step)) is not None:
                there[step.key] = row
        alive = [step for step in reversed(job.steps) if there.get(step.key, GONE).get("DeletionMark") is not True]
        _check_not_older(document, [there[step.key] for step in alive])
        try:
            for step in alive:
                await self._writer.check_free(step, there[step.key], job)
            for step in alive:
                await self._writer.withdraw(step, there[step.key])
        except Refused as error:
            raise _placed(error, job, there) from None
        main = there.get(key)
        named, accounting_id = (number_of(main), str(key)) if main is not None else ("", "")
        return Outcome(State.CANCELLED, named, accounting_id, None, document.sale.currency.code, "")


def _check_not_older(document: Document, rows: Iterable[Row]) -> None:
    markers = [held.read_marker(row.get("Комментарий")) for row in rows]
    if any(marker is not None and marker.version > document.version for marker in markers):
        raise Unavailable(kinds.TARGET, "a newer version of the document is there already", answered=True)


def _main(job: Job) -> Step:
    return next(step for step in job.steps if step.main)


def _realizatsiya(job: Job) -> Step:
    return next(step for step in job.steps if step.kind is REALIZATSIYA)


def _had_faktura(journal: Journalled, realizatsiya: Row) -> bool:
    """Say whether a счёт-фактура was written with a реализация: not with one without VAT, whose lines get it now.

    A реализация that the journal has not confirmed yet may just have been rewritten, by an attempt that stopped before
    the счёт-фактура.
    """
    marker = held.read_marker(realizatsiya.get("Комментарий"))
    confirmed = marker is None or marker.hash == journal.written_hash
    return confirmed and realizatsiya.get("ДокументБезНДС") is not True


def known(document: Document, key: UUID) -> Journalled | None:
    """Give what the journal knows, where that is the main document of this generation."""
    journal = document.journal
    return journal if journal is not None and journal.accounting_id.lower() == str(key) else None


def _body(step: Step, job: Job, parts: Parts, rows: list[Body]) -> Body:
    sale, keys = job.document.sale, {each.kind.entity: each.key for each in job.steps}
    if step.kind is SCHET:
        return bodies.schet(sale, job.route, parts, rows)
    if step.kind is REALIZATSIYA:
        return bodies.realizatsiya(sale, job.route, parts, rows, keys.get(SCHET.entity))
    return bodies.faktura(sale, job.route, parts, keys[REALIZATSIYA.entity])


def _placed(error: Refused, job: Job, there: dict[UUID, Row]) -> Refused:
    """Let a refusal name the main document where 1C holds it, else the one that it holds instead."""
    for step in sorted(job.steps, key=lambda step: not step.main):
        if (row := there.get(step.key)) is not None:
            named = number_of(row) if step.main else f"{step.kind.title} {number_of(row)}"
            total = number(row, "СуммаДокумента")
            refused = Parked if isinstance(error, Parked) else Refused
            return refused(error.refusal, named, str(step.key), dated=held.date_of(row), total=total)
    return error


def _outcome(job: Job, done: list[Written]) -> Outcome:
    main = next(each for each in done if each.step.main)
    state = State.EXPORTED if any(each.unposted for each in done) else State.POSTED
    total = number(main.row, "СуммаДокумента")
    currency = job.document.sale.currency.code
    return Outcome(
        state,
        number_of(main.row),
        str(main.step.key),
        total,
        currency,
        job.document.hash,
        _remark(job, done),
        dated=held.date_of(main.row),
    )


def _remark(job: Job, done: list[Written]) -> Refusal | None:
    """Say what a person should know of a success."""
    kinds = {each.step.kind.entity for each in done}
    missing = REALIZATSIYA.entity in kinds and FAKTURA.entity not in kinds and needs_faktura(job.document)
    missing = missing and job.route.onec_books.schet_faktura == "accountant"
    if any(each.unposted for each in done):
        return refusal("unposted_without_schet_faktura" if missing else "unposted_in_accounting")
    if differing := [(each, name) for each in done for name in each.differing]:
        fields = [name if each.step.main else f"{each.step.kind.title}.{name}" for each, name in differing]
        code = "changed_without_schet_faktura" if missing else "changed_in_accounting"
        return refusal(code, fields=listed(fields))
    documents = listed([f"{each.step.kind.title} {number_of(each.row)}" for each in done])
    if REALIZATSIYA.entity not in kinds:
        base = job.document.base
        return refusal("schet_of_order", number=base.number) if base else refusal("schet_only")
    if missing:
        return refusal("schet_faktura_missing", documents=documents)
    return refusal("also_written", documents=documents) if len(done) > 1 else None
