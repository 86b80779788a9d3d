"""A client that others wrote for the real system works against the local one, unchanged."""

import importlib
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from infra.local.onec import base
from tests.conftest import ROOT
from tests.integration.onec.kit import (
    CUSTOMER,
    INVOICE,
    ITEM,
    Client,
    add_customer,
    add_sale_data,
    invoice,
)

PACKAGE = "python-1c-odata==0.6.0"


@pytest.fixture(scope="session")
def library() -> Path:
    """Install the client beside the project; skip where the package registry can't be reached."""
    folder = ROOT / ".cache" / PACKAGE.replace("==", "-")
    if not (folder / "python_1c_odata").is_dir():
        command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target", str(folder), PACKAGE]
        done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603  # a fixed command
        if done.returncode:
            pytest.skip(f"{PACKAGE} can't be installed here")
    return folder


@pytest.fixture
async def infobase(onec: Client, library: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(str(library))
    client: Any = importlib.import_module("python_1c_odata")
    async with client.Infobase(onec.root, "base", "ОбменCRM", "Учебный-Пароль-1С") as session:
        yield client, session


async def test_create_read_filter_update_post_and_unpost(infobase: Any, onec: Client) -> None:
    client, session = infobase
    await add_sale_data(onec)
    documents = client.Document(session, "СчетНаОплатуПокупателю")
    created = await documents.create(invoice(), posting_mode=client.PostingMode.POST)
    assert created["Ref_Key"] == INVOICE
    read = await documents.get(INVOICE)
    assert (read["Posted"], read["СуммаДокумента"]) == (True, 2440)
    edited = await documents.edit(INVOICE, {"Комментарий": "из чужого клиента"}, if_match=read["DataVersion"])
    assert edited["Комментарий"] == "из чужого клиента"
    with pytest.raises(client.ConcurrencyError):
        await documents.edit(INVOICE, {"Комментарий": "устарело"}, if_match=read["DataVersion"])
    await documents.unpost(INVOICE)
    assert (await documents.get(INVOICE))["Posted"] is False
    await documents.delete(INVOICE)
    with pytest.raises(client.EntityNotFound) as refusal:
        await documents.get(INVOICE)
    assert refusal.value.internal_code == "9"


async def test_queries_counts_and_pages(infobase: Any, onec: Client) -> None:
    client, session = infobase
    await add_customer(onec)
    customers = client.Catalog(session, "Контрагенты")
    found = await customers.query(
        odata_filter=(client.F("ИНН") == "7799000020") & (client.F("КПП") == "779901001"), select="Ref_Key,ИНН"
    )
    assert found.value == [{"Ref_Key": CUSTOMER, "ИНН": "7799000020"}]
    units = client.Catalog(session, "КлассификаторЕдиницИзмерения")
    assert await units.count() == len(base.UNITS)
    rows = [row async for row in units.iterate(page_size=5, select="Code", orderby="Code")]
    assert [row["Code"] for row in rows] == sorted(base.UNITS)
    named = await units.query(odata_filter=client.F("НаименованиеПолное").contains("час") & (client.F("Code") > "500"))
    assert {row["Code"] for row in named.value} == {"539"}


async def test_registers_metadata_and_errors(infobase: Any) -> None:
    client, session = infobase
    rates = client.InformationRegister(session, "КурсыВалют")
    last = await rates.slice_last("2026-01-01T00:00:00", f"Валюта_Key eq {client.guid(base.EUR)}")
    assert [row["Курс"] for row in last["value"]] == [95]
    assert await session.has_entity_set("Document_СчетНаОплатуПокупателю")
    with pytest.raises(client.ODataError) as refusal:
        await client.Catalog(session, "Номенклатура").create({"Ref_Key": ITEM, "Услуга": "да"})
    assert (refusal.value.status, refusal.value.internal_code) == (400, "4")
