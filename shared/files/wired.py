"""The file ways as a process runs them: made of its wiring, afresh for each request and each run of the timer."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from shared.binding import JournalBindings
from shared.dataverse.checkpoints import Checkpoints
from shared.dataverse.reading import Reader
from shared.files.answering import Answered, answer
from shared.files.container import SYSTEM, Container
from shared.files.daily import Daily
from shared.files.handing_out import HandingOut
from shared.files.reading import Documents
from shared.http import Http
from shared.wiring import Wiring, now


def handing_out(wiring: Wiring) -> HandingOut:
    """Give what makes files."""
    reader = Reader(wiring.dataverse, wiring.settings)
    source = Documents(wiring.dataverse, reader, wiring.settings)
    return HandingOut(wiring.settings, wiring.dataverse, source, JournalBindings(reader), wiring.bus)


async def answered(wiring: Wiring, kind: str, given: dict[str, str]) -> Answered:
    """Answer a request. WrongRequest, Unavailable and Misconfigured say in a sentence why not."""
    return await answer(handing_out(wiring), wiring.settings, kind, given, now)


@asynccontextmanager
async def daily(wiring: Wiring) -> AsyncIterator[Daily | None]:
    """Give the timer's work; None where the settings name no container."""
    url = wiring.settings.files_container_url
    if url is None:
        yield None
        return
    container = Container(Http(SYSTEM), url, wiring.identity, now)
    try:
        yield Daily(wiring.settings, handing_out(wiring), Checkpoints(wiring.dataverse, now), container, now)
    finally:
        await container.close()
