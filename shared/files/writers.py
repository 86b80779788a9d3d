"""What writes a route's documents: for each accounting system the files that it imports."""

from collections.abc import Callable
from datetime import datetime
from io import TextIOBase
from typing import Protocol, get_args

from shared.books import DtwEncoding
from shared.fieldmap import RecordKind
from shared.files.dtw import WorkbenchFiles
from shared.files.enterprise_data import EnterpriseData
from shared.files.seen import Seen
from shared.messages import Document
from shared.routes import Route
from shared.settings import Settings

Create = Callable[[str, str], TextIOBase]
"""Begins a file by its name and encoding."""
ENTERPRISE_DATA = "enterprise_data.xml"


class Writer(Protocol):
    """Writes what one accounting system imports."""

    @property
    def names(self) -> list[str]:
        """The files that it wrote."""
        ...

    def add(self, document: Document) -> None:
        """Write a document. Refused: nothing is written."""
        ...

    def end(self) -> None:
        """End what has an end."""
        ...


class _ForOnec:
    def __init__(self, file: EnterpriseData, route: Route) -> None:
        self.names = [ENTERPRISE_DATA]
        self.end = file.end
        self._file, self._route = file, route

    def add(self, document: Document) -> None:
        self._file.add(document, self._route)


def writer_of(route: Route, settings: Settings, create: Create, created: datetime, seen: Seen) -> Writer:
    """Give the writer of a route's files; ``created`` is an aware time, ``seen`` this route's own."""
    if route.target == "onec":
        out = create(ENTERPRISE_DATA, "utf-8")
        return _ForOnec(EnterpriseData(out, settings.enterprise_data_version, created, seen), route)
    file = route.sapb1_books.file
    encoding: DtwEncoding = "utf-8-sig" if file is None else file.encoding
    rules = [rule for rule in settings.field_map if rule.target == route.target]
    own = {record: [rule.to for rule in rules if rule.record == record] for record in get_args(RecordKind)}
    return WorkbenchFiles(route, own, lambda name: create(name, encoding), seen)
