"""Golden cases of what stands above the rows: dates, currency, numbers, tax regime, links; from the CRM to both."""

from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from shared.books import OnecBooks
from shared.messages import Base
from shared.onec import bodies, held
from shared.onec.held import Marker
from shared.onec.mapping import Settlement
from shared.routes import Route
from tests.bodies import Named, onec_bodies, sapb1_bodies
from tests.builders import onec_route, sapb1_route
from tests.golden.reading import DATES, ONEC, SAPB1, Golden

LINE = """
    quantity price tax extended rate
    1        1000  220 1220     22
"""
HEADER = {"totallineitemamount": "1000", "totaltax": "220", "totalamount": "1220"}
ACT_ID = UUID(int=77)


def onec(case: Golden, settlement: Settlement | None = None, base: Base | None = None, **route: Any) -> Named:
    """Give the documents for 1C."""
    own = Route.model_validate(onec_route(**({"dates": DATES, "onec": ONEC | case.onec_books} | route)))
    return onec_bodies(case.sale(own), own, settlement or Settlement(UUID(int=4)), base)


def sapb1(case: Golden, **route: Any) -> Named:
    """Give the documents for SAP Business One."""
    own = Route.model_validate(sapb1_route(**({"dates": DATES, "sapb1": SAPB1 | case.sapb1_books} | route)))
    return sapb1_bodies(case.sale(own), own)


def invoice(onec_books: dict[str, Any] | None = None, **header: str) -> Golden:
    """Give an issued invoice."""
    return Golden(LINE, "", "", header=HEADER | header, onec_books=onec_books or {})


def test_rule_19_each_date_has_a_column_and_is_the_local_day() -> None:
    # 21:30 UTC on the 9th is the 10th in Moscow (+3), and still the 9th in Ljubljana (+1).
    case = invoice(
        {"realizatsiya": True},
        acx_documentdate="2026-03-09T21:30:00Z",
        datedelivered="2026-03-12",
        duedate="2026-04-01",
    )

    assert [(title, body["Date"]) for title, body in onec(case)] == [
        ("СчетНаОплатуПокупателю", "2026-03-10T12:00:00"),
        ("РеализацияТоваровУслуг", "2026-03-12T12:00:00"),
        ("СчетФактураВыданный", "2026-03-12T12:00:00"),
    ]
    [(_, body)] = sapb1(case)
    days = [body[name] for name in ("DocDate", "TaxDate", "DocDueDate")]
    assert [*days, body["DocumentLines"][0]["ShipDate"]] == ["2026-03-09", "2026-03-09", "2026-04-01", "2026-03-12"]


def test_issue_4_a_foreign_currency_has_the_rate_of_the_day() -> None:
    [(_, body)] = onec(invoice(), Settlement(UUID(int=5), Decimal("12.3456"), 10))
    assert (body["ВалютаДокумента_Key"], body["КурсВзаиморасчетов"], body["КратностьВзаиморасчетов"]) == (
        str(UUID(int=5)),
        Decimal("12.3456"),
        "10",
    )
    # Business One looks the rate up by itself; it is told the currency, on each row too
    dollars = Golden(LINE, "", "", header=HEADER, currency="USD")
    [(_, document)] = sapb1(dollars)
    assert (document["DocCurrency"], document["DocumentLines"][0]["Currency"]) == ("USD", "USD")
    assert "DocRate" not in document
    # an amount without a price is in a column of its own there
    advice = Golden("kind tax extended price rate\nwrite_in 220 1220 1000 22", "", "", header=HEADER, currency="USD")
    [(_, document)] = sapb1(advice, sapb1=SAPB1 | {"write_in_item": None, "write_in_account": "4000"})
    assert [row.get(name) for row in document["DocumentLines"] for name in ("RowTotalFC", "LineTotal")] == [1000, None]


@pytest.mark.parametrize(
    ("crm_number", "in_1c", "in_sap"),
    [
        # the route     1C: Number   SAP: HandWritten, DocNum, NumAtCard
        (False, "", (None, None, "4711")),
        (True, "4711", ("tYES", 4711, "4711")),
    ],
)
def test_rule_12_the_number_of_the_crm(crm_number: bool, in_1c: str, in_sap: tuple[object, ...]) -> None:
    case = Golden(LINE, "", "", header=HEADER, number="4711")
    own = Route.model_validate(onec_route(dates=DATES, crm_number=crm_number))
    assert bodies.number(case.sale(own), own) == in_1c
    assert held.marker("4711", Marker(7, "0" * 16)).startswith("CRM 4711 · v7")  # Комментарий, whatever the route says
    [(_, body)] = sapb1(case, crm_number=crm_number)
    assert tuple(body.get(name) for name in ("HandWritten", "DocNum", "NumAtCard")) == in_sap
    assert body["Comments"] == "Dynamics 365: 4711"


@pytest.mark.parametrize(
    ("regime", "rate", "tax", "vat", "without"),
    [
        # ОСНО from 2026, УСН 5, УСН 7, released
        ("osno", "22", "220", "НДС22", False),
        ("osno", "10", "100", "НДС10", False),
        ("usn_5", "5", "50", "НДС5", False),
        ("usn_7", "7", "70", "НДС7", False),
        ("exempt", "none", "0", "БезНДС", True),
    ],
)
def test_rule_11_the_regime_sets_rate_and_whether_the_document_is_without_vat(
    regime: str, rate: str, tax: str, vat: str, without: bool
) -> None:
    total = str(1000 + int(tax))
    lines = f"quantity price tax extended rate\n1 1000 {tax} {total} {rate}"
    header = {"totallineitemamount": "1000", "totaltax": tax, "totalamount": total}
    case = Golden(lines, "", "", header=header, onec_books={"realizatsiya": True})

    documents = onec(case, tax_regimes=[{"from": "2026-01-01", "regime": regime}])

    for title, body in documents:
        if title != "СчетФактураВыданный":
            assert (body["Товары"][0]["СтавкаНДС"], body["ДокументБезНДС"]) == (vat, without)
    assert ("СчетФактураВыданный" in dict(documents)) is not without


def test_rule_04_the_invoice_of_an_exported_order_is_a_schet_that_names_its_act() -> None:
    base = Base(id=UUID(int=9), accounting_id=str(ACT_ID), number="0000-000009")

    [(title, body)] = onec(invoice({"realizatsiya": True}), base=base)

    assert (title, body["ДокументОснование"]) == ("СчетНаОплатуПокупателю", str(ACT_ID))
    assert body["ДокументОснование_Type"] == "StandardODATA.Document_РеализацияТоваровУслуг"


@pytest.mark.parametrize("upd", [False, True])
def test_rule_06_an_upd_is_the_realizatsiya_with_its_flag_and_the_same_schet_faktura(upd: bool) -> None:
    (_, act), (_, faktura) = onec(invoice({"realizatsiya": True, "upd": upd}))[1:]

    assert act["ЭтоУниверсальныйДокумент"] is upd
    assert (faktura["ВидСчетаФактуры"], faktura["КодВидаОперации"]) == ("НаРеализацию", "01")


def test_rule_09_nothing_of_the_ledger_is_sent_to_1c() -> None:
    accounts = ("СчетУчета", "СчетДоходов", "СчетРасходов", "Субконто", "СуммаДокумента")
    for title, body in onec(invoice({"realizatsiya": True})):
        rows = [row for value in body.values() if isinstance(value, list) for row in value]
        sent = [name for each in (body, *rows) for name in each if name.startswith(accounts)]
        assert sent == (["СуммаДокумента"] if title == "СчетФактураВыданный" else []), title


def test_rule_14_goods_name_their_warehouse() -> None:
    documents = dict(onec(invoice({"realizatsiya": True})))
    assert {documents[title]["Склад_Key"] for title in documents if title != "СчетФактураВыданный"} == {
        ONEC["warehouse"]
    }
    [(_, body)] = sapb1(invoice())
    assert [row["WarehouseCode"] for row in body["DocumentLines"]] == ["01"]


def test_rule_06_what_the_schet_faktura_must_be_is_required_where_a_realizatsiya_is_written() -> None:
    assert OnecBooks.model_fields["schet_faktura"].default is None
    with pytest.raises(ValueError, match="schet_faktura: required"):
        Route.model_validate(onec_route(onec=onec_route()["onec"] | {"realizatsiya": True}))


FIELDS: list[tuple[str, dict[str, Any], tuple[str, str | None], tuple[str, str | None]]] = [
    # record     from the CRM                               what 1C gets       what SAP gets
    ("document", {"from": "new_project"}, ("Проект", "P-7"), ("U_Project", "P-7")),
    ("document", {"constant": "CRM"}, ("Источник", "CRM"), ("U_Source", "CRM")),
    ("document", {"from": "new_nothing"}, ("Ничего", None), ("U_Nothing", None)),
    ("line", {"from": "productid.new_place", "values": {"717190000": "А"}}, ("Место", "А"), ("U_Place", "А")),
]


def test_issue_4_a_companys_own_fields_are_copied_as_its_map_says() -> None:
    rules = [
        {"target": target, "record": record, "to": to, **given}
        for record, given, *sides in FIELDS
        for target, (to, _) in zip(("onec", "sapb1"), sides, strict=True)
    ]
    case = Golden(
        LINE,
        "",
        "",
        header=HEADER,
        fields=tuple(rules),
        own={"new_project": "P-7", "new_nothing": None},
        own_of_products={"new_place": 717190000},
    )
    [(_, schet)] = onec(case)
    [(_, invoiced)] = sapb1(case)
    for record, _, (in_1c, value), (in_sap, same) in FIELDS:
        of_1c, of_sap = (
            (schet, invoiced) if record == "document" else (schet["Товары"][0], invoiced["DocumentLines"][0])
        )
        assert (of_1c.get(in_1c), of_sap.get(in_sap)) == (value, same), in_1c
