"""What becomes of documents: copied, cancelled, closed, credited, paid, changed."""

from typing import Any

import pytest

from infra.local.sapb1 import company
from tests.integration.sapb1.client import Client, Json, document, line
from tests.integration.sapb1.conftest import Start


def copied(kind: int, entry: int, base_line: int = 0, **more: object) -> Json:
    return {"BaseType": kind, "BaseEntry": entry, "BaseLine": base_line, **more}


def order(*lines: Json, **more: object) -> Json:
    return document(*lines, DocDueDate="2026-04-01", **more)


async def stock(client: Client) -> Any:
    return (await client.get("Items('A1000')?$select=QuantityOnStock"))["QuantityOnStock"]


async def test_an_order_must_say_when_it_is_due(b1: Client) -> None:
    assert (await b1.refused("Orders", document())) == (400, "-5002", "Enter due date  [ORDR.DocDueDate]")


async def test_order_delivery_invoice(b1: Client) -> None:
    await b1.add("Orders", order(line(quantity=10, price=7)))
    delivery = await b1.add("DeliveryNotes", document(copied(17, 1, Quantity=4)))
    assert delivery["DocumentLines"][0]["UnitPrice"] == 7
    assert await stock(b1) == 996
    invoice = await b1.add("Invoices", document(copied(15, 1)))
    assert (await stock(b1), invoice["DocumentLines"][0]["Quantity"]) == (996, 4)
    assert (await b1.get("DeliveryNotes(1)"))["DocumentStatus"] == "bost_Close"
    open_order = await b1.get("Orders(1)")
    assert (open_order["DocumentStatus"], open_order["DocumentLines"][0]["RemainingOpenQuantity"]) == ("bost_Open", 6)
    await b1.add("Invoices", document(copied(17, 1)))
    assert (await b1.get("Orders(1)"))["DocumentStatus"] == "bost_Close"
    assert await stock(b1) == 990


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        (document(copied(15, 1, Quantity=9)), "Quantity exceeds the open quantity of the base document"),
        (document(copied(15, 7)), "Base document does not exist"),
        (document(copied(15, 1, 5)), "Base document line does not exist"),
        (document(copied(14, 1)), "Base document type is not allowed"),
        (document(copied(15, 1, ItemCode="S1000")), "Item differs from the base document's"),
        (
            document(copied(15, 1), CardCode=company.EURO_CUSTOMER),
            "Base document card and target document card do not match.",
        ),
    ],
)
async def test_a_copy_that_does_not_fit_is_refused(b1: Client, body: Json, sentence: str) -> None:
    await b1.add("DeliveryNotes", document(line(quantity=4)))
    assert (await b1.refused("Invoices", body))[2].startswith(sentence)


async def test_a_closed_base_is_not_copied_again(b1: Client) -> None:
    await b1.add("Orders", order())
    await b1.add("Invoices", document(copied(17, 1)))
    refusal = await b1.refused("Invoices", document(copied(17, 1)))
    assert refusal[2] == "One of the base documents has already been closed  [INV1.BaseEntry][line: 1]"


async def test_cancelling_makes_a_twin_with_the_same_key(prepared: Client) -> None:
    await prepared.add("Invoices", document(line(quantity=5), U_ACX_Key="k"))
    assert (await prepared.call("POST", "Invoices(1)/Cancel")).status == 204
    original, twin = (await prepared.get("Invoices", filter="U_ACX_Key eq 'k'"))["value"]
    assert (original["CancelStatus"], original["Cancelled"], original["DocumentStatus"]) == (
        "csYes",
        "tYES",
        "bost_Close",
    )
    assert (twin["CancelStatus"], twin["DocNum"], twin["DocTotal"]) == ("csCancellation", 2, original["DocTotal"])
    assert [(one["BaseType"], one["BaseEntry"]) for one in twin["DocumentLines"]] == [(13, 1)]
    assert await stock(prepared) == 1000
    assert (await prepared.get("Invoices", filter="U_ACX_Key eq 'k' and CancelStatus eq 'csNo'"))["value"] == []
    again = await prepared.call("POST", "Invoices(1)/Cancel")
    assert again.error[:2] == (400, "-5006")


async def test_a_cancellation_may_name_its_date(b1: Client) -> None:
    await b1.add("Invoices", document())
    body = {"Document": {"DocEntry": 1, "DocDate": "2026-04-02", "Comments": "typed twice"}}
    assert (await b1.call("POST", "InvoicesService_Cancel2", body)).status == 204
    twin = await b1.get("Invoices(2)")
    assert (twin["DocDate"], twin["Comments"], twin["CancelStatus"]) == (
        "2026-04-02T00:00:00Z",
        "typed twice",
        "csCancellation",
    )
    early = {"Document": {"DocEntry": 1, "DocDate": "2026-01-02"}}
    assert (await b1.refused("InvoicesService_Cancel2", early))[0] == 400


async def test_a_delivery_is_cancelled_with_a_date_and_gives_its_goods_back(b1: Client) -> None:
    await b1.add("DeliveryNotes", document(line(quantity=5)))
    body = {"Document": {"DocEntry": 1, "DocDate": "2026-04-02"}}
    assert (await b1.call("POST", "DeliveryNotesService_Cancel2", body)).status == 204
    assert (await b1.get("DeliveryNotes(2)"))["CancelStatus"] == "csCancellation"
    assert await stock(b1) == 1000
    assert (await b1.call("POST", "OrdersService_Cancel2", body)).status == 400


async def test_create_cancellation_document_gives_it(b1: Client) -> None:
    await b1.add("Invoices", document())
    reply = await b1.call("POST", "Invoices(1)/SAPB1.CreateCancellationDocument")
    assert (reply.status, reply.body["DocEntry"], reply.body["CancelStatus"]) == (200, 2, "csCancellation")


async def test_a_locked_period_blocks_a_cancellation(b1: Client) -> None:
    await b1.add("Invoices", document())
    await b1.local("POST", "period", {"month": "2026-03", "status": "locked"})
    assert (await b1.call("POST", "Invoices(1)/Cancel")).error[1] == "-4013"
    later = {"Document": {"DocEntry": 1, "DocDate": "2026-04-01"}}
    assert (await b1.call("POST", "InvoicesService_Cancel2", later)).status == 204


async def test_cancelling_an_invoice_opens_its_order_again(b1: Client) -> None:
    await b1.add("Orders", order())
    await b1.add("Invoices", document(copied(17, 1)))
    assert (await b1.call("POST", "Orders(1)/Cancel")).status == 400
    await b1.call("POST", "Invoices(1)/Cancel")
    assert (await b1.get("Orders(1)"))["DocumentStatus"] == "bost_Open"
    assert (await b1.call("POST", "Orders(1)/Cancel")).status == 204
    assert (await b1.get("Orders(1)"))["CancelStatus"] == "csYes"


async def test_orders_close_and_invoices_do_not(b1: Client) -> None:
    await b1.add("Orders", order())
    await b1.add("Invoices", document())
    assert (await b1.call("POST", "Orders(1)/Close")).status == 204
    assert (await b1.get("Orders(1)"))["DocumentStatus"] == "bost_Close"
    assert (await b1.call("POST", "Invoices(1)/Close")).error == (
        400,
        "-5006",
        "The requested action is not supported for this object.",
    )
    assert (await b1.call("DELETE", "Invoices(1)")).error[1] == "-5006"
    assert (await b1.call("POST", "Invoices(1)/Explode")).error[1] == "200"


def payment(amount: object, entry: int = 1, **more: object) -> Json:
    return {
        "CardCode": company.CUSTOMER,
        "TransferAccount": company.BANK_ACCOUNT,
        "TransferSum": amount,
        "PaymentInvoices": [{"DocEntry": entry, "SumApplied": amount}],
        **more,
    }


async def test_a_payment_closes_what_it_pays(b1: Client) -> None:
    await b1.add("Invoices", document())
    await b1.local("POST", "clock", {"advance": 86400 * 3})
    await b1.login()
    await b1.add("IncomingPayments", payment(100))
    invoice = await b1.get("Invoices(1)")
    assert (invoice["PaidToDate"], invoice["DocumentStatus"]) == (100, "bost_Open")
    assert invoice["UpdateDate"] == "2026-03-10T00:00:00Z"
    assert (await b1.refused("IncomingPayments", payment(23)))[1] == "-5002"
    await b1.add("IncomingPayments", payment(22))
    invoice = await b1.get("Invoices(1)")
    assert (invoice["PaidToDate"], invoice["DocumentStatus"]) == (122, "bost_Close")
    assert (await b1.refused("IncomingPayments", payment(1)))[2] == "Invoice is already closed or blocked"
    assert (await b1.call("POST", "Invoices(1)/Cancel")).error[1] == "-10"
    assert (await b1.call("POST", "IncomingPayments(2)/Cancel")).status == 204
    invoice = await b1.get("Invoices(1)")
    assert (invoice["PaidToDate"], invoice["DocumentStatus"]) == (100, "bost_Open")


async def test_a_payment_may_bump_the_update_date(start: Start) -> None:
    client = await start(payment_bumps_update_date="1")
    await client.add("Invoices", document())
    await client.local("POST", "clock", {"advance": 86400})
    await client.login()
    await client.add("IncomingPayments", payment(1))
    assert (await client.get("Invoices(1)"))["UpdateDate"] == "2026-03-11T00:00:00Z"


async def test_a_payment_in_dollars(b1: Client) -> None:
    await b1.add("Invoices", document(DocCurrency="USD"))
    applied = [{"DocEntry": 1, "AppliedFC": 61}]
    await b1.add("IncomingPayments", payment(61, DocCurrency="USD", PaymentInvoices=applied))
    invoice = await b1.get("Invoices(1)")
    assert (invoice["PaidToDateFC"], str(invoice["PaidToDate"])) == (61, "56.12")


async def test_a_credit_note_pays_its_invoice_and_brings_stock_back(b1: Client) -> None:
    await b1.add("Invoices", document(line(quantity=2)))
    await b1.add("CreditNotes", document(copied(13, 1, Quantity=1)))
    invoice = await b1.get("Invoices(1)")
    assert (invoice["PaidToDate"], invoice["DocumentStatus"], await stock(b1)) == (122, "bost_Open", 999)
    await b1.add("CreditNotes", document(copied(13, 1)))
    assert (await b1.get("Invoices(1)"))["DocumentStatus"] == "bost_Close"
    assert (await b1.call("POST", "CreditNotes(2)/Cancel")).status == 204
    invoice = await b1.get("Invoices(1)")
    assert (invoice["PaidToDate"], invoice["DocumentStatus"], await stock(b1)) == (122, "bost_Open", 999)


async def test_little_of_a_posted_invoice_can_change(prepared: Client) -> None:
    await prepared.add("Invoices", document(U_ACX_Version="1"))
    good = {
        "Comments": "c",
        "NumAtCard": "N",
        "DocDueDate": "2026-05-01",
        "U_ACX_Version": "2",
        "DocumentLines": [{"LineNum": 0, "FreeText": "f"}],
        "CardCode": company.CUSTOMER,
    }
    assert (await prepared.call("PATCH", "Invoices(1)", good)).status == 204
    invoice = await prepared.get("Invoices(1)")
    assert (invoice["Comments"], invoice["U_ACX_Version"], invoice["DocTotal"]) == ("c", "2", 122)
    assert invoice["DocumentLines"][0]["FreeText"] == "f"
    for change in (
        {"CardCode": company.EURO_CUSTOMER},
        {"DocDate": "2026-03-11"},
        {"DiscountPercent": 5},
        {"DocumentLines": [{"LineNum": 0, "Quantity": 2}]},
        {"DocumentLines": [line()]},
    ):
        assert (await prepared.call("PATCH", "Invoices(1)", change)).error[:2] == (400, "-1029")
    assert (await prepared.call("PUT", "Invoices(1)", good)).error[1] == "-5006"


async def test_an_invoice_has_a_version(b1: Client) -> None:
    await b1.add("Invoices", document())
    tag = (await b1.call("GET", "Invoices(1)")).headers["ETag"]
    await b1.add("IncomingPayments", payment(1))
    reply = await b1.call("PATCH", "Invoices(1)", {"Comments": "c"}, headers={"If-Match": tag})
    assert reply.error[:2] == (412, "-2039")
    reply = await b1.call("POST", "Invoices(1)/Cancel", headers={"If-Match": tag})
    assert reply.error[:2] == (412, "-2039")


async def test_an_open_order_is_computed_anew(b1: Client) -> None:
    await b1.add("Orders", order(line(quantity=1), line(quantity=2)))
    change = {"DocumentLines": [{"LineNum": 1, "Quantity": 5}, line(quantity=1, price=50)]}
    assert (await b1.call("PATCH", "Orders(1)", change)).status == 204
    changed = await b1.get("Orders(1)")
    assert [one["Quantity"] for one in changed["DocumentLines"]] == [1, 5, 1]
    assert changed["DocTotal"] == 793
    only = {"DocumentLines": [{"LineNum": 1}]}
    headers = {"B1S-ReplaceCollectionsOnPatch": "true"}
    assert (await b1.call("PATCH", "Orders(1)", only, headers=headers)).status == 204
    assert (await b1.get("Orders(1)"))["DocTotal"] == 610


async def test_a_reserve_invoice_is_delivered_later(b1: Client) -> None:
    await b1.add("Invoices", document(line(quantity=5), ReserveInvoice="tYES"))
    await b1.add("Invoices", document(line(quantity=5)))
    assert await stock(b1) == 995
    await b1.add("DeliveryNotes", document(copied(13, 1)))
    assert await stock(b1) == 990
    refusal = await b1.refused("DeliveryNotes", document(copied(13, 2)))
    assert refusal[2] == "Base document is not a reserve invoice  [DLN1.BaseEntry][line: 1]"
