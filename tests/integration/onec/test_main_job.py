"""What the product does for one document, request by request."""

from pathlib import Path

from infra.local.onec import base
from tests.integration.onec.conftest import Start
from tests.integration.onec.kit import (
    CONTRACTS,
    CUSTOMER,
    CUSTOMERS,
    INVOICE,
    INVOICES,
    ITEMS,
    SALE,
    SALES,
    Client,
    add,
    add_sale_data,
    at,
    invoice,
    post,
    sale,
)


async def test_an_invoice_from_nothing_to_a_posted_number(onec: Client) -> None:
    assert (await onec.get(CUSTOMERS, filter="ИНН eq '7799000020' and КПП eq '779901001'")).value == []
    await add_sale_data(onec)
    found = (
        await onec.get(CUSTOMERS, filter="ИНН eq '7799000020' and КПП eq '779901001'", select="Ref_Key,Code")
    ).value
    assert found == [{"Ref_Key": CUSTOMER, "Code": "00-000001"}]
    contracts = await onec.get(
        CONTRACTS, filter=f"Owner_Key eq guid'{CUSTOMER}' and Организация_Key eq guid'{base.ORGANIZATION}'"
    )
    assert [row["ВидДоговора"] for row in contracts.value] == ["СПокупателем"]
    assert [row["Code"] for row in (await onec.get(ITEMS, filter="Артикул eq 'SRV-1'")).value] == ["00-00000001"]

    created = await add(onec, INVOICES, invoice())
    assert created["Ref_Key"] == INVOICE
    assert created["DataVersion"] is None
    assert created["Number"] == "СВ00-000001"
    assert created["Posted"] is False
    assert (await post(onec, INVOICES, INVOICE)).status == 200

    read = (await onec.get(at(INVOICES, INVOICE))).body
    assert read["Posted"] is True
    assert read["СуммаДокумента"] == 2440
    assert read["Товары"][0]["LineNumber"] == "1"
    assert read["КратностьВзаиморасчетов"] == "1"
    assert read["ДокументОснование"] == ""
    assert read["ДокументОснование_Type"] == "StandardODATA.Undefined"
    assert (await onec.local("state"))["ledger"] == []


async def test_a_repeated_creation_is_refused_and_changes_nothing(onec: Client) -> None:
    await add_sale_data(onec)
    await add(onec, INVOICES, invoice())
    before = await onec.local("state")
    answer = await onec.call("POST", INVOICES, invoice(Комментарий="второй раз"))
    assert (answer.status, answer.code) == (400, "15")
    assert await onec.local("state") == before


async def test_a_sale_books_revenue_once_however_often_it_is_posted(onec: Client) -> None:
    await add_sale_data(onec)
    await add(onec, SALES, sale())
    for _ in range(2):
        assert (await post(onec, SALES, SALE)).status == 200
    assert [(row["Amount"], row["VAT"]) for row in (await onec.local("state"))["ledger"]] == [(2440, 440)]
    assert (await onec.call("POST", f"{at(SALES, SALE)}/Unpost")).status == 200
    assert (await onec.local("state"))["ledger"] == []


async def test_a_killed_base_goes_on_where_it_was(start: Start, tmp_path: Path) -> None:
    state = tmp_path / "onec.sqlite"
    first = await start(state)
    await add_sale_data(first)
    await add(first, INVOICES, invoice())
    await post(first, INVOICES, INVOICE)
    second = await start(state)
    assert await second.local("state") == await first.local("state")
    created = await add(second, INVOICES, invoice(Ref_Key=SALE))
    assert created["Number"] == "СВ00-000002"
