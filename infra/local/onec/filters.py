"""``$filter``: from text to a predicate over stored bodies.

What 1C understands and the product or its neighbours use: comparisons, and/or/not, arithmetic, guid'…', datetime'…',
cast() of a GUID to the type of a composite, substringof, startswith, endswith, like, year, month, day, and paths
through references. Texts are compared as 1C's queries do: case and trailing spaces don't count. ``+`` is addition.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from infra.local.onec.errors import Code, OneCError, handler_failed
from infra.local.onec.schema import Entity, Property, by_wire, schema
from infra.local.onec.store import Store
from infra.local.onec.values import EMPTY_GUID, NAMESPACE, UNDEFINED, Body, bad_value, date, guid

_TOKEN = re.compile(
    r"""\s*(?:(?P<guid>guid'[^']*')|(?P<datetime>datetime'[^']*')|(?P<string>'(?:[^']|'')*')|(?P<number>-?\d+(?:\.\d+)?)
    |(?P<name>[^\W\d][\w/.@]*)|(?P<sign>[(),+:]))""",
    re.VERBOSE,
)
_COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {
    "eq": lambda a, b: bool(a == b),
    "ne": lambda a, b: bool(a != b),
    "gt": lambda a, b: bool(a > b),
    "ge": lambda a, b: bool(a >= b),
    "lt": lambda a, b: bool(a < b),
    "le": lambda a, b: bool(a <= b),
}
_ARITHMETIC: dict[str, Callable[[Decimal, Decimal], Decimal]] = {
    "add": lambda a, b: a + b,
    "+": lambda a, b: a + b,
    "sub": lambda a, b: a - b,
    "mul": lambda a, b: a * b,
    "div": lambda a, b: a / b,
}
_WORDS = {*_COMPARISONS, *_ARITHMETIC, "and", "or", "not"}
_TEXT_FUNCTIONS: dict[str, tuple[int, Callable[[str, str], bool]]] = {
    # where the searched text stands among the arguments, and the test (searched text, pattern)
    "substringof": (1, lambda text, part: part in text),
    "startswith": (0, lambda text, part: text.startswith(part)),
    "endswith": (0, lambda text, part: text.endswith(part)),
    "like": (0, lambda text, pattern: _like(pattern).fullmatch(text) is not None),
}
_DATE_PARTS = {"year": slice(0, 4), "month": slice(5, 7), "day": slice(8, 10)}


def _like(pattern: str) -> re.Pattern[str]:
    parts = (".*" if c == "%" else "." if c == "_" else re.escape(c) for c in pattern)
    return re.compile("".join(parts), re.DOTALL)


def unparsable(text: str) -> OneCError:
    """Give the refusal of a query option that can't be read, code 14."""
    return OneCError(Code.BAD_OPTION, f"Ошибка разбора опций запроса: {text}")


def no_property(name: str, where: str) -> OneCError:
    """Give the refusal of a name that the entity doesn't have, code 10."""
    return OneCError(Code.NO_SUCH_PROPERTY, f"Запрошенное свойство не найдено: «{name}» в {where}")


Cover = tuple[tuple[str, Any], ...]
"""Equalities (property, value) of which at least one holds in every row that passes: where an index may look."""


@dataclass(frozen=True)
class Operand:
    """Part of an expression: how to compute it, and its type."""

    value: Callable[[Body], Any]
    type: str
    composite: Property | None = None
    constant: Any = None
    """The value itself, where it is a literal."""
    column: str | None = None
    """The property's name, where it is one of the entity itself."""
    cover: Cover | None = None
    """boolean: see above; None where nothing is known."""


def _literal(value: Any, kind: str) -> Operand:
    return Operand(lambda _: value, kind, constant=value)


_LITERALS: dict[str, Callable[[str], Operand]] = {
    "guid": lambda text: _literal(guid(text[5:-1], "guid"), "guid"),
    "datetime": lambda text: _literal(date(text[9:-1], "datetime"), "date"),
    "string": lambda text: _literal(text[1:-1].replace("''", "'"), "string"),
    "number": lambda text: _literal(Decimal(text), "number"),
}


@dataclass(frozen=True)
class Filter:
    """A parsed filter: the predicate, and where an index may look for candidates."""

    test: Callable[[Body], bool]
    cover: Cover | None


class _Parser:
    def __init__(self, text: str, entity: Entity, properties: tuple[Property, ...], store: Store) -> None:
        self._text, self._entity, self._names, self._store = text, entity, by_wire(properties), store
        self._properties = properties
        self._tokens: list[tuple[str, str]] = []
        position = 0
        while text[position:].strip():
            match = _TOKEN.match(text, position)
            if match is None or match.lastgroup is None:
                raise unparsable(text)
            self._tokens.append((match.lastgroup, match[match.lastgroup]))
            position = match.end()

    def _peek(self) -> str:
        return self._tokens[0][1] if self._tokens else ""

    def _next(self, expected: str | None = None) -> tuple[str, str]:
        if not self._tokens or (expected is not None and self._tokens[0][1] != expected):
            raise unparsable(self._text)
        return self._tokens.pop(0)

    def parse(self) -> Operand:
        result = self._either()
        if self._tokens or result.type != "boolean":
            raise unparsable(self._text)
        return result

    def _either(self) -> Operand:
        left = self._both()
        while self._peek() == "or":
            self._next()
            left = _either(left, self._both(), self._text)
        return left

    def _both(self) -> Operand:
        left = self._comparison()
        while self._peek() == "and":
            self._next()
            left = _both(left, self._comparison(), self._text)
        return left

    def _comparison(self) -> Operand:
        if self._peek() == "not":
            self._next()
            inner = self._comparison()
            if inner.type != "boolean":
                raise unparsable(self._text)
            return Operand(lambda row: not inner.value(row), "boolean")
        left = self._sum()
        if self._peek() not in _COMPARISONS:
            return left
        name = self._next()[1]
        return _compare(name, left, self._sum(), self._text)

    def _sum(self) -> Operand:
        left = self._primary()
        while self._peek() in _ARITHMETIC:
            sign = self._next()[1]
            operation = _ARITHMETIC[sign]
            if sign == "+" and (left.type != "number" or self._peek() in _WORDS):
                # What a "+" in place of a space comes to: the query that 1C builds can't be run.
                raise handler_failed('Операция не разрешена в предложении "ГДЕ"')
            right = self._primary()
            if left.type != "number" or right.type != "number":
                raise unparsable(self._text)
            left = Operand(_arithmetic(operation, left, right), "number")
        return left

    def _primary(self) -> Operand:
        kind, text = self._next()
        if kind in _LITERALS:
            return _LITERALS[kind](text)
        if text == "(":
            inner = self._either()
            self._next(")")
            return inner
        if kind == "sign" or text in _WORDS:
            raise unparsable(self._text)
        if text in ("true", "false"):
            return _literal(text == "true", "boolean")
        return self._function(text) if self._peek() == "(" else self._property(text)

    def _function(self, name: str) -> Operand:
        self._next("(")
        arguments = [self._sum()]
        while self._peek() == ",":
            self._next()
            arguments.append(self._sum())
        self._next(")")
        types = [argument.type for argument in arguments]
        if name == "cast" and types == ["guid", "string"]:
            target = str(arguments[1].constant)
            if target not in schema().entities:
                raise OneCError(Code.NO_SUCH_TYPE, f"Тип сущности не найден: {target}", status=400)
            return Operand(arguments[0].value, "cast", constant=(arguments[0].constant, NAMESPACE + target))
        if name in _TEXT_FUNCTIONS and types == ["string", "string"]:
            place, test = _TEXT_FUNCTIONS[name]
            searched, pattern = arguments[place].value, arguments[1 - place].value
            return Operand(lambda row: test(_text(searched(row)), _text(pattern(row))), "boolean")
        if name in _DATE_PARTS and types == ["date"]:
            part, moment = _DATE_PARTS[name], arguments[0].value
            return Operand(lambda row: int(moment(row)[part]), "number")
        raise OneCError(Code.BAD_FUNCTION, f"Функция {name} не реализована или вызвана с неверными аргументами")

    def _property(self, path: str) -> Operand:
        head, *rest = path.split("/")
        if not rest:
            return _column(head, self._names, self._properties, self._entity.name)
        item = next((p for p in self._properties if p.navigation == head), None)
        target = schema().entities.get(item.types[0]) if item else None
        if item is None or target is None:
            raise no_property(path, self._entity.name)
        inner = _Parser("", target, target.properties, self._store)._property("/".join(rest))
        wire, name, blank = item.wire, target.name, {p.wire: None for p in target.properties}
        return Operand(lambda row: inner.value(self._store.get(name, row[wire]) or blank), inner.type, inner.composite)


def _column(name: str, names: dict[str, Property], properties: tuple[Property, ...], where: str) -> Operand:
    item = names.get(name) or next((p for p in properties if p.navigation == name), None)
    if item is None:
        raise no_property(name, where)
    if item.kind == "composite" and name == item.wire:
        return Operand(lambda row: (row[item.wire], row[item.type_wire]), "composite", item, column=item.wire)
    kind = {"reference": "guid", "enum": "string", "composite": "string"}.get(item.kind, item.kind)
    wire = name if item.kind == "composite" else item.wire
    return Operand(lambda row: row.get(wire), kind, column=wire)


def _text(value: Any) -> str:
    return str(value or "").rstrip().casefold()


def _either(left: Operand, right: Operand, text: str) -> Operand:
    if left.type != "boolean" or right.type != "boolean":
        raise unparsable(text)
    cover = None if left.cover is None or right.cover is None else left.cover + right.cover
    return Operand(lambda row: left.value(row) or right.value(row), "boolean", cover=cover)


def _both(left: Operand, right: Operand, text: str) -> Operand:
    if left.type != "boolean" or right.type != "boolean":
        raise unparsable(text)
    covers = [cover for cover in (left.cover, right.cover) if cover is not None]
    cover = min(covers, key=len, default=None)
    return Operand(lambda row: left.value(row) and right.value(row), "boolean", cover=cover)


def _arithmetic(
    operation: Callable[[Decimal, Decimal], Decimal], left: Operand, right: Operand
) -> Callable[[Body], Decimal]:
    return lambda row: operation(Decimal(left.value(row)), Decimal(right.value(row)))


def _compare(name: str, left: Operand, right: Operand, text: str) -> Operand:
    test = _COMPARISONS[name]
    if left.type == "composite":
        if right.type != "cast" or name not in ("eq", "ne"):
            # A bare GUID doesn't say which of the types is meant: 1C fails inside.
            raise handler_failed("Произошла внутренняя ошибка OData сервиса. Сравнение составного типа требует cast()")
        wanted = right.constant if right.constant[0] != EMPTY_GUID else ("", UNDEFINED)
        cover = _cover(name, left, wanted[0])
        return Operand(lambda row: test(left.value(row), wanted), "boolean", cover=cover)
    if right.type == "cast":
        right = Operand(right.value, "guid", constant=right.constant[0])
    if left.type != right.type:
        raise bad_value(text, f"нельзя сравнить {left.type} и {right.type}")
    cover = None if left.type == "boolean" else _cover(name, left, right.constant)
    if left.type == "string":
        return Operand(lambda row: test(_text(left.value(row)), _text(right.value(row))), "boolean", cover=cover)
    if name in ("gt", "ge", "lt", "le"):
        return Operand(lambda row: (a := left.value(row)) is not None and test(a, right.value(row)), "boolean")
    return Operand(lambda row: test(left.value(row), right.value(row)), "boolean", cover=cover)


def _cover(name: str, left: Operand, constant: Any) -> Cover | None:
    if name != "eq" or left.column is None or constant is None:
        return None
    return ((left.column, constant),)


def parse_filter(text: str, entity: Entity, properties: tuple[Property, ...], store: Store) -> Filter:
    """Parse a filter over these properties of an entity. Refusals: 4 (types), 10 (names), 14 (text), 21 (functions)."""
    operand = _Parser(text, entity, properties, store).parse()
    return Filter(operand.value, operand.cover)
