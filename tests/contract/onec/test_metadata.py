"""The local ``$metadata`` against one that a real 1C gave (another configuration: the shape is what counts)."""

from collections import defaultdict
from pathlib import Path
from xml.etree import ElementTree

import pytest

from infra.local.onec import metadata
from infra.local.onec.schema import schema

EDM = "{http://schemas.microsoft.com/ado/2009/11/edm}"
SHARED_WITH_THE_RECORDING = ("Catalog_Контрагенты", "Catalog_Номенклатура", "Document_РеализацияТоваровУслуг")


@pytest.fixture(scope="module")
def recorded(contracts: Path) -> ElementTree.Element:
    path = contracts / "onec" / "odata_real_ut8.5_demo" / "msg001_metadata.xml"
    return ElementTree.fromstring(path.read_bytes())  # noqa: S314  # a recorded file of ours


@pytest.fixture(scope="module")
def local() -> ElementTree.Element:
    return ElementTree.fromstring(metadata.edmx())  # noqa: S314  # made by the package under test


def _shape(root: ElementTree.Element) -> dict[str, set[str]]:
    found: dict[str, set[str]] = defaultdict(set)
    for parent in root.iter():
        found[parent.tag] |= {*parent.attrib, *(f"<{child.tag}>" for child in parent)}
    return found


def _properties(root: ElementTree.Element, name: str) -> dict[str, tuple[str | None, str | None]]:
    for kind in ("EntityType", "ComplexType"):
        for found in root.iter(f"{EDM}{kind}"):
            if found.get("Name") == name:
                return {str(p.get("Name")): (p.get("Type"), p.get("Nullable")) for p in found.iter(f"{EDM}Property")}
    raise AssertionError(name)


def test_the_local_one_uses_no_element_or_attribute_the_real_one_does_not(
    recorded: ElementTree.Element, local: ElementTree.Element
) -> None:
    real = _shape(recorded)
    for tag, parts in _shape(local).items():
        assert parts <= real.get(tag, set()), tag


@pytest.mark.parametrize("name", SHARED_WITH_THE_RECORDING)
def test_what_both_configurations_have_is_described_alike(
    recorded: ElementTree.Element, local: ElementTree.Element, name: str
) -> None:
    real, ours = _properties(recorded, name), _properties(local, name)
    common = real.keys() & ours.keys()
    standard = {"Ref_Key", "DataVersion", "DeletionMark"}
    assert standard <= common
    assert {key: ours[key] for key in common} == {key: real[key] for key in common}


def test_a_tabular_section_is_a_row_type_and_a_set_of_its_own(
    recorded: ElementTree.Element, local: ElementTree.Element
) -> None:
    row, rows = "Catalog_Контрагенты_КонтактнаяИнформация_RowType", "Catalog_Контрагенты_КонтактнаяИнформация"
    for name in (row, rows):
        real, ours = _properties(recorded, name), _properties(local, name)
        assert ours.items() <= real.items()


def test_movements_of_a_document_are_a_record_set(recorded: ElementTree.Element, local: ElementTree.Element) -> None:
    standard = {"Recorder", "Recorder_Type", "Period", "LineNumber", "Active"}
    for suffix, names in (("", {"Recorder", "Recorder_Type", "RecordSet"}), ("_RowType", standard)):
        real = _properties(recorded, f"AccumulationRegister_ЗаказыКлиентов{suffix}")
        ours = _properties(local, f"AccumulationRegister_ОплатаСчетов{suffix}")
        assert {(name, ours[name][1]) for name in names} == {(name, real[name][1]) for name in names}


def test_everything_that_can_be_asked_for_is_described(local: ElementTree.Element) -> None:
    sets = {str(found.get("Name")) for found in local.iter(f"{EDM}EntitySet")}
    assert sets == schema().sets.keys()
    types = {str(found.get("Name")) for found in local.iter(f"{EDM}EntityType")}
    assert sets <= types
