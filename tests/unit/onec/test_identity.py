"""By which numbers a customer may be matched."""

import pytest

from shared.documents import Address, Customer
from shared.errors import Refused
from shared.onec.identity import Identity, identify
from tests.unit.onec.samples import COMPANY_INN, COMPANY_KPP, PERSON_INN, customer

ABROAD = Address(country="Германия")


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (customer(), Identity("company", COMPANY_INN, COMPANY_KPP)),
        (customer(kpp=""), Identity("company", COMPANY_INN)),
        (customer(tax_number=" 7707 083893 "), Identity("company", COMPANY_INN, COMPANY_KPP)),
        (customer(kpp="7707bz001"), Identity("company", COMPANY_INN, "7707BZ001")),
        (customer(address=Address()), Identity("company", COMPANY_INN, COMPANY_KPP)),
        (customer(address=Address(country="RUSSIA")), Identity("company", COMPANY_INN, COMPANY_KPP)),
        (customer(tax_number=PERSON_INN, kpp=""), Identity("sole_trader", PERSON_INN)),
        (customer(table="contact", tax_number=PERSON_INN, kpp=""), Identity("person", PERSON_INN)),
        (customer(table="contact", tax_number="", kpp=""), Identity("person")),
        (customer(tax_number="DE123456789", kpp="", address=ABROAD), Identity("foreign", "DE123456789")),
        # A foreign number that passes a Russian check by chance is no ИНН; with a КПП beside it, it is one.
        (customer(kpp="", address=ABROAD), Identity("foreign", COMPANY_INN)),
        (customer(address=ABROAD), Identity("company", COMPANY_INN, COMPANY_KPP)),
        (customer(tax_number=PERSON_INN, kpp="", address=ABROAD), Identity("foreign", PERSON_INN)),
    ],
)
def test_rule_10_what_a_customer_is_matched_by(given: Customer, expected: Identity) -> None:
    assert identify(given) == expected


@pytest.mark.parametrize(
    ("given", "code"),
    [
        (customer(tax_number=""), "tax_number_missing"),
        (customer(tax_number="", kpp="", address=ABROAD), "tax_number_missing"),
        (customer(tax_number="7707083894"), "tax_number_invalid"),
        (customer(tax_number="500100732258", kpp=""), "tax_number_invalid"),
        (customer(tax_number="0000000000"), "tax_number_invalid"),
        (customer(tax_number="770708389"), "tax_number_invalid"),
        (customer(tax_number="٧٧٠٧٠٨٣٨٩٣"), "tax_number_invalid"),
        (customer(tax_number="DE123456789", address=Address()), "tax_number_invalid"),
        (customer(table="contact", tax_number=COMPANY_INN, kpp=""), "tax_number_invalid"),
        (customer(kpp="77070100"), "kpp_invalid"),
        (customer(kpp="000000000"), "kpp_invalid"),
        (customer(kpp="7707Ж1001"), "kpp_invalid"),
        (customer(tax_number=PERSON_INN), "kpp_invalid"),
    ],
)
def test_rule_10_numbers_that_match_nothing_are_refused_and_not_quoted(given: Customer, code: str) -> None:
    with pytest.raises(Refused) as raised:
        identify(given)

    assert (raised.value.refusal.code, raised.value.refusal.values) == (code, {})
