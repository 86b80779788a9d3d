"""Less travelled paths, each of which somebody takes one day."""

import pytest

from infra.local.sapb1 import company
from tests.integration.sapb1.client import Client, Json, document, line, money
from tests.integration.sapb1.test_flow import payment
from tests.integration.sapb1.test_userdefined import field


async def test_a_total_with_a_price_makes_a_discount(b1: Client) -> None:
    body = document(line(quantity=4, price=25, LineTotal=90))
    [only] = (await b1.add("Invoices", body))["DocumentLines"]
    assert (only["LineTotal"], only["DiscountPercent"], only["Price"]) == (90, 10, money("22.5"))


async def test_a_price_after_discount(b1: Client) -> None:
    sent = {"ItemCode": company.STOCK_ITEM, "Price": 90, "DiscountPercent": 10}
    [only] = (await b1.add("Invoices", document(sent)))["DocumentLines"]
    assert (only["UnitPrice"], only["Price"], only["LineTotal"]) == (100, 90, 90)


async def test_a_draft_is_computed_anew_when_it_changes(b1: Client) -> None:
    await b1.add("Drafts", document(DocObjectCode="13"))
    change = {"DocumentLines": [{"LineNum": 0, "Quantity": 2}], "Comments": "twice"}
    assert (await b1.call("PATCH", "Drafts(1)", change)).status == 204
    assert ((await b1.get("Drafts(1)"))["DocTotal"], (await b1.get("Drafts(1)"))["Comments"]) == (244, "twice")
    save = {"Document": {"DocEntry": 1}}
    assert (await b1.call("POST", "DraftsService_SaveDraftToDocument", save)).status == 204
    assert (await b1.refused("DraftsService_SaveDraftToDocument", save))[2] == "Document is already closed"
    assert (await b1.call("PATCH", "Drafts(1)", change)).error[1] == "-5002"
    assert (await b1.get("Invoices(1)"))["DocTotal"] == 244


async def test_a_service_document_can_be_drafted_and_credited(b1: Client) -> None:
    service = {"AccountCode": company.SERVICES_ACCOUNT, "LineTotal": 50}
    await b1.add("Drafts", document(service, DocObjectCode="oInvoices", DocType="dDocument_Service"))
    await b1.call("POST", "DraftsService_SaveDraftToDocument", {"Document": {"DocEntry": 1}})
    credit = {"BaseType": 13, "BaseEntry": 1, "BaseLine": 0}
    await b1.add("CreditNotes", document(credit, DocType="dDocument_Service"))
    invoice = await b1.get("Invoices(1)")
    assert (invoice["DocTotal"], invoice["PaidToDate"], invoice["DocumentStatus"]) == (61, 61, "bost_Close")


async def test_a_mandatory_field(b1: Client) -> None:
    await b1.add("UserFieldsMD", field("OINV", "Must", Mandatory="tYES"))
    assert "[OINV.U_Must]" in (await b1.refused("Invoices", document()))[2]
    await b1.add("Invoices", document(U_Must="m"))


async def test_fields_with_a_default_and_of_other_types(b1: Client) -> None:
    await b1.add("UserFieldsMD", field("OINV", "Way", DefaultValue="2B"))
    await b1.add("UserFieldsMD", field("OINV", "At", Type="db_Date", SubType="st_Time", Size=None))
    await b1.add("UserFieldsMD", field("OINV", "Sum", Type="db_Float", SubType="st_Sum", Size=None))
    invoice = await b1.add("Invoices", document(U_At="14:05:00", U_Sum="1.5"))
    assert (invoice["U_Way"], invoice["U_At"], invoice["U_Sum"]) == ("2B", "14:05:00", money("1.5"))
    assert (await b1.refused("Invoices", document(U_At="noon")))[1] == "-1004"
    rows = (await b1.get("Invoices", filter="U_Sum gt 1 and U_Way eq '2B' and U_At eq '14:05:00'"))["value"]
    assert len(rows) == 1


async def test_a_user_table_goes_with_its_rows_and_fields(prepared: Client) -> None:
    await prepared.add("U_ACX_CLAIM", {"Code": "1"})
    assert (await prepared.call("DELETE", "UserTablesMD('ACX_CLAIM')")).status == 204
    assert (await prepared.call("GET", "U_ACX_CLAIM")).status == 400
    assert (await prepared.get("UserFieldsMD", filter="TableName eq '@ACX_CLAIM'"))["value"] == []


async def test_put_on_an_item_and_a_reference_row(b1: Client) -> None:
    await b1.add("VatGroups", {"Code": "X1", "Name": "One", "TaxAccount": "1"})
    assert (await b1.call("PUT", "VatGroups('X1')", {"Name": "Two", "Category": "O"})).status == 204
    row = await b1.get("VatGroups('X1')")
    assert (row["Name"], row["TaxAccount"]) == ("Two", None)
    assert (await b1.refused("VatGroups", {"Code": "X1"}))[1] == "-2035"
    assert (await b1.call("DELETE", "VatGroups('X1')")).error[1] == "-5006"
    assert (await b1.call("POST", "VatGroups('X1')/Close")).error[1] == "200"


async def test_freight_codes_are_numbered(b1: Client) -> None:
    assert (await b1.add("AdditionalExpenses", {"Name": "Packing"}))["ExpensCode"] == 2
    expense = [{"ExpenseCode": 2, "LineTotal": 1}]
    await b1.add("Invoices", document(DocumentAdditionalExpenses=expense))
    unknown = [{"ExpenseCode": 3, "LineTotal": 1}]
    assert "freight code" in (await b1.refused("Invoices", document(DocumentAdditionalExpenses=unknown)))[2]


async def test_contacts_change_in_place(b1: Client) -> None:
    address = f"BusinessPartners('{company.CUSTOMER}')"
    await b1.call("PATCH", address, {"ContactEmployees": [{"Name": "Ann"}]})
    [ann] = (await b1.get(address))["ContactEmployees"]
    change = {"ContactEmployees": [{"InternalCode": ann["InternalCode"], "Phone1": "1"}, {"Name": "Bob"}]}
    await b1.call("PATCH", address, change)
    contacts = (await b1.get(address))["ContactEmployees"]
    assert [(one["Name"], one["Phone1"]) for one in contacts] == [("Ann", "1"), ("Bob", None)]
    assert (await b1.call("PATCH", address, {"ContactEmployees": [{"Name": "Bob"}]})).error[1] == "-2035"


@pytest.mark.parametrize(
    "body",
    [
        payment(1, entry=9),
        payment(1, CardCode="NOBODY"),
        payment(1, CardCode=company.EURO_CUSTOMER),
        payment(1, TransferAccount=None),
        payment(0),
        payment(1, PaymentInvoices=[{"DocEntry": 1, "SumApplied": 2}]),
        payment(1, DocCurrency="USD"),
        payment(1, DocType="rAccount"),
        payment(1, PaymentInvoices=[{"DocEntry": 1, "SumApplied": 1, "InvoiceType": "it_Receipt"}]),
    ],
)
async def test_a_payment_is_refused(b1: Client, body: Json) -> None:
    await b1.add("Invoices", document())
    before = await b1.local("GET", "state")
    assert (await b1.refused("IncomingPayments", body))[0] == 400
    assert await b1.local("GET", "state") == before


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "clock", '{"tomorrow": true}'),
        ("POST", "clock", '{"now": "soon"}'),
        ("POST", "period", '{"month": "1999-01", "status": "open"}'),
        ("POST", "stock", '{"item": "NOTHING", "warehouse": "01", "quantity": 1}'),
        ("POST", "stock", "{}"),
        ("POST", "settings", '{"aproval": true}'),
        ("POST", "settings", "not JSON"),
    ],
)
async def test_a_back_door_says_what_it_didnt_understand(b1: Client, method: str, path: str, body: str) -> None:
    response = await b1.http.request(method, f"{b1.root}/_local/{path}", content=body)
    assert response.status_code == 400
    assert "error" in response.json()


async def test_the_clock_can_be_set_and_reset(b1: Client) -> None:
    assert (await b1.local("POST", "clock", {"now": "2027-01-02T03:04:05"}))["now"].startswith("2027-01-02T03:04:05")
    assert not (await b1.local("POST", "clock", {"reset": True}))["now"].startswith("2027-01-02")
    assert (await b1.http.get(f"{b1.root}/_local/nothing")).status_code == 404


async def test_a_json_that_is_none(b1: Client) -> None:
    for content in (b"{", b"[]", b'{"DocRate": NaN}'):
        response = await b1.http.post(f"{b1.root}/b1s/v2/Invoices", content=content)
        assert response.json()["error"]["message"] == "Invalid JSON format"


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("SeriesService_GetDocumentSeries", {"DocumentTypeParams": 13}),
        ("SBOBobService_GetCurrencyRate", {"Currency": "USD"}),
        ("SBOBobService_GetCurrencyRate", {"Currency": "USD", "Date": "today"}),
        ("SBOBobService_SetCurrencyRate", {"Currency": "EUR", "RateDate": "20260310", "Rate": "1"}),
        ("InvoicesService_Cancel2", {"Document": {"DocEntry": 5}}),
        ("InvoicesService_Cancel2", {"Document": {}}),
        ("DraftsService_SaveDraftToDocument", {"Document": {"DocEntry": 5}}),
    ],
)
async def test_a_function_is_called_wrongly(b1: Client, path: str, body: Json) -> None:
    assert (await b1.refused(path, body))[0] in {400, 404}


async def test_a_cancelled_delivery_gives_the_stock_and_the_order_back(b1: Client) -> None:
    await b1.add("Orders", document(line(quantity=3), DocDueDate="2026-04-01"))
    await b1.add("DeliveryNotes", document({"BaseType": 17, "BaseEntry": 1, "BaseLine": 0}))
    assert (await b1.get("Orders(1)"))["DocumentStatus"] == "bost_Close"
    assert (await b1.call("POST", "DeliveryNotes(1)/Cancel")).status == 204
    order = await b1.get("Orders(1)")
    assert (order["DocumentStatus"], order["DocumentLines"][0]["RemainingOpenQuantity"]) == ("bost_Open", 3)
    assert (await b1.get("Items('A1000')"))["QuantityOnStock"] == company.STOCK_ON_HAND
