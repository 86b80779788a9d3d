"""What every test may ask for."""

from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def contracts() -> Path:
    """The folder of real metadata and payloads beside the project; a test that needs it skips where it is absent."""
    folder = ROOT.parent / "shared" / "contracts"
    if not folder.is_dir():
        pytest.skip("the folder ../shared/contracts is absent")
    return folder
