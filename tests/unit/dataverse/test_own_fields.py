"""A company's own columns on the canonical records."""

import json
from typing import Any

import pytest

from shared.dataverse.reading import Reader
from shared.dataverse.sales import INVOICE as INVOICES
from shared.dataverse.transform import to_sale
from shared.errors import Refused
from shared.settings import Settings
from tests.builders import INVOICE, account_row, invoice_row, line_row, product_row, route, settings
from tests.unit.dataverse.test_reading import Asked

RULES = [
    {"target": "onec", "record": "document", "from": "new_project", "to": "Проект"},
    {"target": "onec", "record": "document", "from": "customerid_account.new_region", "to": "Регион"},
    {"target": "onec", "record": "line", "from": "new_place", "to": "Место"},
    {"target": "onec", "record": "line", "from": "productid.new_brand", "to": "Марка"},
    {"target": "onec", "record": "customer", "from": "account.new_segment", "to": "Сегмент", "mode": "only_if_empty"},
    {"target": "onec", "record": "product", "from": "new_weight", "to": "Вес", "mode": "only_if_new"},
    {"target": "sapb1", "record": "document", "from": "new_other", "to": "U_Other"},
]


def with_rules(*rules: dict[str, Any]) -> Settings:
    return settings(FIELD_MAP=json.dumps(rules or RULES))


ROW = invoice_row(
    line_row(product=product_row(new_brand="Kama", new_weight=12), new_place="A-1"),
    customerid_account=account_row(new_region="NW", new_segment="B"),
    new_project="P-7",
)


def test_each_record_gets_its_own_fields() -> None:
    sale = to_sale(INVOICES, ROW, route(), with_rules())
    (line,) = sale.lines
    assert line.product is not None
    assert {extra.to: extra.value for extra in sale.extras} == {"Проект": "P-7", "Регион": "NW"}
    assert {extra.to: extra.value for extra in line.extras} == {"Место": "A-1", "Марка": "Kama"}
    assert [(extra.to, extra.value, extra.mode) for extra in sale.customer.extras] == [
        ("Сегмент", "B", "only_if_empty")
    ]
    assert [(extra.to, extra.value, extra.mode) for extra in line.product.extras] == [("Вес", 12, "only_if_new")]


def test_rule_21_of_merged_accounts_the_one_that_counts_gives_its_fields() -> None:
    master = account_row(accountid="2a000000-0000-4000-8000-000000000009", new_region="SW", new_segment="A")
    merged = account_row(new_region="NW", new_segment="B", merged=True, masterid=master)
    sale = to_sale(INVOICES, ROW | {"customerid_account": merged}, route(), with_rules())
    assert {extra.to: extra.value for extra in sale.extras}["Регион"] == "SW"
    assert {extra.to: extra.value for extra in sale.customer.extras} == {"Сегмент": "A"}


@pytest.mark.parametrize(("mode", "counts"), [("overwrite", True), ("only_if_new", False), ("only_if_empty", False)])
def test_only_what_is_always_written_is_content_of_a_document(mode: str, counts: bool) -> None:
    rules = [{**rule, "mode": mode} for rule in (RULES[0], RULES[2])]
    made = to_sale(INVOICES, ROW, route(), with_rules(*rules)).content_hash()
    line = ROW["invoice_details"][0] | {"new_place": "B-2"}
    for changed in (ROW | {"new_project": "P-8"}, ROW | {"invoice_details": [line]}):
        assert (to_sale(INVOICES, changed, route(), with_rules(*rules)).content_hash() != made) is counts
    assert (to_sale(INVOICES, ROW, route(), settings()).content_hash() != made) is counts


def test_without_rules_nothing_is_added_and_the_hash_stays() -> None:
    sale = to_sale(INVOICES, ROW, route(), settings())
    assert sale.extras == sale.lines[0].extras == sale.customer.extras == ()


def test_a_document_field_is_content_and_a_customer_field_is_not() -> None:
    given = with_rules()
    made = to_sale(INVOICES, ROW, route(), given).content_hash()
    other_segment = ROW | {"customerid_account": ROW["customerid_account"] | {"new_segment": "C"}}
    assert to_sale(INVOICES, other_segment, route(), given).content_hash() == made
    assert to_sale(INVOICES, ROW | {"new_project": "P-8"}, route(), given).content_hash() != made


def test_a_value_without_counterpart_is_refused() -> None:
    rule = {**RULES[0], "values": {"P-1": "A"}}
    with pytest.raises(Refused) as refused:
        to_sale(INVOICES, ROW, route(), with_rules(rule))
    assert refused.value.refusal.code == "value_not_mapped"


async def test_the_columns_are_read_where_they_stand() -> None:
    dataverse = Asked()
    await Reader(dataverse, with_rules()).sales(INVOICES, [INVOICE])
    query = dataverse.asked[0]
    assert "new_project" in query["$select"]
    assert "new_other" in query["$select"]
    for column in ("new_region", "new_segment", "new_place", "new_brand", "new_weight"):
        assert column in query["$expand"], column
