"""The columns that the settings name, each with the setting that names it."""

import json
from typing import Any

import pytest

from shared.dataverse.own_columns import Named, OwnColumns, missing, named
from tests.builders import onec_route, sapb1_route, settings
from tests.unit.core.fakes import FakeDataverse

DATES = {"document": "acx_documentdate", "shipment": "datefulfilled", "due": "duedate"}


def rule(record: str, source: str) -> dict[str, Any]:
    """Give a rule of a field map."""
    return {"target": "sapb1", "record": record, "from": source, "to": f"U_{source.replace('.', '_')}"}


def places(*rules: dict[str, Any], **changes: Any) -> list[tuple[str, str]]:
    """Give where the columns of a field map stand, for a company that exports invoices and orders."""
    routes = (onec_route(), sapb1_route(way="2A", dates=DATES, **changes))
    books = routes[1]["sapb1"]
    books["services_document"] = "order"
    found = named(settings(*routes, FIELD_MAP=json.dumps(rules)))
    return [(each.table, each.column) for each in found if each.by.startswith("FIELD_MAP")]


@pytest.mark.parametrize(
    ("record", "source", "expected"),
    [
        ("document", "new_a", [("invoice", "new_a"), ("salesorder", "new_a")]),
        ("document", "customerid_account.new_a", [("account", "new_a")]),
        ("document", "transactioncurrencyid.new_a", [("transactioncurrency", "new_a")]),
        ("line", "new_a", [("invoicedetail", "new_a"), ("salesorderdetail", "new_a")]),
        ("line", "productid.new_a", [("product", "new_a")]),
        ("line", "uomid.new_a", [("uom", "new_a")]),
        ("customer", "account.new_a", [("account", "new_a")]),
        ("customer", "contact.new_a", [("contact", "new_a")]),
        ("product", "new_a", [("product", "new_a")]),
    ],
)
def test_a_rule_names_a_column_of_each_table_that_is_read(
    record: str, source: str, expected: list[tuple[str, str]]
) -> None:
    assert places(rule(record, source)) == expected


def test_dates_and_the_other_settings_name_columns_too() -> None:
    found = [(each.table, each.column, each.by) for each in named(settings(onec_route()))]
    assert ("invoice", "duedate", "ROUTES: route “ru”, field dates.due") in found
    assert ("account", "acx_kpp", "COLUMN_ACCOUNT_KPP") in found
    assert ("invoicedetail", "acx_taxrate", "COLUMN_LINE_TAX_RATE") in found
    assert {table for table, _, _ in found} == {"account", "contact", "invoice", "invoicedetail", "uom"}


def test_what_is_missing_is_named_with_its_setting() -> None:
    wanted = (
        Named("account", "new_a", "ONE"),
        Named("account", "_new_place_value", "TWO"),
        Named("account", "_new_other_value", "THREE"),
        Named("contact", "new_a", "FOUR"),
    )
    assert missing(wanted, {"account": frozenset({"new_place"})}) == [
        "ONE: Dataverse has no column “new_a” in the table account",
        "THREE: Dataverse has no column “_new_other_value” in the table account",
    ]


async def test_where_definitions_may_not_be_read_nothing_is_stopped() -> None:
    await OwnColumns(FakeDataverse(), settings()).check()
