"""What stands after ``?``: options of a reading, taken literally and refused where unknown."""

from dataclasses import dataclass
from urllib.parse import unquote

from infra.local.onec.errors import Code, OneCError
from infra.local.onec.filters import no_property, unparsable
from infra.local.onec.schema import Entity, Property

READ_OPTIONS = frozenset(
    {"$format", "$select", "$filter", "$orderby", "$top", "$skip", "$inlinecount", "$expand", "allowedOnly"}
)
_JSON = ("application/json", "json")


def parse_options(raw: str, allowed: frozenset[str]) -> dict[str, str]:
    """Split a raw query string. ``+`` stays ``+``: in 1C it is addition, not a space. Unknown or repeated: code 14."""
    options: dict[str, str] = {}
    for part in filter(None, raw.split("&")):
        name, _, value = part.partition("=")
        name = unquote(name)
        if name not in allowed or name in options:
            raise unparsable(f"параметр «{name}» неизвестен, недопустим здесь или повторён")
        options[name] = unquote(value)
    return options


def wants_metadata(accept: str, format_option: str | None) -> bool:
    """Tell whether the answer carries ``odata.metadata`` and links; refuse any representation but JSON, code 3.

    The real interface answers Atom where JSON isn't asked for; this one refuses instead, so that nobody relies on it.
    """
    for text in (format_option,) if format_option is not None else accept.split(","):
        media, *parameters = [piece.strip().lower() for piece in text.split(";")]
        if media not in _JSON:
            continue
        odata = [piece.removeprefix("odata=") for piece in parameters if piece.startswith("odata=")]
        if odata and odata[0] not in ("nometadata", "minimalmetadata"):
            break
        return odata != ["nometadata"]
    raise OneCError(Code.BAD_REPRESENTATION, "Запрошенный тип представления не поддерживается: нужен application/json")


@dataclass(frozen=True)
class Reading:
    """The options of a collection or an instance, checked against the entity."""

    select: tuple[str, ...] | None
    expand: tuple[Property, ...]
    filter: str | None
    order: tuple[tuple[str, bool], ...]
    """Property and whether descending."""
    top: int | None
    skip: int
    count: bool


def _names(text: str) -> list[str]:
    return [name.strip() for name in text.split(",") if name.strip()]


def _select(text: str | None, entity: Entity) -> tuple[str, ...] | None:
    if text is None or text.strip() == "*":
        return None
    names = _names(text)
    for name in names:
        if name not in entity.by_wire and name not in entity.sections:
            raise no_property(name, entity.name)
    return tuple(names)


def _expand(text: str | None, entity: Entity) -> tuple[Property, ...]:
    found: list[Property] = []
    for name in _names(text or ""):
        item = next((p for p in entity.properties if p.navigation == name), None)
        if item is None:
            if name in entity.sections or name in entity.by_wire:
                # A tabular section or a composite can't be expanded: the section comes with its owner anyway.
                raise OneCError(Code.NOT_SUPPORTED, f"Возможность не поддерживается: $expand={name}")
            raise no_property(name, entity.name)
        found.append(item)
    return tuple(found)


def _order(text: str | None, entity: Entity) -> tuple[tuple[str, bool], ...]:
    found: list[tuple[str, bool]] = []
    for part in _names(text or ""):
        name, *direction = part.split()
        if name not in entity.by_wire:
            raise no_property(name, entity.name)
        if direction not in ([], ["asc"], ["desc"]):
            raise unparsable(f"$orderby={text}")
        found.append((name, direction == ["desc"]))
    return tuple(found)


def _whole(name: str, text: str | None) -> int | None:
    if text is None:
        return None
    if not text.isdecimal():
        raise unparsable(f"{name}={text}")
    return int(text)


def parse_reading(options: dict[str, str], entity: Entity) -> Reading:
    """Check the options of a reading. Refusals: 10 for a name, 14 for a text, 0 for what 1C can't expand."""
    if options.get("$inlinecount", "none") not in ("none", "allpages"):
        raise unparsable(f"$inlinecount={options['$inlinecount']}")
    if options.get("allowedOnly", "true").lower() not in ("true", "false"):
        raise unparsable(f"allowedOnly={options['allowedOnly']}")
    return Reading(
        select=_select(options.get("$select"), entity),
        expand=_expand(options.get("$expand"), entity),
        filter=options.get("$filter"),
        order=_order(options.get("$orderby"), entity),
        top=_whole("$top", options.get("$top")),
        skip=_whole("$skip", options.get("$skip")) or 0,
        count=options.get("$inlinecount") == "allpages",
    )
