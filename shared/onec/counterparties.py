"""Customers in 1C: the counterparty, found or created, and its contract.

Found by the binding that the journal knows; else by ИНН + КПП (company), ИНН (sole trader, person) or НалоговыйНомер
(foreign), never on an empty value, a folder or a row marked for deletion; else created under a key of its own, so that
two creations make one. What changes in the card that stands says ``card_changes``.
"""

from collections.abc import Sequence, Set
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from shared.accounting import Bindings, CarriedCards
from shared.books import OnecBooks
from shared.cache import Cache
from shared.documents import Customer
from shared.errors import Refused
from shared.keys import accounting_key
from shared.onec import card_changes, cards, names, odata
from shared.onec.classifiers import REMEMBER_SECONDS, Classifiers
from shared.onec.client import OnecClient
from shared.onec.identity import HEAD_REASON, Identity, identify, tax_number
from shared.onec.kinds import TARGET
from shared.onec.odata import Row
from shared.refusals import refusal
from shared.routes import Route

_CARD = (
    *("Ref_Key", "Code", "Description", "DeletionMark", "IsFolder", "ИНН", "КПП", "НалоговыйНомер"),
    "СтранаРегистрации_Key",
)
_CONTRACT = ("Ref_Key", "Code", "Description", "Дата", "СрокДействия", "УчетАгентскогоНДСПокупателем")
_ALIVE = "DeletionMark eq false and IsFolder eq false"
_SHOWN = 5


@dataclass(frozen=True)
class Contract:
    """A contract that fits a counterparty, an organisation and a currency; empty dates are unbounded."""

    key: UUID
    title: str
    since: str
    until: str
    takes_tax_off: bool
    """УчетАгентскогоНДСПокупателем: БП zeroes the tax of goods"""

    def holds_on(self, days: Set[date]) -> bool:
        """Say whether the contract is in force on each of these days."""
        return self.since[:10] <= min(days).isoformat() and (
            self.until == odata.EMPTY_DATE or self.until[:10] >= max(days).isoformat()
        )


class Counterparties:
    """Finds or creates counterparties and their contracts."""

    def __init__(self, client: OnecClient, classifiers: Classifiers, organization_id: UUID) -> None:
        self._client, self._classifiers = client, classifiers
        self._organization_id = organization_id
        self._alive: Cache[bool] = Cache(4096, REMEMBER_SECONDS)
        self._carried = CarriedCards()
        self._contracts: Cache[tuple[Contract, ...]] = Cache(4096, REMEMBER_SECONDS)

    async def counterparty(self, customer: Customer, route: Route, bindings: Bindings) -> UUID:
        """Give the counterparty of a customer, bind it, and carry over what changed in the CRM.

        Refused: customer_deleted, customer_differs, several_matches, kpp_unknown, foreign_customer, and those of
        identify().
        """
        key, books = odata.key(bindings.get(customer)), route.onec_books
        if key is None:
            identity = identify(customer)
            row, made = await self._match(identity, customer, books), False
            if row is None:
                row, made = await self._create(customer, identity, route)
            key = odata.reference(row)
            if made:
                self._bound(customer, row, bindings)
                return key
        elif self._alive.get(str(key)) and self._carried.holds(customer, bindings):
            return key
        await self._follow(key, customer, books, bindings)
        return key

    async def _follow(self, key: UUID, customer: Customer, books: OnecBooks, bindings: Bindings) -> None:
        """See that the counterparty still stands, and carry over what changed in the CRM. Nothing new: no write."""
        row = await self._client.find(names.COUNTERPARTIES, key)
        if row is None or row.get("DeletionMark") is not False:
            raise Refused(refusal("customer_deleted"))
        if _is_another(customer, row):
            raise Refused(refusal("customer_differs", matches=_listed([row])))
        if bindings.get(customer) is not None and self._carried.holds(customer, bindings):
            self._alive.put(str(key), value=True)
            return
        changes = card_changes.of_counterparty(customer, row, books, own=key in self._own_keys(customer))
        if changes:
            await self._client.change(names.COUNTERPARTIES, key, changes, str(row["DataVersion"]))
        self._bound(customer, row, bindings)

    def _bound(self, customer: Customer, row: Row, bindings: Bindings) -> None:
        key = str(odata.reference(row))
        bindings.add(customer, key, str(row.get("Code", "")).strip())
        self._carried.note(customer, bindings)
        self._alive.put(key, value=True)

    def _own_keys(self, customer: Customer) -> list[UUID]:
        """Give the keys of the cards that the bridge would make for a customer, and for those merged into it."""
        ids = (customer.id, *customer.merged)
        return [accounting_key(self._organization_id, TARGET, customer.table, each) for each in ids]

    async def _match(self, identity: Identity, customer: Customer, books: OnecBooks) -> Row | None:
        if not identity.tax_number:
            if identity.kind == "foreign":
                raise Refused(refusal("foreign_customer"))
            return None
        column = "НалоговыйНомер" if identity.kind == "foreign" else "ИНН"
        where = f"{_ALIVE} and {column} eq {odata.text(identity.tax_number)}"
        if identity.kpp:
            where += f" and (КПП eq {odata.text(identity.kpp)} or КПП eq '')"
        found = await self._client.rows(names.COUNTERPARTIES, select=_CARD, where=where, top=20)
        rows = [row for row in found if _is_card(row) and str(row[column]).strip() == identity.tax_number]
        if identity.kpp:
            same = [row for row in rows if str(row["КПП"]).strip() == identity.kpp]
            if rows and not same:
                # The same company without a КПП, or its branch: only the accountant knows. Another КПП is another card.
                raise Refused(refusal("kpp_unknown", matches=_listed(rows)))
            rows = same
        if rows and identity.kind == "foreign":
            rows = await self._of_its_country(rows, customer.address.country, books)
        if len(rows) > 1:
            raise Refused(refusal("several_matches", matches=_listed(rows)))
        if not rows and identity.kind == "foreign":
            raise Refused(refusal("foreign_customer"))
        return rows[0] if rows else None

    async def _of_its_country(self, rows: Sequence[Row], country: str, books: OnecBooks) -> list[Row]:
        """Leave out those of another country, where numbers begin anew. A name that 1C doesn't know tells only ours."""
        key = await self._classifiers.country(country.strip())
        if key is None:
            return [row for row in rows if _country(row) != books.country]
        return [row for row in rows if _country(row) in {None, key}]

    async def _create(self, customer: Customer, identity: Identity, route: Route) -> tuple[Row, bool]:
        books = route.onec_books
        await self._classifiers.require(route.name, {"country": (names.COUNTRIES, books.country)})
        head = await self._head(identity) if identity.is_branch else None
        body = cards.counterparty(customer, identity, books, head)
        row, made = await self._client.create(names.COUNTERPARTIES, self._own_keys(customer)[0], body)
        if row.get("DeletionMark") is True:
            raise Refused(refusal("customer_deleted"))
        numbers = {"ИНН": identity.tax_number, "КПП": identity.kpp}
        if not made and any(given and str(row[name]).strip() != given for name, given in numbers.items()):
            # Made for this customer earlier, under numbers that it no longer has, or changed by the accountant.
            raise Refused(refusal("customer_differs", matches=_listed([row])))
        return row, made

    async def _head(self, identity: Identity) -> UUID | None:
        """Find the company that a branch belongs to. None where there is none, or where it can't be told."""
        where = f"{_ALIVE} and ИНН eq {odata.text(identity.tax_number)} and ОбособленноеПодразделение eq false"
        found = await self._client.rows(names.COUNTERPARTIES, select=_CARD, where=where, top=20)
        heads = [row for row in found if str(row["КПП"]).strip()[4:6] == HEAD_REASON]
        return odata.reference(heads[0]) if len(heads) == 1 else None

    async def contract(
        self, counterparty: UUID, currency: UUID, currency_code: str, days: Set[date], books: OnecBooks, *, taxed: bool
    ) -> UUID:
        """Give the counterparty's contract with our organisation in a currency, in force on all the days.

        It is created where there is none.

        Refused: several_contracts, contract_unusable, contract_agent_vat (for a document with tax).
        """
        place = f"{counterparty} {books.organization} {currency}"
        known = self._contracts.get(place) or ()
        fitting = [contract for contract in known if contract.holds_on(days)]
        if len(fitting) != 1:
            # What the cache says is not enough to refuse or to create: an accountant may just have mended it.
            known = await self._fitting(counterparty, currency, books)
            fitting = [contract for contract in known if contract.holds_on(days)]
        if not fitting:
            key, card = self._new_contract(counterparty, currency, currency_code, books)
            row, made = await self._client.create(names.CONTRACTS, key, card)
            # One that stood there may be another worker's, made this moment, or ours of old, closed since then.
            known = (*known, _contract(row)) if made else await self._fitting(counterparty, currency, books)
            fitting = [contract for contract in known if contract.key == key and contract.holds_on(days)]
            if not fitting:
                raise Refused(refusal("contract_unusable", contract=_title(row)))
        self._contracts.put(place, known)
        if len(fitting) > 1:
            raise Refused(refusal("several_contracts", matches="; ".join(c.title for c in fitting[:_SHOWN])))
        [chosen] = fitting
        if taxed and chosen.takes_tax_off:
            self._contracts.drop(place)
            raise Refused(refusal("contract_agent_vat", contract=chosen.title))
        return chosen.key

    async def _fitting(self, counterparty: UUID, currency: UUID, books: OnecBooks) -> tuple[Contract, ...]:
        found = await self._client.rows(
            names.CONTRACTS,
            select=_CONTRACT,
            where=f"{_ALIVE} and Owner_Key eq {odata.guid(counterparty)} and ВидДоговора eq 'СПокупателем'"
            f" and Организация_Key eq {odata.guid(books.organization)}"
            f" and ВалютаВзаиморасчетов_Key eq {odata.guid(currency)}"
            " and РасчетыВУсловныхЕдиницах eq false and ДоговорЗакрыт eq false",
        )
        return tuple(_contract(row) for row in found)

    def _new_contract(self, counterparty: UUID, currency: UUID, code: str, books: OnecBooks) -> tuple[UUID, cards.Body]:
        key = cards.contract_key(self._organization_id, counterparty, code, books)
        return key, cards.contract(counterparty, currency, code, books)


def _is_card(row: Row) -> bool:
    return row.get("DeletionMark") is False and row.get("IsFolder") is not True


def _country(row: Row) -> UUID | None:
    key = odata.key(str(row.get("СтранаРегистрации_Key") or ""))
    return key if key is not None and key.int else None


def _is_another(customer: Customer, row: Row) -> bool:
    """Say whether a card is that of another taxpayer: a company may move to another КПП, but keeps its ИНН."""
    held = {"".join(str(row.get(name) or "").split()) for name in ("ИНН", "НалоговыйНомер")} - {""}
    number = tax_number(customer)
    return bool(held and number) and number not in held


def _title(row: Row) -> str:
    return f"{str(row.get('Code', '')).strip()} {str(row.get('Description', '')).strip()}".strip()


def _listed(rows: Sequence[Row]) -> str:
    return "; ".join(_title(row) for row in rows[:_SHOWN])


def _contract(row: Row) -> Contract:
    return Contract(
        key=odata.reference(row),
        title=_title(row),
        since=str(row.get("Дата") or odata.EMPTY_DATE),
        until=str(row.get("СрокДействия") or odata.EMPTY_DATE),
        takes_tax_off=row.get("УчетАгентскогоНДСПокупателем") is True,
    )
