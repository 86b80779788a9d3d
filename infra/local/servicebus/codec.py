"""AMQP 1.0 values as bytes: reading, skipping and writing them (OASIS AMQP 1.0, part 1, "Types").

The engine speaks frames, links and flow; messages pass through the broker as bytes, so that what a sender
wrote reaches the receiver bit for bit. Only what the broker itself must know is decoded, by this module.
"""

import struct
import uuid
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any


class MalformedError(ValueError):
    """Bytes that are not a well-formed AMQP value."""


@dataclass(frozen=True)
class Described:
    """A described value: its descriptor (a number or a symbol) and the value."""

    descriptor: Any
    value: Any


NULL = b"\x40"
_FIXED_WIDTH = {0x4: 0, 0x5: 1, 0x6: 2, 0x7: 4, 0x8: 8, 0x9: 16}
_SIZED = {0xA: 1, 0xB: 4, 0xC: 1, 0xD: 4, 0xE: 1, 0xF: 4}
_ONE_BYTE = {0xB: 0xA, 0xD: 0xC, 0xF: 0xE}
"""The category with one-byte sizes that holds the same types as one with four-byte sizes."""


def skip(data: bytes, at: int) -> int:
    """Give the position after the value that starts at ``at``. MalformedError where there is no whole value."""
    while True:
        if at >= len(data):
            raise MalformedError("a value is cut short")
        code = data[at]
        at += 1
        if code == 0:
            at = skip(data, at)  # the descriptor; the value follows
            continue
        category = code >> 4
        if category in _FIXED_WIDTH:
            at += _FIXED_WIDTH[category]
        elif category in _SIZED:
            width = _SIZED[category]
            at += width + int.from_bytes(data[at : at + width], "big")
        else:
            raise MalformedError(f"0x{code:02x} is not a constructor")
        if at > len(data):
            raise MalformedError("a value is cut short")
        return at


_FIXED = {
    0x50: ">B",
    0x51: ">b",
    0x52: ">B",
    0x53: ">B",
    0x54: ">b",
    0x55: ">b",
    0x56: ">?",
    0x60: ">H",
    0x61: ">h",
    0x70: ">I",
    0x71: ">i",
    0x72: ">f",
    0x80: ">Q",
    0x81: ">q",
    0x82: ">d",
    0x83: ">q",
}
_CONSTANTS: dict[int, Any] = {0x40: None, 0x41: True, 0x42: False, 0x43: 0, 0x44: 0, 0x45: []}


def decode(data: bytes, at: int = 0) -> tuple[Any, int]:
    """Give the value at ``at`` and the position after it.

    Symbols and strings become str, binaries bytes, timestamps milliseconds, lists and arrays lists, maps dicts.
    """
    if at >= len(data):
        raise MalformedError("a value is cut short")
    code = data[at]
    if code == 0:
        descriptor, at = decode(data, at + 1)
        value, at = decode(data, at)
        return Described(descriptor, value), at
    end = skip(data, at)
    return _decode(code, data[at + 1 : end]), end


def _decode(code: int, content: bytes) -> Any:
    """Decode a value whose constructor is ``code`` and whose remaining bytes are ``content``."""
    if code in _CONSTANTS:
        return _CONSTANTS[code]
    if code in _FIXED:
        return struct.unpack(_FIXED[code], content)[0]
    category, kind = code >> 4, code & 0x0F
    read = _READERS.get((_ONE_BYTE.get(category, category), kind))
    if read is None:
        raise MalformedError(f"0x{code:02x} is a type that is not read here")
    width = _SIZED.get(category, 0)
    return read(content[width:], width)


def _items(content: bytes, width: int) -> list[Any]:
    count = int.from_bytes(content[:width], "big")
    at = width
    items = []
    for _ in range(count):
        item, at = decode(content, at)
        items.append(item)
    return items


def _array(content: bytes, width: int) -> list[Any]:
    count = int.from_bytes(content[:width], "big")
    code = content[width]
    at = width + 1
    items = []
    for _ in range(count):
        # An array writes its constructor once: give each element one, and read it as a value.
        element = bytes((code,)) + content[at:]
        end = skip(element, 0)
        items.append(_decode(code, element[1:end]))
        at += end - 1
    return items


def _map(content: bytes, width: int) -> dict[Any, Any]:
    items = _items(content, width)
    return dict(zip(items[::2], items[1::2], strict=True))


_READERS: dict[tuple[int, int], Callable[[bytes, int], Any]] = {
    (0x7, 0x3): lambda content, _: content.decode("utf-32-be"),
    (0x9, 0x8): lambda content, _: uuid.UUID(bytes=content),
    (0xA, 0x0): lambda content, _: content,
    (0xA, 0x1): lambda content, _: content.decode(),
    (0xA, 0x3): lambda content, _: content.decode("ascii"),
    (0xC, 0x0): _items,
    (0xC, 0x1): _map,
    (0xE, 0x0): _array,
}
"""By the category with one-byte sizes, and the type within it."""


def map_entries(data: bytes, at: int = 0) -> dict[str, bytes]:
    """Give a map's entries with the values still encoded: key → bytes."""
    code = data[at]
    if code == NULL[0]:
        return {}
    if code not in (0xC1, 0xD1):
        raise MalformedError(f"0x{code:02x} is not a map")
    width = 1 if code == 0xC1 else 4
    count = int.from_bytes(data[at + 1 + width : at + 1 + 2 * width], "big")
    at += 1 + 2 * width
    entries = {}
    for _ in range(count // 2):
        key, at = decode(data, at)
        end = skip(data, at)
        entries[str(key)] = data[at:end]
        at = end
    return entries


def list_items(data: bytes, at: int = 0) -> list[bytes]:
    """Give a list's items, still encoded."""
    code = data[at]
    if code == 0x45:
        return []
    if code not in (0xC0, 0xD0):
        raise MalformedError(f"0x{code:02x} is not a list")
    width = 1 if code == 0xC0 else 4
    count = int.from_bytes(data[at + 1 + width : at + 1 + 2 * width], "big")
    at += 1 + 2 * width
    items = []
    for _ in range(count):
        end = skip(data, at)
        items.append(data[at:end])
        at = end
    return items


def boolean(value: bool) -> bytes:
    """Write a boolean."""
    return b"\x41" if value else b"\x42"


def ubyte(value: int) -> bytes:
    """Write a ubyte."""
    return b"\x50" + value.to_bytes(1, "big")


def uint(value: int) -> bytes:
    """Write a uint."""
    return b"\x70" + value.to_bytes(4, "big")


def integer(value: int) -> bytes:
    """Write an int."""
    return b"\x71" + value.to_bytes(4, "big", signed=True)


def long(value: int) -> bytes:
    """Write a long."""
    return b"\x81" + value.to_bytes(8, "big", signed=True)


def timestamp(seconds: float) -> bytes:
    """Write a timestamp, given in seconds since 1970; the wire has milliseconds."""
    return b"\x83" + round(seconds * 1000).to_bytes(8, "big", signed=True)


def string(value: str) -> bytes:
    """Write a string."""
    return _variable(0xA1, value.encode())


def symbol(value: str) -> bytes:
    """Write a symbol."""
    return _variable(0xA3, value.encode("ascii"))


def binary(value: bytes) -> bytes:
    """Write a binary."""
    return _variable(0xA0, value)


def identifier(value: uuid.UUID) -> bytes:
    """Write a uuid."""
    return b"\x98" + value.bytes


def _variable(code: int, content: bytes) -> bytes:
    if len(content) < 256:
        return bytes((code, len(content))) + content
    return bytes((code + 0x10,)) + len(content).to_bytes(4, "big") + content


def _compound(code: int, content: bytes, count: int) -> bytes:
    if len(content) < 255 and count < 256:
        return bytes((code, len(content) + 1, count)) + content
    return bytes((code + 0x10,)) + (len(content) + 4).to_bytes(4, "big") + count.to_bytes(4, "big") + content


def listing(items: Iterable[bytes]) -> bytes:
    """Write a list of values that are already encoded."""
    values = list(items)
    return _compound(0xC0, b"".join(values), len(values)) if values else b"\x45"


def mapping(entries: Iterable[tuple[bytes, bytes]]) -> bytes:
    """Write a map of keys and values that are already encoded."""
    parts = [part for entry in entries for part in entry]
    return _compound(0xC1, b"".join(parts), len(parts))


def array(code: int, elements: Iterable[bytes]) -> bytes:
    """Write an array: the constructor of its elements, and each element without its constructor."""
    values = list(elements)
    return _compound(0xE0, bytes((code,)) + b"".join(values), len(values))


def described(descriptor: int, value: bytes) -> bytes:
    """Write a value with a small numeric descriptor."""
    return bytes((0x00, 0x53, descriptor)) + value


_WRITERS: tuple[tuple[type, Callable[[Any], bytes]], ...] = (
    (bool, boolean),
    (int, long),
    (float, lambda value: b"\x82" + struct.pack(">d", value)),
    (str, string),
    (bytes, binary),
    (memoryview, lambda value: binary(bytes(value))),
    (uuid.UUID, identifier),
)


def encode(value: Any) -> bytes:
    """Write a value of Python: what a settlement carries as properties to modify."""
    if value is None:
        return NULL
    for kind, write in _WRITERS:
        if isinstance(value, kind):
            return write(value)
    raise MalformedError(f"a {type(value).__name__} has no AMQP form here")
