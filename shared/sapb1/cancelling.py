"""Taking a document back, with a date that the route decides, or saying why only a credit memo can."""

from datetime import date
from typing import Any

from shared.errors import AnswerLost, Refused
from shared.refusals import refusal
from shared.sapb1.client import Row, ServiceLayer
from shared.sapb1.held import Found, Holdings, is_cancelled
from shared.sapb1.kinds import DRAFTS
from shared.sapb1.outcomes import stays


def blocked(found: Found, message: str) -> Refused:
    """Ask for a credit memo."""
    values = {"document": found.kind.title, "number": found.row["DocNum"], "message": message}
    return stays(found, refusal("cancel_blocked", **values))


def not_replaced(found: Found, error: Refused) -> Refused:
    """Say that the document stays, because SAP refuses what would replace it; what else is wrong says it itself."""
    message = error.refusal.values.get("message")
    if error.refusal.code != "accounting_refused" or message is None:
        return error
    values = {"document": found.kind.title, "number": found.row["DocNum"], "message": message}
    return stays(found, refusal("replacement_refused", **values))


def check(found: Found) -> None:
    """Refuse what is closed: paid, credited, or copied to another document. SAP itself knows the rest."""
    if not found.is_draft and found.row.get("DocumentStatus") == "bost_Close":
        raise blocked(found, "DocumentStatus: bost_Close")


def cancellation_day(found: Found, rule: str | None, today: date) -> date:
    """Give the date of the cancellation: the document's, or today's, never before the document's."""
    dated = date.fromisoformat(str(found.row["DocDate"])[:10])
    return dated if rule == "document" else max(dated, today)


class Canceller:
    """Cancels documents, orders, and deletes drafts, which post nothing."""

    def __init__(self, client: ServiceLayer, holdings: Holdings) -> None:
        """``holdings`` looks up by the same client."""
        self._client = client
        self._holdings = holdings

    async def cancel(self, found: Found, day: date) -> None:
        """Cancel; nothing happens where it is cancelled already. A lost answer is looked up.

        Raises Refused (``cancel_blocked``) with SAP's own sentence: paid, reconciled, a closed period, used by another
        document.
        """
        entry = int(found.row["DocEntry"])
        for draft in found.other_drafts:
            await self._client.delete(DRAFTS, int(draft))
        try:
            if found.is_draft:
                await self._client.delete(DRAFTS, entry)
            elif found.kind.cancelled_by_document:
                await self._client.act(f"{found.kind.set}Service_Cancel2", cancellation(entry, day))
            else:
                await self._client.act(f"{found.kind.set}({entry})/Cancel")
        except (Refused, AnswerLost) as error:
            row = await self._holdings.row(found)
            if _gone(found, row):
                return
            if isinstance(error, AnswerLost):
                raise error.looked_up("; it was not cancelled") from None
            raise blocked(found, error.refusal.values.get("message", error.refusal.code)) from None


def _gone(found: Found, row: Row | None) -> bool:
    """A document stays for ever, so only a draft can be no more there."""
    return found.is_draft if row is None else is_cancelled(row)


def cancellation(entry: int, day: date) -> dict[str, Any]:
    """Give the body of an action that cancels with a date of one's own."""
    return {"Document": {"DocEntry": entry, "DocDate": day.isoformat(), "TaxDate": day.isoformat()}}
