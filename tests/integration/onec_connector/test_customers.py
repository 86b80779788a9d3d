"""How a customer's card follows the CRM, and what of it is the accountant's: rules 8 and 10."""

from typing import Any
from uuid import UUID

import pytest

from infra.local.onec import base
from shared.accounting import Bindings
from shared.documents import Address, Customer
from shared.errors import Refused
from tests.integration.onec_connector.conftest import COUNTERPARTIES, INVOICES, Base, export, own_route
from tests.unit.onec import samples

HAND = samples.ident("typed by hand")


async def meet(onec: Base, customer: Customer, bindings: Bindings | None = None, **books: Any) -> dict[str, Any]:
    """Export an invoice of a customer from a process that has not seen it lately; give the customer's card."""
    sale = samples.invoice(customer=customer, id=samples.ident(customer.model_dump_json()))
    own = bindings or Bindings({})
    await export(onec.connector(), sale, own, route=own_route(**books))
    key = own.get(customer)
    [card] = [row for row in await onec.rows(COUNTERPARTIES) if row["Ref_Key"] == key]
    return card


async def by_hand(onec: Base, **changes: Any) -> None:
    """Type the sample's counterparty by hand."""
    fields = {
        "Description": "Ромашка ООО",
        "ЮридическоеФизическоеЛицо": "ЮридическоеЛицо",
        "СтранаРегистрации_Key": base.RUSSIA,
        "ИНН": samples.COMPANY_INN,
        "КПП": samples.COMPANY_KPP,
    }
    await onec.add(COUNTERPARTIES, HAND, **(fields | changes))


def names(card: dict[str, Any]) -> tuple[str, str]:
    return card["Description"], card["НаименованиеПолное"]


async def test_a_card_that_the_bridge_made_follows_the_name(onec: Base) -> None:
    bindings = Bindings({})
    await meet(onec, samples.customer(), bindings)

    for name in ("Ромашка-Плюс", "Ромашка-Два"):
        assert names(await meet(onec, samples.customer(name=name), bindings)) == (name, name)


async def test_rule_08_a_name_that_the_accountant_edited_stays(onec: Base) -> None:
    bindings = Bindings({})
    card = await meet(onec, samples.customer(), bindings)
    await onec.edit(COUNTERPARTIES, card["Ref_Key"], Description="Ромашка ООО (юг)")

    changed = await meet(onec, samples.customer(name="Ромашка-Плюс"), bindings)

    assert names(changed) == ("Ромашка ООО (юг)", "Ромашка-Плюс")


@pytest.mark.parametrize(("full", "expected"), [("", "Ромашка"), ("ООО Ромашка", "ООО Ромашка")])
async def test_rule_10_of_a_matched_card_only_a_gap_in_the_name_is_filled(onec: Base, full: str, expected: str) -> None:
    await by_hand(onec, НаименованиеПолное=full)

    card = await meet(onec, samples.customer())

    assert card["Ref_Key"] == str(HAND)
    assert names(card) == ("Ромашка ООО", expected)


async def test_rule_10_numbers_are_never_overwritten(onec: Base) -> None:
    bindings = Bindings({})
    await meet(onec, samples.customer(), bindings)

    card = await meet(onec, samples.customer(name="Ромашка-Плюс", kpp="780101001"), bindings)

    assert (card["КПП"], card["Description"]) == (samples.COMPANY_KPP, "Ромашка-Плюс")


async def test_rule_10_a_customer_that_became_another_taxpayer_is_not_billed_as_the_old_one(onec: Base) -> None:
    bindings = Bindings({})
    card = await meet(onec, samples.customer(), bindings)
    successor = samples.customer(name="Лютик", tax_number="7728168971", kpp="772801001")

    with pytest.raises(Refused, match="customer_differs"):
        await meet(onec, successor, bindings)
    assert len(await onec.rows(INVOICES)) == 1

    await onec.edit(COUNTERPARTIES, card["Ref_Key"], ИНН="7728168971")
    assert (await meet(onec, successor, bindings))["Ref_Key"] == card["Ref_Key"]


async def test_a_look_that_finds_nothing_new_writes_nothing_and_is_not_repeated(onec: Base) -> None:
    connector, bindings = onec.connector(), Bindings({})
    await export(connector, bindings=bindings)
    await export(onec.connector(), samples.invoice(id=samples.ident("second")), bindings)
    counted = await onec.counted()
    assert not [kind for kind in counted if kind.startswith("PATCH")]

    await export(connector, samples.invoice(id=samples.ident("third")), bindings)
    assert not [kind for kind in await onec.counted() if COUNTERPARTIES in kind]


async def test_rule_10_a_branch_hangs_under_its_head(onec: Base) -> None:
    head = await meet(onec, samples.customer())
    branch = await meet(onec, samples.customer(id=samples.ident("branch"), name="Ромашка, филиал", kpp="780143001"))

    assert branch["Ref_Key"] != head["Ref_Key"]
    assert (branch["ОбособленноеПодразделение"], branch["ГоловнойКонтрагент_Key"]) == (True, head["Ref_Key"])
    assert head["ОбособленноеПодразделение"] is False


async def test_rule_10_a_branch_without_a_known_head_stands_alone(onec: Base) -> None:
    branch = await meet(onec, samples.customer(kpp="780143001"))

    assert (branch["ОбособленноеПодразделение"], UUID(branch["ГоловнойКонтрагент_Key"]).int) == (False, 0)


async def test_rule_10_a_sole_trader_and_a_person(onec: Base) -> None:
    trader = await meet(onec, samples.customer(tax_number=samples.PERSON_INN, kpp="", name="ИП Иванов"))
    person = await meet(onec, samples.customer(table="contact", tax_number="", kpp="", id=samples.ident("p")))

    kinds = [(card["ЮридическоеФизическоеЛицо"], card["ИндивидуальныйПредприниматель"]) for card in (trader, person)]
    assert kinds == [("ФизическоеЛицо", True), ("ФизическоеЛицо", False)]


async def test_contacts_are_written_to_a_new_card_where_the_books_name_their_kinds(onec: Base) -> None:
    address = Address(street="Тверская, 1", city="Москва", postal_code="125009", country="Россия")
    customer = samples.customer(email="buh@example.ru", phone="+7 495 000-00-00", address=address)
    kinds: dict[str, Any] = {name: samples.ident(name) for name in ("email_kind", "phone_kind", "address_kind")}

    rows = (await meet(onec, customer, **kinds))["КонтактнаяИнформация"]

    shown = [(row["Тип"], row["Вид_Key"], row["Представление"]) for row in rows]
    assert shown == [
        ("АдресЭлектроннойПочты", str(kinds["email_kind"]), "buh@example.ru"),
        ("Телефон", str(kinds["phone_kind"]), "+7 495 000-00-00"),
        ("Адрес", str(kinds["address_kind"]), "125009, Россия, Москва, Тверская, 1"),
    ]


async def test_contacts_are_left_out_where_the_books_name_no_kinds(onec: Base) -> None:
    assert (await meet(onec, samples.customer(email="buh@example.ru")))["КонтактнаяИнформация"] == []


async def test_a_lost_answer_to_a_renaming_is_looked_up(onec: Base) -> None:
    bindings = Bindings({})
    await meet(onec, samples.customer(), bindings)
    await onec.fail("drop_after", f"PATCH .*{COUNTERPARTIES}")

    assert names(await meet(onec, samples.customer(name="Ромашка-Плюс"), bindings))[0] == "Ромашка-Плюс"
