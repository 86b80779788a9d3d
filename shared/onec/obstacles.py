"""What stands against changing or cancelling a document that is in the books: payments, shipments, tax documents.

Each obstacle is told in 1C's own words, which are the same in both languages.
"""

from datetime import date
from uuid import UUID

from shared.books import OnecBooks
from shared.onec import names, odata
from shared.onec.client import OnecClient
from shared.onec.held import number_of
from shared.onec.odata import Row
from shared.onec.published import Published

_PAID = frozenset({"Оплачен", "ОплаченЧастично", "Отменен"})
_SHIPPED = frozenset({"Отгружен", "ОтгруженЧастично"})


class Obstacles:
    """Looks for what a document is bound by. Methods give the reasons, none where it is free."""

    def __init__(self, client: OnecClient, published: Published) -> None:
        self._client = client
        self._published = published

    async def of_schet(self, key: UUID, own_realizatsiya: UUID) -> list[str]:
        """Say why a счёт must stay: paid, even in part; called off by hand; shipped against.

        ``own_realizatsiya`` is the one that the bridge itself wrote with it, which is judged by its own rules.
        """
        state = await self._state(names.INVOICES, key)
        reasons = await self._payments(key, state)
        if state.get("ДополнительныйСтатус") in _SHIPPED:
            reasons.append(f"{state['ДополнительныйСтатус']}")
        shipments = await self._shipments(key)
        others = [row for row in shipments if odata.reference(row) != own_realizatsiya]
        if shipments and not others:
            reasons = [reason for reason in reasons if reason not in _SHIPPED]
        return reasons + [f"РеализацияТоваровУслуг {number_of(row)}" for row in others]

    async def due_date(self, schet: UUID) -> str:
        """Give the day that a счёт is due by its register (ISO 8601); empty where that has none."""
        where = _is("Документ", names.INVOICES, schet)
        rows = await self._client.rows(names.DUE_DATES, select=("СрокОплаты",), where=where, top=1)
        written = str(rows[0]["СрокОплаты"]) if rows else odata.EMPTY_DATE
        return "" if written == odata.EMPTY_DATE else written[:10]

    async def _shipments(self, schet: UUID) -> list[Row]:
        """Give every реализация that names a счёт, in its header or in a row, and isn't marked for deletion."""
        named = f"СчетНаОплатуПокупателю_Key eq {odata.guid(schet)}"
        found: set[UUID] = set()
        for section in (names.SALE_GOODS, names.SALE_SERVICES):
            found |= {
                odata.reference(row) for row in await self._client.rows(section, select=("Ref_Key",), where=named)
            }
        where = " or ".join([named, *(f"Ref_Key eq {odata.guid(each)}" for each in sorted(found))])
        return await self._client.rows(
            names.SALES, select=("Ref_Key", "Number"), where=f"DeletionMark eq false and ({where})"
        )

    async def of_realizatsiya(self, row: Row, books: OnecBooks, moved_to: date | None = None) -> list[str]:
        """Say why a реализация must stay, as it is the accountant's to correct; off by a setting: nothing is read.

        ``moved_to``: the day that it is to bear; neither from nor into a closed period is anything moved.
        """
        if not books.rewrite_realizatsiya:
            return ["rewrite_realizatsiya = false"]
        key = odata.reference(row)
        reasons = []
        if row.get("РучнаяКорректировка") is not False:
            reasons.append("РучнаяКорректировка")
        dated = date.fromisoformat(str(row["Date"])[:10])
        if books.vat_closed_until and min(dated, moved_to or dated) <= books.vat_closed_until:
            reasons.append(f"vat_closed_until = {books.vat_closed_until}")
        state = await self._state(names.SALES, key)
        if state.get("Статус") == "Подписан":
            reasons.append("Подписан")
        fakturas = await self._fakturas(key)
        posted = [f"СчетФактураВыданный {number_of(each)}" for each in fakturas if each.get("Posted") is True]
        if not posted and state.get("СтатусСчетаФактуры") == "Проведен":
            posted = ["СтатусСчетаФактуры = Проведен"]
        reasons += posted
        reasons += await self._exchanged([(names.SALES, key)] + [_faktura(each) for each in fakturas])
        corrections = await self._client.rows(
            names.CORRECTIONS,
            select=("Ref_Key", "Number"),
            where=f"{_is('ДокументРеализации', names.SALES, key)} and DeletionMark eq false",
        )
        reasons += [f"КорректировкаРеализации {number_of(each)}" for each in corrections]
        return reasons + await self._paid(row, key)

    async def _paid(self, row: Row, key: UUID) -> list[str]:
        """Look for money: through its счёт, or a payment that names it. Without either it is not known to be paid."""
        schet = odata.key(str(row.get("СчетНаОплатуПокупателю_Key") or ""))
        if schet is not None and schet.int:
            state = await self._state(names.INVOICES, schet)
            if reasons := await self._payments(schet, state):
                return [f"СчетНаОплатуПокупателю: {reason}" for reason in reasons]
        where = _is("Сделка", names.SALES, key)
        for entity in (names.PAYMENT_ROWS, names.CASH_ROWS, names.CARD_ROWS):
            if entity in names.WHERE_PUBLISHED and not await self._published.has(entity):
                continue
            if await self._client.rows(entity, select=("Ref_Key",), where=where, top=1):
                return [entity.split("_")[1]]
        return []

    async def _payments(self, schet: UUID, state: Row) -> list[str]:
        if state.get("Статус") in _PAID:
            return [str(state["Статус"])]
        # The state lags behind where it is refreshed by a job; what was paid is in the register.
        moved = await self._client.rows(
            names.PAID, select=("Сумма",), where=_is("СчетНаОплату", names.INVOICES, schet), top=1
        )
        return ["ОплатаСчетов"] if moved else []

    async def _state(self, entity: str, key: UUID) -> Row:
        found = await self._client.rows(
            names.STATES,
            select=("Статус", "ДополнительныйСтатус", "СтатусСчетаФактуры"),
            where=_is("Документ", entity, key),
            top=1,
        )
        return found[0] if found else {}

    async def _fakturas(self, key: UUID) -> list[Row]:
        """Give every счёт-фактура of a реализация, whoever wrote it, that isn't marked for deletion."""
        condition = _is("ДокументОснование", names.SALES, key)
        rows = await self._client.rows(names.TAX_INVOICE_BASES, select=("Ref_Key",), where=condition)
        found = {odata.reference(row) for row in rows}
        where = " or ".join([condition, *(f"Ref_Key eq {odata.guid(each)}" for each in sorted(found))])
        return await self._client.rows(
            names.TAX_INVOICES,
            select=("Ref_Key", "Number", "Posted"),
            where=f"DeletionMark eq false and ({where})",
        )

    async def _exchanged(self, objects: list[tuple[str, UUID]]) -> list[str]:
        for entity, key in objects:
            where = _is("ОбъектУчета", entity, key)
            if await self._client.rows(names.EXCHANGED, select=("ОбъектУчета",), where=where, top=1):
                return ["ЭДО"]
        return []


def _is(name: str, entity: str, key: UUID) -> str:
    """Compare a composite with a reference."""
    return f"{name} eq cast({odata.guid(key)},'{entity}')"


def _faktura(row: Row) -> tuple[str, UUID]:
    return names.TAX_INVOICES, odata.reference(row)
