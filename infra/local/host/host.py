"""The host itself: it loads the app, runs invocations within their time, and can be drained."""

import asyncio
import logging
import sys
import time
import uuid
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from infra.local.host.bindings import Function, IndexedFunction, TimerTrigger, read_function
from infra.local.host.errors import HostError
from infra.local.host.logs import current_function, running
from infra.local.host.settings import AppSettings, HostJson
from infra.local.host.telemetry import Finished, Telemetry
from infra.local.host.tracing import TraceContext
from infra.local.host.worker import Datum, Invocation, Outcome, Worker, create_worker

log = logging.getLogger(__name__)


class Host:
    """An indexed app.

    :param folder: where function_app.py and host.json stand.
    :param configuration: host.json.
    :param settings: the app settings, already in the environment of this process.
    """

    def __init__(self, folder: Path, configuration: HostJson, settings: AppSettings) -> None:
        self.folder = folder
        self.configuration = configuration
        self.settings = settings
        self.functions: dict[str, Function] = {}
        self._worker: Worker = create_worker()
        self._timeout = configuration.timeout
        self._telemetry = Telemetry(settings.values)
        self._idle = asyncio.Event()
        self._idle.set()

    async def load(self) -> None:
        """Import the app and check every function.

        :raises HostError: the app cannot be indexed, or has a binding this host does not run.
        """
        if str(self.folder) not in sys.path:
            sys.path.insert(0, str(self.folder))
        indexed: list[IndexedFunction] = await self._worker.index(self.folder)
        for item in indexed:
            function = read_function(item, self.settings)
            self.functions[item.name] = function
            if function.retry is not None and not isinstance(function.trigger, TimerTrigger):
                log.warning("The retry policy of %s does nothing: only timers have one.", function.name)
        if not self.functions:
            log.warning("No functions found in %s.", self.folder)

    def datum(self, value: Any, kind: str) -> Datum:
        """Wrap a value for the worker."""
        return self._worker.datum(value, kind)

    async def run(
        self,
        function: Function,
        data: Datum,
        trace: TraceContext,
        metadata: dict[str, Datum] | None = None,
        *,
        retry_count: int = 0,
    ) -> Outcome:
        """Run one invocation to its end, or to functionTimeout, and log how it ended.

        A call that runs out of time is cancelled; the real host kills its worker for it.
        """
        invocation = Invocation(
            id=str(uuid.uuid4()),
            function_id=function.id,
            parameter=function.trigger.parameter,
            data=data,
            metadata=metadata or {},
            trace_parent=trace.parent,
            trace_state=trace.state,
            retry_count=retry_count,
            max_retry_count=function.retry.max_retries if function.retry else 0,
        )
        token = current_function.set(function.name)
        started = time.monotonic()
        running[invocation.id] = function.name
        self._idle.clear()
        try:
            async with asyncio.timeout(self._timeout) as limit:
                outcome = await self._worker.invoke(invocation)
        except TimeoutError:
            if not limit.expired():
                raise
            outcome = Outcome(False, error=f"Timeout value of {self._timeout:g} s was exceeded.")
        finally:
            del running[invocation.id]
            if not running:
                self._idle.set()
            current_function.reset(token)
        seconds = time.monotonic() - started
        self._report(function, invocation, outcome, seconds)
        ended = Finished(
            function.name, invocation.id, trace, outcome.succeeded, _status(outcome), datetime.now(UTC), seconds
        )
        self._telemetry.add(ended)
        return outcome

    async def drain(self, seconds: float) -> bool:
        """Wait until nothing runs, ``seconds`` at most; say whether it came to that."""
        try:
            async with asyncio.timeout(seconds):
                await self._idle.wait()
        except TimeoutError:
            log.warning("%d invocations are still running after %g s.", len(running), seconds)
            return False
        return True

    async def close(self) -> None:
        """Let go of the worker."""
        await self._telemetry.close()
        self._worker.close()

    def _report(self, function: Function, invocation: Invocation, outcome: Outcome, seconds: float) -> None:
        about = {"function": function.name}
        if outcome.succeeded:
            log.debug("Executed (Succeeded, Id=%s, Duration=%.0fms)", invocation.id, seconds * 1000, extra=about)
            return
        log.error(
            "Executed (Failed, Id=%s, Duration=%.0fms): %s\n%s",
            invocation.id,
            seconds * 1000,
            outcome.error,
            outcome.traceback,
            extra=about,
        )


def _status(outcome: Outcome) -> str:
    """Give the status of an HTTP answer, or what the real host reports for other triggers."""
    answer = outcome.returned
    if answer is not None and answer.type == "http":
        return str(answer.value["status_code"].value)
    return "0" if outcome.succeeded else "500"


def app_folder(text: str) -> Path:
    """Give the folder of an app, or say that it is none."""
    folder = Path(text).resolve()
    if not folder.is_dir():
        raise HostError(f"{folder} is not a folder.")
    return folder
