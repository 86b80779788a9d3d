"""The schema agrees with Microsoft's own model of the tables, column by column."""

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from infra.local.dataverse.model import load_schema
from infra.local.dataverse.schema import CHOICES, Column, Kind, Table

KINDS: dict[str, frozenset[Kind]] = {
    "boolean": frozenset({Kind.BOOLEAN}),
    "integer": frozenset({Kind.INTEGER}),
    "bigInteger": frozenset({Kind.BIGINT}),
    "decimal": frozenset({Kind.DECIMAL}),
    "currency": frozenset({Kind.MONEY}),
    "baseCurrency": frozenset({Kind.MONEY}),
    "dateTime": frozenset({Kind.DATE, Kind.DATETIME}),
    "guid": frozenset({Kind.GUID}),
    "entityId": frozenset({Kind.GUID, Kind.LOOKUP}),
    "listLookup": CHOICES,
    "listLookupCorrelated": frozenset({Kind.STATUS}),
}
"""Kinds of the model; everything that is not here is text."""

LEFT_OUT = {
    # Mirrors of the document's own columns, which this server doesn't keep on its lines.
    "invoicedetail": {"invoiceispricelocked", "invoicestatecode"},
    "salesorderdetail": {"salesorderispricelocked", "salesorderstatecode"},
}

NOT_IN_THE_MODEL = {
    # Columns of the table reference that the model leaves out: addresses, what every table has, the model's lookups.
    "skippricecalculation",
    "isreparented",
    "parentbundleid",
}

TABLES = (
    "invoice",
    "invoicedetail",
    "salesorder",
    "salesorderdetail",
    "product",
    "uom",
    "uomschedule",
    "transactioncurrency",
    "account",
    "contact",
)


@pytest.fixture(scope="session")
def model(contracts: Path) -> dict[str, dict[str, dict[str, Any]]]:
    """The model's columns by table and name."""
    fields = json.loads((contracts / "dataverse" / "entity_fields.json").read_text())
    return {table: {field["name"]: field for field in listed} for table, listed in fields.items()}


@pytest.fixture(scope="session")
def option_sets(contracts: Path) -> dict[str, Any]:
    """The known option values."""
    return dict(json.loads((contracts / "dataverse" / "option_sets.json").read_text()))


def differences(column: Column, field: dict[str, Any]) -> list[str]:
    """Say in what a column differs from the model's."""
    found = []
    kinds = KINDS.get(field["type"], frozenset({Kind.STRING, Kind.MEMO}))
    if column.kind not in kinds:
        found.append(f"is {column.kind.value}, the model says {field['type']}")
    length = field.get("maximumLength")
    if length is not None and column.maximum_length != length:
        found.append(f"takes {column.maximum_length} characters, the model says {length}")
    options = {int(option[2]) for option in field.get("options", ())}
    if column.kind in CHOICES and options and set(column.options) != options:
        found.append(f"has options {sorted(column.options)}, the model says {sorted(options)}")
    if field["type"] == "currency" and not column.calculated and column.minimum is not None:
        bounds = Decimal(field["minimumValue"]), Decimal(field["maximumValue"])
        if (column.minimum, column.maximum) != bounds:
            found.append(f"is from {column.minimum} to {column.maximum}, the model says {bounds}")
    return found


@pytest.mark.parametrize("name", TABLES)
def test_columns_are_those_of_the_model(name: str, model: dict[str, dict[str, dict[str, Any]]]) -> None:
    table, fields = load_schema()[name], model[name]
    wrong = [
        f"{column.name} {difference}"
        for column in table.columns.values()
        if column.name in fields and fields[column.name]["type"] != "lookup"
        for difference in differences(column, fields[column.name])
    ]
    assert wrong == []


@pytest.mark.parametrize("name", TABLES)
def test_no_column_of_the_model_is_missing(name: str, model: dict[str, dict[str, dict[str, Any]]]) -> None:
    columns = set(load_schema()[name].columns)
    named = {field for field, listed in model[name].items() if listed["type"] != "lookup"}
    assert named - columns - LEFT_OUT.get(name, set()) == set()


def invented(table: Table, fields: dict[str, dict[str, Any]]) -> set[str]:
    """Give the columns of a table that nobody else knows of."""
    common = set(load_schema()["pricelevel"].columns) | {"ownerid", "owninguser", "owningteam", "exchangerate"}
    return {
        column.name
        for column in table.columns.values()
        if column.name not in fields
        and column.kind is not Kind.LOOKUP
        and column.name not in common | NOT_IN_THE_MODEL
        and not column.name.startswith(("acx_", "address"))
        and column.name != table.key
    }


@pytest.mark.parametrize("name", TABLES)
def test_no_column_is_invented(name: str, model: dict[str, dict[str, dict[str, Any]]]) -> None:
    assert invented(load_schema()[name], model[name]) == set()


@pytest.mark.parametrize("name", ["invoice", "salesorder", "product"])
def test_states_are_those_that_are_known(name: str, option_sets: dict[str, Any]) -> None:
    states = load_schema()[name].columns["statecode"].options
    assert set(states) == {int(value) for value in option_sets[name]["statecode"]}


@pytest.mark.parametrize("name", ["invoice", "salesorder"])
def test_statuses_belong_to_their_states(name: str, option_sets: dict[str, Any]) -> None:
    known = {int(value): state for value, (_, state) in option_sets[name]["statuscode"].items()}
    assert load_schema()[name].columns["statuscode"].partners == known


@pytest.mark.parametrize(
    ("table", "column"),
    [
        ("serviceendpoint", "contract"),
        ("serviceendpoint", "authtype"),
        ("serviceendpoint", "messageformat"),
        ("sdkmessageprocessingstepimage", "imagetype"),
        ("asyncoperation", "statuscode"),
        ("invoicedetail", "producttypecode"),
        ("product", "productstructure"),
    ],
)
def test_registration_options_are_those_that_are_known(table: str, column: str, option_sets: dict[str, Any]) -> None:
    known = {int(value): label for value, label in option_sets[table][column].items()}
    assert load_schema()[table].columns[column].options == known
