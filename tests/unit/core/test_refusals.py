"""Each sentence of the catalogue: in both languages, with the same values, ending with who does what."""

import re
from string import Formatter

import pytest

from shared.refusals import CATALOGUE, Language, Sentence, holding, refusal

LANGUAGES: tuple[Language, ...] = ("en", "ru")
WHO = {
    "en": ("Manager: ", "Accountant: ", "Administrator: ", "Nobody has to do anything: "),
    "ru": ("Менеджер: ", "Бухгалтер: ", "Администратор: ", "Делать ничего не нужно: "),
}


def names(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name is not None}


def of(sentence: Sentence, language: Language) -> tuple[str, str]:
    return (sentence.ru, sentence.ru_do) if language == "ru" else (sentence.en, sentence.en_do)


entries = pytest.mark.parametrize("code", sorted(CATALOGUE))
languages = pytest.mark.parametrize("language", LANGUAGES)


@entries
def test_both_languages_take_the_same_values(code: str) -> None:
    sentence = CATALOGUE[code]
    assert names(sentence.en) | names(sentence.en_do) == names(sentence.ru) | names(sentence.ru_do)


@entries
@languages
def test_a_sentence_says_what_is_wrong_what_accounting_holds_and_who_does_what(code: str, language: Language) -> None:
    problem, do = of(CATALOGUE[code], language)
    values = {name: f"<{name}>" for name in names(problem + do)}
    text = refusal(code, **values).text(language, "invoice", "INV-1", "№ 7")
    lead, has = {"en": ("Invoice INV-1: ", " In accounting: № 7. "), "ru": ("Счёт INV-1: ", " В учёте: № 7. ")}[
        language
    ]
    assert text.startswith(lead)
    before, after = text.split(has)
    assert before.endswith((".", "?"))
    assert after.startswith(WHO[language])
    assert after.endswith(".")
    assert all(f"<{name}>" in text for name in values)
    assert not re.search(r"[{}]", text)


@pytest.mark.parametrize(
    ("language", "rate", "sentence"),
    [
        ("ru", "none", "ставка НДС «без НДС» на 31.12.2025 не применяется; применяются: 20 %, 9.5 %, без НДС."),
        ("ru", "22", "ставка НДС «22 %» на 31.12.2025 не применяется; применяются: 20 %, 9.5 %, без НДС."),
        ("en", "none", "the tax rate “without VAT” is not in use on 2025-12-31; in use are 20 %, 9.5 %, without VAT."),
    ],
)
def test_rates_and_days_are_written_as_people_write_them(language: Language, rate: str, sentence: str) -> None:
    reason = refusal("rate_not_allowed", line=1, rate=rate, date="2025-12-31", known="20, 9.5, none")
    assert sentence in reason.text(language, "invoice", "INV-1", "")


@languages
def test_nothing_in_accounting_is_said_too(language: Language) -> None:
    text = refusal("no_lines").text(language, "invoice", "INV-1", "")
    assert {"en": "In accounting: nothing.", "ru": "В учёте: ничего."}[language] in text


@entries
def test_a_russian_sentence_is_russian(code: str) -> None:
    sentence = CATALOGUE[code]
    assert re.search("[а-я]", sentence.ru)
    assert re.search("[а-я]", sentence.ru_do)


@pytest.mark.parametrize(
    ("held", "ru", "en"),
    [
        (("№ 7", "2026-03-05", "1220", "RUB"), "№ 7 от 05.03.2026, 1220.00 RUB", "№ 7 of 2026-03-05, 1220.00 RUB"),
        (("№ 7", "2026-03-05", "0.1250", "KWD"), "№ 7 от 05.03.2026, 0.125 KWD", "№ 7 of 2026-03-05, 0.125 KWD"),
        (("№ 7", "", "1000000", ""), "№ 7, 1000000.00", "№ 7, 1000000.00"),
        (("№ 7", "", "", "RUB"), "№ 7", "№ 7"),
        (("", "2026-03-05", "1220", "RUB"), "", ""),
    ],
)
def test_rule_22_what_accounting_holds_is_its_number_date_and_sum(
    held: tuple[str, str, str, str], ru: str, en: str
) -> None:
    assert (holding("ru", *held), holding("en", *held)) == (ru, en)


def test_an_unknown_code_is_an_error_of_ours() -> None:
    with pytest.raises(KeyError):
        refusal("no_such_code")


def test_a_placeholder_without_a_value_is_an_error_of_ours() -> None:
    with pytest.raises(KeyError):
        refusal("freight")


def test_values_with_braces_are_shown_as_they_are() -> None:
    assert "{0} {x}" in refusal("accounting_refused", message="{0} {x}").text("en", "invoice", "INV-1", "")
