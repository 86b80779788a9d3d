"""How what a restored CRM lost is told: a table, what to do about each, and a list for a spreadsheet."""

import csv
from io import StringIO

import pytest
from rich.console import Console

from infra.restore.comparing import Known, Lack, Missing
from infra.restore.report import COLUMNS, REMEDIES, SENTENCES, SHOWN, Report
from shared.refusals import Language
from tests.builders import INVOICE
from tests.unit.restore.test_comparing import held

RECORD = Known("invoice", INVOICE, True, {})


def printed(report: Report) -> str:
    """Give what a terminal shows."""
    console = Console(record=True, width=400, file=StringIO())
    for line in report.lines():
        console.print(line)
    return console.export_text()


@pytest.mark.parametrize(("language", "place"), [("en", 0), ("ru", 1)])
@pytest.mark.parametrize("lack", Lack)
def test_a_document_is_named_with_what_is_missing_and_what_to_do(language: Language, place: int, lack: Lack) -> None:
    report = Report(language, None)
    report.add(Missing(held(), lack, RECORD))
    text = printed(report)
    for part in ("0000-000001", "2026-02-10", "1220.00", "INV-00001", f"invoice {INVOICE}"):
        assert part in text
    assert f"{SENTENCES[lack][place]}: 1\n" in text
    assert REMEDIES[lack][place] in text
    assert all(SENTENCES[other][place] not in text for other in Lack if other is not lack)


def test_the_list_has_every_key_and_no_more() -> None:
    out = StringIO()
    report = Report("en", out)
    report.add(Missing(held(), Lack.RECORD, None))
    ((heads, row),) = [tuple(csv.reader(StringIO(out.getvalue())))]
    assert tuple(heads) == COLUMNS
    found = dict(zip(heads, row, strict=True))
    assert (found["number"], found["date"], found["total"]) == ("0000-000001", "2026-02-10", "1220.00")
    assert (found["customer"], found["key"], found["table"], found["id"]) == ("C1", str(held().key), "", "")
    assert found["missing"] == "record"


def test_the_table_is_cut_and_says_so_and_the_list_is_whole() -> None:
    out = StringIO()
    report = Report("en", out)
    for number in range(SHOWN + 3):
        report.add(Missing(held(number=f"N{number:04}"), Lack.RECORD, None))
    text = printed(report)
    assert f"N{SHOWN - 1:04}" in text
    assert f"N{SHOWN:04}" not in text
    assert "… 3 more: list them with --csv" in text
    assert f"{SHOWN + 3} documents." in text
    assert f"N{SHOWN + 2:04}" in out.getvalue()


def test_where_nothing_is_missing_that_is_said() -> None:
    text = printed(Report("en", None))
    assert "no document of the bridge in this period that the CRM does not know" in text
    assert "Nothing was written." in text
