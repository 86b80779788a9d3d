"""XML as it is written: elements one by one, so that a file of any length costs no memory. Pure but for the stream."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from io import TextIOBase
from xml.sax.saxutils import XMLGenerator
from xml.sax.xmlreader import AttributesImpl

_ILLEGAL = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""Characters that no XML 1.0 document may hold, escaped or not."""


@dataclass(frozen=True)
class Element:
    """An element: with text, or with others inside."""

    name: str
    content: "str | Sequence[Element]"


def element(name: str, content: "object | Sequence[Element | None] | None") -> Element | None:
    """Make an element of a value; None where there is nothing to say, so that no element is empty by accident."""
    if content is None or content == "":
        return None
    if isinstance(content, Sequence) and not isinstance(content, str):
        inside = [each for each in content if each is not None]
        return Element(name, inside) if inside else None
    if isinstance(content, bool):
        return Element(name, "true" if content else "false")
    return Element(name, f"{content:f}" if isinstance(content, Decimal) else str(content))


class XmlWriter:
    """Writes elements to a stream."""

    def __init__(self, out: TextIOBase) -> None:
        self._out = XMLGenerator(out, encoding="utf-8", short_empty_elements=True)
        self._out.startDocument()
        self._open: list[str] = []

    def open(self, name: str, attributes: Mapping[str, str] | None = None) -> None:
        """Begin an element that others are written into."""
        self._out.startElement(name, AttributesImpl(dict(attributes or {})))
        self._open.append(name)

    def close(self) -> None:
        """End the element that was begun last."""
        self._out.endElement(self._open.pop())

    def add(self, elements: Iterable[Element]) -> None:
        """Write whole elements, each on a line of its own."""
        for each in elements:
            self._out.ignorableWhitespace("\n")
            self._write(each)

    def _write(self, each: Element) -> None:
        self._out.startElement(each.name, AttributesImpl({}))
        if isinstance(each.content, str):
            self._out.characters(_ILLEGAL.sub(" ", each.content).replace("\r\n", "\n").replace("\r", "\n"))
        else:
            for inner in each.content:
                self._write(inner)
        self._out.endElement(each.name)

    def end(self) -> None:
        """End everything."""
        while self._open:
            self.close()
        self._out.endDocument()
