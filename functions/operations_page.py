"""The operations page for a browser: one look at everything, and the buttons on it."""

import json
from urllib.parse import parse_qs, urlsplit

import azure.functions as func

from functions.addresses import addresses
from functions.callers import let_in
from shared.errors import Misconfigured, Unavailable
from shared.looking_again import LookAgain
from shared.operations import Resend
from shared.pages.html import HEADERS
from shared.pages.words import word
from shared.refusals import Language
from shared.wiring import now, process

blueprint = func.Blueprint()
MAX_FORM = 1000
"""bytes of a button's form"""


@blueprint.function_name("operations_page")
@blueprint.route(route="operations", methods=["GET", "POST"], auth_level=func.AuthLevel.FUNCTION)
async def operations_page(req: func.HttpRequest, context: func.Context) -> func.HttpResponse:
    """Show the page; a POST is one of its buttons, pressed."""
    return await let_in(req, context, _answer)


async def _answer(req: func.HttpRequest) -> func.HttpResponse:
    if req.method == "GET":
        return await _page(req)
    if not _from_our_page(req):
        return _text("The form was not sent by this page.", 403)
    try:
        asked = _pressed(req.get_body())
    except ValueError as error:
        return _text(str(error), 400)
    return await _page(req, await _resend(asked))


async def _resend(asked: Resend | LookAgain) -> str:
    language = _language()
    try:
        if isinstance(asked, LookAgain):
            await asked.send(process.bus, process.settings, now())
            return word(language, "looked_at_again")
        done = await process.operations.resend(asked)
    except (Unavailable, Misconfigured) as error:
        return str(error)
    if done is None:
        return word(language, "not_there")
    more = f" {word(language, 'more')}" if done.more else ""
    return word(language, "sent", sent=done.sent) + more


async def _page(req: func.HttpRequest, said: str = "") -> func.HttpResponse:
    from shared.overview import look  # noqa: PLC0415 -- see LAZY in shared/wiring.py
    from shared.pages.operations import operations_page as page_of  # noqa: PLC0415 -- see LAZY

    seen = await look(process)
    try:
        dataverse_url, status = process.settings.dataverse_url, 200
    except Misconfigured:
        dataverse_url, status = "", 503
    page = page_of(seen, _language(), dataverse_url, addresses(req), now(), said=said)
    return func.HttpResponse(page, status_code=status, headers=dict(HEADERS), mimetype="text/html", charset="utf-8")


def _language() -> Language:
    try:
        return process.settings.language
    except Misconfigured:
        return "en"


def _pressed(body: bytes) -> Resend | LookAgain:
    """Read a button's form. ValueError with a sentence that quotes nothing."""
    if len(body) > MAX_FORM:
        raise ValueError("the form is too long")
    try:
        form = parse_qs(body.decode(), strict_parsing=True, max_num_fields=2)
        which, queue, table = form["which"][0], form.get("queue", [""])[0], form.get("table", [""])[0]
    except (ValueError, KeyError):
        raise ValueError("the form needs which, and queue or table") from None
    if table:
        return LookAgain.read(table, which)
    asked = {"queue": queue, "all": True} if which == "all" else {"queue": queue, "sequence_number": which}
    return Resend.read(json.dumps(asked).encode())


def _from_our_page(req: func.HttpRequest) -> bool:
    """Say whether a form comes from this very site: a browser tells where it stood, and no page can forge that."""
    # A browser of today compares both addresses itself. Behind a proxy that rewrites Host, ours is not the one it sees.
    if req.headers.get("Sec-Fetch-Site") == "same-origin":
        return True
    # What no browser sends is compared too, and must not have to be an address.
    scheme, _, host = req.headers.get("Origin", "").partition("://")
    return scheme in {"http", "https"} and host == urlsplit(req.url).netloc


def _text(sentence: str, status: int) -> func.HttpResponse:
    return func.HttpResponse(sentence, status_code=status, mimetype="text/plain")
