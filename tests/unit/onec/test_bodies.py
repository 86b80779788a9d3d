"""Golden cases: a sale of the CRM in, the bodies of 1C's documents out."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared import jsontext
from shared.documents import Line, Sale
from shared.errors import Refused
from shared.messages import Base
from shared.onec import bodies, held, kinds, mapping, names
from shared.routes import Route
from tests.unit.onec import samples
from tests.unit.onec.samples import ident, line, product

D = Decimal
WAREHOUSE = ident("warehouse")


def service(position: int = 1, **changes: Any) -> Line:
    """Give a line of a service."""
    return line(position, **({"product": product("S-1", is_service=True)} | changes))


def route_2a(*, create_invoice: bool = False, **books: Any) -> Route:
    """Give a route of fulfilled orders."""
    own = samples.books(**({"schet_faktura": "create"} | books))
    return samples.route(own, way="2A", create_invoice=create_invoice)


def act(own: Sale, route: Route | None = None, **parts: Any) -> dict[str, Any]:
    """Give a реализация."""
    chosen = route or route_2a(warehouse=WAREHOUSE)
    rows = mapping.rows(own, chosen, ships=True)
    return bodies.realizatsiya(own, chosen, samples.parts(own, **parts), rows, None)


def test_rule_06_the_whole_act() -> None:
    own = samples.order(service(description="За март"), shipment_date=date(2026, 3, 31))

    assert act(own, route_2a(upd=True)) == {
        "Date": "2026-03-31T12:00:00",
        "ВидОперации": "Услуги",
        "СпособЗачетаАвансов": "Автоматически",
        "ЭтоУниверсальныйДокумент": True,
        "Организация_Key": str(ident("organization")),
        "Контрагент_Key": str(ident("counterparty")),
        "ДоговорКонтрагента_Key": str(ident("contract")),
        "ВалютаДокумента_Key": str(ident("rouble")),
        "КурсВзаиморасчетов": 1,
        "КратностьВзаиморасчетов": "1",
        "СуммаВключаетНДС": False,
        "ДокументБезНДС": False,
        "Товары": [],
        "Услуги": [
            {
                "LineNumber": "1",
                "Номенклатура_Key": str(ident("item S-1")),
                "Содержание": "За март",
                "Количество": 2,
                "Цена": 100,
                "Сумма": 200,
                "СтавкаНДС": "НДС22",
                "СуммаНДС": 44,
            }
        ],
    }


@pytest.mark.parametrize(
    ("lines", "operation", "goods", "services", "warehouse"),
    [
        ((service(1),), "Услуги", 0, 1, None),
        ((line(1),), "Товары", 1, 0, WAREHOUSE),
        ((line(1), service(2), line(3)), "ПродажаКомиссия", 2, 1, WAREHOUSE),
        ((line(1, product=None, description="Вручную"),), "Услуги", 0, 1, None),
        ((line(1), line(2, product=None, kind="freight", description="Доставка")), "ПродажаКомиссия", 1, 1, WAREHOUSE),
    ],
    ids=["services", "goods", "both", "a write-in", "goods with freight"],
)
def test_rule_06_the_operation_follows_the_content(
    lines: tuple[Line, ...], operation: str, goods: int, services: int, warehouse: Any
) -> None:
    body = act(samples.order(*lines), route_2a(warehouse=WAREHOUSE, freight_item=ident("freight")))

    assert (body["ВидОперации"], len(body["Товары"]), len(body["Услуги"])) == (operation, goods, services)
    assert body.get("Склад_Key") == (str(warehouse) if warehouse else None)
    for section in ("Товары", "Услуги"):
        assert [row["LineNumber"] for row in body[section]] == [str(n + 1) for n in range(len(body[section]))]


def test_rule_09_no_ledger_account_is_ever_sent() -> None:
    own = samples.order(line(1), service(2))
    sent = {**act(own), **act(own)["Товары"][0], **act(own)["Услуги"][0]}

    assert [name for name in sent if name.startswith(("СчетУчета", "СчетДоходов", "СчетРасходов", "Субконто"))] == []


def test_rule_12_a_discount_goes_into_the_price_and_no_column_of_it_is_sent() -> None:
    [row] = act(samples.order(service(quantity=D(3), price=D(40), net=D(100), tax=D(22))))["Услуги"]

    assert (row["Цена"], row["Сумма"], row["СуммаНДС"]) == (D("33.33"), 100, 22)
    assert [name for name in row if "Скидк" in name] == []


def test_rule_12_goods_without_a_warehouse_are_refused() -> None:
    with pytest.raises(Refused, match="setup_missing") as raised:
        bodies.check(samples.order(line()), route_2a(), ships=True)

    assert raised.value.refusal.values["what"] == "onec.warehouse"
    bodies.check(samples.order(line()), route_2a(), ships=False)
    bodies.check(samples.order(), route_2a(), ships=True)


def test_rule_12_the_number_of_the_crm_is_only_for_a_schet_and_must_fit() -> None:
    route = samples.route(crm_number=True)

    assert bodies.number(samples.invoice(number="INV-0000001"), route) == "INV-0000001"
    assert bodies.number(samples.invoice(), samples.route()) == ""
    with pytest.raises(Refused, match="too_long") as raised:
        bodies.check(samples.invoice(number="INV-00000012"), route, ships=False)
    assert raised.value.refusal.values == {"field": "invoicenumber", "limit": "11"}
    assert "Number" not in act(samples.order())


def test_rule_12_an_order_without_a_schet_may_have_a_number_of_any_length() -> None:
    own = samples.order(number="ORD-01000-X1Y2Z3")
    bodies.check(own, samples.route(way="2A", crm_number=True), ships=True)

    with pytest.raises(Refused, match="too_long"):
        bodies.check(own, samples.route(way="2A", crm_number=True, create_invoice=True), ships=True)


def test_freight_is_written_on_its_item() -> None:
    freight = line(2, product=None, kind="freight", unit=None, description="Доставка", quantity=D(1), price=D(200))
    own = samples.invoice(line(1), freight)
    route = samples.route(samples.books(freight_item=ident("freight")))

    body: dict[str, Any] = bodies.schet(own, route, samples.parts(own), mapping.rows(own, route))

    assert body["Товары"][1]["Номенклатура"] == str(ident("freight"))
    with pytest.raises(Refused, match="freight_item_unset"):
        bodies.check(own, samples.route(), ships=False)


def test_prices_that_include_the_tax_are_written_so() -> None:
    own = samples.order(service(quantity=D(3), price=D("40.67"), net=D(100), tax=D(22)), tax_inside=True)
    body = act(own)

    assert body["СуммаВключаетНДС"] is True
    assert (body["Услуги"][0]["Цена"], body["Услуги"][0]["Сумма"]) == (D("40.67"), 122)
    assert body["Услуги"][0]["СуммаНДС"] == 22


@pytest.mark.parametrize(
    ("shipped", "billed", "rate", "ships", "fits"),
    [
        (date(2026, 1, 12), date(2026, 1, 12), D(22), True, True),
        (date(2026, 1, 12), date(2025, 12, 20), D(22), True, True),
        (date(2026, 1, 12), date(2025, 12, 20), D(20), True, False),
        (date(2026, 1, 12), date(2025, 12, 20), D(20), False, True),
        (date(2026, 1, 12), date(2025, 12, 20), D(22), False, True),
        (date(2025, 12, 20), date(2025, 12, 20), D(22), False, True),
        (date(2025, 11, 20), date(2025, 11, 20), D(22), False, False),
    ],
)
def test_rule_11_the_rate_is_that_of_the_shipment_and_a_schet_around_new_year_takes_either(
    shipped: date, billed: date, rate: Decimal, ships: bool, fits: bool
) -> None:
    own = samples.order(service(rate=rate, tax=2 * rate), shipment_date=shipped, document_date=billed)
    try:
        mapping.rows(own, samples.route(), ships=ships)
    except Refused as refused:
        assert (refused.refusal.code, fits) == ("rate_not_allowed", False)
    else:
        assert fits


@pytest.mark.parametrize(
    ("regime", "rate", "without_vat"), [("usn_5", D(5), False), ("exempt", None, True), ("osno", D(0), False)]
)
def test_rule_11_a_regime_sets_the_rates_and_whether_the_document_is_without_vat(
    regime: str, rate: Decimal | None, without_vat: bool
) -> None:
    regimes: Any = [{"from": "2026-01-01", "regime": regime}]
    route = samples.route(samples.books(schet_faktura="not_required"), way="2A", tax_regimes=regimes)

    assert act(samples.order(service(rate=rate, tax=2 * (rate or D(0)))), route)["ДокументБезНДС"] is without_vat
    with pytest.raises(Refused, match="rate_not_allowed"):
        mapping.rows(samples.order(service(rate=D(7), tax=D(14))), route, ships=True)


def test_rule_06_the_schet_faktura_names_its_realizatsiya() -> None:
    own = samples.order()
    body = bodies.faktura(own, route_2a(), samples.parts(own), ident("act"))
    basis = {"ДокументОснование": str(ident("act")), "ДокументОснование_Type": f"StandardODATA.{names.SALES}"}

    assert body.items() >= (basis | {"ВидСчетаФактуры": "НаРеализацию", "КодВидаОперации": "01"}).items()
    assert body["ДокументыОснования"] == [{"LineNumber": "1", **basis}]
    assert (body["СуммаДокумента"], body["СуммаНДСДокумента"]) == (own.total, own.tax)


ZERO, EXEMPT = service(rate=D(0), tax=D(0)), service(rate=None, tax=D(0))
ACT, ACT_F = ["РеализацияТоваровУслуг"], ["РеализацияТоваровУслуг", "СчетФактураВыданный"]
BILL = ["СчетНаОплатуПокупателю"]
ORDER = Base(id=ident("order"), accounting_id=str(ident("act")), number="7")


@pytest.mark.parametrize(
    ("own", "route", "base", "titles"),
    [
        (samples.order(), route_2a(), None, ACT_F),
        (samples.order(ZERO), route_2a(), None, ACT_F),
        (samples.order(EXEMPT), route_2a(), None, ACT),
        (samples.order(), route_2a(schet_faktura="accountant"), None, ACT),
        (samples.order(), route_2a(schet_faktura="not_required"), None, ACT),
        (samples.order(), route_2a(create_invoice=True), None, BILL + ACT_F),
        (samples.invoice(), samples.route(), None, BILL),
        (
            samples.invoice(),
            samples.route(samples.books(realizatsiya=True, schet_faktura="create")),
            None,
            BILL + ACT_F,
        ),
        (samples.invoice(), samples.route(samples.books(realizatsiya=True, schet_faktura="create")), ORDER, BILL),
    ],
)
def test_rules_04_and_06_which_documents_a_sale_becomes(
    own: Sale, route: Route, base: Base | None, titles: list[str]
) -> None:
    document = samples.document(own, base=base)

    made = kinds.steps(document, route, samples.key(own))

    assert [step.kind.title for step in made] == titles
    assert len({step.key for step in made}) == len(made)
    main = "РеализацияТоваровУслуг" if own.table == "salesorder" else "СчетНаОплатуПокупателю"
    assert [(step.kind.title, step.key) for step in made if step.main] == [(main, samples.key(own))]


def test_rule_04_the_schet_of_an_orders_invoice_is_linked_to_its_realizatsiya() -> None:
    own = samples.invoice()
    body = bodies.schet(own, samples.route(), samples.parts(own, base=ident("act")), mapping.rows(own, samples.route()))

    assert (body["ДокументОснование"], body["ДокументОснование_Type"]) == (
        str(ident("act")),
        "StandardODATA.Document_РеализацияТоваровУслуг",
    )


kopecks = st.decimals(min_value=0, max_value=10**9, places=2)
drafts = st.tuples(
    st.sampled_from(["goods", "service", "write_in", "freight"]),
    st.decimals(min_value=D("0.001"), max_value=10**5, places=3),
    kopecks,
    kopecks,
    st.text(max_size=20),
)


@given(st.lists(drafts, min_size=1, max_size=6), st.booleans())
def test_every_document_of_a_sale_has_its_total_to_the_kopeck_and_is_recognised(
    given_lines: list[tuple[str, Decimal, Decimal, Decimal, str]],
    inside: bool,
) -> None:
    lines = [
        line(
            position,
            product=None if kind in {"write_in", "freight"} else product(kind, is_service=kind == "service"),
            kind=kind if kind in {"write_in", "freight"} else "product",
            quantity=quantity,
            price=D(1),
            net=net,
            tax=tax,
            description=f"{position} {text}",
        )
        for position, (kind, quantity, net, tax, text) in enumerate(given_lines, start=1)
    ]
    own = samples.order(*lines, tax_inside=inside)
    route = route_2a(warehouse=WAREHOUSE, freight_item=ident("freight"))
    try:
        rows = mapping.rows(own, route, ships=True)
    except Refused as refused:
        assert refused.refusal.code == "number_too_large"
        return
    parts = samples.parts(own)
    bill = bodies.schet(own, route, parts, rows)
    shipped = bodies.realizatsiya(own, route, parts, rows, ident("bill"))
    issued = bodies.faktura(own, route, parts, ident("act"))
    for kind, body in ((kinds.SCHET, bill), (kinds.REALIZATSIYA, shipped)):
        content: dict[str, Any] = body
        rows_of = [row for section in kind.sections for row in content.get(section, [])]
        assert sum((row["Сумма"] + (0 if inside else row["СуммаНДС"]) for row in rows_of), D(0)) == own.total
        assert len(rows_of) == len(lines)
    assert (issued["СуммаДокумента"], issued["СуммаНДСДокумента"]) == (own.total, own.tax)
    for kind, body in ((kinds.SCHET, bill), (kinds.REALIZATSIYA, shipped), (kinds.FAKTURA, issued)):
        back: dict[str, Any] = jsontext.loads(jsontext.dumps(body).encode())
        assert held.edited(kind, back, held.fingerprint(kind, body)) == []
        assert held.differences(kind, back, body, own.total) == []
