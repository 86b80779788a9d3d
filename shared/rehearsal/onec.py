"""What 1C would answer to the writes of a rehearsal.

1C fills ledger accounts by its own rules when a document is written. A rehearsal can't know them and takes them for
filled; where one stays empty the export refuses the реализация before it is posted.
"""

from urllib.parse import unquote
from uuid import UUID

import httpx

from shared import jsontext
from shared.onec import held
from shared.onec.kinds import REALIZATSIYA
from shared.rehearsal.transport import Rehearsal, Row, answer

ROOT = "/odata/standard.odata/"
ASSUMED = str(UUID(int=1))
"""stands for an account that 1C would fill"""


class OnecRehearsal(Rehearsal):
    """A rehearsal's connection to 1C."""

    def reads(self, request: httpx.Request) -> bool:
        """A GET, and nothing else."""
        return request.method == "GET"

    def address(self, url: httpx.URL) -> str:
        """Give what follows ``standard.odata/``."""
        return unquote(url.raw_path.decode().partition("?")[0]).partition(ROOT)[2]

    def is_document(self, address: str) -> bool:
        """Documents are named so."""
        return address.startswith("Document_")

    def address_of(self, entity: str, row: Row) -> str:
        """Objects are addressed by their Ref_Key."""
        return f"{entity}(guid'{row.get('Ref_Key')}')"

    async def write(self, request: httpx.Request, content: bytes) -> httpx.Response:
        """Create, change, post, unpost."""
        address = self.address(request.url)
        record, _, action = address.partition(")/")
        if action:
            self.note("POST", f"{record})/{action}", None)
            self.changed(f"{record})", {"Posted": action == "Post"})
            return answer(None, 200)
        body = jsontext.loads(content)
        if request.method == "POST":
            self.note("POST", address, body)
            row = _created(address, body)
            self.made(self.address_of(address, row), row)
            return answer(row, 201)
        response, there = await self.held(request)
        if there is None:
            return response
        self.note("PATCH", address, body, there)
        # the sum follows from the lines, and nobody has computed it
        changes = {"СуммаДокумента": None, **body} if self.is_document(address) else body
        self.changed(address, changes)
        return answer({**there, **changes}, 200)


def _created(entity: str, body: Row) -> Row:
    row: Row = {"DataVersion": "AAAAAAAAAAA=", "DeletionMark": False, "Posted": False, "Number": "", **body}
    if entity != REALIZATSIYA.entity:
        return row
    row |= {name: row.get(name) or ASSUMED for name in held.SETTLEMENT_ACCOUNTS}
    for section in REALIZATSIYA.sections:
        row[section] = [dict.fromkeys(held.LINE_ACCOUNTS, ASSUMED) | line for line in row.get(section, [])]
    return row
