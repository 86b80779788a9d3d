"""Each sentence of the catalogue is reached by the product's own code and reads well in both languages.

A scene stands for each code. A sentence without a scene, or one that its scene no longer leads to, fails here: it is
either told to nobody, or nobody knows when.
"""

import re
from decimal import Decimal
from string import Formatter

import pytest

from shared.dataverse import paid
from shared.messages import State
from shared.refusals import CATALOGUE, Language, Refusal
from tests.builders import journalled, result
from tests.catalogue import crm, onec, sapb1

LANGUAGES: tuple[Language, ...] = ("en", "ru")
TOLD_BY_PAYMENTS = ("payment_reversed",)
SCENES = [*crm.DECIDED, *crm.STEPS, *onec.SCENES, *sapb1.SCENES, *TOLD_BY_PAYMENTS]


def pattern(code: str, language: Language) -> re.Pattern[str]:
    """Give what a reader sees: the sentence with something in each place, then what accounting holds, then who acts."""
    sentence = CATALOGUE[code]
    problem, do = (sentence.ru, sentence.ru_do) if language == "ru" else (sentence.en, sentence.en_do)
    holds = {"en": r"In accounting: .+\.", "ru": r"В учёте: .+\."}[language]
    return re.compile(rf"(Invoice|Order|Счёт|Заказ) \S+: {_filled(problem)} {holds} {_filled(do)}", re.DOTALL)


def _filled(template: str) -> str:
    parts = Formatter().parse(template)
    return "".join(re.escape(text) + ("" if name is None else r"(?!\s*[»”])\S.*?") for text, name, _, _ in parts)


def assert_readable(code: str, reason: Refusal) -> None:
    assert reason.code == code
    assert all(value.strip() for value in reason.values.values()), reason.values
    for language in LANGUAGES:
        text = reason.text(language, "invoice", "INV-1", "")
        assert pattern(code, language).fullmatch(text), text
        assert "None" not in text, text
        assert "{" not in text, text


def test_every_sentence_has_one_scene_and_every_scene_a_sentence() -> None:
    assert sorted(SCENES) == sorted(CATALOGUE)


@pytest.mark.parametrize("code", crm.DECIDED)
def test_the_data_of_the_crm_leads_to_it(code: str) -> None:
    assert_readable(code, crm.DECIDED[code]())


@pytest.mark.parametrize("code", crm.STEPS)
async def test_a_step_of_the_flow_says_it(code: str) -> None:
    assert_readable(code, await crm.STEPS[code]())


@pytest.mark.parametrize("code", onec.SCENES)
async def test_1c_leads_to_it(code: str) -> None:
    async with onec.stage() as own:
        assert_readable(code, await onec.SCENES[code](own))


@pytest.mark.parametrize("code", sapb1.SCENES)
async def test_sap_business_one_leads_to_it(code: str) -> None:
    async with sapb1.stage() as bridge:
        assert_readable(code, await sapb1.SCENES[code](bridge))


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_payment_that_was_taken_back_leads_to_it(language: Language) -> None:
    was = journalled(State.PAID, paid="1220")
    said = result(State.PARTIALLY_PAID, accounting_id=was.accounting_id, read_back=True, paid=str(Decimal(1000)))
    text = (paid.merge(was, said, language).columns or {})["acx_message"]
    (code,) = TOLD_BY_PAYMENTS
    assert pattern(code, language).fullmatch(text), text
