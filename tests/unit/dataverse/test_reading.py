"""What is asked of Dataverse: few requests, whole documents, a company's own columns, quoted values."""

import re
from collections.abc import Mapping
from typing import Any

import pytest

from shared.dataverse.amounts import PER_UNIT, discount_method
from shared.dataverse.journal import STATE_VALUES
from shared.dataverse.reading import CHUNK, Reader, journal_row
from shared.dataverse.sales import INVOICE as INVOICES
from shared.dataverse.searching import refused_because_of
from shared.messages import State
from tests.builders import ACCOUNT, INVOICE, invoice_row, journal_columns, onec_route, record_id, sapb1_route, settings
from tests.unit.core.fakes import FakeDataverse


class Asked(FakeDataverse):
    """Remembers the questions, and completes lines that come in two pages."""

    def __init__(self, *invoices: dict[str, Any]) -> None:
        super().__init__(*invoices)
        self.asked: list[Mapping[str, str]] = []
        self.organization_asked = 0

    async def rows(self, path: str, query: Mapping[str, str]) -> list[dict[str, Any]]:
        if path == "organizations":
            self.organization_asked += 1
            assert query == {"$select": "discountcalculationmethod"}
            return [{"discountcalculationmethod": PER_UNIT}]
        self.asked.append(query)
        return await super().rows(path, query)

    async def more(self, row: dict[str, Any], collection: str) -> None:
        row[collection] = [*row[collection], {"completed": collection}]


async def test_an_invoice_is_asked_for_whole() -> None:
    dataverse = Asked(invoice_row())
    dates = {"document": "acx_documentdate", "shipment": "acx_shipped", "due": "acx_due"}
    reader = Reader(dataverse, settings(onec_route(), sapb1_route(dates=dates)))
    (row,) = await reader.sales(INVOICES, [INVOICE, record_id(404)])
    assert row["invoice_details"][-1] == {"completed": "invoice_details"}
    (query,) = dataverse.asked
    columns = query["$select"].split(",")
    assert len(columns) == len(set(columns))
    assert {"versionnumber", "datedelivered", "duedate", "acx_documentdate", "acx_shipped", "acx_due"} <= set(columns)
    for part in (
        "acx_taxrate",
        "acx_okei",
        "acx_taxnumber,acx_kpp",
        f"{INVOICES.journal}($select=",
        "acx_writtenhash",
    ):
        assert part in query["$expand"]


async def test_columns_that_are_not_configured_are_not_asked_for() -> None:
    dataverse = Asked()
    bare = settings(
        COLUMN_ACCOUNT_TAX_NUMBER=None,
        COLUMN_ACCOUNT_KPP=None,
        COLUMN_LINE_TAX_RATE=None,
        COLUMN_UNIT_OKEI=None,
        COLUMN_CONTACT_TAX_NUMBER=None,
    )
    await Reader(dataverse, bare).sales(INVOICES, [INVOICE])
    asked = dataverse.asked[0]["$expand"]
    assert not any(name in asked for name in ("acx_taxrate", "acx_okei", "acx_taxnumber", "acx_kpp", "None"))


@pytest.mark.parametrize(("count", "requests"), [(0, 0), (1, 1), (CHUNK, 1), (CHUNK + 1, 2), (950, 10)])
async def test_many_ids_are_asked_for_in_few_requests(count: int, requests: int) -> None:
    dataverse = Asked()
    reader = Reader(dataverse, settings())
    ids = [record_id(number) for number in range(count)]
    await reader.sales(INVOICES, ids)
    await reader.owners_of_lines(INVOICES, ids)
    await reader.journalled([f"onec:invoice:{each}" for each in ids])
    assert len(dataverse.asked) == 3 * requests


async def test_the_organizations_discount_method_is_asked_for_once() -> None:
    dataverse = Asked(invoice_row(), invoice_row(number=2))
    reader = Reader(dataverse, settings())
    for _ in range(2):
        rows = await reader.sales(INVOICES, [INVOICE, record_id(2)])
        assert [discount_method(row) for row in rows] == [PER_UNIT, PER_UNIT]
    assert dataverse.organization_asked == 1


async def test_a_customer_comes_with_what_it_was_merged_into_and_what_into_it() -> None:
    dataverse = Asked(invoice_row())
    await Reader(dataverse, settings()).sales(INVOICES, [INVOICE])
    for table in ("account", "contact"):
        (expanded,) = re.findall(
            rf"customerid_{table}\((.*?masterid.*?\)),{table}_master_{table}", dataverse.asked[0]["$expand"]
        )
        assert expanded.count("merged") == 2


async def test_values_are_quoted() -> None:
    dataverse = Asked()
    await Reader(dataverse, settings()).journalled(["onec:x'y"])
    assert dataverse.asked[0]["$filter"].endswith("PropertyValues=['onec:x''y'])")


async def test_the_invoices_of_lines_that_still_exist() -> None:
    dataverse = Asked()
    dataverse.owners = {record_id(1, 0x1B): INVOICE}
    found = await Reader(dataverse, settings()).owners_of_lines(INVOICES, [record_id(1, 0x1B), record_id(2, 0x1B)])
    assert found == {record_id(1, 0x1B): INVOICE}


async def test_what_was_refused_because_of_a_record() -> None:
    dataverse = Asked()
    dataverse.refused[f"account:{ACCOUNT}"] = [INVOICE]
    found = await refused_because_of(dataverse, [f"account:{ACCOUNT}"])
    assert found == {f"account:{ACCOUNT}": [(INVOICES, INVOICE)]}
    assert f"acx_state eq {STATE_VALUES[State.REFUSED]}" in dataverse.asked[0]["$filter"]


async def test_journal_rows_by_their_keys() -> None:
    dataverse = Asked()
    dataverse.write("onec:invoice:1", acx_state=STATE_VALUES[State.POSTED], acx_accountingid="ref")
    found = await Reader(dataverse, settings()).journalled(["onec:invoice:1", "onec:invoice:2"])
    assert {key: row.accounting_id for key, row in found.items()} == {"onec:invoice:1": "ref"}


def test_the_journal_row_of_a_system() -> None:
    rows = [journal_columns(STATE_VALUES[State.POSTED], target=target) for target in ("sapb1", "onec")]
    row = invoice_row() | {INVOICES.journal: rows}
    found = journal_row(INVOICES, row, "onec")
    assert found is not None
    assert found.state is State.POSTED
    assert journal_row(INVOICES, invoice_row(), "onec") is None
