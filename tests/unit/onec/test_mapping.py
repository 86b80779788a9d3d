"""From an invoice to the body of Document_СчетНаОплатуПокупателю, and back to what stands in the base."""

from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.documents import Sale
from shared.errors import Refused
from shared.onec import bodies, cards, mapping
from shared.onec.identity import Identity
from tests.unit.onec import samples
from tests.unit.onec.samples import ident, invoice, line, product

D = Decimal


def refusal_of(own: Sale, **route: Any) -> tuple[str, dict[str, str]]:
    """Give the code and the values of the refusal."""
    with pytest.raises(Refused) as raised:
        mapping.rows(own, samples.route(**route))
    return raised.value.refusal.code, raised.value.refusal.values


def body_of(own: Sale, **books: Any) -> dict[str, Any]:
    """Give the whole body of a счёт."""
    route = samples.route(samples.books(**books))
    return bodies.schet(own, route, samples.parts(own), mapping.rows(own, route))


def test_the_whole_document() -> None:
    assert body_of(invoice(line(description="Со склада"))) == {
        "Date": "2026-03-05T12:00:00",
        "ВидОперации": "ТоварыИУслуги",
        "Организация_Key": str(ident("organization")),
        "ОрганизацияПолучатель_Key": str(ident("organization")),
        "СтруктурнаяЕдиница_Key": str(ident("bank_account")),
        "Контрагент_Key": str(ident("counterparty")),
        "ДоговорКонтрагента_Key": str(ident("contract")),
        "ВалютаДокумента_Key": str(ident("rouble")),
        "КурсВзаиморасчетов": 1,
        "КратностьВзаиморасчетов": "1",
        "СуммаВключаетНДС": False,
        "ДокументБезНДС": False,
        "Товары": [
            {
                "LineNumber": "1",
                "Номенклатура": str(ident("item A-1")),
                "Номенклатура_Type": "StandardODATA.Catalog_Номенклатура",
                "Содержание": "Со склада",
                "Количество": 2,
                "Цена": 100,
                "Сумма": 200,
                "СтавкаНДС": "НДС22",
                "СуммаНДС": 44,
            }
        ],
    }


def test_a_write_in_stands_on_the_item_of_the_books_and_a_warehouse_is_named() -> None:
    body = body_of(invoice(line(product=None, description="Доставка")), warehouse=ident("warehouse"))

    assert body["Товары"][0]["Номенклатура"] == str(ident("write_in_item"))
    assert body["Склад_Key"] == str(ident("warehouse"))


def test_only_a_document_without_any_vat_says_so() -> None:
    exempt = line(1, rate=None, tax=D(0))

    assert body_of(invoice(exempt))["ДокументБезНДС"] is True
    assert body_of(invoice(exempt, line(2)))["ДокументБезНДС"] is False
    assert body_of(invoice(line(rate=D(0), tax=D(0))))["ДокументБезНДС"] is False


@pytest.mark.parametrize(
    ("rate", "shipped", "name"),
    [
        (D(22), date(2026, 1, 1), "НДС22"),
        (D("20.0"), date(2025, 12, 31), "НДС20"),
        (D(10), date(2026, 1, 1), "НДС10"),
        (D(7), date(2026, 1, 1), "НДС7"),
        (D(5), date(2025, 12, 31), "НДС5"),
        (D(0), date(2026, 1, 1), "НДС0"),
        (None, date(2026, 1, 1), "БезНДС"),
    ],
)
def test_the_rate_has_a_name(rate: Decimal | None, shipped: date, name: str) -> None:
    tax = D(200) * (rate or 0) / 100
    own = invoice(line(rate=rate, tax=tax), shipment_date=shipped)

    assert mapping.rows(own, samples.route())[0]["СтавкаНДС"] == name


def test_the_price_takes_the_discount_and_the_sum_stays() -> None:
    [row] = mapping.rows(invoice(line(quantity=D(3), price=D(40), net=D(100), tax=D(22))), samples.route())

    assert (row["Цена"], row["Количество"], row["Сумма"]) == (D("33.33"), 3, 100)


@pytest.mark.parametrize(
    ("changes", "code", "values"),
    [
        ({"quantity": D("1.0005")}, "precision", {"field": "quantity", "value": "1.0005", "digits": "3"}),
        ({"price": D("1.005")}, "precision", {"field": "priceperunit", "value": "1.005", "digits": "2"}),
        ({"net": D("0.001")}, "precision", {"field": "extendedamount", "value": "0.001", "digits": "2"}),
        ({"quantity": D(0)}, "quantity_not_positive", {"value": "0"}),
        ({"net": D(-1)}, "amount_negative", {"value": "-1"}),
        ({"net": D(10) ** 14}, "number_too_large", {"field": "extendedamount", "value": "1" + "0" * 14}),
        ({"quantity": D(10) ** 13}, "number_too_large", {"field": "quantity", "value": "1" + "0" * 13}),
        (
            {"quantity": D("0.001"), "net": D(10) ** 12},
            "number_too_large",
            {"field": "priceperunit", "value": "1" + "0" * 15 + ".00"},
        ),
        ({"product": None}, "line_without_product", {}),
        ({"rate": D(20)}, "rate_not_allowed", {"rate": "20", "date": "2026-03-05", "known": "22, 10, 7, 5, 0, none"}),
        ({"rate": D(18)}, "rate_not_allowed", {"rate": "18", "date": "2026-03-05", "known": "22, 10, 7, 5, 0, none"}),
        (
            {"rate": None},
            "tax_differs",
            {"tax": "44", "rate": "none", "net": "200", "expected": "0", "difference": "44"},
        ),
    ],
)
def test_a_line_that_1c_cannot_hold_is_refused(changes: dict[str, Any], code: str, values: dict[str, str]) -> None:
    refused = refusal_of(invoice(line(1), line(2, **changes)))

    assert refused[0] == code
    assert {name: value for name, value in refused[1].items() if name != "line"} | {"line": "2"} == values | {
        "line": "2"
    }


def test_a_rate_that_1c_has_no_name_for_is_refused_even_where_the_route_allows_it() -> None:
    assert refusal_of(invoice(line(rate=D(18), tax=D(36))), tax_rates=("18", "22"))[0] == "rate_not_allowed"


def test_a_total_that_1c_would_compute_otherwise_is_refused() -> None:
    assert refusal_of(invoice(total=D("243.99"))) == (
        "total_not_reachable",
        {"accounting": "244", "crm": "243.99", "field": "totalamount", "difference": "0.01"},
    )


amounts = st.decimals(min_value=D(-10) ** 16, max_value=D(10) ** 16, allow_nan=False, allow_infinity=False, places=None)
kopecks = st.decimals(min_value=0, max_value=10**9, places=2)
quantities = st.one_of(amounts, st.decimals(min_value=D("0.001"), max_value=10**6, places=3))


@given(
    st.lists(
        st.tuples(
            quantities, st.one_of(amounts, kopecks), st.one_of(amounts, kopecks), st.sampled_from([D(22), D(10)])
        ),
        min_size=1,
        max_size=5,
    ),
    st.sampled_from([D(0), D(0), D("0.01"), D("-1")]),
)
def test_sums_are_equal_to_the_kopeck_or_refused(
    drafts: list[tuple[Decimal, Decimal, Decimal, Decimal]], off: Decimal
) -> None:
    lines = [
        line(n, quantity=quantity, price=D(1), net=net, tax=tax, rate=rate)
        for n, (quantity, net, tax, rate) in enumerate(drafts, start=1)
    ]
    total = sum((each.net + each.tax for each in lines), D(0)) + off
    try:
        rows: list[dict[str, Any]] = mapping.rows(invoice(*lines, total=total), samples.route())
    except Refused as refused:
        refused.refusal.text("ru", "invoice", "INV-1", "")
        return
    assert sum((row["Сумма"] + row["СуммаНДС"] for row in rows), D(0)) == total
    assert all(row[name] == round(row[name], 2) for row in rows for name in ("Цена", "Сумма", "СуммаНДС"))


# --- cards


@pytest.mark.parametrize(
    ("name", "limit", "expected"),
    [
        ("Ромашка", 100, "Ромашка"),
        ("  Ромашка \n и  Ко ", 100, "Ромашка и Ко"),
        ("абвгд", 5, "абвгд"),
        ("абвгде", 5, "абвг…"),
    ],
)
def test_a_long_name_is_cut_and_says_so(name: str, limit: int, expected: str) -> None:
    assert cards.shortened(name, limit) == expected


def test_a_long_name_stays_whole_where_there_is_room() -> None:
    body = cards.counterparty(samples.customer(name="Я" * 300), Identity("company", "1", "2"), samples.books())

    assert len(str(body["Description"])) == 100
    assert body["НаименованиеПолное"] == "Я" * 300


def test_an_item_says_what_kind_it_is() -> None:
    service = cards.item(product(is_service=True), "A-1", ident("unit"), D(10), samples.books())
    goods = cards.item(product(), "A-1", ident("unit"), D(5), samples.books())

    assert (service["ВидНоменклатуры_Key"], service["ВидСтавкиНДС"]) == (str(ident("services_kind")), "Пониженная")
    assert goods["ВидНоменклатуры_Key"] == str(ident("goods_kind"))
    assert "ВидСтавкиНДС" not in goods


@pytest.mark.parametrize(
    ("number", "code"), [("", "product_number_missing"), (" ", "product_number_missing"), ("x" * 26, "too_long")]
)
def test_a_number_that_1c_cannot_hold_is_refused(number: str, code: str) -> None:
    with pytest.raises(Refused, match=code):
        cards.item_number(product(number, id=UUID(int=1)), 1)
