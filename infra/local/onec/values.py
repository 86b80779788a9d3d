"""From JSON to what the base keeps, and back: types, empty values, composites.

A stored body is a dict by the names OData uses. A date is ``YYYY-MM-DDTHH:MM:SS`` (wall clock, no zone), a GUID is
lower-case text, a number is int or Decimal. As in 1C, a text that is too long is cut and a fraction that is too fine is
rounded without a word: whoever writes must read back.
"""

import re
import uuid
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from infra.local.onec.errors import Code, OneCError
from infra.local.onec.schema import Property, by_wire, schema

Body = dict[str, Any]

EMPTY_GUID = "00000000-0000-0000-0000-000000000000"
EMPTY_DATE = "0001-01-01T00:00:00"
UNDEFINED = "StandardODATA.Undefined"
NAMESPACE = "StandardODATA."
ENUM_NAMESPACE = "UnavailableEnums."
"""How a composite names an enumeration that isn't published by itself, as open clients of БП 3.0 write it."""

_EMPTY: dict[str, Any] = {
    "string": "",
    "enum": "",
    "composite": "",
    "boolean": False,
    "number": 0,
    "date": EMPTY_DATE,
    "guid": EMPTY_GUID,
    "reference": EMPTY_GUID,
}


def bad_value(name: str, why: str) -> OneCError:
    """Give the refusal of a value, code 4."""
    return OneCError(Code.BAD_VALUE, f"Неверное значение свойства «{name}»: {why}")


def empty(properties: Iterable[Property]) -> Body:
    """Give a body in which nothing is filled."""
    body: Body = {}
    for item in properties:
        body[item.wire] = _EMPTY[item.kind]
        if item.kind == "composite":
            body[item.type_wire] = UNDEFINED
    return body


def is_empty(item: Property, body: Mapping[str, Any]) -> bool:
    """Tell whether fill checking would stumble over this property."""
    value = body.get(item.wire)
    return value is None or value == _EMPTY[item.kind]


def guid(text: object, name: str) -> str:
    """Parse a GUID; code 4 where it is none."""
    if isinstance(text, str) and re.fullmatch(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}", text):
        return str(uuid.UUID(text))
    raise bad_value(name, "ожидается уникальный идентификатор")


def date(text: object, name: str) -> str:
    """Parse a wall-clock date and time without a zone; code 4 where it is none."""
    if isinstance(text, str) and re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d", text):
        try:
            datetime.fromisoformat(text)
        except ValueError:
            pass  # falls through to the refusal: 30 February looks like a date and is none
        else:
            return text
    raise bad_value(name, "ожидается дата вида ГГГГ-ММ-ДДTЧЧ:ММ:СС без часового пояса")


def _number(item: Property, raw: object) -> int | Decimal:
    if not item.fraction and isinstance(raw, str) and re.fullmatch(r"-?\d+", raw):
        raw = int(raw)
    if isinstance(raw, bool) or not isinstance(raw, int | Decimal):
        raise bad_value(item.name, "ожидается число")
    value = Decimal(raw).quantize(Decimal(1).scaleb(-item.fraction), rounding=ROUND_HALF_UP)
    if abs(value) >= Decimal(10) ** (item.digits - item.fraction):
        raise bad_value(item.name, f"не помещается в Число({item.digits}, {item.fraction})")
    return value if item.fraction else int(value)


def scalar(item: Property, raw: object) -> Any:
    """Parse one value that is not composite. null stands for the empty value."""
    if raw is None:
        return _EMPTY[item.kind]
    return _PARSERS[item.kind](item, raw)


def _boolean(item: Property, raw: object) -> bool:
    if isinstance(raw, bool):
        return raw
    raise bad_value(item.name, "ожидается true или false")


def _string(item: Property, raw: object) -> str:
    if not isinstance(raw, str):
        raise bad_value(item.name, "ожидается строка")
    if item.kind == "enum":
        return enum_value(item.types[0], raw, item.name)
    return raw[: item.length] if item.length else raw


_PARSERS: dict[str, Callable[[Property, object], Any]] = {
    "guid": lambda item, raw: guid(raw, item.wire),
    "reference": lambda item, raw: guid(raw, item.wire),
    "date": lambda item, raw: date(raw, item.name),
    "boolean": _boolean,
    "number": _number,
    "enum": _string,
    "string": _string,
}


def enum_value(enum: str, raw: str, name: str) -> str:
    """Check a value of an enumeration; the empty one always passes."""
    if raw and raw not in schema().enums.get(enum, ()):
        raise bad_value(name, f"«{raw}» не входит в перечисление {enum.removeprefix('Enum_')}")
    return raw


def _composite(item: Property, raw: object, type_name: object) -> tuple[Any, str]:
    if not isinstance(type_name, str) or not isinstance(raw, str):
        raise bad_value(item.name, "составной тип передаётся двумя строками: значение и тип")
    if type_name == UNDEFINED:
        if raw:
            raise bad_value(item.name, f"значение есть, а {item.type_wire} — {UNDEFINED}")
        return "", UNDEFINED
    bare = type_name.removeprefix(NAMESPACE).removeprefix(ENUM_NAMESPACE)
    target = bare if bare.startswith(("Catalog_", "Document_", "Edm.")) else f"Enum_{bare.removeprefix('Enum_')}"
    if item.types and target not in item.types:
        raise bad_value(item.type_wire, f"тип {type_name} здесь недопустим")
    if target.startswith("Enum_"):
        return enum_value(target, raw, item.name), ENUM_NAMESPACE + target.removeprefix("Enum_")
    if target.startswith("Edm."):
        return raw, target
    return guid(raw, item.name), NAMESPACE + target


def apply(properties: Iterable[Property], body: Mapping[str, Any], into: Body) -> None:
    """Write what the body names into a stored body. Names that nobody knows are ignored silently, as 1C does.

    ``X@odata.bind`` is the exception: the real interface follows it, this one refuses it (code 0).
    """
    if bound := next((name for name in body if name.endswith("@odata.bind")), None):
        raise OneCError(Code.NOT_SUPPORTED, f"Возможность не поддерживается: {bound}")
    for name, item in by_wire(properties).items():
        if item.kind == "composite":
            if name == item.wire and (item.wire in body or item.type_wire in body):
                raw = body.get(item.wire, into[item.wire])
                type_name = body.get(item.type_wire, into[item.type_wire])
                if raw and item.type_wire not in body and type_name == UNDEFINED:
                    raise OneCError(Code.REQUIRED_MISSING, f"Отсутствует обязательное значение «{item.type_wire}»")
                into[item.wire], into[item.type_wire] = _composite(item, raw or "", type_name or UNDEFINED)
        elif name in body:
            into[name] = scalar(item, body[name])


def shown(item: Property, value: Any) -> Any:
    """Give a value as JSON shows it: Int64 as a string, a fraction without trailing zeros."""
    if item.kind != "number" or value is None:
        return value
    if item.edm == "Int64":
        return str(value)
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else value.normalize()
    return value
