"""Ways 1A and 1B: a ZIP for a period by request, and by a timer into a container."""

from urllib.parse import quote

import azure.functions as func

from functions.callers import let_in
from functions.timers import by_timer
from shared import jsontext
from shared.errors import Misconfigured, Unavailable
from shared.wiring import process

blueprint = func.Blueprint()


@blueprint.function_name("exchange_files")
@blueprint.route(route="files/{kind}", methods=["GET"], auth_level=func.AuthLevel.FUNCTION)
async def exchange_files(req: func.HttpRequest, context: func.Context) -> func.HttpResponse:
    """Hand out ``services`` or ``invoices``: ``from`` and ``to`` are days, ``entity`` a route or business unit."""
    return await let_in(req, context, _handed_out)


async def _handed_out(req: func.HttpRequest) -> func.HttpResponse:
    from shared.files.asking import WrongRequest  # noqa: PLC0415 -- see LAZY in shared/wiring.py
    from shared.files.wired import answered  # noqa: PLC0415 -- see LAZY

    try:
        file = await answered(process, req.route_params.get("kind", ""), dict(req.params))
    except WrongRequest as error:
        return _refused(400, str(error))
    except (Unavailable, Misconfigured) as error:
        return _refused(503, str(error))
    headers = {"Content-Disposition": _attachment(file.name), "Cache-Control": "no-store"}
    return func.HttpResponse(file.content, mimetype="application/zip", headers=headers)


def _attachment(name: str) -> str:
    """Name a download. The host answers 500 where a header is not ASCII, and the name of a route need not be."""
    if name.isascii():
        return f'attachment; filename="{name}"'
    return f"attachment; filename*=UTF-8''{quote(name, safe='')}"


@by_timer(blueprint, "exchange_files_daily", "FILES_SCHEDULE")
async def exchange_files_daily() -> None:
    """Put the files of the days that are over into the container, where the settings name one."""
    from shared.files.wired import daily  # noqa: PLC0415 -- see LAZY in shared/wiring.py

    async with daily(process) as work:
        if work is not None:
            await work.run()


def _refused(status: int, sentence: str) -> func.HttpResponse:
    return func.HttpResponse(jsontext.dumps({"error": sentence}), status_code=status, mimetype="application/json")
