"""Who may press the buttons of the operations page."""

import azure.functions as func
import pytest

from functions.operations_page import _answer

URL = "https://bridge.example/api/operations?code=KEY"


@pytest.mark.parametrize(
    "origin", ["", "null", "https://", "https://evil.example", "ftp://bridge.example", "http://[", "https://a\u2100.b"]
)
async def test_a_form_of_another_site_or_of_no_browser_is_turned_away_in_a_sentence(origin: str) -> None:
    headers = {"Origin": origin} if origin else {}
    answer = await _answer(func.HttpRequest("POST", URL, headers=headers, body=b"queue=poison&which=all"))
    assert (answer.status_code, answer.get_body()) == (403, b"The form was not sent by this page.")


@pytest.mark.parametrize("site", ["cross-site", "same-site", "none", ""])
async def test_a_browser_that_says_that_it_stood_elsewhere_is_turned_away(site: str) -> None:
    headers = {"Origin": "https://evil.example", "Sec-Fetch-Site": site}
    answer = await _answer(func.HttpRequest("POST", URL, headers=headers, body=b"queue=poison&which=all"))
    assert answer.status_code == 403


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://bridge.example"},
        # Behind Azure Front Door: the browser knows the page by another name than the app.
        {"Origin": "https://front.example", "Sec-Fetch-Site": "same-origin"},
    ],
)
async def test_our_own_form_is_read(headers: dict[str, str]) -> None:
    answer = await _answer(func.HttpRequest("POST", URL, headers=headers, body=b"x"))
    assert (answer.status_code, answer.get_body()) == (400, b"the form needs which, and queue or table")
