"""EnterpriseData: valid by the schemas, the amounts and keys of the automatic way."""

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from lxml import etree  # type: ignore[import-untyped]  # lxml has no types of its own

from shared.dataverse.sales import INVOICE
from shared.decision import Send, decide
from shared.keys import accounting_key
from shared.messages import State
from shared.onec import mapping
from tests.builders import (
    ACCOUNT,
    GOODS,
    NOW,
    ORGANIZATION,
    contact_row,
    invoice_row,
    line_row,
    onec_route,
    order_row,
    product_row,
    record_id,
    reference,
    settings,
    write_in,
)
from tests.unit.files.kit import desk, onec

DATES_OF_ORDERS: dict[str, Any] = {
    "dates": {"document": "datefulfilled", "shipment": "datefulfilled", "due": "requestdeliveryby"}
}
SERVICE = product_row(record_id(2, 0x3A), service=True)
RATES = {"22": "220", "10": "100", "7": "70", "5": "50", "0": "0", "none": "0"}
PERSON: dict[str, Any] = {"customerid_account": None, "customerid_contact": contact_row()}
DOLLARS: dict[str, Any] = {"transactioncurrencyid": {"isocurrencycode": "USD", "currencyprecision": 2}}
ROWS = {
    "goods": invoice_row(),
    "services": invoice_row(line_row(product=SERVICE), write_in(position=2)),
    "person": invoice_row(**PERSON),
    "foreign currency": invoice_row(**DOLLARS),
    **{f"VAT {rate}": invoice_row(line_row(tax=tax, rate=rate)) for rate, tax in RATES.items()},
    "characters": invoice_row(write_in("a\x0b<&>\ud800\ufffe\U0001f600 «»")),
}


def tree(files: dict[str, bytes]) -> Any:
    return etree.fromstring(files["ru/enterprise_data.xml"])


def texts(root: Any, name: str) -> list[str]:
    return [str(each.text) for each in root.iter(f"{{*}}{name}")]


def validate(contracts: Path, root: Any, version: str) -> None:
    """Hold the header and each object of the body against the schemas; Message itself has none."""
    folder = contracts / "files"
    name = {"1.17": "EnterpriseData_1_17_3.xsd", "1.20": "EnterpriseData_1_20_2.xsd"}[version]
    body = etree.XMLSchema(etree.parse(folder / name))
    head = etree.XMLSchema(etree.parse(folder / "ExchangeMessage.xsd"))
    assert root.tag == "Message"
    head.assertValid(etree.fromstring(etree.tostring(root[0], encoding="utf-8")))
    body.assertValid(etree.fromstring(etree.tostring(root[1], encoding="utf-8")))


@pytest.mark.parametrize("version", ["1.17", "1.20"])
async def test_every_kind_of_document_is_valid_by_the_schemas(contracts: Path, version: str) -> None:
    rows = [row | {"invoiceid": str(record_id(number))} for number, row in enumerate(ROWS.values(), start=1)]
    for way, books in (("1B", {"realizatsiya": True, "schet_faktura": "accountant"}), ("1B", {})):
        own = desk(onec(way, books=books), *rows, ENTERPRISE_DATA_VERSION=version)

        root = tree(await own.made())

        assert [result.reason for result in own.results if result.state is State.REFUSED] == []
        assert len(texts(root, "Комментарий")) == len(rows) * (2 if books else 1)
        validate(contracts, root, version)


async def test_orders_are_valid_too(contracts: Path) -> None:
    row = order_row(line_row(), line_row(product=SERVICE, position=2))
    root = tree(await desk(onec("1A", create_invoice=True, **DATES_OF_ORDERS), row).made("services"))

    assert [each.tag.rpartition("}")[2] for each in root[1]] == [
        *("Справочник.Организации", "Справочник.Валюты", "Справочник.Контрагенты", "Справочник.Договоры"),
        *("Справочник.ЕдиницыИзмерения", "Справочник.Номенклатура", "Справочник.Номенклатура"),
        *("Документ.СчетПокупателю", "Документ.РеализацияТоваровУслуг"),
    ]
    validate(contracts, root, "1.17")


async def test_the_keys_are_those_of_the_automatic_way() -> None:
    root = tree(await desk(onec(), invoice_row()).made())

    keys = set(texts(root, "Ссылка"))
    for table, record in (("invoice", record_id(1)), ("account", ACCOUNT), ("product", GOODS)):
        assert str(accounting_key(ORGANIZATION, "onec", table, record)) in keys


@pytest.mark.parametrize("name", sorted(set(ROWS) - {"characters"}))
async def test_the_amounts_are_those_of_the_automatic_way(name: str) -> None:
    automatic = settings(onec_route())
    decision = decide(INVOICE, ROWS[name], reference(), automatic, NOW)
    assert isinstance(decision, Send)
    wanted = mapping.rows(decision.document.sale, automatic.routes[0])

    root = tree(await desk(onec(), ROWS[name]).made())
    (document,) = root.iter("{*}Документ.СчетПокупателю")

    assert Decimal(str(document.findtext("{*}Сумма"))) == decision.document.sale.total
    rows = list(document.iter("{*}Строка"))
    for column in ("Сумма", "СуммаНДС", "Цена", "Количество"):
        assert [Decimal(str(row.findtext(f"{{*}}{column}"))) for row in rows] == [row[column] for row in wanted]


async def test_a_second_file_differs_in_its_creation_time_alone() -> None:
    own = desk(onec(), *(invoice_row(number=number) for number in (1, 2, 3)))
    first = await own.made()
    own.now = NOW.replace(hour=18)
    second = await own.made()

    def without_time(files: dict[str, bytes]) -> dict[str, bytes]:
        return {
            name: content.replace(b"2026-02-10T18:30:00Z", b"2026-02-10T09:30:00Z").replace(
                b"2026-02-10 18:30:00 UTC", b"2026-02-10 09:30:00 UTC"
            )
            for name, content in files.items()
        }

    assert first != second
    assert without_time(first) == without_time(second)


async def test_a_counterparty_of_the_accountants_own_is_named_and_not_overwritten() -> None:
    own = desk(onec(), invoice_row())
    theirs = "77000000-0000-4000-8000-000000000001"
    own.dataverse.write(f"onec:account:{ACCOUNT}", acx_accountingid=theirs, acx_state=717190010)

    root = tree(await own.made())

    assert theirs in texts(root, "Ссылка")
    assert list(root.iter("{*}Справочник.Контрагенты")) == []
