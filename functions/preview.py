"""The dry run of one document: what an export would do with it now, writing nothing."""

from typing import TYPE_CHECKING

import azure.functions as func

from functions.addresses import addresses
from functions.callers import let_in
from shared import jsontext
from shared.dataverse.sales import document_named
from shared.errors import Misconfigured, Unavailable
from shared.links import link
from shared.pages.html import HEADERS
from shared.wiring import process

if TYPE_CHECKING:
    from shared.rehearsal.rehearse import Rehearsed

blueprint = func.Blueprint()


@blueprint.function_name("preview")
@blueprint.route(route="preview/{table}/{id}", methods=["GET"], auth_level=func.AuthLevel.FUNCTION)
async def preview(req: func.HttpRequest, context: func.Context) -> func.HttpResponse:
    """Show what an export would do: JSON, or a page for a browser."""
    return await let_in(req, context, _preview)


async def _preview(req: func.HttpRequest) -> func.HttpResponse:
    try:
        table, record = document_named(req.route_params.get("table", ""), req.route_params.get("id", ""))
    except ValueError as error:
        return _error(str(error), 400)
    try:
        seen = await process.rehearser.document(table, record)
    except (Unavailable, Misconfigured) as error:
        return _error(str(error), 503)
    if seen is None:
        return _error(f"Dataverse has no {table.name} with this id", 404)
    return _page(req, seen) if "text/html" in req.headers.get("Accept", "") else _json(seen.json_text(), 200)


def _page(req: func.HttpRequest, seen: "Rehearsed") -> func.HttpResponse:
    from shared.pages.preview import preview_page  # noqa: PLC0415 -- see LAZY in shared/wiring.py

    settings = process.settings
    held = seen.outcome.accounting_id if seen.outcome else ""
    there = link(settings.link(seen.target), seen.target, seen.table, held) if seen.target else None
    page = preview_page(seen, settings.language, settings.dataverse_url, addresses(req), there)
    return func.HttpResponse(page, headers=dict(HEADERS), mimetype="text/html", charset="utf-8")


def _json(text: str, status: int) -> func.HttpResponse:
    return func.HttpResponse(
        text, status_code=status, headers={"Cache-Control": "no-store"}, mimetype="application/json"
    )


def _error(sentence: str, status: int) -> func.HttpResponse:
    return _json(jsontext.dumps({"error": sentence}), status)
