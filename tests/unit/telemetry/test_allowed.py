"""Nothing personal and no secret leaves, whoever records it: only listed dimensions in listed shapes pass."""

import logging
from datetime import UTC, datetime
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.messages import State
from shared.telemetry import allowed, say
from shared.telemetry.allowed import DIMENSIONS, dimensions, operation, scrub
from shared.telemetry.items import Event, Metric, Span
from shared.telemetry.trace import Place
from shared.telemetry.words import WORDS
from tests.unit.telemetry.conftest import Recorded

HOSTILE = (
    "Лосева Мария Андреевна",
    "Ivan Petrov",
    "7801000990",
    "500100732259",
    "ivan.petrov@example.com",
    "+7 921 555-12-34",
    "DE89370400440532013000",
    "4111 1111 1111 1111",
    "P@ssw0rd!",
    "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U",
    "Bearer abcdefghijklmnop",
    "Endpoint=sb://x;SharedAccessKeyName=Root;SharedAccessKey=c2VjcmV0c2VjcmV0c2VjcmV0",
    "https://contoso.example/base?code=SECRETKEY",
    "ул. Ленина, д. 5, кв. 7",
    "B1SESSION=0a1b2c3d-1111",
    "'; DROP TABLE invoice; --",
)
PLACE = Place("a" * 32, "b" * 16)


def words(text: str) -> list[str]:
    return [word for word in text.replace("=", " ").replace(";", " ").split() if len(word) > 4]


@pytest.mark.parametrize("name", sorted(DIMENSIONS))
@pytest.mark.parametrize("value", HOSTILE)
def test_no_dimension_lets_hostile_data_pass(name: str, value: str) -> None:
    left = str(dimensions({name: value}))
    assert value not in left
    for word in words(value):
        assert word not in left or word.lower() in WORDS, word


@pytest.mark.parametrize("value", HOSTILE)
def test_a_name_that_is_not_listed_goes_with_its_value(value: str) -> None:
    assert dimensions({"customer": value, value: "x", "target": "onec"}) == {"target": "onec", "removed": 2}


@given(st.dictionaries(st.text(max_size=30), st.one_of(st.text(max_size=200), st.integers(), st.floats(), st.none())))
def test_whatever_is_given_nothing_but_listed_names_comes_out(given_: dict[str, object]) -> None:
    assert set(dimensions(given_)) <= set(DIMENSIONS)


@given(st.text(max_size=200), st.sampled_from(sorted(DIMENSIONS)))
def test_what_passes_is_made_of_known_words_and_short_numbers(text: str, name: str) -> None:
    for token in allowed._TOKEN.findall(str(dimensions({name: text}).get(name, ""))):
        shaped = len(token) <= 64 and token.isascii() and any(character.isdigit() for character in token)
        assert allowed._known(token) or shaped, token


@pytest.mark.parametrize(
    ("name", "value", "left"),
    [
        ("id", UUID(int=7), str(UUID(int=7))),
        ("invoice", UUID(int=7), str(UUID(int=7))),
        ("invoice", 12, 12),
        ("state", State.PARTIALLY_PAID, "Partially paid"),
        ("reason", "before_start", "before_start"),
        ("accounting_id", "12345", "12345"),
        ("version", 9_223_372_036_854_775_807, 9_223_372_036_854_775_807),
        ("seconds", 1.25, 1.25),
        ("next", datetime(2026, 11, 24, 12, 0, tzinfo=UTC), "2026-11-24T12:00:00+00:00"),
        ("message_id", "ab" * 32, "ab" * 32),
        ("cause", "event:Update", "event:Update"),
        ("cause", "1C: no connection (ConnectError)", "1C: no connection (ConnectError)"),
        ("cause", "SAP Business One: HTTP 400, code -2028", "SAP Business One: HTTP 400, code -2028"),
        ("problems", "ONEC_URL: is missing", "ONEC_URL: is missing"),
        ("cause", "1C: Document_СчетНаОплатуПокупателю is not published", None),
        ("cause", "1C: it refused Лосева Мария 7801000990", "1C: it refused … … …"),
    ],
)
def test_what_an_administrator_needs_passes(name: str, value: object, left: object) -> None:
    assert dimensions({name: value}) == {name: value if left is None else left}


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("https://x/api/data/v9.2/invoices?$filter=name eq 'Ivan'", "GET invoices"),
        ("https://x/api/data/v9.2/invoices(5f6b1f1c-0000-0000-0000-000000000001)", "GET invoices()"),
        ("https://x/api/data/v9.2/$batch", "GET $batch"),
        ("https://x/base/odata/standard.odata/Catalog_Контрагенты(guid'1')?$format=json", "GET Catalog_Контрагенты()"),
        (
            "https://x/odata/standard.odata/Document_СчетНаОплатуПокупателю(guid'1')/Post()",
            "GET Document_СчетНаОплатуПокупателю()/Post()",
        ),
        ("https://x:50000/b1s/v2/BusinessPartners('Ivan (Petrov)')/Cancel", "GET BusinessPartners()/Cancel"),
        ("https://x:50000/b1s/v2/Items('O''Neill/Ivan')", "GET Items()"),
        ("https://x/tenant-of-ivan/oauth2/v2.0/token", "GET token"),
        ("https://x/Лосева Мария", "GET …"),
        ("https://x/", "GET /"),
    ],
)
def test_an_operation_is_named_without_keys(url: str, name: str) -> None:
    assert operation("GET", url) == name


@given(st.text(max_size=100))
def test_any_address_gives_a_name_that_may_leave(path: str) -> None:
    name = operation("GET", f"https://host/b1s/v2/{path.replace('?', '').replace('#', '')}")
    assert allowed._span_name(name) == name


@pytest.mark.parametrize("value", HOSTILE)
def test_an_item_leaves_without_hostile_data(value: str) -> None:
    dimensions_ = {"cause": value, "customer": value}
    span = scrub(Span("call", value, value, PLACE, "c" * 16, 0.0, 1.0, value, False, dimensions_))
    event = scrub(Event(value, logging.INFO, 0.0, PLACE, dimensions_))
    metric = scrub(Metric(value, 0.0, 1.0, 1, 1.0, 1.0, dimensions_))
    for word in words(value):
        if word.lower() not in WORDS:
            assert word not in f"{span} {event} {metric}", word


def test_the_log_line_is_as_clean_as_what_leaves(recorded: Recorded, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, "bridge"):
        say(logging.INFO, "retry", {"target": "onec", "customer": "Ivan", "cause": "1C: Ivan is not published"})
    assert "Ivan" not in caplog.text
    assert "target=onec" in caplog.text
    assert "cause=1C: … is not published" in caplog.text
    (event,) = recorded.events
    assert event.dimensions == {"target": "onec", "cause": "1C: … is not published", "removed": 1}
