"""Pages are plain HTML in which a value stays a value."""

import pytest

from shared.pages.html import HEADERS, Markup, markup, page, table
from shared.pages.words import age, word
from shared.refusals import Language


def test_values_are_escaped_in_text_and_in_attributes() -> None:
    evil = "<script>'\"&"
    made = markup("<a title='{evil}'>{evil}</a>", evil=evil)
    assert made == "<a title='&lt;script&gt;&#x27;&quot;&amp;'>&lt;script&gt;&#x27;&quot;&amp;</a>"
    assert "&lt;script&gt;" in table([evil], [[evil]])


def test_markup_is_not_escaped_twice() -> None:
    assert markup("<p>{inner}</p>", inner=Markup("<b>x</b>")) == "<p><b>x</b></p>"


def test_braces_in_a_value_are_text() -> None:
    assert markup("{value}", value="{other}") == "{other}"


def test_the_policy_allows_our_style_and_no_script() -> None:
    policy = HEADERS["Content-Security-Policy"]
    assert "script-src" not in policy
    assert policy.startswith("default-src 'none'; img-src data:; style-src 'sha256-")


def test_a_page_names_its_language() -> None:
    assert '<html lang="ru">' in page("ru", "Заголовок", Markup())


@pytest.mark.parametrize(
    ("language", "seconds", "said"),
    [("en", 5, "just now"), ("en", 61, "1 min"), ("ru", 7200, "2 ч"), ("ru", 200_000, "2 дн"), ("en", None, "")],
)
def test_how_long_ago(language: Language, seconds: float | None, said: str) -> None:
    assert age(language, seconds) == said


def test_a_word_that_is_not_there_is_an_error() -> None:
    with pytest.raises(KeyError):
        word("en", "nonsense")
