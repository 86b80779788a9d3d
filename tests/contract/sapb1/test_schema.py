"""The local company's schema, held against real $metadata and a newer OpenAPI description."""

import json
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from infra.local.sapb1.edm import PRIMITIVES, EntityType, Property, schema

_EDM = "{http://schemas.microsoft.com/ado/2009/11/edm}"
_PRIMITIVE = {
    "String": "Edm.String",
    "Int32": "Edm.Int32",
    "Double": "Edm.Double",
    "Date": "Edm.DateTime",
    "Time": "Edm.Time",
}
_JSON = {"String": ("string", None), "Int32": ("integer", "int32"), "Double": ("number", "double")}
_NEWER = {("Document", name) for name in ("PaidToDate", "PaidToDateFC", "PaidToDateSys", "DataVersion")} | {
    ("BusinessPartner", "DataVersion"),
    ("Item", "DataVersion"),
}
"""Properties that came after the metadata was taken: only the OpenAPI description has them."""


class Metadata:
    """Real $metadata of OData v3."""

    def __init__(self, path: Path) -> None:
        root = ET.parse(path).getroot()  # noqa: S314 - a file of the contract, not a stranger's
        self.types: dict[str, dict[str, str]] = {}
        self.keys: dict[str, list[str]] = {}
        for tag in ("EntityType", "ComplexType"):
            for element in root.iter(f"{_EDM}{tag}"):
                name = element.attrib["Name"]
                properties = [p.attrib for p in element.iter(f"{_EDM}Property") if "Name" in p.attrib]
                self.types[name] = {p["Name"]: p["Type"] for p in properties}
                self.keys[name] = [p.attrib["Name"] for p in element.iter(f"{_EDM}PropertyRef")]
        self.enums = {
            element.attrib["Name"]: {m.attrib["Name"]: m.attrib["Value"] for m in element.iter(f"{_EDM}Member")}
            for element in root.iter(f"{_EDM}EnumType")
        }
        self.sets = {e.attrib["Name"]: e.attrib["EntityType"] for e in root.iter(f"{_EDM}EntitySet")}
        self.functions = {e.attrib["Name"] for e in root.iter(f"{_EDM}FunctionImport")}


@pytest.fixture(scope="module")
def metadata(contracts: Path) -> Metadata:
    return Metadata(contracts / "sapb1" / "sap-sdk-metadata-v3-2021.xml")


@pytest.fixture(scope="module")
def openapi(contracts: Path) -> dict[str, Any]:
    schemas: dict[str, Any] = {}
    for path in sorted((contracts / "sapb1" / "ballerina-openapi").glob("*.json")):
        for name, value in json.loads(path.read_text(encoding="utf-8"))["components"]["schemas"].items():
            schemas.setdefault(name, value)
    return schemas


def _properties() -> Iterator[tuple[EntityType, Property]]:
    for kind in schema().types.values():
        for prop in kind.properties.values():
            yield kind, prop


def _type_name(prop: Property) -> str:
    plain = _PRIMITIVE.get(prop.type, f"SAPB1.{prop.type}")
    return f"Collection({plain})" if prop.collection else plain


def test_every_property_is_real_and_of_the_same_type(metadata: Metadata) -> None:
    wrong = [
        (kind.name, prop.name, _type_name(prop), metadata.types.get(kind.name, {}).get(prop.name))
        for kind, prop in _properties()
        if (kind.name, prop.name) not in _NEWER and metadata.types.get(kind.name, {}).get(prop.name) != _type_name(prop)
    ]
    assert wrong == []


def test_every_key_and_set_is_real(metadata: Metadata) -> None:
    for kind in schema().types.values():
        assert list(kind.key) == metadata.keys[kind.name]
    for name, kind_name in schema().sets.items():
        assert metadata.sets[name] == f"SAPB1.{kind_name}"


def test_every_enum_has_all_its_members_and_their_database_values(metadata: Metadata) -> None:
    drafts_of = {"BoObjectTypes"}
    for name, members in schema().enums.items():
        if name in drafts_of:
            assert members.items() <= metadata.enums[name].items()
        else:
            assert members == metadata.enums[name], name


def test_every_default_is_a_member_of_its_enum() -> None:
    for kind, prop in _properties():
        if prop.default is not None:
            assert prop.type not in PRIMITIVES, (kind.name, prop.name)
            assert prop.default in schema().enums[prop.type], (kind.name, prop.name)


def test_the_functions_are_real(metadata: Metadata) -> None:
    known = {
        "CompanyService_GetAdminInfo",
        "CompanyService_GetCompanyInfo",
        "SBOBobService_GetLocalCurrency",
        "SBOBobService_GetSystemCurrency",
        "SBOBobService_GetCurrencyRate",
        "SBOBobService_SetCurrencyRate",
        "SeriesService_GetDocumentSeries",
        "DraftsService_SaveDraftToDocument",
    }
    assert known <= metadata.functions


def _agrees(prop: Property, found: dict[str, Any]) -> bool:
    if prop.type in schema().enums:
        return prop.type in json.dumps(found)
    if prop.collection or prop.type not in _JSON:
        return True
    return (found.get("type"), found.get("format")) == _JSON[prop.type]


def test_every_property_is_still_there_in_the_newer_description(openapi: dict[str, Any]) -> None:
    wrong = []
    for kind, prop in _properties():
        if kind.name not in openapi:
            continue
        found = openapi[kind.name]["properties"].get(prop.name)
        if found is None or not _agrees(prop, found):
            wrong.append((kind.name, prop.name, str(found)))
    assert wrong == []


def test_every_enum_member_is_still_there_in_the_newer_description(openapi: dict[str, Any]) -> None:
    for name, members in schema().enums.items():
        if name in openapi:
            assert set(members) <= set(openapi[name]["enum"]), name
