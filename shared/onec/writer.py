"""One document of 1C, made, recognised or rewritten, and posted: each at most once, whatever answer is lost.

Its key is derived, so 1C refuses a second one. What stands there is recognised by the marker in Комментарий. A change
carries If-Match and a higher revision in the marker; while the journal has not confirmed that version, the document is
posted again, so that a stop between changing and posting leaves no entries of the old content.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any
from uuid import UUID

from shared.errors import Refused
from shared.messages import Document, Journalled, State
from shared.onec import bodies, held, mapping, names, odata
from shared.onec.client import OnecClient
from shared.onec.held import Marker, listed, number_of
from shared.onec.kinds import FAKTURA, REALIZATSIYA, SCHET, Step, all_steps
from shared.onec.obstacles import Obstacles
from shared.onec.odata import Row
from shared.onec.published import Published
from shared.refusals import refusal
from shared.routes import Route

WAS_POSTED = frozenset({State.POSTED, State.PAID, State.PARTIALLY_PAID})


@dataclass(frozen=True)
class Job:
    """A sale on its way into 1C. ``journal``: what is known of it, where that is this generation's main document."""

    document: Document
    route: Route
    steps: tuple[Step, ...]
    journal: Journalled | None

    @property
    def confirmed(self) -> bool:
        """Whether the journal says that all of this content is in accounting."""
        return self.journal is not None and self.has_content(self.journal.written_hash)

    def has_content(self, hash_: str) -> bool:
        """Whether a hash is of this content. A merge of customers in the CRM is no change of what was exported."""
        return hash_ == self.document.hash or hash_ in self.document.sale.content_hashes()

    def due_date(self, step: Step) -> str:
        """Give the day that a счёт is due (ISO 8601), where the books want it; else empty."""
        wanted = step.kind is SCHET and self.route.onec_books.due_dates
        return self.document.sale.due_date.isoformat() if wanted else ""

    def never_in_books(self, row: Row) -> bool:
        """Say whether a document was written and never posted: an obstacle stopped it, and the CRM mends that."""
        return row.get("Posted") is False and not (self.journal is not None and self.journal.written_hash)

    @property
    def was_posted(self) -> bool:
        """Whether everything was posted when the journal last heard of it."""
        return self.journal is not None and self.journal.state in WAS_POSTED


@dataclass(frozen=True)
class Written:
    """A document as 1C holds it now."""

    step: Step
    row: Row
    differing: tuple[str, ...] = ()
    """what an accountant has changed since"""
    unposted: bool = False
    """an accountant took its posting back"""


class Writer:
    """Writes documents. Methods raise Refused, Unavailable (AnswerLost) or Misconfigured."""

    def __init__(self, client: OnecClient, published: Published) -> None:
        self._client = client
        self._published = published
        self._obstacles = Obstacles(client, published)

    async def create(self, step: Step, job: Job, body: Mapping[str, object]) -> tuple[Row, bool]:
        """Create a document, or find the one that stands under its key; say whether it was made now.

        Refused: number_taken, accounting_refused, deleted_in_accounting.
        """
        sale = job.document.sale
        printed = held.fingerprint(step.kind, body)
        own = Marker(job.document.version, job.document.hash, printed, due=job.due_date(step))
        number = bodies.number(sale, job.route) if step.kind is SCHET else ""
        whole = {**body, "Комментарий": held.marker(sale.number, own)} | ({"Number": number} if number else {})
        try:
            row, made = await self._client.create(step.kind.entity, step.key, whole)
        except Refused:
            await self._check_number(step, number, sale.document_date.year)
            raise
        if not number_of(row) or any(not isinstance(row.get(name), list) for name in step.kind.sections):
            row = await self.found(step)
        check_alive(step, row)
        return row, made

    async def _check_number(self, step: Step, number: str, year: int) -> None:
        if not number:
            return
        since, until = datetime(year, 1, 1), datetime.combine(datetime(year, 12, 31), time.max)  # noqa: DTZ001 -- 1C's dates have no zone
        others = await self._client.rows(
            step.kind.entity,
            select=("Ref_Key", "Number"),
            where=f"Number eq {odata.text(number)} and Date ge {odata.moment(since)} and Date le {odata.moment(until)}",
            top=1,
        )
        if others:
            raise Refused(refusal("number_taken", number=number, year=year))

    async def look(self, step: Step) -> Row | None:
        """Read a document, if it is there. What the base doesn't publish was never written."""
        if not await self._published.has(step.kind.entity):
            return None
        return await self._client.find(step.kind.entity, step.key)

    async def found(self, step: Step) -> Row:
        """Read a document that must be there. Refused: deleted_in_accounting."""
        row = await self._client.find(step.kind.entity, step.key)
        if row is None:
            raise Refused(refusal("deleted_in_accounting"))
        check_alive(step, row)
        return row

    def is_stale(self, row: Row, job: Job) -> bool:
        """Say whether a document holds another version of the CRM's content."""
        marker = held.read_marker(row.get("Комментарий"))
        written = marker.hash if marker else job.journal.written_hash if job.journal else ""
        return bool(written) and not job.has_content(written)

    async def check_rewriting(self, step: Step, row: Row, job: Job) -> None:
        """Check that a document may be rewritten: rules 7 and 8.

        Refused: changed_after_export (switched off), edited_in_accounting, schet_stays, realizatsiya_stays.
        """
        books, number, key = job.route.onec_books, number_of(row), str(step.key)
        if step.kind is SCHET and not books.rewrite_schet and not job.never_in_books(row):
            raise Refused(refusal("changed_after_export"), number, key)
        if step.kind is REALIZATSIYA and not books.rewrite_realizatsiya:
            await self.check_free(step, row, job)
        marker = held.read_marker(row.get("Комментарий"))
        edits = held.edited(step.kind, row, marker.print) if marker else None
        fields = ["Комментарий"] if edits is None else edits
        if job.was_posted and row.get("Posted") is not True:
            fields = [*fields, "Posted"]
        if marker is not None and await self._due_is_edited(step, marker, job):
            fields = [*fields, "СрокОплаты"]
        if fields:
            raise Refused(refusal("edited_in_accounting", fields=listed(fields)), number, key)
        await self.check_free(step, row, job, moved_to=job.document.sale.shipment_date)

    async def _due_is_edited(self, step: Step, marker: Marker, job: Job) -> bool:
        """Say whether the register holds another due date than was written, and than the CRM has now.

        A version that the journal has not confirmed may have stopped before the register: nothing is known then.
        """
        wanted = job.due_date(step)
        if not wanted or job.journal is None or marker.hash != job.journal.written_hash:
            return False
        return await self._obstacles.due_date(step.key) not in {"", marker.due, wanted}

    async def check_free(self, step: Step, row: Row, job: Job, *, moved_to: date | None = None) -> None:
        """Check that nothing stands against changing or cancelling a document. Refused: the stays.

        ``moved_to``: the day that a реализация bears once it is changed.
        """
        books, number, key = job.route.onec_books, number_of(row), str(step.key)
        wanted = names.FOR_CHANGING_SCHET
        if step.kind is SCHET:
            await self._published.check(wanted)
            realizatsiya = next(
                each.key for each in all_steps(job.document, main_key(job)) if each.kind is REALIZATSIYA
            )
            if reasons := await self._obstacles.of_schet(step.key, realizatsiya):
                raise Refused(refusal("schet_stays", number=number, reasons=listed(reasons)), number, key)
            return
        if step.kind is REALIZATSIYA and job.never_in_books(row):
            reasons = []
        elif step.kind is REALIZATSIYA:
            if books.rewrite_realizatsiya:
                await self._published.check(names.united(wanted, names.FOR_CHANGING_REALIZATSIYA))
            reasons = await self._obstacles.of_realizatsiya(row, books, moved_to)
        else:
            reasons = [f"{FAKTURA.title} {number}"] if row.get("Posted") is not False else []
        if reasons:
            raise Refused(refusal("realizatsiya_stays", number=number, reasons=listed(reasons)), number, key)

    async def rewrite(self, step: Step, row: Row, job: Job, body: Mapping[str, object]) -> Row:
        """Change a document to the current content; give it as it is then. It is posted by :meth:`finish`.

        Refused: customer_changed. An exported document keeps its customer, even where the CRM merges two.
        """
        if str(row.get("Контрагент_Key")).lower() != body["Контрагент_Key"]:
            raise Refused(refusal("customer_changed"), number_of(row), str(step.key))
        sale, old = job.document.sale, held.read_marker(row.get("Комментарий"))
        printed, revision = held.fingerprint(step.kind, body), (old.revision if old else 1) + 1
        own = Marker(job.document.version, job.document.hash, printed, revision, job.due_date(step))
        comment = held.remarked(row.get("Комментарий"), held.marker(sale.number, own))
        changed = held.merged(step.kind, row, body, sale) | {"Комментарий": comment}
        if step.kind is REALIZATSIYA and str(row.get("ВалютаДокумента_Key")).lower() != body["ВалютаДокумента_Key"]:
            # 62.01 is the account of a contract in roubles, 62.21 of one in another currency. БП fills what is empty.
            changed |= dict.fromkeys(held.SETTLEMENT_ACCOUNTS, str(UUID(int=0)))
        return await self._client.change(step.kind.entity, step.key, changed, str(row.get("DataVersion")))

    async def finish(self, step: Step, row: Row, job: Job, body: Mapping[str, Any]) -> Written:
        """Check what 1C holds of the current content, and post it where it isn't posted.

        Refused: total_not_reachable, written_otherwise, accounts_empty, not_posted.
        """
        sale, number, key = job.document.sale, number_of(row), str(step.key)
        marker = held.read_marker(row.get("Комментарий"))
        differing = held.differences(step.kind, row, body, sale.total)
        total = odata.number(row, "СуммаДокумента")
        posted = row.get("Posted") is True
        again = posted and marker is not None and marker.revision > 1 and not job.confirmed
        if differing and (not posted or again) and total is not None and total != sale.total:
            raise mapping.total_differs(total, sale, f"{step.kind.title} {number}", number, key)
        known = marker is not None or job.confirmed
        if differing and (not posted or again or not known):
            # Unposted, it is not posted with what the CRM never said; without a marker it may not even be our version.
            raise Refused(refusal("written_otherwise", fields=listed(differing)), number, key)
        if posted and not again:
            edits = held.edited(step.kind, row, marker.print) if marker and marker.print else None
            unnamed = {step.kind.item, "Содержание"}
            more = [name for name in edits or () if "." not in name or name.partition(".")[2] in unnamed]
            return Written(step, row, tuple(more + differing))
        # One that first came with this content was not there when the journal last heard that everything was posted.
        joined = marker is not None and marker.revision == 1 and not job.confirmed
        if not posted and job.was_posted and not joined:
            return Written(step, row, unposted=True)
        await self._prepare(step, row, job)
        try:
            await self._client.post(step.kind.entity, step.key, again=again)
        except Refused as error:
            message = error.refusal.values.get("message", "")
            raise Refused(refusal("not_posted", number=number, message=message), number, key) from None
        return Written(step, row)

    async def _prepare(self, step: Step, row: Row, job: Job) -> None:
        """Do what must be done before posting: see to the accounts, set the due date."""
        books, number = job.route.onec_books, number_of(row)
        if step.kind is REALIZATSIYA:
            if row.get("РучнаяКорректировка") is True:
                reasons = "РучнаяКорректировка"
                raise Refused(refusal("realizatsiya_stays", number=number, reasons=reasons), number, str(step.key))
            if lacking := held.unfilled(row):
                raise Refused(refusal("accounts_empty", number=number, fields=listed(lacking)), number, str(step.key))
        if due_date := job.due_date(step):
            place = {"Документ": str(step.key), "Документ_Type": f"StandardODATA.{names.INVOICES}"}
            address = odata.record(names.DUE_DATES, {"Организация_Key": books.organization, **place})
            due = {"Организация_Key": str(books.organization), **place, "СрокОплаты": f"{due_date}T00:00:00"}
            await self._client.put_record(names.DUE_DATES, address, due)

    async def withdraw(self, step: Step, row: Row) -> None:
        """Take a document out of the books: its posting, then a deletion mark. It is never deleted."""
        if row.get("Posted") is True:
            await self._client.unpost(step.kind.entity, step.key)
            row = await self.found(step)
        await self._client.change(step.kind.entity, step.key, {"DeletionMark": True}, str(row.get("DataVersion")))


def check_alive(step: Step, row: Row) -> None:
    """Refuse a document that is marked for deletion."""
    if row.get("DeletionMark") is True:
        raise Refused(refusal("deleted_in_accounting"), number_of(row), str(step.key))


def main_key(job: Job) -> UUID:
    """Give the key of the main document."""
    return next(step.key for step in job.steps if step.main)
