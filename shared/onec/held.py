"""What a base holds of a document that the bridge wrote: which version, and whether anybody has edited it. Pure.

Комментарий carries a marker: the version, the hash of the CRM's content, and a print of every property and column that
was written. The print tells an accountant's edit from a change in the CRM, and names what was edited.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from shared import fieldmap
from shared.documents import Sale
from shared.onec import odata
from shared.onec.card_marks import digest
from shared.onec.cards import Body
from shared.onec.kinds import Kind
from shared.onec.odata import Row

_SCHEME = "1"
"""First character of a print: which properties it is made of. Another one can't be compared."""
_UNWRITTEN = "..."
_EMPTY = frozenset({"", str(UUID(int=0)), odata.EMPTY_DATE, "StandardODATA.Undefined"})
_NUMBER = re.compile(r"-?\d+(\.\d+)?")
_MARKER = re.compile(
    r"CRM (?P<number>.*) · v(?P<version>\d{1,19}) · (?P<hash>[0-9a-f]{16,64})"
    r"(?: · (?P<print>1[\w.-]+))?(?: · r(?P<revision>\d{1,6}))?(?: · d(?P<due>\d{4}-\d\d-\d\d))?(?![\w-])",
    re.DOTALL,
)

REVENUE_ACCOUNTS = ("СчетДоходов_Key", "СчетРасходов_Key", "Субконто")
VAT_ACCOUNT = "СчетУчетаНДСПоРеализации_Key"
LINE_ACCOUNTS = ("СчетУчета_Key", *REVENUE_ACCOUNTS, VAT_ACCOUNT)
SETTLEMENT_ACCOUNTS = ("СчетУчетаРасчетовСКонтрагентом_Key", "СчетУчетаРасчетовПоАвансам_Key")


@dataclass(frozen=True)
class Marker:
    """What Комментарий says of the version that was written. ``revision`` rises with each rewriting."""

    version: int
    hash: str
    print: str = ""
    revision: int = 1
    due: str = ""
    """the due date (ISO 8601), where it was written: it stands in a register, and so not in the print"""


def marker(number: str, own: Marker) -> str:
    """Give the text by which a later look-up recognises its own write."""
    printed = f" · {own.print}" if own.print else ""
    revision = f" · r{own.revision}" if own.revision > 1 else ""
    due = f" · d{own.due}" if own.due else ""
    return f"CRM {number} · v{own.version} · {own.hash}{printed}{revision}{due}"


def read_marker(comment: object) -> Marker | None:
    """Read a Комментарий, whatever a person has put around the marker; None where it is gone.

    That says nothing about the version: then the journal is asked.
    """
    found = _MARKER.search(comment) if isinstance(comment, str) else None
    if found is None:
        return None
    printed, due = found["print"] or "", found["due"] or ""
    return Marker(int(found["version"]), found["hash"], printed, int(found["revision"] or 1), due)


def record_number(comment: object) -> str:
    """Read the CRM's number in a marker; empty where there is no marker."""
    found = _MARKER.search(comment) if isinstance(comment, str) else None
    return found["number"] if found else ""


def remarked(comment: object, text: str) -> str:
    """Put a new marker in the place of the old one; what a person wrote around it stays."""
    old = comment if isinstance(comment, str) else ""
    return _MARKER.sub(lambda _: text, old, count=1) if _MARKER.search(old) else text


def _plain(value: object) -> str:
    """Write a value in one way, whether it comes from a body or from 1C's JSON."""
    if isinstance(value, bool):
        return str(value)
    written = str(value if value is not None else "").strip()
    if isinstance(value, Decimal | int) or _NUMBER.fullmatch(written):
        return f"{Decimal(written).normalize():f}"
    return "" if written.lower() in _EMPTY or written in _EMPTY else written


def _ordered(rows: object) -> list[Row]:
    return sorted(rows, key=lambda row: int(row["LineNumber"])) if isinstance(rows, list) else []


def _prints(kind: Kind, body: Mapping[str, Any]) -> dict[str, str]:
    """Give a digest for every property and column, by its name."""
    found = {name: digest(_plain(body[name])) if name in body else _UNWRITTEN for name in kind.header}
    for section, columns in kind.sections.items():
        rows = _ordered(body.get(section))
        for column in columns:
            found[f"{section}.{column}"] = digest(*(_plain(row.get(column)) for row in rows))
    return found


def fingerprint(kind: Kind, body: Mapping[str, Any]) -> str:
    """Give the print of what is written: three characters for each property and column."""
    return _SCHEME + "".join(_prints(kind, body).values())


def edited(kind: Kind, row: Row, printed: str) -> list[str] | None:
    """Name what differs from what was last written; None where the print can't be compared with this version's."""
    now = _prints(kind, row)
    if len(printed) != 1 + 3 * len(now) or not printed.startswith(_SCHEME):
        return None
    was = (printed[place : place + 3] for place in range(1, len(printed), 3))
    return [name for (name, own), before in zip(now.items(), was, strict=True) if before not in {own, _UNWRITTEN}]


def is_written_so(kind: Kind, row: Row, body: Mapping[str, Any], printed: str, sale: Sale) -> bool:
    """Say whether what was last written is what would be written now; a company's own fields are not in the print."""
    header = {extra.to for extra in sale.extras if extra.mode == "overwrite"}
    columns = {extra.to for line in sale.lines for extra in line.extras if extra.mode == "overwrite"}
    pairs = [(body, row, header)]
    for section in kind.sections:
        rows = zip(_ordered(body.get(section)), _ordered(row.get(section)), strict=False)
        pairs += [(own, held, columns) for own, held in rows]
    return fingerprint(kind, body) == printed and all(
        _plain(own[name]) == _plain(held.get(name)) for own, held, names in pairs for name in names & own.keys()
    )


def differences(kind: Kind, row: Row, body: Mapping[str, Any], total: Decimal) -> list[str]:
    """Name the amounts in which a document of the base differs from what would be written, row by row."""
    computed = odata.number(row, "СуммаДокумента")
    differing = [] if computed is None or computed == total else ["СуммаДокумента"]
    for section, columns in kind.sections.items():
        if not isinstance(row.get(section), list):
            continue  # the answer to a creation need not carry the rows
        lines, wanted = _ordered(row[section]), _ordered(body.get(section, []))
        if len(lines) != len(wanted):
            differing.append(section)
            continue
        compared = [name for name in columns if name not in {kind.item, "Содержание"}]
        differing += [
            f"{section}[{own['LineNumber']}].{name}"
            for line, own in zip(lines, wanted, strict=True)
            for name in compared
            if _plain(line.get(name)) != _plain(own[name])
        ]
    return differing


def merged(kind: Kind, row: Row, body: Mapping[str, Any], sale: Sale | None = None) -> Body:
    """Give the body that changes a document: each tabular section whole, with the columns that the bridge doesn't map.

    A row is recognised by its item; among equal items, in their order. Of a company's own fields, which ``sale`` has,
    each mode decides whether accounting's value stays.
    """
    of_lines = {extra.to: extra for line in sale.lines for extra in line.extras} if sale else {}
    stays = fieldmap.kept(sale.extras, row) if sale else set()
    result: Body = {name: value for name, value in body.items() if name not in stays}
    for section, columns in kind.sections.items():
        mapped = {*columns, "Ref_Key", "LineNumber", f"{kind.item}_Type"}
        left = _ordered(row.get(section))
        rows: list[Body] = []
        for own in _ordered(body.get(section, [])):
            same = next((each for each in left if _plain(each.get(kind.item)) == _plain(own[kind.item])), None)
            if same is not None:
                left.remove(same)
            kept = {name: value for name, value in (same or {}).items() if name not in mapped and "@" not in name}
            stays = fieldmap.kept(of_lines.values(), same) if same is not None else set()
            rows.append({**kept, **{name: value for name, value in own.items() if name not in stays}})
        result[section] = rows
    return result


def unfilled(row: Row) -> list[str]:
    """Name the ledger accounts and the НоменклатурнаяГруппа that a реализация lacks. The bridge never sends them."""
    lacking = [name for name in SETTLEMENT_ACCOUNTS if not _plain(row.get(name))]
    for section, own in (("Товары", ("СчетУчета_Key",)), ("Услуги", ())):
        for line in _ordered(row.get(section)):
            needed = (*own, *REVENUE_ACCOUNTS)
            if line.get("СтавкаНДС") != "БезНДС":
                needed = (*needed, VAT_ACCOUNT)
            lacking += [f"{section}[{line['LineNumber']}].{name}" for name in needed if not _plain(line.get(name))]
    return [name.removesuffix("_Key") for name in lacking]


def number_of(row: Row) -> str:
    """Give the document's number."""
    return str(row.get("Number") or "").strip()


def date_of(row: Row) -> date | None:
    """Give the document's date, as far as it was read."""
    written = row.get("Date")
    return None if written is None else date.fromisoformat(str(written)[:10])


def listed(values: Sequence[str], shown: int = 10) -> str:
    """Join names for a sentence."""
    return ", ".join(values[:shown]) + (" …" if len(values) > shown else "")
