"""Where our own functions are, for whoever opened a page."""

from collections.abc import Mapping
from urllib.parse import urlencode

import azure.functions as func

from shared.pages.html import Address


def addresses(req: func.HttpRequest) -> Address:
    """Let links carry the function key that the page itself was opened with, where it stood in the address.

    No page of ours sends its address elsewhere.
    """
    key = {"code": req.params["code"]} if req.params.get("code") else {}

    def address(name: str, query: Mapping[str, str] | None = None) -> str:
        found = urlencode({**(query or {}), **key})
        return f"/api/{name}?{found}" if found else f"/api/{name}"

    return address
