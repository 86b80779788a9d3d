"""Whether a document goes into a file: the decision of the automatic ways, with a hand for a connector. Pure.

What was handed out before and did not change is handed out again when it is asked for: the user decides.
"""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from shared.dataverse import transform
from shared.dataverse.reading import journal_row
from shared.dataverse.sales import SalesTable
from shared.decision import Case, Send, Tell, held_back_by
from shared.errors import Parked, Refused
from shared.messages import Document, Journalled, Reference, Result, State
from shared.one_sale import is_due
from shared.refusals import Refusal, refusal
from shared.results import result_of
from shared.routes import Route, route_for
from shared.settings import Settings

TIME = "%Y-%m-%d %H:%M UTC"


@dataclass(frozen=True)
class File:
    """The file that documents go into."""

    name: str
    created: datetime


@dataclass(frozen=True)
class Choice:
    """One document's row and the file that it may go into."""

    table: SalesTable
    row: dict[str, Any]
    route: Route
    period: tuple[date, date]
    reference: Reference
    file: File
    unheld: bool = False
    """whether what another file holds stays out"""

    def made(self, settings: Settings) -> Send | Tell | None:
        """Give the document, or a word of why it stays out; None where the file has nothing to do with it."""
        head = transform.header(self.table, self.row)
        if route_for(settings.routes, self.table.way, head.business_unit) != self.route:
            return None
        known = journal_row(self.table, self.row, self.route.target)
        case = Case(self.row, head, self.route, known, settings, self.reference, self.file.created)
        try:
            return self._chosen(case, settings)
        except Parked as error:
            return case.told(State.WAITING, error.refusal)
        except Refused as error:
            return case.told(State.REFUSED, error.refusal)

    def _chosen(self, case: Case, settings: Settings) -> Send | Tell | None:
        dated = transform.document_date(self.row, self.route)
        if not self.period[0] <= dated <= self.period[1] or self._has_its_file(case):
            return None
        if case.head.cancelled or not is_due(self.table, self.row, case.head.status, settings):
            return _withdrawn(case)
        if held_back := held_back_by(self.route, dated, settings):
            return _held_back(case, case.told(*held_back))
        if case.known is not None and case.known.is_lost:
            raise Refused(refusal("perhaps_held"))
        sale = transform.to_sale(self.table, self.row, self.route, settings)
        if _is_automatic(case.known):
            if case.known is not None and case.known.written_hash in sale.content_hashes():
                return None
            return case.told(State.REFUSED, refusal("changed_after_export"))
        transform.check_cards(self.table, self.row, settings)
        return case.document(sale, "write")

    def _has_its_file(self, case: Case) -> bool:
        """Whether it stays out because another file holds it. That it was cancelled since is told all the same."""
        if not self.unheld or case.known is None or not case.known.in_books or case.head.cancelled:
            return False
        return self.file.name not in case.known.message


def _held_back(case: Case, told: Tell) -> Tell:
    """Say in the file why a document is not in it; what was handed out before stays so in the journal."""
    if case.known is None or not case.known.in_books:
        return told
    return Tell(told.result.model_copy(update={"acknowledges": True}))


def _withdrawn(case: Case) -> Tell | None:
    """Say of a document that is cancelled, or not due, that accounting may hold it; else it is no concern of a file."""
    if case.known is None or not case.known.in_books:
        return None
    how = "cancelled" if case.head.cancelled else "not_issued"
    return case.told(State.REFUSED, refusal(f"{how}_after_export"))


def _is_automatic(known: Journalled | None) -> bool:
    """Whether the automatic way wrote it before the route was changed: it stands in accounting, under its number."""
    return known is not None and bool(known.accounting_id) and known.state is not State.CANCELLED


def handed_out(document: Document, file: File) -> Result:
    """Give the word for the journal: the document is in this file now."""
    return result_of(
        document, State.EXPORTED, file.created, written_hash=document.hash, reason=_handed_out(document.journal, file)
    )


def _handed_out(known: Journalled | None, file: File) -> Refusal:
    at = f"{file.created:{TIME}}"
    before = known.changed_at if known is not None and known.in_books else None
    if before is None:
        return refusal("handed_out", file=file.name, at=at)
    return refusal("handed_out_again", file=file.name, at=at, before=f"{before:{TIME}}")
