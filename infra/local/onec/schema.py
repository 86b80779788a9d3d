"""What the base consists of: entities, properties, tabular sections and enumerations, read from ``schema/*.schema``.

From a property of 1C to OData, by the vendor's rule: a reference ``X`` is ``X_Key`` (Edm.Guid) and a navigation ``X``;
a composite ``X`` is ``X`` and ``X_Type`` (Edm.String); whole numbers are Edm.Int16, 32 or 64 by their digits and
fractions are Edm.Double; an enumeration is Edm.String.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from functools import cache, cached_property
from pathlib import Path
from typing import Literal

SCHEMA_FOLDER = Path(__file__).parent / "schema"

Kind = Literal["string", "number", "boolean", "date", "guid", "reference", "enum", "composite"]
Fill = Literal["", "*", "?"]

LINE_NUMBER = "LineNumber"
RECORD_TYPE = "_RecordType"
EDM = {"string": "String", "boolean": "Boolean", "date": "DateTime", "guid": "Guid", "reference": "Guid"}


@dataclass(frozen=True)
class Property:
    """One attribute as 1C has it (``name``) and as OData shows it (``wire``, ``edm``)."""

    name: str
    kind: Kind
    types: tuple[str, ...] = ()
    """reference, enum, composite: what it may hold, as ``Catalog_X``, ``Document_X``, ``Enum_X``; empty: anything."""
    length: int = 0
    """string: the longest value (0: any)."""
    digits: int = 0
    fraction: int = 0
    fill: Fill = ""
    """``*``: fill checking; ``?``: fill checking that the configuration lifts except in special cases."""
    standard: bool = False
    """One of the platform's own: Ref_Key, Code, Date …"""

    @property
    def wire(self) -> str:
        """Its name in JSON, $select and $filter."""
        return f"{self.name}_Key" if self.kind == "reference" and not self.name.endswith("_Key") else self.name

    @property
    def type_wire(self) -> str:
        """composite: the name of the property that holds the type."""
        return f"{self.name}_Type"

    @property
    def edm(self) -> str:
        """Its Edm type without the prefix ``Edm.``."""
        if self.kind != "number":
            return EDM.get(self.kind, "String")
        if self.fraction:
            return "Double"
        return "Int16" if self.digits <= 4 else "Int32" if self.digits <= 9 else "Int64"

    @property
    def navigation(self) -> str | None:
        """The name of the navigation property of a reference."""
        return self.name if self.kind == "reference" and self.types else None


ROW = (
    Property("Ref_Key", "guid", standard=True),
    Property(LINE_NUMBER, "number", digits=10, standard=True),
)
"""What every row of a tabular section has before its own columns."""


@dataclass(frozen=True)
class Entity:
    """A catalog, document, register or chart: its own properties and its tabular sections."""

    name: str
    properties: tuple[Property, ...]
    sections: dict[str, tuple[Property, ...]] = field(default_factory=dict)
    attributes: dict[str, str] = field(default_factory=dict)
    """What stands on the entity's line in the schema: code, description, number, folders, owner, dimensions …"""

    @property
    def kind(self) -> str:
        """Catalog, Document, InformationRegister, AccumulationRegister or ChartOfAccounts."""
        return self.name.split("_", 1)[0]

    @property
    def title(self) -> str:
        """Its name in the configurator."""
        return self.name.split("_", 1)[1]

    @property
    def is_document(self) -> bool:
        """Whether it has a number, a date, and can be posted."""
        return self.kind == "Document"

    @property
    def is_register(self) -> bool:
        """Whether it has records rather than objects."""
        return self.kind.endswith("Register")

    @property
    def recorded(self) -> bool:
        """Whether its records belong to a document and can't be written by themselves."""
        return "recorder" in self.attributes

    @cached_property
    def key(self) -> tuple[Property, ...]:
        """What names one instance."""
        if not self.is_register:
            return tuple(p for p in self.properties if p.name in ("Ref_Key", LINE_NUMBER))
        if self.recorded:
            return tuple(p for p in self.properties if p.name in ("Recorder", LINE_NUMBER))
        names = (*(("Period",) if "periodic" in self.attributes else ()), *self.attributes["dimensions"].split(","))
        return tuple(p for name in names for p in self.properties if p.name == name)

    @cached_property
    def by_wire(self) -> dict[str, Property]:
        """Its properties by their names in JSON; a composite stands under both of its names."""
        return by_wire(self.properties)


def by_wire(properties: Iterable[Property]) -> dict[str, Property]:
    found: dict[str, Property] = {}
    for item in properties:
        found[item.wire] = item
        if item.kind == "composite":
            found[item.type_wire] = item
    return found


@dataclass(frozen=True)
class Schema:
    """Everything that is published."""

    entities: dict[str, Entity]
    enums: dict[str, tuple[str, ...]]

    @cached_property
    def sets(self) -> dict[str, Entity]:
        """What an address may name: the entities, the tabular sections, the records of registers."""
        found: dict[str, Entity] = {}
        for entity in self.entities.values():
            if entity.recorded:
                owner = tuple(p for p in entity.properties if p.name == "Recorder")
                movements = {"RecordSet": entity.properties}
                found[entity.name] = Entity(entity.name, owner, movements, {"dimensions": "Recorder"})
                found[f"{entity.name}{RECORD_TYPE}"] = replace(entity, name=f"{entity.name}{RECORD_TYPE}")
                continue
            found[entity.name] = entity
            for section, columns in entity.sections.items():
                name = f"{entity.name}_{section}"
                found[name] = Entity(name, (*ROW, *columns), {}, {"section": section, "of": entity.name})
        return found


def _type(text: str) -> dict[str, object]:
    parts = [part.strip() for part in text.split("|")]
    if len(parts) > 1:
        return {"kind": "composite", "types": tuple(part.replace(".", "_", 1) for part in parts)}
    if match := re.fullmatch(r"str(?:\((\d+)\))?", text):
        return {"kind": "string", "length": int(match[1] or 0)}
    if match := re.fullmatch(r"num\((\d+),(\d+)\)", text):
        return {"kind": "number", "digits": int(match[1]), "fraction": int(match[2])}
    if text in ("bool", "date", "uuid", "any"):
        kind = {"bool": "boolean", "date": "date", "uuid": "guid", "any": "composite"}[text]
        return {"kind": kind}
    prefix, _, _ = text.partition(".")
    return {"kind": "enum" if prefix == "Enum" else "reference", "types": (text.replace(".", "_", 1),)}


def _property(line: str) -> Property:
    head, _, text = line.partition(" ")
    fill: Fill = "*" if head.endswith("*") else "?" if head.endswith("?") else ""
    return Property(head.rstrip("*?"), fill=fill, **_type(text.strip()))  # type: ignore[arg-type]  # as _type gives it


def _standard(name: str, kind: Kind, *, fill: Fill = "", length: int = 0, types: tuple[str, ...] = ()) -> Property:
    digits = 10 if kind == "number" else 0
    return Property(name, kind, types=types, length=length, digits=digits, fill=fill, standard=True)


def _standards(name: str, attributes: dict[str, str]) -> Iterator[Property]:
    kind = name.split("_", 1)[0]
    if "recorder" in attributes:
        recorders = tuple(part.replace(".", "_", 1) for part in attributes["recorder"].split("|"))
        yield _standard("Recorder", "composite", types=recorders)
        yield from (_standard("Period", "date"), _standard(LINE_NUMBER, "number"), _standard("Active", "boolean"))
        return
    if kind.endswith("Register"):
        if "periodic" in attributes:
            yield _standard("Period", "date")
        return
    yield from (_standard("Ref_Key", "guid"), _standard("DataVersion", "string"), _standard("DeletionMark", "boolean"))
    if kind == "Document":
        yield from (
            _standard("Number", "string", length=int(attributes["number"])),
            _standard("Date", "date", fill="*"),
        )
        yield _standard("Posted", "boolean")
        return
    yield from (_standard("Predefined", "boolean"), _standard("PredefinedDataName", "string"))
    if "owner" in attributes:
        owners = tuple(part.replace(".", "_", 1) for part in attributes["owner"].split("|"))
        yield _standard("Owner", "composite" if len(owners) > 1 else "reference", fill="*", types=owners)
    if "folders" in attributes:
        yield from (_standard("Parent", "reference", types=(name,)), _standard("IsFolder", "boolean"))
    if kind == "ChartOfAccounts":
        yield _standard("Parent", "reference", types=(name,))
    yield _standard("Description", "string", fill="*", length=int(attributes["description"]))
    if "code" in attributes:
        yield _standard("Code", "string", length=int(attributes["code"]))


def _entity(block: str) -> Entity:
    head, *lines = [line for line in block.splitlines() if line.strip() and not line.startswith("#")]
    name, *words = head.split()
    attributes = {key: value for key, _, value in (word.partition("=") for word in words)}
    own: list[Property] = []
    sections: dict[str, list[Property]] = {}
    target = own
    for line in lines:
        if line.startswith("["):
            target = sections.setdefault(line.strip("[]"), [])
        else:
            target.append(_property(line))
    return Entity(name, (*_standards(name, attributes), *own), {k: tuple(v) for k, v in sections.items()}, attributes)


@cache
def schema() -> Schema:
    """Read the whole schema, once."""
    entities: dict[str, Entity] = {}
    for file in ("catalogs", "documents", "registers"):
        text = (SCHEMA_FOLDER / f"{file}.schema").read_text(encoding="utf-8")
        for block in re.split(r"^== ", text, flags=re.MULTILINE)[1:]:
            entity = _entity(block)
            entities[entity.name] = entity
    lines = (SCHEMA_FOLDER / "enums.schema").read_text(encoding="utf-8").splitlines()
    pairs = (line.split(":", 1) for line in lines if line and not line.startswith("#"))
    return Schema(entities, {f"Enum_{name}": tuple(values.split()) for name, values in pairs})
