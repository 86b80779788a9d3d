"""Finding documents through their journal rows: what a refusal hangs on, a line that is no more, a row's own id."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from uuid import UUID

from shared.dataverse import journal
from shared.dataverse.client import Dataverse
from shared.dataverse.columns import guid, key, text
from shared.dataverse.sales import BY_NAME, SALES, SalesTable
from shared.messages import REFUSED_CHANGE, State

Document = tuple[SalesTable, UUID]
AT_ONCE = 10
"""Texts searched for in one request: each is a scan of a memo column."""


async def refused_because_of(dataverse: Dataverse, records: Iterable[str]) -> dict[str, list[Document]]:
    """Give the documents whose refusal hangs on each record, named ``table:id``."""
    # Either is a refusal: see Journalled.is_refused.
    refused = f"(acx_state eq {journal.STATE_VALUES[State.REFUSED]} or acx_hash eq '{REFUSED_CHANGE}')"
    return await _containing(dataverse, "acx_hangson", sorted(set(records)), refused)


async def exported_with_lines(dataverse: Dataverse, lines: Iterable[UUID]) -> dict[UUID, list[Document]]:
    """Give the documents that were exported with each line: a deleted line names only itself."""
    found = await _containing(dataverse, "acx_lines", sorted({str(line) for line in lines}), "")
    return {UUID(line): documents for line, documents in found.items()}


async def of_journal_rows(dataverse: Dataverse, rows: Sequence[UUID]) -> dict[UUID, Document]:
    """Give the document of each journal row: somebody pressed Retry on it."""
    found: dict[UUID, Document] = {}
    for chunk in _chunks([str(row) for row in rows]):
        condition = " or ".join(f"acx_accountingexportid eq {row}" for row in chunk)
        query = {"$select": "acx_accountingexportid,acx_key", "$filter": condition}
        for row in await dataverse.rows(journal.SET, query):
            if document := document_of(text(row, "acx_key")):
                found[key(row, "acx_accountingexportid")] = document
    return found


def document_of(journal_key: str) -> Document | None:
    """Read ``target:table:id``; None for a row that is about no document, or whose key somebody broke."""
    _, _, rest = journal_key.partition(":")
    table, _, record = rest.partition(":")
    try:
        return (BY_NAME[table], UUID(record)) if table in BY_NAME else None
    except ValueError:
        return None


async def _containing(
    dataverse: Dataverse, column: str, needles: Sequence[str], condition: str
) -> dict[str, list[Document]]:
    found: dict[str, list[Document]] = {}
    for chunk in _chunks(needles):
        contains = " or ".join(f"contains({column},'{needle}')" for needle in chunk)
        query = {
            "$select": f"{column},{','.join(_parent(table) for table in SALES)}",
            "$filter": f"{condition} and ({contains})" if condition else contains,
        }
        for row in await dataverse.rows(journal.SET, query):
            held = text(row, column)
            owners = [(table, owner) for table in SALES if (owner := guid(row, _parent(table)))]
            for needle in chunk:
                if needle in held:
                    found.setdefault(needle, []).extend(owners)
    return found


def _parent(table: SalesTable) -> str:
    return f"_acx_{table.name}id_value"


def _chunks(items: Iterable[str]) -> Iterator[list[str]]:
    left = iter(items)
    while chunk := list(islice(left, AT_ONCE)):
        yield chunk
