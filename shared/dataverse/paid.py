"""What was read back from accounting, in the journal and on the invoice: payments, cancellations, deletions.

Merging is pure. A payment says nothing of the content: version and number stay as they are. A refusal keeps its
sentence, and the payment is shown with it: in the state and in the paid amount.
"""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any
from uuid import UUID

from shared.dataverse import journal
from shared.dataverse.batch import Operation
from shared.dataverse.client import Dataverse
from shared.dataverse.columns import key, number
from shared.dataverse.journal import MAX_MESSAGE, STATE_VALUES, stamp
from shared.dataverse.journal_changes import ABSENT, Change, is_earlier
from shared.dataverse.sales import INVOICE
from shared.errors import Misconfigured, Unavailable
from shared.messages import REFUSED_CHANGE, Journalled, Result, State
from shared.refusals import Language, refusal
from shared.settings import PAID_STATUS

PAID_STATE = 2
"""invoice.statecode"""
ACTIVE = 0
ROUNDS = 3
_OWN_REMARKS = ("payment_reversed", "settled_by_credit", "settled_without_payment")


def merge(current: Journalled | None, result: Result, language: Language) -> Change:
    """Decide what a reading of accounting changes in a row: nothing where the row is about another document by now."""
    if current is None or (current.accounting_id, current.generation) != (result.accounting_id, result.generation):
        return Change(None)
    columns: dict[str, Any] = {}
    if result.paid and Decimal(result.paid) != Decimal(current.paid or 0):
        columns["acx_paidamount"] = Decimal(result.paid)
    if result.version == current.version and not is_earlier(result, current):
        if current.is_refused and result.state is not State.REFUSED:
            columns |= _beside_refusal(current, result)
        elif current.state.in_accounting and current.state is not State.DRAFT:
            columns |= _state(current, result, language)
    return Change(columns or None)


def _beside_refusal(current: Journalled, result: Result) -> dict[str, Any]:
    """Show a payment, or that it was taken back, and leave the refusal's sentence as it is."""
    state = result.state if result.state.says_payment else State.REFUSED
    if state is current.state:
        return {}
    return {"acx_state": STATE_VALUES[state], "acx_changedon": stamp(result.at), "acx_hash": REFUSED_CHANGE}


def _state(current: Journalled, result: Result, language: Language) -> dict[str, Any]:
    said = journal.message(result, current, language)[:MAX_MESSAGE].strip()
    if not said and result.state is not current.state and current.state is State.PAID:
        reversed_ = result.model_copy(update={"reason": refusal("payment_reversed")})
        said = journal.message(reversed_, current, language)
    columns: dict[str, Any] = {}
    if result.state is not current.state:
        columns = {"acx_state": STATE_VALUES[result.state], "acx_changedon": stamp(result.at)}
        if not said and says(current.message, _OWN_REMARKS, result, language):
            columns["acx_message"] = ""
    if said and said != current.message:
        columns["acx_message"] = said
    return columns


def says(message: str, codes: Sequence[str], result: Result, language: Language) -> bool:
    """Say whether a row's message is one of these sentences, whatever accounting was said to hold."""
    reasons = (refusal(code, number=result.number) for code in codes)
    return any(all(part in message for part in reason.words(language)) for reason in reasons)


def is_back(current: Journalled, result: Result, language: Language) -> bool:
    """Say whether a document that the journal calls deleted or cancelled stands in accounting again."""
    absent = current.state is State.REFUSED and result.state is not State.REFUSED
    return absent and says(current.message, ABSENT, result, language)


def frees(current: Journalled, result: Result) -> bool:
    """Say whether a payment that was taken back may be what a change of the document was refused for."""
    less = {State.PAID: 2, State.SETTLED: 2, State.PARTIALLY_PAID: 1}
    taken_back = less.get(result.state, 0) < less.get(current.state, 0)
    return current.is_refused and taken_back and result.state is not State.REFUSED


async def mark_paid(dataverse: Dataverse, invoices: Sequence[UUID]) -> dict[UUID, Exception]:
    """Set active invoices Paid, each from exactly the state that was read; give those that could not be, and why.

    One that is Paid or Canceled already, or is no more, is left as it is.
    """
    waiting, problems = list(invoices), dict[UUID, Exception]()
    for _ in range(ROUNDS):
        active = await _active(dataverse, waiting)
        waiting = []
        if not active:
            return problems
        body = {"statecode": PAID_STATE, "statuscode": PAID_STATUS}
        operations = [
            Operation("PATCH", f"{INVOICE.set_name}({invoice})", body, {"If-Match": etag})
            for invoice, etag in active.items()
        ]
        for invoice, part in zip(active, await dataverse.batch(operations), strict=True):
            if part.status == 412:
                waiting.append(invoice)
            elif part.status >= 300 and part.status != 404:
                problems[invoice] = Misconfigured(f"Dataverse does not set an invoice Paid ({part.status})")
    return problems | {invoice: Unavailable("Dataverse", "an invoice keeps changing") for invoice in waiting}


async def _active(dataverse: Dataverse, invoices: Sequence[UUID]) -> dict[UUID, str]:
    """Give the invoices that are active, each with its version."""
    found: dict[UUID, str] = {}
    for start in range(0, len(invoices), 100):
        listed = ",".join(f"'{invoice}'" for invoice in invoices[start : start + 100])
        where = f"Microsoft.Dynamics.CRM.In(PropertyName='{INVOICE.key}',PropertyValues=[{listed}])"
        query = {"$select": f"{INVOICE.key},statecode", "$filter": where}
        for row in await dataverse.rows(INVOICE.set_name, query):
            if number(row, "statecode") == ACTIVE:
                found[key(row, INVOICE.key)] = row["@odata.etag"]
    return found
