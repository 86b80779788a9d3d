"""What a document may say, what it is given, and how it is refused."""

from typing import Any

import pytest

from infra.local.sapb1 import company
from tests.integration.sapb1.client import TODAY, Client, document, line
from tests.integration.sapb1.conftest import Start


async def test_a_document_is_given_what_it_left_out(b1: Client) -> None:
    invoice = await b1.add("Invoices", {"CardCode": company.CUSTOMER, "DocumentLines": [line()]})
    assert (invoice["DocEntry"], invoice["DocNum"], invoice["Series"]) == (1, 1, company.INVOICE_SERIES)
    assert invoice["DocDate"] == invoice["TaxDate"] == f"{TODAY}T00:00:00Z"
    assert invoice["DocDueDate"] == "2026-04-09T00:00:00Z"
    assert (invoice["CardName"], invoice["ShipToCode"], invoice["PayToCode"]) == (
        "Blue Harbour Ltd.",
        "Warehouse",
        "Office",
    )
    assert invoice["DocumentLines"][0]["WarehouseCode"] == company.WAREHOUSE
    assert invoice["DocumentStatus"] == "bost_Open"


async def test_the_answer_names_the_document_and_its_version(b1: Client) -> None:
    reply = await b1.call("POST", "Invoices", document())
    assert reply.headers["Location"] == f"{b1.root}/b1s/v2/Invoices(1)"
    assert reply.headers["ETag"] == 'W/"356A192B7913B04C54574D18C28D46E6395428AB"'
    assert reply.headers["OData-Version"] == "4.0"
    quiet = await b1.call("POST", "Invoices", document(), headers={"Prefer": "return-no-content"})
    assert (quiet.status, quiet.body) == (204, "")
    assert quiet.headers["Location"].endswith("Invoices(2)")


@pytest.mark.parametrize(
    ("body", "code", "sentence"),
    [
        ({**document(), "Colour": 1}, "-1000", "Property 'Colour' of 'Document' is invalid"),
        (document(line(Colour=1)), "-1000", "Property 'Colour' of 'DocumentLine' is invalid"),
        ({**document(), "U_ACX_Key": "k"}, "-1000", "Property 'U_ACX_Key' of 'Document' is invalid"),
        (document(NumAtCard="x" * 101), "-1000", "Value too long in property 'NumAtCard' of 'Document'"),
        (document(DocType="dDocument_Gift"), "-1004", "Invalid value for property 'DocType' of 'Document'"),
        (document(DocDate="10.03.2026"), "-1004", "Invalid value for property 'DocDate' of 'Document'"),
        (document(DocDate="2026-02-30"), "-1004", "Invalid value for property 'DocDate' of 'Document'"),
        (document(line(quantity="many")), "-1004", "Invalid value for property 'Quantity' of 'DocumentLine'"),
        (document(Series="4a"), "-1004", "Invalid value for property 'Series' of 'Document'"),
        ({**document(), "DocumentLines": {}}, "-1004", "Invalid value for property 'DocumentLines' of 'Document'"),
        ({"DocumentLines": [line()]}, "-2028", "Customer record not found"),
        (document(CardCode="NOBODY"), "-5002", "Invalid BP code [OINV.CardCode] , 'NOBODY'"),
        (document(CardCode=company.SUPPLIER), "-5002", "Invalid BP code [OINV.CardCode] , 'V10000'"),
        (document(CardCode=company.FROZEN_CUSTOMER), "-5002", "Business partner 'C90000' is inactive  [OINV.CardCode]"),
        (
            {"CardCode": company.CUSTOMER},
            "-5002",
            "Document total value must be zero or greater than zero",
        ),
        (document(line("NOTHING")), "-2028", "No matching records found (ODBC -2028)"),
        (
            document({"Quantity": 1}),
            "-5002",
            "Item number is missing; specify an item number [DocumentLines.ItemCode][line: 1]",
        ),
        (
            document(line(), line(company.FROZEN_ITEM)),
            "-5002",
            "Item 'A9000' is inactive  [INV1.ItemCode][line: 2]",
        ),
        (document(line(company.PURCHASE_ITEM)), "-5002", "Item 'P1000' is not a sales item  [INV1.ItemCode][line: 1]"),
        (document(line(quantity=0)), "-5002", "Enter number greater than 0  [INV1.Quantity][line: 1]"),
        (document(line(WarehouseCode="99")), "-5002", "Enter a valid warehouse code  [INV1.WhsCode][line: 1]"),
        (document(line(VatGroup="X")), "-5002", "Enter a valid tax code  [INV1.VatGroup][line: 1]"),
        (document(line(VatGroup="P22")), "-5002", "Enter a valid tax code  [INV1.VatGroup][line: 1]"),
        (document(line(CostingCode="X")), "-5002", "Enter a valid distribution rule  [INV1.OcrCode][line: 1]"),
        (
            document(line(AccountCode=company.CLOSED_ACCOUNT)),
            "-5002",
            "G/L account is inactive  [INV1.AcctCode][line: 1]",
        ),
        (document(PaymentGroupCode=9), "-5002", "Invalid value  [OINV.GroupNum]"),
        (document(SalesPersonCode=9), "-5002", "Invalid value  [OINV.SlpCode]"),
        (document(Series=8), "-5002", "Invalid series  [OINV.Series]"),
        (document(Series=company.LOCKED_INVOICE_SERIES), "-5002", "Invalid series  [OINV.Series]"),
        (document(DocCurrency="XXX"), "-5002", "Enter a valid currency  [OINV.DocCur]"),
        (
            document(CardCode=company.EURO_CUSTOMER, DocCurrency="USD"),
            "-5002",
            "Currency is not the business partner's  [OINV.DocCur]",
        ),
        (document(ShipToCode="Moon"), "-5002", "Enter a valid address  [OINV.ShipToCode]"),
        (document(ContactPersonCode=77), "-5002", "Enter a valid contact person  [OINV.CntctCode]"),
        (document(BPL_IDAssignedToInvoice=1), "-5002", "Branches are not enabled in this company  [OINV.BPLId]"),
        (document(DocDate="2031-01-01"), "-5002", "Date deviates from permissible range  [OINV.DocDate]"),
        (
            document(line(company.BATCH_ITEM)),
            "-4014",
            "Cannot add row without complete selection of batch/serial numbers",
        ),
        (
            document(line(company.EMPTY_ITEM)),
            "-10",
            "Quantity falls into negative inventory  [INV1.ItemCode][line: 1]",
        ),
        (
            document({"ItemDescription": "x", "LineTotal": 1}, DocType="dDocument_Service"),
            "-5002",
            "G/L account is missing  [INV1.AcctCode][line: 1]",
        ),
    ],
)
async def test_a_document_is_refused(b1: Client, body: dict[str, Any], code: str, sentence: str) -> None:
    before = await b1.local("GET", "state")
    assert await b1.refused("Invoices", body) == (400, code, sentence)
    assert await b1.local("GET", "state") == before


async def test_what_the_company_cannot_compute_is_refused_loudly(b1: Client) -> None:
    for body in (document(DocTotal=122), document(Rounding="tYES"), document(line(GrossPrice=1))):
        assert "is not supported by the local company" in (await b1.refused("Invoices", body))[2]


async def test_read_only_fields_are_ignored(b1: Client) -> None:
    invoice = await b1.add(
        "Invoices", {**document(), "DocEntry": 77, "VatSum": 1, "PaidToDate": 5, "@odata.type": "#x"}
    )
    assert (invoice["DocEntry"], invoice["VatSum"], invoice["PaidToDate"]) == (1, 22, 0)


async def test_enums_may_be_sent_as_database_values(b1: Client) -> None:
    assert (await b1.add("Invoices", document(DocType="I", ReserveInvoice="Y")))["ReserveInvoice"] == "tYES"


async def test_a_locked_period_refuses_until_it_is_opened(b1: Client) -> None:
    await b1.local("POST", "period", {"month": "2026-03", "status": "locked"})
    locked = (400, "-4013", "Posting period locked; specify an alternative date")
    assert await b1.refused("Invoices", document()) == locked
    await b1.local("POST", "period", {"month": "2026-03", "status": "open"})
    await b1.add("Invoices", document())


async def test_numbers_come_from_the_series(b1: Client) -> None:
    numbers = [
        (await b1.add("Invoices", document(**more)))["DocNum"]
        for more in ({}, {"Series": company.SECOND_INVOICE_SERIES}, {}, {"HandWritten": "tYES", "DocNum": 777})
    ]
    assert numbers == [1, 900001, 2, 777]
    assert (await b1.refused("Invoices", document(HandWritten="tYES", DocNum=777)))[1] == "-2035"
    series = await b1.call("POST", "SeriesService_GetDocumentSeries", {"DocumentTypeParams": {"Document": "13"}})
    assert {row["Series"]: row["NextNumber"] for row in series.body["value"]} == {4: 3, 40: 900002, 41: 500001}


async def test_a_refused_document_uses_no_number(b1: Client) -> None:
    await b1.refused("Invoices", document(line(company.EMPTY_ITEM)))
    assert (await b1.add("Invoices", document()))["DocNum"] == 1


async def test_branches_when_they_are_enabled(start: Start) -> None:
    client = await start(branches="1")
    specify = (400, "-5002", "Specify an active branch [OINV.BPLId]")
    assert await client.refused("Invoices", document()) == specify
    assert await client.refused("Invoices", document(BPL_IDAssignedToInvoice=company.CLOSED_BRANCH)) == specify
    invoice = await client.add("Invoices", document(BPL_IDAssignedToInvoice=company.BRANCH))
    assert invoice["BPLName"] == "Main branch"
    other = document(line(WarehouseCode="01"), BPL_IDAssignedToInvoice=company.SECOND_BRANCH)
    assert "another branch" in (await client.refused("Invoices", other))[2]


async def test_stock_is_issued_and_blocks_at_zero(b1: Client) -> None:
    await b1.local("POST", "stock", {"item": company.STOCK_ITEM, "warehouse": "01", "quantity": 5})
    await b1.add("Invoices", document(line(quantity=3)))
    assert (await b1.get("Items('A1000')"))["QuantityOnStock"] == 2
    two_lines = document(line(quantity=1), line(quantity="1.5"))
    assert (await b1.refused("Invoices", two_lines))[2].endswith("[INV1.ItemCode][line: 2]")
    await b1.add("Invoices", document(line(quantity=3), ReserveInvoice="tYES"))
    assert (await b1.get("Items('A1000')"))["QuantityOnStock"] == 2


async def test_stock_may_be_allowed_to_fall_below_zero(start: Start) -> None:
    client = await start(negative_stock="allow")
    await client.add("Invoices", document(line(company.EMPTY_ITEM, 4)))
    assert (await client.get("Items('A2000')"))["QuantityOnStock"] == -4


async def test_batches_and_serial_numbers_are_allocated(b1: Client) -> None:
    batches = [{"BatchNumber": "L1", "Quantity": 2}, {"BatchNumber": "L2", "Quantity": 1}]
    await b1.add("Invoices", document(line(company.BATCH_ITEM, 3, BatchNumbers=batches)))
    serials = [{"InternalSerialNumber": "N1"}]
    await b1.add("Invoices", document(line(company.SERIAL_ITEM, SerialNumbers=serials)))
    assert (await b1.refused("Invoices", document(line(company.SERIAL_ITEM, 2, SerialNumbers=serials))))[1] == "-4014"


async def test_an_approval_makes_a_draft_and_says_it_found_nothing(start: Start) -> None:
    client = await start(approval="1")
    reply = await client.refused("Invoices", document(NumAtCard="N1"))
    assert reply[:2] == (400, "-2028")
    assert (await client.get("Invoices"))["value"] == []
    [draft] = (await client.get("Drafts", filter="NumAtCard eq 'N1' and CancelStatus eq 'csNo'"))["value"]
    assert (draft["AuthorizationStatus"], draft["DocTotal"], draft["DocObjectCode"]) == ("dasPending", 122, "oInvoices")
    saved = await client.call(
        "POST", "DraftsService_SaveDraftToDocument", {"Document": {"DocEntry": draft["DocEntry"]}}
    )
    assert saved.status == 204
    [invoice] = (await client.get("Invoices", filter="NumAtCard eq 'N1'"))["value"]
    assert invoice["DocTotal"] == 122
    assert (await client.get("Drafts(1)"))["DocumentStatus"] == "bost_Close"


async def test_a_draft_computes_and_posts_nothing(b1: Client) -> None:
    assert (await b1.refused("Drafts", document()))[2] == "Enter the type of the document  [ODRF.ObjType]"
    draft = await b1.add("Drafts", document(line(quantity=3, price="33.33"), DocObjectCode="oInvoices"))
    assert (str(draft["DocTotal"]), draft["VatSum"]) == ("121.99", 22)
    assert (await b1.get("Items('A1000')"))["QuantityOnStock"] == company.STOCK_ON_HAND
    assert (await b1.call("DELETE", "Drafts(1)")).status == 204
    assert (await b1.call("GET", "Drafts(1)")).error == (404, "-2028", "No matching records found (ODBC -2028)")


async def test_a_partner_or_item_may_be_frozen_for_a_time(b1: Client) -> None:
    customer = f"BusinessPartners('{company.CUSTOMER}')"
    frozen = {"Frozen": "tYES", "FrozenFrom": "2026-03-01", "FrozenTo": "2026-03-31"}
    await b1.call("PATCH", customer, frozen)
    assert "is inactive" in (await b1.refused("Invoices", document()))[2]
    await b1.add("Invoices", document(DocDate="2026-04-01"))
    await b1.call("PATCH", customer, {"Frozen": "tNO"})
    await b1.call("PATCH", f"Items('{company.STOCK_ITEM}')", {"ValidFrom": "2026-04-01"})
    assert "Item 'A1000' is inactive" in (await b1.refused("Invoices", document()))[2]
    await b1.add("Invoices", document(DocDate="2026-04-01"))


async def test_the_partners_own_discount_is_taken_unless_another_is_said(b1: Client) -> None:
    await b1.call("PATCH", f"BusinessPartners('{company.CUSTOMER}')", {"DiscountPercent": 10})
    assert str((await b1.add("Invoices", document()))["DocTotal"]) == "109.8"
    assert (await b1.add("Invoices", document(DiscountPercent=0)))["DocTotal"] == 122


async def test_stock_moves_in_inventory_units(b1: Client) -> None:
    await b1.call("PATCH", f"Items('{company.STOCK_ITEM}')", {"SalesUnit": "box", "SalesItemsPerUnit": 12})
    invoice = await b1.add("Invoices", document(line(quantity=2)))
    assert (invoice["DocTotal"], invoice["DocumentLines"][0]["InventoryQuantity"]) == (244, 24)
    assert (await b1.get("Items('A1000')"))["QuantityOnStock"] == company.STOCK_ON_HAND - 24
    await b1.add("Invoices", document(line(quantity=2, UseBaseUnits="tYES")))
    assert (await b1.get("Items('A1000')"))["QuantityOnStock"] == company.STOCK_ON_HAND - 26
