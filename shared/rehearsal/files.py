"""What a file to import would hold of one document, field by field. Nothing is written anywhere but in memory."""

import csv
import io
from collections.abc import Iterator, Mapping
from datetime import datetime
from xml.etree import ElementTree

from pydantic import BaseModel, ConfigDict

from shared.files.seen import Seen
from shared.files.writers import ENTERPRISE_DATA, writer_of
from shared.messages import Document
from shared.rehearsal.calls import flat
from shared.routes import Route
from shared.settings import Settings

Tree = Mapping[str, object]


class Part(BaseModel):
    """One record of a file, or one row."""

    model_config = ConfigDict(frozen=True)

    file: str
    record: str
    """the element in EnterpriseData; the row's number in a file of rows, the first being 1"""
    fields: tuple[tuple[str, str], ...]
    """the path of each property that says something, and its value"""


def parts_of(document: Document, route: Route, settings: Settings, now: datetime) -> tuple[Part, ...]:
    """Give what a route's files would hold of a document, if it were alone in them. Refused, as a file refuses it."""
    texts: dict[str, io.StringIO] = {}
    with Seen() as seen:
        writer = writer_of(route, settings, lambda name, _: texts.setdefault(name, io.StringIO(newline="")), now, seen)
        writer.add(document)
        writer.end()
        names = writer.names
    read = {name: _elements if name == ENTERPRISE_DATA else _rows for name in names}
    return tuple(
        Part(file=name, record=record, fields=tuple((field, value) for field, value in flat(tree).items() if value))
        for name in names
        for record, tree in read[name](texts[name].getvalue())
    )


def _elements(text: str) -> Iterator[tuple[str, Tree]]:
    """Read the records of an EnterpriseData message."""
    body = ElementTree.fromstring(text)[1]  # noqa: S314 -- the bridge wrote it a moment ago
    for element in body:
        yield _name(element), _branches(element)


def _branches(element: ElementTree.Element) -> dict[str, object]:
    """Give what is inside an element; the rows of a section are its lines."""
    found: dict[str, object] = {}
    for child in element:
        if all(_name(row) == "Строка" for row in child) and len(child):
            found[_name(child)] = [_branches(row) for row in child]
        else:
            found[_name(child)] = _branches(child) if len(child) else child.text
    return found


def _name(element: ElementTree.Element) -> str:
    return element.tag.rpartition("}")[2]


def _rows(text: str) -> Iterator[tuple[str, Tree]]:
    """Read the rows below the two headings."""
    names, _, *rows = csv.reader(io.StringIO(text, newline=""))
    for number, row in enumerate(rows, 1):
        yield str(number), dict(zip(names, row, strict=True))
