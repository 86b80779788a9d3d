"""Files for Data Transfer Workbench: two heading rows, the amounts of the automatic way, nothing that computes."""

import csv
import io
from decimal import Decimal
from typing import Any

import pytest

from shared.dataverse.journal import STATE_VALUES
from shared.dataverse.sales import INVOICE, ORDER
from shared.decision import Send, decide
from shared.files.dtw import company_of
from shared.files.sheets import Sheet, cell
from shared.keys import accounting_key
from shared.messages import State
from shared.sapb1.mapping import PreparedDocument
from tests.builders import (
    NOW,
    ORGANIZATION,
    UNIT_RU,
    account_row,
    contact_row,
    invoice_row,
    journal_columns,
    line_row,
    order_row,
    product_row,
    record_id,
    reference,
    sapb1_route,
    settings,
    write_in,
)
from tests.unit.files.kit import SAPB1_FILE, desk, sapb1

EUROS: dict[str, Any] = {"transactioncurrencyid": {"isocurrencycode": "EUR", "currencyprecision": 2}}
ROWS = [
    invoice_row(line_row("1000", "220"), line_row("99.99", "9.50", "9.5", position=2, quantity="3"), **EUROS),
    invoice_row(write_in("Individual work", tax="220"), number=2, **EUROS),
    invoice_row(number=3, customerid_account=None, customerid_contact=contact_row(), **EUROS),
    invoice_row(number=4, transactioncurrencyid={"isocurrencycode": "USD", "currencyprecision": 2}),
]


def rows(files: dict[str, bytes], name: str) -> list[dict[str, str]]:
    """Read a file as Workbench does: the first heading row names the columns, the second one is skipped."""
    return list(csv.DictReader(io.StringIO(files[f"eu/{name}"].decode("utf-8-sig"))))[1:]


async def test_documents_and_lines_belong_together() -> None:
    files = await desk(sapb1(), *ROWS).made()

    documents, lines = rows(files, "3_OINV.csv"), rows(files, "3_INV1.csv")
    assert [each["DocNum"] for each in documents] == ["1", "2", "3", "4"]
    assert [each["ParentKey"] for each in lines] == ["1", "1", "2", "3", "4"]
    assert {each["LineNum"] for each in lines} == {""}
    first = documents[0]
    assert (first["DocDate"], first["DocDueDate"], first["DocType"]) == ("20260210", "20260312", "dDocument_Items")
    assert first["NumAtCard"] == str(accounting_key(ORGANIZATION, "sapb1", "invoice", record_id(1)))
    assert [each["CardCode"] for each in rows(files, "2_OCRD.csv")] == ["A-100", documents[2]["CardCode"]]
    assert [each["ItemCode"] for each in rows(files, "1_OITM.csv")] == ["PUMP-7"]
    assert {each["ParentKey"] for each in rows(files, "2_CRD1.csv")} == {"A-100"}


async def test_the_amounts_are_those_of_the_automatic_way() -> None:
    files = await desk(sapb1(), *ROWS).made()

    own = desk(sapb1()).settings.routes[0].sapb1_books.file
    assert own is not None
    automatic = settings(sapb1_route(business_unit=str(UNIT_RU)))
    for number, row in enumerate(ROWS, start=1):
        decision = decide(INVOICE, row, reference(), automatic, NOW)
        assert isinstance(decision, Send)
        document = decision.document
        prepared = PreparedDocument(document, automatic.routes[0], company_of(own))
        body = prepared.body(record_id(1), "C", ["I"] * len(prepared.lines))
        lines = [each for each in rows(files, "3_INV1.csv") if each["ParentKey"] == str(number)]
        for column in ("Quantity", "UnitPrice"):
            assert [Decimal(each[column]) for each in lines] == [line[column] for line in body["DocumentLines"]]
        assert [each["VatGroup"] for each in lines] == [line["VatGroup"] for line in body["DocumentLines"]]
        net = sum((Decimal(each["Quantity"]) * Decimal(each["UnitPrice"]) for each in lines), Decimal(0))
        assert net.quantize(Decimal("0.01")) == document.sale.net


async def test_an_order_becomes_a_delivery() -> None:
    dates = {"document": "datefulfilled", "shipment": "datefulfilled", "due": "requestdeliveryby"}
    files = await desk(sapb1("1A", dates=dates), order_row(**EUROS)).made("services")

    assert [each["DocDueDate"] for each in rows(files, "3_ODLN.csv")] == ["20260210"]
    assert len(rows(files, "3_DLN1.csv")) == 1


async def test_an_invoice_whose_order_was_handed_out_is_left_out() -> None:
    order: dict[str, Any] = {"salesorderid": str(record_id(1, 0x1C)), "ordernumber": "ORD-1"}

    order[ORDER.journal] = [journal_columns(STATE_VALUES[State.EXPORTED], target="sapb1", acx_writtenhash="h")]
    own = desk(sapb1(), invoice_row(salesorderid=order, _salesorderid_value=order["salesorderid"], **EUROS))

    files = await own.made()

    assert [each.reason and each.reason.code for each in own.results] == ["base_unusable"]
    assert "eu/3_OINV.csv" not in files


async def test_a_company_replaces_the_columns() -> None:
    columns = [
        {"name": "DocNum"},
        {"name": "U_Key", "title": "our key", "from": "U_ACX_Key"},
        {"name": "X", "constant": "1"},
    ]
    template = SAPB1_FILE | {"columns": {"documents": columns}, "encoding": "utf-16"}
    files = await desk(sapb1(books={"file": template}), ROWS[0]).made()

    heading, second, row = files["eu/3_OINV.csv"].decode("utf-16").splitlines()
    assert (heading, second) == ("DocNum,U_Key,X", "DocNum,our key,X")
    assert row == f"1,{accounting_key(ORGANIZATION, 'sapb1', 'invoice', record_id(1))},1"


@pytest.mark.parametrize("text", ["=1+1", "+SUM(A1)", "-cmd|' /C calc'!A0", "@SUM(1)", "\t=1", "\r=1", " =1", "＝1+1"])
def test_a_text_that_a_spreadsheet_would_compute_begins_with_an_apostrophe(text: str) -> None:
    assert cell(text).startswith("'")
    assert text.strip() in cell(text)


@pytest.mark.parametrize(
    "text", ["x;=1+1;y", "x; =1+1", 'Вася;=HYPERLINK("http://x";"да")', "x;@SUM(1)", "x;-1+cmd|'/C calc'!A0;y"]
)
def test_a_russian_excel_that_parts_cells_at_semicolons_computes_nothing_either(text: str) -> None:
    out = io.StringIO(newline="")
    Sheet(out).add(["INV-1", text, "Ромашка, ООО"])
    (seen,) = csv.reader(io.StringIO(out.getvalue(), newline=""), delimiter=";")
    assert len(seen) > 1
    assert not [part for part in seen if part.lstrip()[:1] in {"=", "+", "-", "@"}]


@pytest.mark.parametrize(
    "value", ["+7 495 000-00-00", "-12.50", "ООО «Ромашка»", "a=b", "-", "Работы: монтаж; - наладка (2 шт.); +7 495"]
)
def test_what_computes_nothing_stays_as_it_is(value: str) -> None:
    assert cell(value) == value


def test_a_negative_number_stays_a_number() -> None:
    assert cell(Decimal("-1E+2")) == "-100"


@pytest.mark.parametrize("text", ["- Installation, " * 30, "=" + "x" * 99, "x" * 94 + ";=1;=2"])
async def test_a_text_with_an_apostrophe_still_fits_its_field(text: str) -> None:
    customer = account_row(name=text, address1_line1=text[:100])
    product = product_row(record_id(5, 0x3A), name=text)
    own = desk(
        sapb1(),
        invoice_row(
            write_in(text, tax="220"), line_row(product=product, position=2), customerid_account=customer, **EUROS
        ),
    )

    files = await own.made()

    written = [
        *(each["CardName"] for each in rows(files, "2_OCRD.csv")),
        *(each["Street"] for each in rows(files, "2_CRD1.csv")),
        *(each["ItemName"] for each in rows(files, "1_OITM.csv")),
        *(each["ItemDescription"] for each in rows(files, "3_INV1.csv")),
    ]
    assert len([each for each in written if each.startswith(("'", "x"))]) == 5
    assert [each for each in written if len(each) > 100] == []


async def test_a_code_that_two_customers_would_get_bills_neither_on_the_other() -> None:
    """The CRM does not keep account numbers apart, and SAP tells no upper from lower case."""
    other = account_row(accountid=str(record_id(7, 0x2A)), name="Namesake", accountnumber="a-100", acx_taxnumber=None)
    invoices = [
        invoice_row(**EUROS),
        invoice_row(number=2, customerid_account=other, _customerid_value=other["accountid"], **EUROS),
        invoice_row(number=3, **EUROS),
    ]
    own = desk(sapb1(), *invoices)

    files = await own.made()

    assert [each["CardCode"] for each in rows(files, "2_OCRD.csv")] == ["A-100"]
    assert [each["CardCode"] for each in rows(files, "3_OINV.csv")] == ["A-100"] * 2
    codes = [each.reason and each.reason.code for each in own.results]
    assert codes == ["handed_out", "customer_code_taken", "handed_out"]


async def test_a_number_of_the_crm_ties_lines_to_one_document_alone() -> None:
    invoices = [
        invoice_row(invoicenumber="00123", **EUROS),
        invoice_row(line_row("500", "110"), number=2, invoicenumber="123", **EUROS),
    ]
    own = desk(sapb1(crm_number=True), *invoices)

    files = await own.made()

    assert [each["DocNum"] for each in rows(files, "3_OINV.csv")] == ["123"]
    assert [each["UnitPrice"] for each in rows(files, "3_INV1.csv")] == ["1000"]
    assert [each.reason and each.reason.code for each in own.results] == ["handed_out", "number_taken"]


async def test_a_formula_in_a_name_is_text_and_one_in_a_product_number_is_left_out() -> None:
    evil = account_row(name='=HYPERLINK("http://x")')
    product = product_row(record_id(5, 0x3A), productnumber="=1+1")
    own = desk(
        sapb1(),
        invoice_row(customerid_account=evil, **EUROS),
        invoice_row(line_row(product=product), number=2, **EUROS),
    )

    files = await own.made()

    assert [each["CardName"] for each in rows(files, "2_OCRD.csv")] == ['\'=HYPERLINK("http://x")']
    codes: list[Any] = [each.reason and each.reason.code for each in own.results]
    assert codes == ["handed_out", "code_like_formula"]
