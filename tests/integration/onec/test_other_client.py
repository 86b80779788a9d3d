"""Clients that others wrote for the real system work against the local one, unchanged."""

import asyncio
import importlib
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from infra.local.onec import base
from tests.conftest import ROOT
from tests.integration.onec.kit import (
    CUSTOMER,
    INVOICE,
    ITEM,
    SALE,
    Client,
    add_customer,
    add_sale_data,
    invoice,
)

ASYNC_CLIENT = "python-1c-odata==0.6.0"
TYPED_CLIENT = "onec-odata==0.1.0"


def _install(package: str, module: str) -> Path:
    folder = ROOT / ".cache" / package.replace("==", "-")
    if not (folder / module).is_dir():
        command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target", str(folder), package]
        done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603  # a fixed command
        if done.returncode:
            pytest.skip(f"{package} can't be installed here")
    return folder


@pytest.fixture
async def infobase(onec: Client, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(str(_install(ASYNC_CLIENT, "python_1c_odata")))
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


async def test_a_document_is_cancelled_by_taking_its_posting_back_and_marking_it(infobase: Any, onec: Client) -> None:
    client, session = infobase
    await add_sale_data(onec)
    documents = client.Document(session, "СчетНаОплатуПокупателю")
    await documents.create(invoice())
    await documents.post(INVOICE, client.PostingMode.POST)
    live = (client.F("Posted") == True) & (client.F("DeletionMark") == False)  # noqa: E712  # its DSL
    assert [row["Ref_Key"] for row in (await documents.query(odata_filter=live, select="Ref_Key")).value] == [INVOICE]

    await documents.unpost(INVOICE)
    await documents.edit(INVOICE, {"DeletionMark": True})

    read = await documents.get(INVOICE)
    assert (read["Posted"], read["DeletionMark"]) == (False, True)
    assert (await documents.query(odata_filter=live, select="Ref_Key")).value == []


async def test_what_is_refused(infobase: Any, onec: Client) -> None:
    client, session = infobase
    await add_sale_data(onec)
    documents = client.Document(session, "СчетНаОплатуПокупателю")
    await documents.create(invoice())
    await onec.local("closed_until", {"date": "2026-03-31"})
    doings: dict[str, Callable[[], Any]] = {
        "a key that is there": lambda: documents.create(invoice()),
        "a creation in a closed period": lambda: documents.create(invoice(Ref_Key=SALE)),
        "posting in a closed period": lambda: documents.post(INVOICE, client.PostingMode.POST),
        "a document that is not there": lambda: documents.get(SALE),
        "a property that is none": lambda: documents.query(odata_filter="НетТакого eq 1"),
    }
    refusals = {}
    for what, doing in doings.items():
        with pytest.raises(client.ODataError) as refusal:
            await doing()
        refusals[what] = (refusal.value.status, refusal.value.internal_code)
    assert refusals == {
        "a key that is there": (400, "15"),
        "a creation in a closed period": (500, "-1"),
        "posting in a closed period": (500, "-1"),
        "a document that is not there": (404, "9"),
        "a property that is none": (400, "10"),
    }
    async with client.Infobase(onec.root, "base", "ОбменCRM", "не тот пароль") as stranger:
        with pytest.raises(client.ODataError) as refusal:
            await client.Document(stranger, "СчетНаОплатуПокупателю").get(INVOICE)
        assert refusal.value.status == 401


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


@pytest.mark.skipif(sys.version_info < (3, 13), reason=f"{TYPED_CLIENT} needs Python 3.13")
async def test_the_typed_client_reads_the_description_and_does_the_main_job(
    onec: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(str(_install(TYPED_CLIENT, "onec_odata")))
    client: Any = importlib.import_module("onec_odata")
    await add_sale_data(onec)

    def work() -> tuple[Any, Any, Any]:
        address = f"{onec.root}/base"
        with client.ODataClient(address, auth=("ОбменCRM", "Учебный-Пароль-1С")) as base_client:
            documents = base_client.document("СчетНаОплатуПокупателю")
            documents.create(invoice())
            documents.post_document(client.Guid(INVOICE), operational=False)
            condition = (client.F("Контрагент/ИНН") == "7799000020") & (client.F("Posted") == True)  # noqa: E712  # its DSL
            found = documents.list(client.Query().filter(condition).select("Number", "СуммаДокумента"))
            return base_client.metadata(), documents.count(), found

    metadata, count, found = await asyncio.to_thread(work)
    assert metadata is not None
    assert count == 1
    assert [(row["Number"], row["СуммаДокумента"]) for row in found] == [("СВ00-000001", 2440)]
