"""A call that would change accounting, field by field beside what accounting holds now. Pure."""

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

Mark = Literal["created", "changed", "same"]


class Field(BaseModel):
    """One property of a body, such as ``Товары[2].Цена``."""

    model_config = ConfigDict(frozen=True)

    name: str
    value: str
    held: str | None
    """what accounting holds there now; None where it holds nothing"""
    mark: Mark


class Call(BaseModel):
    """One request that would change accounting, or one operation of a changeset."""

    model_config = ConfigDict(frozen=True)

    method: str
    address: str
    """below the service's root"""
    fields: tuple[Field, ...] = ()

    @property
    def creates(self) -> bool:
        """Whether it would make a new record."""
        return self.method == "POST" and "(" not in self.address

    @property
    def entity(self) -> str:
        """The entity set that it concerns."""
        return self.address.partition("(")[0].partition("/")[0]


def call(method: str, address: str, body: Mapping[str, Any] | None, held: Mapping[str, Any] | None) -> Call:
    """Compare a body with what accounting holds. Sections that become shorter show what would go."""
    wanted = flat(body or {})
    there = flat(held or {})
    fields = [_field(name, value, there.get(name)) for name, value in wanted.items()]
    sections = [name for name, value in (body or {}).items() if isinstance(value, list)]
    gone = [
        Field(name=name, value="", held=value, mark="changed")
        for name, value in there.items()
        if value and name not in wanted and any(_beyond(name, section, body or {}) for section in sections)
    ]
    return Call(method=method, address=address, fields=tuple(fields + gone))


def flat(body: Mapping[str, Any], prefix: str = "") -> dict[str, str]:
    """Give every value by its path. Lines count from 1, as accountants do."""
    found: dict[str, str] = {}
    for name, value in body.items():
        path = f"{prefix}{name}"
        if isinstance(value, Mapping):
            found |= flat(value, f"{path}.")
        elif isinstance(value, list):
            for number, each in enumerate(value, 1):
                found |= (
                    flat(each, f"{path}[{number}].")
                    if isinstance(each, Mapping)
                    else {f"{path}[{number}]": _text(each)}
                )
        else:
            found[path] = _text(value)
    return found


def _beyond(name: str, section: str, body: Mapping[str, Any]) -> bool:
    """Say whether a path leads to a line after the last one that the body has."""
    if not name.startswith(f"{section}["):
        return False
    return int(name[len(section) + 1 :].partition("]")[0]) > len(body[section])


def _field(name: str, value: str, held: str | None) -> Field:
    if held is None:
        return Field(name=name, value=value, held=None, mark="created")
    return Field(name=name, value=value, held=held, mark="same" if _equal(value, held) else "changed")


def _equal(one: str, other: str) -> bool:
    if one == other:
        return True
    try:
        return Decimal(one) == Decimal(other)
    except InvalidOperation:
        return False


def _text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return format(value, "f") if isinstance(value, Decimal) else str(value)
