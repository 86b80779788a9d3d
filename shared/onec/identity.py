"""Who a customer is to 1C: by which numbers it may be matched. Pure; numbers are personal and are never quoted.

ИНН: 10 digits with one check digit for a company, 12 with two for a person (ФНС, приказ ММВ-7-6/435@, приложение).
КПП: four digits of the tax office, two digits or Latin letters of the reason, three digits; no check digit.
"""

import re
from dataclasses import dataclass
from typing import Literal

from shared.documents import Customer
from shared.errors import Refused
from shared.refusals import refusal

Kind = Literal["company", "sole_trader", "person", "foreign"]

RUSSIA = frozenset({"россия", "российская федерация", "рф", "russia", "russian federation", "ru", "rus"})
"""What a Russian address says as its country, lower case; empty counts too."""

HEAD_REASON = "01"
"""Digits 5 and 6 of a КПП: the company itself, registered where it has its seat (ФНС, справочник СППУНО)."""
BRANCH_REASONS = frozenset({"02", "03", "04", "05", "31", "32", "43", "44", "45"})
"""The same digits for a part of a company, registered where it stands."""

_WEIGHTS = (3, 7, 2, 4, 10, 3, 5, 9, 4, 6, 8)
_KPP = re.compile(r"[0-9]{4}[0-9A-Z]{2}[0-9]{3}")


@dataclass(frozen=True)
class Identity:
    """What a customer is matched by. ``tax_number`` is НалоговыйНомер for a foreign one, else ИНН, or empty."""

    kind: Kind
    tax_number: str = ""
    kpp: str = ""

    @property
    def is_branch(self) -> bool:
        """Whether the КПП is that of a branch: a part of a company, which shares the head's ИНН."""
        return self.kind == "company" and self.kpp[4:6] in BRANCH_REASONS


def _check_digit(digits: str) -> int:
    weights = _WEIGHTS[-len(digits) :]
    return sum(int(digit) * weight for digit, weight in zip(digits, weights, strict=True)) % 11 % 10


def is_company_number(value: str) -> bool:
    """Say whether this is an ИНН of a legal entity."""
    return _digits(value, 10) and _check_digit(value[:9]) == int(value[9])


def is_person_number(value: str) -> bool:
    """Say whether this is an ИНН of a person, sole traders included."""
    return (
        _digits(value, 12) and _check_digit(value[:10]) == int(value[10]) and _check_digit(value[:11]) == int(value[11])
    )


def is_kpp(value: str) -> bool:
    """Say whether this has the form of a КПП."""
    return _KPP.fullmatch(value) is not None and value.strip("0") != ""


def _digits(value: str, length: int) -> bool:
    return len(value) == length and value.isascii() and value.isdigit() and value.strip("0") != ""


def tax_number(customer: Customer) -> str:
    """Give a customer's number without the spaces that people put between its groups."""
    return re.sub(r"\s", "", customer.tax_number)


def identify(customer: Customer) -> Identity:
    """Say what a customer is matched by.

    Refused: tax_number_missing (a company), tax_number_invalid, kpp_invalid.
    """
    number = tax_number(customer)
    kpp = re.sub(r"\s", "", customer.kpp).upper()
    foreign = bool(customer.address.country.strip()) and customer.address.country.strip().casefold() not in RUSSIA
    if customer.is_person:
        return _person(number, foreign=foreign)
    if not number:
        raise Refused(refusal("tax_number_missing"))
    if foreign and not (is_company_number(number) and is_kpp(kpp)):
        # Foreign numbers of 10 or 12 digits can pass the check digits by chance; only with a КПП is it an ИНН.
        return Identity("foreign", number)
    if is_company_number(number):
        if kpp and not is_kpp(kpp):
            raise Refused(refusal("kpp_invalid"))
        return Identity("company", number, kpp)
    if is_person_number(number):
        if kpp:
            raise Refused(refusal("kpp_invalid"))
        return Identity("sole_trader", number)
    raise Refused(refusal("tax_number_invalid"))


def _person(number: str, *, foreign: bool) -> Identity:
    if foreign:
        return Identity("foreign", number)
    if number and not is_person_number(number):
        raise Refused(refusal("tax_number_invalid"))
    return Identity("person", number)
