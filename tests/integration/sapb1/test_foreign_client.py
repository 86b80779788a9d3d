"""A client that others wrote for the real Service Layer (b1sl-python), unchanged, in a process of its own."""

import asyncio
import json
from pathlib import Path

import pytest

from infra.local.sapb1 import company
from tests import foreign_client
from tests.integration.sapb1.client import Client

NOT_SUPPORTED = "SAP Error -5006: The requested action is not supported for this object."
SCRIPT = Path(__file__).with_name("foreign_client.py")


@pytest.fixture(scope="module")
def interpreter() -> Path:
    """The environment with the client in it."""
    try:
        return foreign_client.interpreter()
    except RuntimeError as error:
        pytest.skip(str(error))


@pytest.mark.timeout(180)
async def test_b1sl_works_unchanged(b1: Client, interpreter: Path) -> None:
    process = await asyncio.create_subprocess_exec(
        str(interpreter),
        str(SCRIPT),
        f"{b1.root}/b1s/v2",
        company.COMPANY,
        company.USERNAME,
        company.PASSWORD,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await process.communicate()
    assert process.returncode == 0, err.decode()
    assert json.loads(out) == {
        "created": ["C50000", "1", 122.0],
        "filtered": ["C50000"],
        "streamed": 31,
        "counted": 31,
        "updated": "second thought",
        "conflict": "-2039",
        "refused": "SAP Error -5002: Invalid BP code [OINV.CardCode] , 'NOBODY'",
        "cancelled": ["csYes", "csCancellation"],
        "refused_cancel": NOT_SUPPORTED,
        "refused_delete": NOT_SUPPORTED,
        "refused_read": "not found",
        "refused_twin": "SAP Error -10: 1320000140 - Business partner code 'C50000' already assigned to a business "
        "partner; enter a unique business partner code",
        "refused_filter": "SAP Error 201: Property 'NoSuchProperty' is invalid",
        "posted": 1,
        "taken_back": True,
        "batch": [201, 201],
        "batch_failed": [400, 400],
        "rows_after_failure": 1,
    }
