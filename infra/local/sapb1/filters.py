"""$filter and $orderby: parsed against an entity type, then applied to stored rows.

Comparison is as on HANA: strings by case, an enum by member name or database value, null only with eq and ne.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from infra.local.sapb1.books import Where, property_where
from infra.local.sapb1.edm import EntityType, Property, day_of, member_of, schema
from infra.local.sapb1.errors import SapError, invalid_property, unsupported

Row = Mapping[str, Any]
Predicate = Callable[[Row], bool]

_TOKEN = re.compile(
    r"""\s*(?:
    (?P<text>(?:[\w.]+)?'(?:[^']|'')*')
    | (?P<date>\d{4}-\d{2}-\d{2}(?:T[\d:.]+(?:Z|[+-]\d{2}:\d{2})?)?)
    | (?P<number>-?\d+(?:\.\d+)?)
    | (?P<name>[A-Za-z_][\w/.]*)
    | (?P<sign>[(),])
    )""",
    re.VERBOSE,
)
_TEXT_FUNCTIONS: dict[str, Callable[[str, str], bool]] = {
    "contains": lambda text, part: part in text,
    "startswith": lambda text, part: text.startswith(part),
    "endswith": lambda text, part: text.endswith(part),
}
_SQL = {"eq": "=", "gt": ">", "ge": ">=", "lt": "<", "le": "<="}
_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "gt": lambda a, b: bool(a > b),
    "ge": lambda a, b: bool(a >= b),
    "lt": lambda a, b: bool(a < b),
    "le": lambda a, b: bool(a <= b),
}


def _syntax(detail: str) -> SapError:
    return SapError(201, f"Invalid query option '$filter': {detail}")


def _unknown(name: str) -> SapError:
    """In a filter the refusal names no type, and has another code than in a body (captured)."""
    return SapError(201, f"Property '{name}' is invalid")


@dataclass(frozen=True)
class Filter:
    """A filter: what to ask of each row, and what the database may ask before (nothing it lets out passes)."""

    accepts: Predicate
    where: Where | None = None


EVERYTHING = Filter(lambda _: True)


@dataclass(frozen=True)
class _Token:
    kind: str
    text: str


def _tokens(text: str) -> list[_Token]:
    tokens: list[_Token] = []
    position = 0
    while text[position:].strip():
        match = _TOKEN.match(text, position)
        if match is None or match.lastgroup is None:
            raise _syntax(f"unexpected '{text[position:].strip()[:20]}'")
        tokens.append(_Token(match.lastgroup, match[match.lastgroup]))
        position = match.end()
    return tokens


class _Parser:
    def __init__(self, kind: EntityType, text: str) -> None:
        self._kind = kind
        self._tokens = _tokens(text)
        self._at = 0

    def parse(self) -> Filter:
        result = self._either()
        if self._at < len(self._tokens):
            raise _syntax(f"unexpected '{self._tokens[self._at].text}'")
        return result

    def _peek(self) -> str:
        return self._tokens[self._at].text if self._at < len(self._tokens) else ""

    def _take(self) -> _Token:
        if self._at >= len(self._tokens):
            raise _syntax("it ends too early")
        self._at += 1
        return self._tokens[self._at - 1]

    def _expect(self, text: str) -> None:
        taken = self._take().text
        if taken != text:
            raise _syntax(f"'{text}' expected, not '{taken}'")

    def _either(self) -> Filter:
        left = self._both()
        while self._peek() == "or":
            self._take()
            left = _or(left, self._both())
        return left

    def _both(self) -> Filter:
        left = self._one()
        while self._peek() == "and":
            self._take()
            left = _and(left, self._one())
        return left

    def _one(self) -> Filter:
        if self._peek() == "not":
            self._take()
            inner = self._one().accepts
            return Filter(lambda row: not inner(row))
        if self._peek() == "(":
            self._take()
            inside = self._either()
            self._expect(")")
            return inside
        return self._condition()

    def _property(self, token: _Token) -> Property:
        if token.kind != "name":
            raise _syntax(f"a property expected, not '{token.text}'")
        if "/" in token.text:
            raise unsupported("A filter over the lines of a collection")
        prop = self._kind.properties.get(token.text)
        if prop is None:
            raise _unknown(token.text)
        if prop.collection or prop.type in schema().types:
            raise unsupported(f"A filter by '{prop.name}'")
        return prop

    def _condition(self) -> Filter:
        first = self._take()
        if self._peek() == "(":
            return self._call(first.text)
        prop = self._property(first)
        operator = self._take().text
        if operator not in {"eq", "ne", *_COMPARE}:
            raise _syntax(f"'{operator}' is no operator")
        literal = self._literal(prop, self._take())
        return _comparison(prop, operator, literal)

    def _call(self, function: str) -> Filter:
        test = _TEXT_FUNCTIONS.get(function)
        if test is None:
            raise invalid_property(function, self._kind.name)  # captured: toupper is taken for a property
        self._expect("(")
        prop = self._property(self._take())
        self._expect(",")
        wanted = self._literal(prop, self._take())
        self._expect(")")
        if prop.type != "String" or not isinstance(wanted, str):
            raise _syntax(f"{function} needs a text")
        return Filter(lambda row: isinstance(row.get(prop.name), str) and test(row[prop.name], wanted))

    def _literal(self, prop: Property, token: _Token) -> Any:
        if token.kind == "name":
            if token.text == "null":
                return None
            raise _syntax(f"'{token.text}' is no value for '{prop.name}'")
        plain = token.text
        if token.kind == "text":
            plain = plain[plain.index("'") + 1 : -1].replace("''", "'")
        value: Any = None
        match prop.type:
            case "String":
                value = plain if token.kind == "text" else None
            case "Int32" | "Double":
                value = Decimal(plain) if token.kind == "number" else None
            case "Date":
                value = day_of(plain) if token.kind in {"text", "date"} else None
            case "Time":
                value = plain if token.kind == "text" else None
            case enum:
                value = member_of(schema().enums[enum], plain) if token.kind == "text" else None
        if value is None:
            raise _syntax(f"{token.text} is no value for '{prop.name}'")
        return value


def _comparison(prop: Property, operator: str, literal: Any) -> Filter:
    name, default = prop.name, prop.default

    def value(row: Row) -> Any:
        found = row.get(name)
        return default if found is None else found

    if operator == "eq":
        return Filter(lambda row: bool(value(row) == literal), _where(prop, operator, literal))
    if operator == "ne":
        return Filter(lambda row: bool(value(row) != literal))
    if literal is None:
        raise _syntax(f"'{operator} null'")
    compare = _COMPARE[operator]
    return Filter(lambda row: value(row) is not None and compare(value(row), literal), _where(prop, operator, literal))


def _where(prop: Property, operator: str, literal: Any) -> Where | None:
    """Say a comparison in SQL where that is exact: texts, dates and members by code point, whole numbers."""
    if isinstance(literal, str):
        return property_where(prop.name, _SQL[operator], literal, prop.default)
    if prop.type == "Int32" and literal is not None and literal == literal.to_integral_value():
        return property_where(prop.name, _SQL[operator], int(literal))
    return None


def _and(left: Filter, right: Filter) -> Filter:
    where = left.where & right.where if left.where and right.where else left.where or right.where
    return Filter(lambda row: left.accepts(row) and right.accepts(row), where)


def _or(left: Filter, right: Filter) -> Filter:
    where = left.where | right.where if left.where and right.where else None
    return Filter(lambda row: left.accepts(row) or right.accepts(row), where)


def parse_filter(kind: EntityType, text: str) -> Filter:
    """Parse $filter. SapError for what Service Layer, or the local company, doesn't understand."""
    return _Parser(kind, text).parse()


def parse_order(kind: EntityType, text: str) -> list[tuple[Property, bool]]:
    """Parse $orderby into properties, and whether each goes down."""
    order: list[tuple[Property, bool]] = []
    for part in text.split(","):
        name, _, direction = part.strip().partition(" ")
        prop = kind.properties.get(name)
        if prop is None:
            raise invalid_property(name, kind.name)
        if prop.collection or direction.strip() not in {"", "asc", "desc"}:
            raise SapError(201, f"Invalid query option '$orderby': {part.strip()}")
        order.append((prop, direction.strip() == "desc"))
    return order


def sort_key(prop: Property) -> Callable[[Row], tuple[bool, Any]]:
    """Give a key that puts null first, as databases do going up."""

    def key(row: Row) -> tuple[bool, Any]:
        value = row.get(prop.name)
        if value is None:
            value = prop.default
        return (value is not None, 0 if value is None else value)

    return key
