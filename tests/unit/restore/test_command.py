"""What the command says where it can't look."""

import pytest

from infra.restore.__main__ import main


def test_a_missing_setting_is_named_and_is_no_clean_bill(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("DATAVERSE_URL", raising=False)
    assert main(["--from", "2026-01-01"]) == 2
    assert "DATAVERSE_URL: is missing" in capsys.readouterr().err


def test_a_period_that_ends_before_it_begins_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--from", "2026-02-01", "--to", "2026-01-01"])
    assert "--to lies before --from" in capsys.readouterr().err
