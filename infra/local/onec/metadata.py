"""``$metadata`` (EDMX, OData v3) and the service document, in the shape the platform gives them."""

from collections.abc import Iterable, Iterator
from functools import cache
from xml.sax.saxutils import escape, quoteattr

from infra.local.onec.schema import LINE_NUMBER, ROW, Entity, Property, schema

_HEAD = """<?xml version="1.0" encoding="UTF-8"?>
<edmx:Edmx xmlns:edmx="http://schemas.microsoft.com/ado/2007/06/edmx" Version="1.0">
<edmx:DataServices xmlns:m="http://schemas.microsoft.com/ado/2007/08/dataservices/metadata"
 m:DataServiceVersion="3.0" m:MaxDataServiceVersion="3.0">
<Schema xmlns="http://schemas.microsoft.com/ado/2009/11/edm" Namespace="StandardODATA">"""
_TAIL = "</Schema>\n</edmx:DataServices>\n</edmx:Edmx>\n"


def _property(name: str, edm: str, *, key: bool) -> str:
    return f'<Property Name={quoteattr(name)} Type="{edm}" Nullable="{"false" if key else "true"}"/>'


def _properties(properties: Iterable[Property], keys: Iterable[Property]) -> Iterator[str]:
    names = {item.wire for item in keys}
    tail: list[str] = []
    for item in properties:
        yield _property(item.wire, f"Edm.{item.edm}", key=item.wire in names)
        if item.kind == "composite":
            tail.append(_property(item.type_wire, "Edm.String", key=item.wire in names))
    yield from tail


def _navigations(entity: Entity) -> list[tuple[str, str]]:
    """Give the name and the target of every reference to something that is published itself."""
    return [(p.name, p.types[0]) for p in entity.properties if p.navigation and p.types[0] in schema().entities]


def _entity_type(name: str, entity: Entity) -> Iterator[str]:
    open_type = ' OpenType="true"' if entity.is_document or entity.recorded else ""
    yield f"<EntityType Name={quoteattr(name)}{open_type}>"
    yield "<Key>"
    for item in entity.key:
        yield f"<PropertyRef Name={quoteattr(item.wire)}/>"
        if item.kind == "composite":
            yield f"<PropertyRef Name={quoteattr(item.type_wire)}/>"
    yield "</Key>"
    yield from _properties(entity.properties, entity.key)
    for section in entity.sections:
        kind = f"{name}_RowType" if section == "RecordSet" else f"{name}_{section}_RowType"
        yield _property(section, f"Collection(StandardODATA.{kind})", key=section == "RecordSet")
    for navigation, _ in _navigations(entity):
        relation = f"StandardODATA.{name}_{navigation}"
        yield (
            f"<NavigationProperty Name={quoteattr(navigation)} Relationship={quoteattr(relation)} "
            'FromRole="Begin" ToRole="End"/>'
        )
    yield "</EntityType>"


def _row_types(name: str, entity: Entity) -> Iterator[str]:
    for section, columns in entity.sections.items():
        kind = f"{name}_RowType" if section == "RecordSet" else f"{name}_{section}_RowType"
        head = () if section == "RecordSet" else ROW
        keys = [item for item in (*head, *columns) if item.name in ("Recorder", "Ref_Key", LINE_NUMBER)]
        yield f"<ComplexType Name={quoteattr(kind)}>"
        yield from _properties((*head, *columns), keys)
        yield "</ComplexType>"


def _associations(name: str, entity: Entity) -> Iterator[str]:
    for navigation, target in _navigations(entity):
        yield f"<Association Name={quoteattr(f'{name}_{navigation}')}>"
        yield f'<End Role="Begin" Type={quoteattr(f"StandardODATA.{name}")} Multiplicity="*"/>'
        yield f'<End Role="End" Type={quoteattr(f"StandardODATA.{target}")} Multiplicity="0..1"/>'
        yield "</Association>"


def _functions(entity: Entity) -> Iterator[str]:
    binding = f'<Parameter Name="bindingParameter" Type={quoteattr(f"StandardODATA.{entity.name}")}/>'
    if entity.is_document:
        for function in ("Post", "Unpost"):
            yield f'<FunctionImport Name="{function}" IsBindable="true" IsSideEffecting="true">'
            yield binding + '<Parameter Name="PostingModeOperational" Type="Edm.Boolean"/>'
            yield "</FunctionImport>"
    if "periodic" in entity.attributes:
        returned = quoteattr(f"Collection(StandardODATA.{entity.name})")
        yield f'<FunctionImport Name="SliceLast" IsBindable="true" IsSideEffecting="false" ReturnType={returned}>'
        yield binding + '<Parameter Name="Condition" Type="Edm.String"/><Parameter Name="Period" Type="Edm.DateTime"/>'
        yield "</FunctionImport>"


@cache
def edmx() -> str:
    """Give the description of everything that is published."""
    sets = schema().sets
    lines = [_HEAD]
    for maker in (_entity_type, _associations, _row_types):
        for name, entity in sets.items():
            lines.extend(maker(name, entity))
    lines.append('<EntityContainer Name="EnterpriseV8" m:IsDefaultEntityContainer="true">')
    for name in sets:
        lines.append(f"<EntitySet Name={quoteattr(name)} EntityType={quoteattr(f'StandardODATA.{name}')}/>")
    for entity in schema().entities.values():
        lines.extend(_functions(entity))
    return "\n".join((*lines, "</EntityContainer>", _TAIL))


def service_xml(base: str) -> str:
    """Give the service document as Atom: what a browser gets at the root."""
    sets = "".join(
        f"<collection href={quoteattr(name)}><atom:title>{escape(name)}</atom:title></collection>"
        for name in schema().sets
    )
    return (
        '<?xml version="1.0" encoding="UTF-8"?><service xmlns="http://www.w3.org/2007/app" '
        f'xmlns:atom="http://www.w3.org/2005/Atom" xml:base={quoteattr(base)}><workspace>'
        f"<atom:title>Default</atom:title>{sets}</workspace></service>"
    )


def service_json(base: str) -> dict[str, object]:
    """Give the service document as JSON."""
    return {"odata.metadata": f"{base}$metadata", "value": [{"name": n, "url": n} for n in schema().sets]}
