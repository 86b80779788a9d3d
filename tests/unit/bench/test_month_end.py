"""The simulated month-end peak: everything arrives, accounting sets the pace, and every limit holds."""

import pytest

from tests.bench.month_end import CASES, HEADINGS, Limits, Load, simulate
from tests.conftest import ROOT

GUIDE = ROOT / "infra" / "azure" / "CAPACITY.md"

FEW = Load(documents=2_000, hours=0.02, accounting_seconds=0.5)


def test_accounting_sets_the_pace() -> None:
    made = simulate(FEW)
    assert made.posted == FEW.documents
    assert made.finished == pytest.approx(FEW.documents * FEW.accounting_seconds / FEW.lanes, rel=0.1)
    assert made.highest["target"] > 100


def test_more_lanes_are_quicker_until_the_documents_do_not_come_faster() -> None:
    finished = [simulate(Load(2_000, 0.1, 0.5, lanes=lanes)).finished for lanes in (2, 4, 64)]
    assert finished == sorted(finished, reverse=True)
    assert finished[-1] == pytest.approx(0.1 * 3600, rel=0.1)


def test_a_full_queue_loses_nothing() -> None:
    made = simulate(FEW, Limits(queue_bytes=100 * FEW.document_bytes))
    assert made.refused > 0
    assert made.highest["target"] <= 100
    assert made.posted == FEW.documents


def test_dataverse_is_never_asked_more_often_than_it_allows() -> None:
    made = simulate(FEW, Limits(dataverse_requests=20))
    assert made.throttled > 0
    assert made.busiest_window <= 20
    assert made.posted == FEW.documents


def test_the_namespace_lets_so_much_through_a_second() -> None:
    slow = Limits(credits_a_second=10)
    made = simulate(Load(documents=1_000, hours=0.01, accounting_seconds=0.01), slow)
    # two events sent and received, a document and its result each sent and received: eight credits at the most
    assert 600 < made.finished <= 1_000 * 8 / slow.credits_a_second * 1.1


def test_the_same_seed_gives_the_same_month() -> None:
    assert simulate(FEW, seed=7) == simulate(FEW, seed=7)


def test_the_guide_shows_every_case_at_the_pace_that_its_lanes_set() -> None:
    text = GUIDE.read_text(encoding="utf-8")
    assert f"| {' | '.join(HEADINGS)} |" in text
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines() if line.startswith("|")]
    shown = {row[0]: float(row[1]) for row in rows if row[0] in CASES}
    for name, load in CASES.items():
        issued, carried = load.documents / load.hours / 3600, load.lanes / load.accounting_seconds
        assert shown[name] == pytest.approx(min(issued, carried), rel=0.12), name
