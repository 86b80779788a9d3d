"""Reading ``$metadata``: which properties the types of an OData service have, of OData v3 and v4. Pure."""

from collections.abc import Callable
from dataclasses import dataclass, field
from xml.parsers import expat


class MetadataUnreadable(Exception):
    """``$metadata`` is not EDMX."""


@dataclass(frozen=True)
class Edmx:
    """What a service publishes."""

    types: dict[str, dict[str, str]] = field(default_factory=dict)
    """name of an entity or a complex type → its properties and their types"""
    sets: dict[str, str] = field(default_factory=dict)
    """entity set → name of its type, without the namespace"""


def _everything(_: str) -> bool:
    return True


def read(metadata: bytes, wanted: Callable[[str], bool] = _everything) -> Edmx:
    """Read ``$metadata``, keeping the types whose name is ``wanted``. Raises MetadataUnreadable.

    Streaming, because a real base of 1C has tens of megabytes of it; CPU-bound: a second or so there. Without a DOCTYPE
    there can be no entity bomb.
    """
    found = Edmx()
    current: dict[str, str] | None = None
    edmx = False

    def start(tag: str, attributes: dict[str, str]) -> None:
        nonlocal current, edmx
        kind, name = tag.rpartition(":")[2], attributes.get("Name", "")
        edmx = edmx or kind == "Edmx"
        if kind in {"EntityType", "ComplexType"}:
            current = found.types.setdefault(name, {}) if wanted(name) else None
        elif kind == "Property" and current is not None:
            current[name] = attributes.get("Type", "")
        elif kind == "EntitySet":
            found.sets[name] = attributes.get("EntityType", "").rpartition(".")[2]

    def end(tag: str) -> None:
        nonlocal current
        if tag.rpartition(":")[2] in {"EntityType", "ComplexType"}:
            current = None

    def doctype(*_: object) -> None:
        raise MetadataUnreadable("a DOCTYPE")

    parser = expat.ParserCreate()
    parser.StartElementHandler, parser.EndElementHandler = start, end
    parser.StartDoctypeDeclHandler = doctype
    try:
        parser.Parse(metadata, True)
    except expat.ExpatError as error:
        raise MetadataUnreadable(f"XML, line {error.lineno}") from None
    if not edmx:
        raise MetadataUnreadable("not EDMX")
    return found
