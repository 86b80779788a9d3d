"""A file becomes a blob: in blocks, whole or not at all, and a day that was missed is made up for."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import pytest

from shared.dataverse.checkpoints import Checkpoints
from shared.dataverse.journal import STATE_VALUES
from shared.dataverse.sales import INVOICE
from shared.errors import Misconfigured, Unavailable
from shared.files import container as containers
from shared.files.container import Container
from shared.files.daily import Daily
from shared.messages import State
from tests.builders import NOW, invoice_row, journal_columns
from tests.integration.files.conftest import Shelf
from tests.integration.sweep.conftest import Organization
from tests.unit.core.fakes import clock
from tests.unit.files.kit import Desk, desk, onec


@asynccontextmanager
async def opened(made: Container) -> AsyncIterator[Container]:
    yield made
    await made.close()


async def test_a_file_of_several_blocks_arrives_whole(
    shelf: Shelf, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(containers, "BLOCK", 1000)
    (tmp_path / "file").write_bytes(bytes(range(256)) * 10)

    async with opened(shelf.container()) as container:
        await container.put("Маршрут/1.zip", tmp_path / "file")
        await container.put("Маршрут/1.zip", tmp_path / "file")

    assert shelf.storage.blobs == {"Маршрут/1.zip": bytes(range(256)) * 10}
    assert shelf.storage.types == {"Маршрут/1.zip": "application/zip"}


async def test_what_is_wrong_is_said_in_a_sentence(shelf: Shelf, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"content")
    async with opened(shelf.container("others")) as container:
        with pytest.raises(Misconfigured, match="no such container"):
            await container.put("1.zip", tmp_path / "file")
    shelf.storage.token = "another"
    async with opened(shelf.container()) as container:
        with pytest.raises(Misconfigured, match="Storage Blob Data Contributor"):
            await container.put("1.zip", tmp_path / "file")
    shelf.storage.away = 1
    async with opened(shelf.container()) as container:
        with pytest.raises(Unavailable):
            await container.put("1.zip", tmp_path / "file")
    assert shelf.storage.blobs == {}


async def test_each_day_is_delivered_once_and_a_missed_one_is_made_up_for(
    shelf: Shelf, organization: Organization
) -> None:
    own = desk(onec(), invoice_row(acx_documentdate="2026-02-09"), invoice_row(acx_documentdate="2026-02-10", number=2))
    checkpoints = Checkpoints(organization.ours, clock(NOW))
    async with opened(shelf.container()) as container:

        def daily(days: int) -> Daily:
            return Daily(own.settings, own.handing_out, checkpoints, container, clock(NOW + timedelta(days=days)))

        assert await daily(0).run() == {"ru:invoices": 1}
        own.rows[0] |= {INVOICE.journal: [journal_columns(STATE_VALUES[State.EXPORTED], acx_writtenhash="h")]}
        assert await daily(0).run() == {"ru:invoices": 0}
        shelf.storage.away = 1
        with pytest.raises(Unavailable):
            await daily(1).run()
        assert await daily(2).run() == {"ru:invoices": 1}

    assert sorted(shelf.storage.blobs) == ["ru/invoices_2026-02-09.zip", "ru/invoices_2026-02-10.zip"]
    assert [(each.record, each.state) for each in own.results] == [
        ("INV-00001", State.EXPORTED),
        ("INV-00002", State.EXPORTED),
    ]


async def test_rule_03_what_waits_for_the_end_of_a_pause_is_delivered_after_it(
    shelf: Shelf, organization: Organization
) -> None:
    rows = invoice_row(acx_documentdate="2026-02-09"), invoice_row(acx_documentdate="2026-02-10", number=2)
    paused, open_ = desk(onec(name="later", paused=True), *rows), desk(onec(name="later"), *rows)
    checkpoints = Checkpoints(organization.ours, clock(NOW))
    async with opened(shelf.container()) as container:

        def daily(own: Desk, days: int) -> Daily:
            return Daily(own.settings, own.handing_out, checkpoints, container, clock(NOW + timedelta(days=days)))

        assert await daily(paused, 0).run() == {"later:invoices": 0}
        assert await daily(paused, 1).run() == {"later:invoices": 0}
        assert {(each.record, each.state) for each in paused.results} == {
            ("INV-00001", State.PAUSED),
            ("INV-00002", State.PAUSED),
        }
        assert await daily(open_, 2).run() == {"later:invoices": 2}

    assert sorted(shelf.storage.blobs) == ["later/invoices_2026-02-09.zip", "later/invoices_2026-02-10.zip"]


async def test_what_was_issued_after_its_day_had_been_delivered_comes_in_a_file_of_its_own(
    shelf: Shelf, organization: Organization
) -> None:
    own = desk(onec(name="late"), invoice_row(acx_documentdate="2026-02-09", statuscode=1))
    checkpoints = Checkpoints(organization.ours, clock(NOW))
    async with opened(shelf.container()) as container:

        def daily(days: int) -> Daily:
            return Daily(own.settings, own.handing_out, checkpoints, container, clock(NOW + timedelta(days=days)))

        assert await daily(0).run() == {"late:invoices": 0}
        own.rows[0] |= {"statuscode": 4}
        assert await daily(1).run() == {"late:invoices": 1}
        own.rows[0] |= {INVOICE.journal: [journal_columns(STATE_VALUES[State.EXPORTED], acx_writtenhash="h")]}
        assert await daily(2).run() == {"late:invoices": 0}

    assert list(shelf.storage.blobs) == ["late/invoices_late_2026-02-09.zip"]
    assert [(each.record, each.state) for each in own.results] == [("INV-00001", State.EXPORTED)]


@pytest.mark.parametrize("heard", [False, True], ids=["the journal heard nothing", "the journal heard of a part"])
async def test_a_late_file_of_which_the_journal_did_not_hear_is_made_anew_under_its_name(
    shelf: Shelf, organization: Organization, heard: bool
) -> None:
    """A second file with the same document would be imported beside the first one."""
    issued = [invoice_row(acx_documentdate="2026-02-09", statuscode=1, number=number) for number in (1, 2)]
    own, name = desk(onec(name=f"again {heard}"), *issued), f"again_{heard}/invoices_late_2026-02-09.zip"
    checkpoints = Checkpoints(organization.ours, clock(NOW))
    async with opened(shelf.container()) as container:

        def daily(days: int) -> Daily:
            return Daily(own.settings, own.handing_out, checkpoints, container, clock(NOW + timedelta(days=days)))

        await daily(0).run()
        own.rows[0] |= {"statuscode": 4}
        own.bus.failure = Unavailable("Service Bus", "stopped")
        with pytest.raises(Unavailable):
            await daily(1).run()
        own.bus.failure = None
        if heard:
            told = {"acx_writtenhash": "h", "acx_message": f"It was handed out in the file {name}."}
            own.rows[0] |= {INVOICE.journal: [journal_columns(STATE_VALUES[State.EXPORTED], **told)]}
        own.rows[1] |= {"statuscode": 4}
        assert await daily(2).run() == {f"again {heard}:invoices": 2}

    assert list(shelf.storage.blobs) == [name]
    assert {each.record: each.reason and each.reason.values["file"] for each in own.results} == {
        "INV-00001": name,
        "INV-00002": name,
    }
