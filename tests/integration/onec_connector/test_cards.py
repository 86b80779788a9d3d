"""How cards in 1C follow the CRM, whichever process meets the change, and at what cost."""

from dataclasses import dataclass, field
from typing import Any

import pytest

from infra.local.onec import base
from shared.accounting import Bindings
from shared.documents import Customer, Extra, Product
from shared.errors import Misconfigured, Refused
from shared.fieldmap import FieldRule
from shared.onec.connector import OnecConnector
from tests.integration.onec_connector.conftest import COUNTERPARTIES, INVOICES, ITEMS, Base, export, own_route
from tests.unit.onec import samples

HAND = samples.ident("typed by hand")
NOTES = "ДополнительнаяИнформация"
FLOOR = {f"POST {INVOICES}": 1, f"POST {INVOICES}()/Post": 1}
KINDS: dict[str, Any] = {name: samples.ident(name) for name in ("email_kind", "phone_kind", "address_kind")}


@dataclass
class Journal:
    """Keeps what customers and products are in accounting, as the CRM's journal does."""

    onec: Base
    known: dict[str, str] = field(default_factory=dict)
    cards: dict[str, str] = field(default_factory=dict)
    documents: int = 0

    async def export(
        self, connector: OnecConnector, customer: Customer | None = None, product: Product | None = None
    ) -> dict[str, int]:
        """Export another invoice; give the requests that it took."""
        self.documents += 1
        line = samples.line(product=product or samples.product())
        sale = samples.invoice(line, customer=customer or samples.customer(), id=samples.ident(str(self.documents)))
        bindings = Bindings(self.known, self.cards)
        await self.onec.counted()
        await export(connector, sale, bindings, route=own_route(**KINDS))
        self.known |= {f"{made.table}:{made.id}": made.accounting_id for made in bindings.made}
        self.cards |= {f"{made.table}:{made.id}": made.card for made in bindings.made}
        return await self.onec.counted()

    async def card(self, entity: str, record: str) -> dict[str, Any]:
        """Give a card as it stands in the base."""
        [row] = [row for row in await self.onec.rows(entity) if row["Ref_Key"] == self.known[record]]
        return row


@pytest.fixture
def journal(onec: Base) -> Journal:
    """An empty journal."""
    return Journal(onec)


COMPANY = f"account:{samples.customer().id}"
GOODS = f"product:{samples.product().id}"


def writes(counted: dict[str, int]) -> dict[str, int]:
    """Give the requests that change cards."""
    return {kind: number for kind, number in counted.items() if kind.startswith("PATCH")}


async def test_a_change_reaches_the_card_once_whichever_process_meets_it(onec: Base, journal: Journal) -> None:
    first, second = onec.connector(), onec.connector()
    await journal.export(first, samples.customer(phone="1"))
    assert await journal.export(first, samples.customer(phone="1")) == FLOOR
    assert writes(await journal.export(second, samples.customer(phone="1"))) == {}

    changed = samples.customer(phone="2", name="Лютик"), samples.product(name="Насос")
    assert writes(await journal.export(second, *changed)) == {f"PATCH {COUNTERPARTIES}()": 1, f"PATCH {ITEMS}()": 1}
    assert await journal.export(second, *changed) == FLOOR
    assert await journal.export(first, *changed) == FLOOR  # the journal told it

    company, item = await journal.card(COUNTERPARTIES, COMPANY), await journal.card(ITEMS, GOODS)
    assert (company["Description"], company["НаименованиеПолное"]) == ("Лютик", "Лютик")
    assert [row["Представление"] for row in company["КонтактнаяИнформация"]] == ["2", "Россия"]
    assert (item["Description"], item["НаименованиеПолное"]) == ("Насос", "Насос")


async def test_a_change_that_is_taken_back_is_taken_back_in_the_card(onec: Base, journal: Journal) -> None:
    first, second = onec.connector(), onec.connector()
    await journal.export(first)
    await journal.export(second, samples.customer(name="Лютик"))
    await journal.export(first)
    assert (await journal.card(COUNTERPARTIES, COMPANY))["Description"] == "Ромашка"


async def test_what_the_journal_says_late_costs_nothing_and_loses_nothing(onec: Base, journal: Journal) -> None:
    connector = onec.connector()
    await journal.export(connector)
    late = dict(journal.cards)
    await journal.export(connector, samples.customer(name="Лютик"))
    journal.cards = late
    assert await journal.export(connector, samples.customer(name="Лютик")) == FLOOR


async def test_rule_10_a_card_typed_by_hand_keeps_its_names_and_numbers(onec: Base, journal: Journal) -> None:
    typed: dict[str, Any] = {
        "Description": "Ромашка ООО",
        "НаименованиеПолное": "ООО Ромашка",
        "ЮридическоеФизическоеЛицо": "ЮридическоеЛицо",
        "СтранаРегистрации_Key": base.RUSSIA,
        "ИНН": samples.COMPANY_INN,
        "КПП": samples.COMPANY_KPP,
    }
    await onec.add(COUNTERPARTIES, HAND, **typed)
    goods = {"Description": "Насос БЦ", "НаименованиеПолное": "", "Артикул": "A-1", "Услуга": False}
    kinds = {"ВидНоменклатуры_Key": base.ITEM_KIND_GOODS, "ЕдиницаИзмерения_Key": base.UNIT_PIECE}
    await onec.add(ITEMS, HAND, **goods, **kinds)

    for name in ("Лютик", "Василёк"):
        await journal.export(onec.connector(), samples.customer(name=name, phone="2"), samples.product(name=name))

    company, item = await journal.card(COUNTERPARTIES, COMPANY), await journal.card(ITEMS, GOODS)
    assert {name: company[name] for name in typed} == typed
    assert company["КонтактнаяИнформация"] == []
    assert (item["Description"], item["НаименованиеПолное"]) == ("Насос БЦ", "Лютик")  # the gap was filled, once


@pytest.mark.parametrize("typed", [False, True], ids=["ours", "typed by hand"])
@pytest.mark.parametrize(
    ("mode", "before", "after"),
    [("overwrite", "старое", "новое"), ("only_if_new", "", ""), ("only_if_empty", "", "новое")],
)
async def test_a_companys_own_field_reaches_a_card_that_stands(
    onec: Base, journal: Journal, mode: Any, before: str, after: str, *, typed: bool
) -> None:
    if typed:
        numbers = {"ИНН": samples.COMPANY_INN, "КПП": samples.COMPANY_KPP, "СтранаРегистрации_Key": base.RUSSIA}
        own = {"Description": "Р", "ЮридическоеФизическоеЛицо": "ЮридическоеЛицо", NOTES: before}
        await onec.add(COUNTERPARTIES, HAND, **numbers, **own)
    await journal.export(onec.connector())
    if before and not typed:
        await onec.edit(COUNTERPARTIES, journal.known[COMPANY], **{NOTES: before})
    mapped = samples.customer(extras=(Extra(to=NOTES, value="новое", mode=mode),))
    described = samples.product(extras=(Extra(to="Описание", value="новое", mode=mode),))

    await journal.export(onec.connector(), mapped, described)

    assert (await journal.card(COUNTERPARTIES, COMPANY))[NOTES] == after
    item = await journal.card(ITEMS, GOODS)
    assert item["Описание"] == ("" if mode == "only_if_new" else "новое")
    assert writes(await journal.export(onec.connector(), mapped, described)) == {}


async def test_a_lost_answer_to_a_change_is_looked_up(onec: Base, journal: Journal) -> None:
    await journal.export(onec.connector())
    await onec.fail("drop_after", f"PATCH .*{ITEMS}")
    await journal.export(onec.connector(), product=samples.product(name="Насос"))
    assert (await journal.card(ITEMS, GOODS))["Description"] == "Насос"


async def test_a_card_that_1c_refuses_to_change_is_a_refusal_and_tried_again(onec: Base, journal: Journal) -> None:
    connector = onec.connector()
    await journal.export(connector)
    wrong = samples.customer(extras=(Extra(to="ОсновноеКонтактноеЛицо_Key", value="не ключ", mode="overwrite"),))
    with pytest.raises(Refused):
        await journal.export(connector, wrong)
    await journal.export(connector, samples.customer(name="Лютик"))
    assert (await journal.card(COUNTERPARTIES, COMPANY))["Description"] == "Лютик"


async def test_a_rule_that_names_what_the_base_lacks_stops_everything(onec: Base) -> None:
    given = {"target": "onec", "record": "product", "from": "new_grade", "to": "Сорт"}
    connector = onec.connector(FieldRule.model_validate(given))
    with pytest.raises(Misconfigured) as raised:
        await export(connector)
    named = "FIELD_MAP: “new_grade” → “Сорт” of a product"
    assert raised.value.problems == (f"{named}: 1C: {ITEMS}.Сорт is missing in the standard OData interface",)
    assert await onec.rows(COUNTERPARTIES) == []
