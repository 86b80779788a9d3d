"""Handing out: the documents of a period become a ZIP, and the journal hears of it once the ZIP has been delivered."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, closing, contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from io import TextIOWrapper
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Protocol

from shared.binding import JournalBindings, bind
from shared.bus import RESULTS, Bus
from shared.dataverse import journal
from shared.dataverse.client import Dataverse
from shared.dataverse.sales import SalesTable
from shared.decision import Send, Tell
from shared.errors import Refused
from shared.files.asking import Asked, WrongRequest
from shared.files.choosing import Choice, File, handed_out
from shared.files.enterprise_extras import left_behind
from shared.files.parcel import Parcel, parcel
from shared.files.reading import Rows
from shared.files.readme_text import Contents, readme
from shared.files.seen import Seen
from shared.files.sheets import Sheet
from shared.files.writers import Writer, writer_of
from shared.messages import Result, State
from shared.references import own_reference
from shared.results import result_of
from shared.retry import result_envelope
from shared.routes import Route, plain_name
from shared.settings import Settings
from shared.state_words import state_word
from shared.telemetry import say

AT_ONCE = 200
"""Words for the journal in one sending."""


class TooMuch(WrongRequest):
    """What was asked for takes longer than there is time, or is larger than may be answered; says so."""


class Source(Protocol):
    """Where rows come from: :class:`shared.files.reading.Documents`."""

    def pages(self, table: SalesTable, route: Route, since: date, until: date) -> AsyncIterator[Rows]:
        """Give the rows of a route's documents, page by page."""
        ...


@dataclass(frozen=True)
class HandedOut:
    """A ZIP that is ready, on disk as long as its context lasts."""

    name: str
    path: Path
    documents: int
    refused: int
    _words: "_Words"
    _bus: Bus

    @property
    def size(self) -> int:
        """Bytes."""
        return self.path.stat().st_size

    async def delivered(self) -> None:
        """Tell the journal what was handed out and what was left out. Not before: a file nobody got is none."""
        envelopes = []
        for result in self._words:
            envelopes.append(result_envelope(result))
            if len(envelopes) == AT_ONCE:
                await self._bus.send(RESULTS, envelopes)
                envelopes = []
        await self._bus.send(RESULTS, envelopes)
        say(logging.INFO, "handed out", {"documents": self.documents, "refused": self.refused})


class HandingOut:
    """Makes files."""

    def __init__(
        self, settings: Settings, dataverse: Dataverse, source: Source, bindings: JournalBindings, bus: Bus
    ) -> None:
        """``source`` gives the rows, ``bindings`` what the journal knows of customers and products."""
        self._settings, self._dataverse, self._source = settings, dataverse, source
        self._bindings, self._bus = bindings, bus

    @asynccontextmanager
    async def made(
        self, asked: Asked, now: Callable[[], datetime], until: datetime | None = None
    ) -> AsyncIterator[HandedOut]:
        """Give the ZIP of what is asked for, with a folder for each route.

        ``now`` gives an aware time; at ``until`` it is too late, and TooMuch is raised. Unavailable and Misconfigured
        as Dataverse says them.
        """
        await self._dataverse.check_organization()
        created = now().replace(microsecond=0)
        name = asked.name or file_name(asked, created)
        with _workshop() as (box, words):
            documents = refused = 0
            for route in asked.routes:
                counts = await self._route(
                    asked, route, File(name, created), _Place(box, route, words), _Clock(now, until)
                )
                documents, refused = documents + counts[0], refused + counts[1]
            words.close()
            # Compressing is the longest step that yields to nobody.
            path = await asyncio.to_thread(box.pack, created)
            yield HandedOut(name, path, documents, refused, words, self._bus)

    async def _route(self, asked: Asked, route: Route, file: File, place: "_Place", clock: "_Clock") -> tuple[int, int]:
        with Seen() as seen:
            writer = writer_of(route, self._settings, place.create, file.created, seen)
            async for rows in self._source.pages(asked.table, route, asked.since, asked.until):
                clock.check()
                await self._page(asked, rows, file, place, writer)
            writer.end()
            names = writer.names
        contents = Contents(
            route,
            asked.kind,
            asked.since,
            asked.until,
            file.created,
            place.documents,
            place.refused.count,
            [*names, "refused.csv"],
            self._settings.enterprise_data_version,
            left_behind(self._settings.field_map),
        )
        place.create("README.txt", "utf-8-sig").write(readme(contents, self._settings.language))
        return place.documents, place.refused.count

    async def _page(self, asked: Asked, rows: Rows, file: File, place: "_Place", writer: Writer) -> None:
        choices = []
        for row in rows:
            reference = own_reference(
                self._settings,
                asked.table.name,
                row[asked.table.key],
                cause="file",
                what=file.name,
                now=file.created,
            )
            period = asked.since, asked.until
            choice = Choice(asked.table, dict(row), place.route, period, reference, file, asked.unheld)
            choices.append(choice.made(self._settings))
        bound = await self._bindings.of([choice for choice in choices if isinstance(choice, Send)])
        for made in choices:
            if isinstance(made, Send):
                try:
                    document = bind(made, bound)
                    writer.add(document)
                except Refused as error:
                    told = result_of(made.document, State.REFUSED, file.created, reason=error.refusal)
                    place.leave_out(told, self._settings)
                else:
                    place.documents += 1
                    place.tell(handed_out(document, file))
            elif isinstance(made, Tell):
                place.leave_out(made.result, self._settings)


def file_name(asked: Asked, created: datetime) -> str:
    """Name a ZIP: whose, what, of when, made when."""
    whose = asked.routes[0].name if len(asked.routes) == 1 else "all"
    period = f"{asked.since}" if asked.since == asked.until else f"{asked.since}_{asked.until}"
    return f"{plain_name(whose)}_{asked.kind}_{period}_{created:%Y%m%dT%H%M%SZ}.zip"


class _Words:
    """What the journal will hear, on disk until then."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._out = path.open("w", encoding="utf-8")

    def add(self, result: Result) -> None:
        self._out.write(result.model_dump_json() + "\n")

    def close(self) -> None:
        self._out.close()

    def __iter__(self) -> Iterator[Result]:
        with self._path.open(encoding="utf-8") as lines:
            for line in lines:
                yield Result.model_validate_json(line)


@contextmanager
def _workshop() -> Iterator[tuple[Parcel, _Words]]:
    """Give room on disk for a parcel and its words, until both are done with."""
    with TemporaryDirectory(prefix="bridge-file-") as folder:
        packing = Path(folder, "parcel")
        packing.mkdir()
        words = _Words(Path(folder, "words"))
        with parcel(packing) as box, closing(words):
            yield box, words


@dataclass(frozen=True)
class _Clock:
    now: Callable[[], datetime]
    until: datetime | None

    def check(self) -> None:
        if self.until is not None and self.now() >= self.until:
            raise TooMuch("the period takes too long in one answer: ask for a shorter one, or let FILES_SCHEDULE do it")


class _Place:
    """A route's folder in the parcel, and what the journal will hear of its documents."""

    def __init__(self, box: Parcel, route: Route, words: _Words) -> None:
        self.route = route
        self.documents = 0
        self._box, self.tell = box, words.add
        self.refused = Sheet(self.create("refused.csv", "utf-8-sig"), ("number", "table", "id", "state", "reason"))

    def create(self, name: str, encoding: str = "utf-8") -> TextIOWrapper:
        """Begin a file in the folder."""
        return self._box.create(f"{plain_name(self.route.name)}/{name}", encoding)

    def leave_out(self, result: Result, settings: Settings) -> None:
        """List a document that is not in the file."""
        sentence = journal.message(result, result.journal, settings.language)
        self.refused.add(
            (result.record, result.table, result.id, state_word(settings.language, result.state), sentence)
        )
        self.tell(result)
