"""What a command that lists documents says before it has looked at anything."""

from collections.abc import Callable
from pathlib import Path

import pytest

from infra import rehearse
from infra.restore import __main__ as restore


@pytest.mark.parametrize("command", [rehearse.main, restore.main], ids=["rehearse", "restore"])
def test_a_list_that_can_not_be_written_is_no_finding(
    command: Callable[[list[str]], int], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    place = tmp_path / "nowhere" / "all.csv"
    assert command(["--from", "2026-01-01", "--to", "2026-01-31", "--csv", str(place)]) == 2
    assert capsys.readouterr().err == f"{place}: No such file or directory\n"
