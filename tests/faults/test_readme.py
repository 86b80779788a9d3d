"""The README's matrix is the one that runs."""

from tests.conftest import ROOT
from tests.faults.rows import ROWS


def test_the_readme_names_every_row() -> None:
    text = (ROOT / "README.md").read_text()
    section = text[text.index("## Faults") : text.index("`make test` makes")]
    cells = [line.split(" | ")[1].removesuffix(" |") for line in section.splitlines() if line.startswith("| ")]
    named = {name for cell in cells for name in cell.split(" · ")} - {"rows"}
    assert named == {row.name for row in ROWS}
