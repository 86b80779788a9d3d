"""Payments in 1С:Бухгалтерия: the state of a счёт, what was paid for it, and whether it is still there.

``СтатусыДокументов`` holds the state of a счёт, which a person can set by hand and a job refreshes, so it can lag;
``ОплатаСчетов`` holds what was paid. The higher of the two is told. For a реализация the register holds only whether it
is signed: it is paid through its счёт, and where it has none nothing is known. A счёт of a smaller sum, as for a
prepayment, pays it in part at most.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from urllib.parse import quote
from uuid import UUID

from shared.accounting import Exported, Standing
from shared.messages import State
from shared.onec import names, odata
from shared.onec.client import OnecClient
from shared.onec.odata import MAX_FILTER, Row
from shared.refusals import refusal

_BY_STATE = {"Оплачен": State.PAID, "ОплаченЧастично": State.PARTIALLY_PAID}
_CALLED_OFF = "Отменен"
_RANK = {State.PARTIALLY_PAID: 1, State.PAID: 2}
_MONEY = ("СуммаДокумента", "ВалютаДокумента_Key")
DELETED = Standing(State.REFUSED, reason=refusal("deleted_in_accounting"))


@dataclass(frozen=True)
class _Schet:
    """A счёт with what the registers say of it."""

    row: Row
    state: str = ""
    payments: Sequence[Row] = field(default_factory=tuple)

    @property
    def total(self) -> Decimal:
        """Its sum."""
        return odata.number(self.row, "СуммаДокумента") or Decimal(0)

    @property
    def paid(self) -> Decimal | None:
        """What was paid, in its own currency; None where something was paid in another one."""
        if any(row.get("Валюта_Key") != self.row.get("ВалютаДокумента_Key") for row in self.payments):
            return None
        return sum((odata.number(row, "Сумма") or Decimal(0) for row in self.payments), Decimal(0))

    def standing(self, unpaid: State) -> Standing:
        """Say how far it is paid; ``unpaid`` is what is told where nothing is."""
        if self.row.get("DeletionMark") is True:
            return DELETED
        if self.state == _CALLED_OFF:
            number = str(self.row.get("Number") or "").strip()
            return Standing(State.REFUSED, reason=refusal("cancelled_in_accounting", number=number))
        paid = self.paid
        said = [_BY_STATE.get(self.state, unpaid)]
        if paid is not None and paid > 0:
            said.append(State.PAID if paid >= self.total else State.PARTIALLY_PAID)
        return Standing(max(said, key=lambda state: _RANK.get(state, 0)), paid)

    def covers(self, sale: Row) -> bool:
        """Say whether it is over the whole of a реализация that names it: one of a prepayment is not."""
        same_currency = self.row.get("ВалютаДокумента_Key") == sale.get("ВалютаДокумента_Key")
        return same_currency and self.total >= (odata.number(sale, "СуммаДокумента") or Decimal(0))


class OnecPayments:
    """A :class:`shared.accounting.Ledger`. It only reads."""

    def __init__(self, client: OnecClient) -> None:
        """``client`` is its own: a session serves one request at a time."""
        self._client = client

    async def standings(self, documents: Sequence[Exported]) -> dict[UUID, Standing]:
        """Say what has become of счета and реализации."""
        keys = {document: key for document in documents if (key := odata.key(document.accounting_id)) is not None}
        sales = await self._sales([key for document, key in keys.items() if document.table == "salesorder"])
        through = {key: schet for key, row in sales.items() if (schet := _schet_of(row)) is not None}
        own = [key for document, key in keys.items() if document.table == "invoice"]
        scheta = await self._scheta(sorted({*own, *through.values()}))
        return {
            document.row_id: _of_schet(document, scheta.get(key))
            if document.table == "invoice"
            else _of_sale(document, sales.get(key), scheta.get(through.get(key, key)))
            for document, key in keys.items()
        }

    async def close(self) -> None:
        """End the sessions and close the connections."""
        await self._client.close()

    async def _sales(self, keys: Sequence[UUID]) -> dict[UUID, Row]:
        select = ("Ref_Key", "Number", "Posted", "DeletionMark", "СчетНаОплатуПокупателю_Key", *_MONEY)
        rows = await self._all(names.SALES, select, (f"Ref_Key eq {odata.guid(key)}" for key in keys))
        return {odata.reference(row): row for row in rows}

    async def _scheta(self, keys: Sequence[UUID]) -> dict[UUID, _Schet]:
        select = ("Ref_Key", "Number", "Posted", "DeletionMark", *_MONEY)
        rows = await self._all(names.INVOICES, select, (f"Ref_Key eq {odata.guid(key)}" for key in keys))
        there = {odata.reference(row): row for row in rows if row.get("DeletionMark") is not True}
        states = await self._of("Документ", names.STATES, ("Документ", "Статус"), there)
        money = ("СчетНаОплату", "Сумма", "Валюта_Key", "Active")
        paid = await self._of("СчетНаОплату", names.PAID, money, there)
        made: dict[UUID, _Schet] = {}
        for row in rows:
            key = odata.reference(row)
            state = next((str(each["Статус"] or "") for each in states.get(key, ())), "")
            made[key] = _Schet(row, state, [each for each in paid.get(key, ()) if each.get("Active") is not False])
        return made

    async def _of(
        self, name: str, register: str, select: Sequence[str], keys: Iterable[UUID]
    ) -> Mapping[UUID, list[Row]]:
        """Give the records of a register that name these счета, by счёт."""
        conditions = (f"{name} eq cast({odata.guid(key)},'{names.INVOICES}')" for key in keys)
        found: dict[UUID, list[Row]] = {}
        for row in await self._all(register, select, conditions):
            found.setdefault(odata.reference(row, name), []).append(row)
        return found

    async def _all(self, entity: str, select: Sequence[str], conditions: Iterable[str]) -> list[Row]:
        return [
            row for where in _joined(conditions) for row in await self._client.rows(entity, select=select, where=where)
        ]


def _joined(conditions: Iterable[str]) -> Iterator[str]:
    """Join conditions with ``or``, in as few filters as their length allows."""
    part: list[str] = []
    for condition in conditions:
        if part and len(quote(" or ".join([*part, condition]), safe="")) > MAX_FILTER:
            yield " or ".join(part)
            part = []
        part.append(condition)
    if part:
        yield " or ".join(part)


def _schet_of(sale: Row) -> UUID | None:
    key = odata.key(str(sale.get("СчетНаОплатуПокупателю_Key") or ""))
    return key if key is not None and key.int else None


def _unpaid(document: Exported, row: Row) -> State:
    """Give what is told of a document that nothing was paid for: what the export said, or by its posting."""
    if document.state in {State.EXPORTED, State.POSTED}:
        return document.state
    return State.POSTED if row.get("Posted") is True else State.EXPORTED


def _of_schet(document: Exported, schet: _Schet | None) -> Standing:
    return DELETED if schet is None else schet.standing(_unpaid(document, schet.row))


def _of_sale(document: Exported, row: Row | None, schet: _Schet | None) -> Standing:
    if row is None or row.get("DeletionMark") is True:
        return DELETED
    unpaid = _unpaid(document, row)
    through = Standing(unpaid) if schet is None else schet.standing(unpaid)
    if through.state is State.PAID and schet is not None and not schet.covers(row):
        return Standing(State.PARTIALLY_PAID, through.paid)
    return Standing(unpaid) if through.state is State.REFUSED else through
