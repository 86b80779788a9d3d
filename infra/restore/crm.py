"""Reads every record that the CRM has or its journal names, page by page. It only reads."""

from collections.abc import AsyncIterator
from typing import Any

from infra.restore.comparing import Known
from shared.dataverse import journal
from shared.dataverse.client import Dataverse
from shared.dataverse.columns import key, text
from shared.dataverse.sales import SALES
from shared.dataverse.searching import document_of
from shared.messages import Journalled, State
from shared.routes import Target

_COLUMNS = ",".join(journal.COLUMNS)


async def known(dataverse: Dataverse, targets: tuple[Target, ...]) -> AsyncIterator[Known]:
    """Give every invoice and order, whoever owns it now, and then what journal rows without a record name."""
    for table in SALES:
        query = {"$select": table.key, "$expand": f"{table.journal}($select={_COLUMNS})"}
        async for row in _rows(dataverse, table.set_name, query):
            yield Known(table.name, key(row, table.key), True, _read(row[table.journal], targets))
    # Deleting a record takes its link away, and leaves the row.
    unlinked = " and ".join(f"_acx_{table.name}id_value eq null" for table in SALES)
    query = {"$select": _COLUMNS, "$filter": f"{unlinked} and acx_state ne {journal.STATE_VALUES[State.BOUND]}"}
    async for row in _rows(dataverse, journal.SET, query):
        named = document_of(text(row, "acx_key"))
        if named is not None:
            table, record = named
            yield Known(table.name, record, False, _read([row], targets))


async def _rows(dataverse: Dataverse, path: str, query: dict[str, str]) -> AsyncIterator[dict[str, Any]]:
    page = await dataverse.get(path, query)
    while True:
        for row in page["value"]:
            yield row
        link = page.get("@odata.nextLink")
        if not link:
            return
        page = await dataverse.follow(link, tracked=False)


def _read(rows: list[dict[str, Any]], targets: tuple[Target, ...]) -> dict[Target, Journalled]:
    return {target: journal.read(row) for row in rows for target in targets if text(row, "acx_target") == target}
