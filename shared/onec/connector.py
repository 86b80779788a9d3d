"""Invoices into 1С:Бухгалтерия 3.0, each at most once: Document_СчетНаОплатуПокупателю, written and posted.

The document's ``Ref_Key`` is derived, so 1C refuses a second one; whatever is unclear is looked up by it. A new
document takes two calls once customer and products are known: write and post. The due date would need a third
(InformationRegister_СрокиОплатыДокументов) and is not carried.
"""

import asyncio
import time
from uuid import UUID

from pydantic import SecretStr

from shared.accounting import Bindings, Outcome
from shared.errors import Misconfigured, Refused, Unavailable
from shared.http import Http
from shared.keys import accounting_key
from shared.messages import Document, State
from shared.onec import mapping, names, odata
from shared.onec.cards import Body
from shared.onec.classifiers import Classifiers
from shared.onec.client import OnecClient
from shared.onec.counterparties import TARGET, Counterparties
from shared.onec.items import Items, wanted
from shared.onec.odata import Row
from shared.refusals import refusal
from shared.routes import Route

RECHECK_SECONDS = 60.0
"""How long a failed check of names stands: metadata are large, and every retry would ask for them."""
_SHOWN = 10
_WAS_POSTED = frozenset({State.POSTED, State.PAID, State.PARTIALLY_PAID})


class OnecConnector:
    """1C as an :class:`shared.accounting.AccountingSystem`."""

    def __init__(self, http: Http, url: str, username: str, password: SecretStr, organization_id: UUID) -> None:
        """``url`` ends in ``/odata/standard.odata``; ``organization_id`` is that of the Dataverse organization."""
        self._client = OnecClient(http, url, username, password)
        self._organization_id = organization_id
        self._classifiers = Classifiers(self._client)
        self._counterparties = Counterparties(self._client, self._classifiers, organization_id)
        self._items = Items(self._client, self._classifiers, organization_id)
        self._names_lock = asyncio.Lock()
        self._names_checked = False
        self._names_lacking: list[str] = []
        self._names_recheck_at = 0.0

    async def check_names(self) -> None:
        """Check once that the base publishes every name the connector uses. Misconfigured lists what is missing."""
        if self._names_checked:
            return
        async with self._names_lock:
            if self._names_checked:
                return
            if time.monotonic() >= self._names_recheck_at:
                metadata = await self._client.metadata()
                try:
                    self._names_lacking = await asyncio.to_thread(names.missing, metadata)
                except names.MetadataUnreadable:
                    # A page of maintenance, or cut short: 1C is not there now. If it stays so, ONEC_URL is wrong.
                    raise Unavailable(TARGET, "$metadata is not that of a standard OData interface") from None
                self._names_recheck_at = time.monotonic() + RECHECK_SECONDS
            if self._names_lacking:
                lacking = (f"1C: {name} is missing in the standard OData interface" for name in self._names_lacking)
                raise Misconfigured(*lacking)
            self._names_checked = True

    async def export(self, document: Document, route: Route, key: UUID, bindings: Bindings) -> Outcome:
        """Make 1C hold the invoice under its key, exactly once, posted, and say what it holds.

        Raises Refused, Unavailable or Misconfigured. A document that is written but can't be posted (a closed period)
        stays unposted under its key; a later export posts it.
        """
        if document.organization_id != self._organization_id:
            raise Misconfigured("the message comes from another Dataverse organization; nothing is written")
        await self.check_names()
        rows = mapping.rows(document.sale, route)
        if self._is_known(document, key):
            held = await self._client.find(names.INVOICES, key)
            if held is None:
                raise Refused(refusal("deleted_in_accounting"))
            return await self._take(held, document, key, rows)
        body = await self._body(document, route, rows, bindings)
        held, made = await self._client.create(names.INVOICES, key, body)
        if not made or not held.get("Number"):
            held = await self._client.find(names.INVOICES, key)
            if held is None:
                raise Refused(refusal("deleted_in_accounting"))
        return await self._take(held, document, key, rows)

    async def cancel(self, document: Document, route: Route, key: UUID) -> Outcome:  # noqa: ARG002 -- the protocol's
        """Refuse to take an invoice back; where 1C holds none, there is nothing to take back."""
        held = await self._client.find(names.INVOICES, key)
        if held is None or held.get("DeletionMark") is True:
            return Outcome(State.CANCELLED, "", "", None, document.sale.currency.code, "")
        raise Refused(refusal("cancelled_after_export"), str(held.get("Number", "")).strip(), str(key))

    async def close(self) -> None:
        """End our sessions in 1C and close the connections."""
        await self._client.close()

    def _is_known(self, document: Document, key: UUID) -> bool:
        """Say whether the journal names this document in 1C. One typed by hand and linked is never written."""
        known = document.journal.accounting_id.lower() if document.journal else ""
        if not known or known == str(key):
            return bool(known)
        earlier = range(document.journal.generation if document.journal else 0)
        keys = (
            accounting_key(self._organization_id, TARGET, document.sale.table, document.sale.id, each)
            for each in earlier
        )
        if known in map(str, keys):
            return False  # cancelled in accounting, and exported anew on purpose
        raise Refused(refusal("written_otherwise", fields="Ref_Key"))

    async def _body(self, document: Document, route: Route, rows: list[Body], bindings: Bindings) -> Body:
        sale, books = document.sale, route.onec_books
        products = wanted(sale, bindings)
        needed = {
            "organization": (names.ORGANIZATIONS, books.organization),
            "bank_account": (names.BANK_ACCOUNTS, books.bank_account),
        }
        if any(line.product is None for line in sale.lines):
            needed["write_in_item"] = (names.ITEMS, books.write_in_item)
        if books.warehouse is not None:
            needed["warehouse"] = (names.WAREHOUSES, books.warehouse)
        await self._classifiers.require(route.name, needed)
        settlement = await self._classifiers.settlement(sale.currency, sale.document_date)
        counterparty = await self._counterparties.counterparty(sale.customer, route, bindings)
        contract = await self._counterparties.contract(
            counterparty,
            settlement.currency,
            sale.currency.code,
            sale.document_date,
            books,
            taxed=any(line.tax for line in sale.lines),
        )
        return mapping.document(
            sale,
            mapping.marker(sale.number, document.version, document.hash),
            books,
            counterparty=counterparty,
            contract=contract,
            settlement=settlement,
            rows=rows,
            items=await self._items.resolve(products, route, bindings),
        )

    async def _take(self, held: Row, document: Document, key: UUID, rows: list[Body]) -> Outcome:
        """Go on from what 1C holds under the key: recognise our own write, and post it where it isn't posted."""
        sale = document.sale
        number = str(held.get("Number", "")).strip()
        if held.get("DeletionMark") is True:
            raise Refused(refusal("deleted_in_accounting"), number, str(key))
        journal = document.journal if self._is_known(document, key) else None
        marker = mapping.read_marker(held.get("Комментарий"))
        written = marker.hash if marker else journal.written_hash if journal else ""
        if written and written != document.hash:
            raise Refused(refusal("changed_after_export"), number, str(key))
        differing = mapping.differences(held, sale, rows)
        total = odata.number(held, "СуммаДокумента")
        posted = held.get("Posted") is True
        if differing and not posted and total is not None and total != sale.total:
            raise mapping.total_differs(total, sale, number, str(key))
        if differing and not (posted and written):
            # Unposted, it is not posted with what the CRM never said; without a marker it may not even be our version.
            raise Refused(refusal("written_otherwise", fields=_listed(differing)), number, str(key))
        state = State.POSTED
        remark = refusal("changed_in_accounting", fields=_listed(differing)) if differing else None
        if not posted and journal is not None and journal.state in _WAS_POSTED:
            state, remark = State.EXPORTED, refusal("unposted_in_accounting")
        elif not posted:
            await self._post(key, number)
        return Outcome(state, number, str(key), total, sale.currency.code, document.hash, remark)

    async def _post(self, key: UUID, number: str) -> None:
        try:
            await self._client.post(names.INVOICES, key)
        except Refused as error:
            message = error.refusal.values.get("message", "")
            raise Refused(refusal("not_posted", number=number, message=message), number, str(key)) from None


def _listed(fields: list[str]) -> str:
    return ", ".join(fields[:_SHOWN]) + (" …" if len(fields) > _SHOWN else "")
