"""JSON whose numbers stay what they are: Decimal in, Decimal out, never through a float."""

import json
import re
import secrets
from decimal import Decimal, InvalidOperation
from typing import Any

# The standard encoder prints a Decimal only through a float. So a Decimal travels as a string with a mark that
# nobody outside can know, and the mark and its quotes are taken off afterwards.
_MARK = f"decimal:{secrets.token_hex(12)}:"
_MARKED = re.compile(f'"{_MARK}([^"]*)"')


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


def _decimal(value: object) -> str:
    if isinstance(value, Decimal):
        if not value.is_finite():
            raise ValueError(f"{value} can't be written as JSON")
        return _MARK + format(value, "f")
    raise TypeError(f"{type(value).__name__} can't be written as JSON")


def loads(data: str | bytes) -> Any:
    """Parse JSON; every fraction becomes a Decimal. ValueError where it is not JSON (NaN and Infinity are not)."""
    try:
        return json.loads(data, parse_float=Decimal, parse_constant=_refuse_constant)
    except InvalidOperation:
        raise ValueError("a number whose exponent no Decimal can hold") from None


def dumps(value: Any) -> str:
    """Write compact JSON; a Decimal becomes a number, digit by digit. TypeError for what JSON has no word for."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=_decimal, allow_nan=False)
    return _MARKED.sub(r"\1", text)
