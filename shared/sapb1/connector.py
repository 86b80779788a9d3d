"""SAP Business One as the bridge needs it: an invoice becomes at most one A/R invoice.

The document and its claim are one changeset (see ``fence``), so a new one needs no look-up. A claim that is taken, an
answer that is lost and everything ambiguous lead to a look-up by the key, in Drafts and in Invoices; never to a second
write.
"""

import asyncio
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any
from uuid import UUID

from pydantic import SecretStr

from shared import jsontext
from shared.accounting import Bindings, Outcome
from shared.errors import AnswerLost, Misconfigured, Refused, Unavailable
from shared.http import Http
from shared.messages import Document, State
from shared.refusals import refusal
from shared.routes import Route
from shared.sapb1 import fence
from shared.sapb1.batch import Create, Part
from shared.sapb1.client import Row, ServiceLayer, literal
from shared.sapb1.company import CompanyFacts
from shared.sapb1.items import Items
from shared.sapb1.mapping import PreparedInvoice
from shared.sapb1.meaning import SYSTEM, AlreadyThere, RateMissing, SetupMissing
from shared.sapb1.partners import Partners

INVOICES, DRAFTS = "Invoices", "Drafts"
SELECT = (
    "DocEntry",
    "DocNum",
    "DocumentStatus",
    "CancelStatus",
    "DocCurrency",
    "DocTotal",
    "DocTotalFc",
    "WTAmount",
    "WTAmountFC",
    *fence.FIELDS,
)


@dataclass(frozen=True)
class Found:
    """What stands in Business One under a key."""

    row: Row
    is_draft: bool
    other_drafts: tuple[str, ...] = ()
    """DocEntry of drafts under the same key that somebody could still make documents of"""

    @property
    def is_cancelled(self) -> bool:
        """Whether it was cancelled."""
        return _is_cancelled(self.row)

    @property
    def identity(self) -> tuple[str, str]:
        """Its number and its id; a draft has no number yet."""
        if self.is_draft:
            return "", f"{DRAFTS}({self.row['DocEntry']})"
        return str(self.row["DocNum"]), str(self.row["DocEntry"])


class Sapb1Connector:
    """One company of SAP Business One."""

    def __init__(  # noqa: PLR0917 -- a connection's settings, in the order in which they are documented
        self, http: Http, url: str, company: str, username: str, password: SecretStr, organization_id: UUID
    ) -> None:
        """``url`` ends in ``/b1s/v2``; ``organization_id`` is the CRM's."""
        self._client = ServiceLayer(http, url, company, username, password)
        self._organization_id = organization_id
        self._facts = CompanyFacts(self._client)
        self._partners = Partners(self._client, organization_id)
        self._items = Items(self._client)
        self._fence_stands = False
        self._lock = asyncio.Lock()

    async def export(self, document: Document, route: Route, key: UUID, bindings: Bindings) -> Outcome:
        """Make Business One hold the invoice under its key, exactly once."""
        if document.organization_id != self._organization_id:
            raise Misconfigured(f"{SYSTEM}: a document of another Dataverse organization; nothing is written")
        await self._check_fence()
        if _may_be_there(document) or (await self._facts.company()).approvals:
            found = await self._find(key)
            if found is not None:
                return await self._held(found, document, key)
            if _journal_knows(document):
                raise Refused(refusal("deleted_in_accounting"))
        sale = document.sale
        prepared = await self._prepared(document, route)
        code = await self._partners.code(sale.customer, route.sapb1_books, sale.document_date, bindings)
        items = await self._items.codes(sale, route, bindings)
        return await self._write(document, key, prepared.body(key, code, items))

    async def cancel(self, document: Document, route: Route, key: UUID) -> Outcome:  # noqa: ARG002 -- the protocol's
        """Refuse to take an invoice back; where Business One holds none, there is nothing to take back."""
        found = await self._find(key)
        if found is None or found.is_cancelled:
            return Outcome(State.CANCELLED, "", "", None, document.sale.currency.code, "")
        raise Refused(refusal("cancelled_after_export"), *found.identity)

    async def close(self) -> None:
        """Log out and close the connections."""
        await self._client.close()

    async def _prepared(self, document: Document, route: Route) -> PreparedInvoice:
        """Settle the amounts. Before they are refused, the company's settings are read afresh: they may be mended."""
        await self._facts.check(route, document.sale.document_date)
        company = await self._facts.company()
        try:
            return PreparedInvoice(document, route, company)
        except Refused:
            fresh = await self._facts.company(afresh=True)
            if fresh == company:
                raise
            return PreparedInvoice(document, route, fresh)

    async def _write(self, document: Document, key: UUID, body: dict[str, Any]) -> Outcome:
        # The claim goes first: a changeset stops at its first failure, so a taken key never reaches the books.
        operations = (Create(fence.CLAIMS, fence.claim(key, fence.document_name(key))), Create(INVOICES, body))
        try:
            _, answer = await self._client.changeset(operations)
        except (AlreadyThere, AnswerLost) as error:
            return await self._look_up(document, key, error)
        except RateMissing as error:
            day = document.sale.document_date.isoformat()
            raise Refused(refusal("exchange_rate_missing", value=error.currency, date=day)) from None
        row = _written(answer)
        if row is None:
            return await self._look_up(document, key, AnswerLost(SYSTEM, "an answer without the document"))
        return _posted(row, document)

    async def _look_up(self, document: Document, key: UUID, error: AlreadyThere | AnswerLost) -> Outcome:
        found = await self._find(key)
        if found is None:
            if await self._client.get(fence.CLAIMS, key) is None:
                if isinstance(error, AnswerLost):
                    raise Unavailable(SYSTEM, f"{error.cause}; no document was written") from None
                if fence.TABLE in error.refusal.values["message"]:
                    # another attempt held the claim, failed, and gave it back
                    raise Unavailable(SYSTEM, "another attempt at this document has just failed") from None
                raise error
            # somebody else's changeset may have been committed between the two look-ups
            found = await self._find(key)
        if found is not None:
            return await self._held(found, document, key)
        raise Misconfigured(
            f"{SYSTEM}: the claim {key} in @{fence.TABLE} has no document, so the fence is broken and nothing is "
            f"written; run `{fence.SET_UP} --check`, and delete the row once it is certain that there is none"
        ) from None

    async def _find(self, key: UUID) -> Found | None:
        """Look a document up by its key. Drafts first: one that is approved meanwhile is then found as the invoice.

        A cancellation, and an accountant's duplicate, carry a copy of the key: what is not cancelled comes first, and
        of those the oldest.
        """
        where = f"{fence.KEY} eq {literal(key)}"
        drafts = await self._client.rows(DRAFTS, select=SELECT, where=where, order="DocEntry")
        invoices = await self._client.rows(INVOICES, select=SELECT, where=where, order="DocEntry")
        live = [row for row in drafts if not _is_cancelled(row)]
        rows = [(row, False) for row in sorted(invoices, key=_is_cancelled)] + [(row, True) for row in live]
        if not rows:
            return None
        row, is_draft = rows[0]
        waiting = [one for one in live if one is not row and one.get("DocumentStatus") != "bost_Close"]
        return Found(row, is_draft, tuple(str(one["DocEntry"]) for one in waiting))

    async def _held(self, found: Found, document: Document, key: UUID) -> Outcome:
        """Say what accounting holds. Nothing is written where it is this version; nothing is overwritten where not."""
        if found.is_cancelled:
            raise Refused(refusal("cancelled_in_accounting", number=found.row["DocNum"]), *found.identity)
        if found.is_draft:
            await self._claim(key)
        if found.row.get(fence.HASH) != document.hash:
            raise Refused(refusal("changed_after_export"), *found.identity)
        outcome = _drafted(found.row, document) if found.is_draft else _posted(found.row, document)
        if not found.other_drafts:
            return outcome
        return replace(outcome, remark=refusal("second_draft", drafts=", ".join(found.other_drafts)))

    async def _claim(self, key: UUID) -> None:
        """Put the claim of a draft in its place: Business One keeps the draft of a changeset that it rolled back."""
        try:
            await self._client.create(fence.CLAIMS, fence.claim(key, fence.document_name(key)))
        except AlreadyThere:
            return

    async def _check_fence(self) -> None:
        """Make sure, once a process, that table and fields are there and can be reached by our user."""
        if self._fence_stands:
            return
        async with self._lock:
            if self._fence_stands:
                return
            missing = []
            for entity, fields in ((fence.CLAIMS, ("Code", "Name")), (INVOICES, SELECT), (DRAFTS, SELECT)):
                try:
                    await self._client.rows(entity, select=fields, where="", top=1)
                except SetupMissing as error:
                    missing.append(f"{entity}: {error}")
            if missing:
                raise Misconfigured(
                    *missing,
                    f"{SYSTEM}: without the claim table @{fence.TABLE} and the user-defined fields "
                    f"{', '.join(fence.FIELDS)} nothing is written; run `{fence.SET_UP}`, then restart Service Layer",
                )
            self._fence_stands = True


def _journal_knows(document: Document) -> bool:
    journal = document.journal
    return journal is not None and (
        journal.state.in_accounting or bool(journal.accounting_id) or bool(journal.written_hash)
    )


def _may_be_there(document: Document) -> bool:
    """Whether to look before writing: the journal knows it, or an earlier attempt may have lost its answer.

    A company with approval procedures is looked at always: its drafts stay when the claim is rolled back.
    """
    return _journal_knows(document) or document.reference.attempt > 0


def _is_cancelled(row: Row) -> bool:
    """A cancelled document, and the document that cancelled it, which carries a copy of the key."""
    return row.get("CancelStatus") in {"csYes", "csCancellation"}


def _written(answer: Part) -> Row | None:
    try:
        row = jsontext.loads(answer.content)
    except ValueError:
        return None
    return row if isinstance(row, dict) and {"DocEntry", "DocNum", "DocTotal"} <= row.keys() else None


def _amount(row: Row, name: str) -> Decimal:
    value = row.get(name)
    return Decimal(0) if value is None else Decimal(value)


def _posted(row: Row, document: Document) -> Outcome:
    """Read an invoice. DocTotalFc is 0 in the company's own currency; withholding tax is taken off both totals."""
    foreign = _amount(row, "DocTotalFc") != 0
    total = _amount(row, "DocTotalFc" if foreign else "DocTotal")
    withheld = _amount(row, "WTAmountFC" if foreign else "WTAmount")
    sale = document.sale
    difference = total + withheld - sale.total
    if difference:
        values = {"accounting": total + withheld, "crm": sale.total, "difference": difference}
        shown = {name: format(value, "f") for name, value in values.items()}
        raise Refused(refusal("total_differs", number=row["DocNum"], **shown), str(row["DocNum"]), str(row["DocEntry"]))
    return Outcome(
        state=State.POSTED,
        number=str(row["DocNum"]),
        accounting_id=str(row["DocEntry"]),
        total=total,
        currency=sale.currency.code,
        written_hash=document.hash,
    )


def _drafted(row: Row, document: Document) -> Outcome:
    """Read a draft. It has no number of an invoice yet, and its id is not one: both are given when it is approved."""
    return Outcome(
        state=State.DRAFT,
        number="",
        accounting_id=f"{DRAFTS}({row['DocEntry']})",
        total=None,
        currency=document.sale.currency.code,
        written_hash=document.hash,
        remark=refusal("draft_waits", draft=row["DocEntry"]),
    )
