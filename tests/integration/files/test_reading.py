"""The documents of a period come from Dataverse page by page, in an order of their own."""

from datetime import date

import pytest

from shared.dataverse.reading import Reader
from shared.dataverse.sales import INVOICE
from shared.files import reading
from tests.builders import settings
from tests.integration.sweep.conftest import Organization
from tests.unit.files.kit import onec


@pytest.mark.parametrize("column", ["acx_documentdate", "datedelivered"])
async def test_a_period_is_read_in_order_whatever_kind_of_column_its_date_is(
    organization: Organization, monkeypatch: pytest.MonkeyPatch, column: str
) -> None:
    monkeypatch.setattr(reading, "HEADS", 2)
    monkeypatch.setattr(reading, "CHUNK", 1)
    days = ["2026-09-12", "2026-09-10", "2026-09-14", "2026-09-11"]
    made = {day: await organization.invoice(dated=day) for day in days}
    await organization.invoice(dated="2026-07-20")
    await organization.invoice(dated="2026-11-20")
    route = onec(
        business_unit=str(organization.unit), dates={"document": column, "shipment": "datedelivered", "due": "duedate"}
    )
    given = settings(route, DATAVERSE_ORGANIZATION_ID=str(organization.settings.dataverse_organization_id))
    source = reading.Documents(organization.ours, Reader(organization.ours, given), given)

    pages = [page async for page in source.pages(INVOICE, given.routes[0], date(2026, 9, 10), date(2026, 9, 14))]

    assert [row["invoiceid"] for page in pages for row in page] == [str(made[day]) for day in sorted(days)]
    assert {len(page) for page in pages} == {1}
