"""Steps: which of them an event concerns, and the delivery of what they send.

A system job (asyncoperation) and its body are stored in the transaction that causes them; after the commit it is
posted, a few at a time and in no promised order. 60 seconds are allowed; 502, 503 and 504 are tried once more; anything
else that is not 2xx makes the job Failed, and the event is lost. A job that a stopped server left open is run at the
next start. A test may let events be lost, be sent twice or come later (:mod:`infra.local.faults`), or hold them back
and send them in the opposite order.
"""

import asyncio
import json
import zlib
from collections.abc import Iterable, Mapping
from typing import Any
from uuid import uuid4

import aiohttp

from infra.local.dataverse.clock import Clock
from infra.local.dataverse.events import QUEUE_SIZE_LIMIT, ContextBuilder, serialize
from infra.local.dataverse.queues import CLAIMS, Queues, queue_properties
from infra.local.dataverse.schema import Table
from infra.local.dataverse.session import Event, Session
from infra.local.dataverse.store import Ref, Row, Store
from infra.local.dataverse.webhook_rules import HTTP_HEADER, QUEUE, WEBHOOK_KEY, settings
from infra.local.faults import Faults, Kind

_RETRIED = frozenset({502, 503, 504})
_SYSTEM_EVENT = 1
_READY, _COMPLETED = 0, 3
_WAITING, _SUCCEEDED, _FAILED = 0, 30, 31
_WEBHOOK_FAILED = -2147220891
_FAULTS: tuple[Kind, ...] = ("delay", "drop_before", "drop_after", "duplicate")


def _delivery(told: Mapping[str, str]) -> str:
    """Say what is about to be delivered, for a fault's match; ``told``: headers, or properties of a queue's message."""
    webhook = "x-ms-dynamics-request-name", "x-ms-dynamics-entity-name"
    message, table = (f"{CLAIMS}RequestName", f"{CLAIMS}EntityLogicalName") if webhook[0] not in told else webhook
    return f"DELIVER {told[message]} {told[table]}"


class Webhooks:
    """The asynchronous service of one organization."""

    def __init__(
        self, store: Store, clock: Clock, organization_name: str, *, seconds: float, concurrency: int, faults: Faults
    ) -> None:
        self._store = store
        self._faults = faults
        self._clock = clock
        self._name = organization_name
        self._timeout = aiohttp.ClientTimeout(total=seconds)
        self._concurrency = concurrency
        self._queue: asyncio.Queue[str] = asyncio.Queue()
        self._workers: list[asyncio.Task[None]] = []
        self._client: aiohttp.ClientSession | None = None
        self._steps: dict[tuple[str, str], list[Row]] = {}
        self._steps_version = (-1, 0)
        self._held: list[str] | None = None
        self._queues = Queues()
        self.posted = 0
        """Requests sent to endpoints."""

    # Which steps

    def _matching(self, message: str, table: str) -> list[Row]:
        steps = self._store.tables["sdkmessageprocessingstep"]
        version = (len(steps), max((step["versionnumber"] for step in steps.values()), default=0))
        if version != self._steps_version:
            self._steps_version, self._steps = version, {}
            for step in steps.values():
                self._steps.setdefault(self._concern(step), []).append(step)
        return [*self._steps.get((message, table), ()), *self._steps.get((message, ""), ())]

    def _concern(self, step: Row) -> tuple[str, str]:
        message = self._store.tables["sdkmessage"][step["sdkmessageid"].id]["name"]
        ref = step.get("sdkmessagefilterid")
        found = {} if ref is None else self._store.tables["sdkmessagefilter"][ref.id]
        return message, found.get("primaryobjecttypecode", "")

    @staticmethod
    def _concerns(step: Row, event: Event, session: Session) -> bool:
        if step["statecode"] != 0 or session.bypass_asynchronous:
            return False
        if step["sdkmessageprocessingstepid"] in session.bypassed_steps:
            return False
        names = {name.strip() for name in (step.get("filteringattributes") or "").split(",") if name.strip()}
        return event.message != "Update" or not names or not names.isdisjoint(event.target)

    def stage(self, event: Event, session: Session) -> None:
        """Store a job for every step that the event concerns, inside the open transaction."""
        for step in self._matching(event.message, event.table.name):
            if self._concerns(step, event, session):
                self._stage(step, event, session)

    def _stage(self, step: Row, event: Event, session: Session) -> None:
        now, step_id = self._clock.text(), step["sdkmessageprocessingstepid"]
        images = self._store.referring("sdkmessageprocessingstepimage", "sdkmessageprocessingstepid", step_id)
        user = self._store.get("systemuser", session.user.ref.id) or {}
        organization = next(iter(self._store.tables["organization"]))
        builder = ContextBuilder(organization, f"unq{organization.replace('-', '')[:29]}")
        context = builder.build(event, session, step, images, now=now, unit=user["businessunitid"].id)
        handler = self._store.tables["serviceendpoint"][step["eventhandler"].id]
        if handler["contract"] == QUEUE:
            body, reduced = serialize(context, QUEUE_SIZE_LIMIT)
            headers = queue_properties(f"{self._name}.crm.dynamics.com", event, session, reduced=reduced)
        else:
            body, reduced = serialize(context)
            headers = self._headers(event, session, reduced=reduced)
        job = self._job(step, event, session, now)
        self._store.keep_event(job, step_id, step["eventhandler"].id, json.dumps(headers), zlib.compress(body, 1))
        session.jobs.append(job)

    def _headers(self, event: Event, session: Session, *, reduced: bool) -> dict[str, str]:
        headers = {
            "Content-Type": "application/json; charset=utf-8",
            "x-ms-dynamics-organization": f"{self._name}.crm.dynamics.com",
            "x-ms-dynamics-entity-name": event.table.name,
            "x-ms-dynamics-request-name": event.message,
            "x-ms-correlation-request-id": session.correlation_id,
        }
        if reduced:
            headers["x-ms-dynamics-msg-size-exceeded"] = "true"
        return headers

    def _job(self, step: Row, event: Event, session: Session, now: str) -> str:
        table: Table = self._store.schema["asyncoperation"]
        regarding = {target.table for target in table.columns["regardingobjectid"].targets}
        job = str(uuid4())
        row: dict[str, Any] = {
            "asyncoperationid": job,
            "name": step.get("name"),
            "messagename": event.message,
            "primaryentitytype": event.table.name,
            "depth": event.depth,
            "operationtype": _SYSTEM_EVENT,
            "retrycount": 0,
            "correlationid": session.correlation_id,
            "requestid": session.request_id,
            "statecode": _READY,
            "statuscode": _WAITING,
            "owningextensionid": Ref("sdkmessageprocessingstep", step["sdkmessageprocessingstepid"]),
            "createdon": now,
            "modifiedon": now,
            "createdby": session.user.ref,
            "modifiedby": session.user.ref,
            "ownerid": session.user.ref,
            "owninguser": session.user.ref,
        }
        if event.table.name in regarding and event.after is not None:
            row["regardingobjectid"] = Ref(event.table.name, event.id)
        self._store.put("asyncoperation", row)
        return job

    # Delivery

    async def start(self) -> None:
        """Start the workers, with the jobs that were left open."""
        self._client = aiohttp.ClientSession(timeout=self._timeout, auto_decompress=False)
        for job, row in self._store.tables["asyncoperation"].items():
            if row["statecode"] != _COMPLETED:
                self._queue.put_nowait(job)
        self._workers = [asyncio.create_task(self._work()) for _ in range(self._concurrency)]

    async def stop(self) -> None:
        """Stop delivering; open jobs stay open."""
        for worker in self._workers:
            worker.cancel()
        await asyncio.gather(*self._workers, return_exceptions=True)
        await self._queues.close()
        if self._client is not None:
            await self._client.close()

    def enqueue(self, jobs: Iterable[str]) -> None:
        """Run jobs whose transaction is committed, or hold them back."""
        if self._held is not None:
            self._held += jobs
            return
        for job in jobs:
            self._queue.put_nowait(job)

    def hold(self) -> None:
        """Hold back what is to come."""
        if self._held is None:
            self._held = []

    def release(self) -> None:
        """Send what was held back, the last first."""
        held, self._held = self._held or [], None
        self.enqueue(reversed(held))

    def replay(self) -> int:
        """Send every event that was ever fired once more; give their number."""
        jobs = list(self._store.event_jobs())
        self.enqueue(jobs)
        return len(jobs)

    async def idle(self) -> None:
        """Wait until nothing is left to deliver."""
        await self._queue.join()

    async def _work(self) -> None:
        while True:
            job = await self._queue.get()
            try:
                await self._run(job)
            finally:
                self._queue.task_done()

    async def _run(self, job: str) -> None:
        event = self._store.event(job)
        if event is None:
            return
        step_id, endpoint_id, headers, body = event
        endpoint = self._store.get("serviceendpoint", endpoint_id)
        if endpoint is None:
            self._finish(job, step_id, 0, "The service endpoint was deleted.")
            return
        sent, content, retries = json.loads(headers), zlib.decompress(body), 0
        fault = self._faults.take(_delivery(sent), _FAULTS)
        if fault is not None and fault.kind == "delay":
            asyncio.get_running_loop().call_later(fault.seconds, self._queue.put_nowait, job)
            return
        if fault is not None and fault.kind != "duplicate":
            if fault.kind == "drop_after":
                await self._post(endpoint, sent, content)
            self._finish(job, step_id, 0, "The webhook call was lost.")
            return
        if fault is not None:
            await self._post(endpoint, sent, content)
        status = await self._post(endpoint, sent, content)
        if status in _RETRIED:
            status, retries = await self._post(endpoint, sent, content), 1
        failure = (
            None if 200 <= status < 300 else f"The webhook call failed because the http request status was {status}."
        )
        self._finish(job, step_id, retries, failure)

    async def _post(self, endpoint: Row, headers: Mapping[str, str], body: bytes) -> int:
        """Post; give the status, or 0 where no answer came."""
        if self._client is None:
            raise RuntimeError("the asynchronous service is not started")
        if endpoint["contract"] == QUEUE:
            self.posted += 1
            return await self._queues.send(endpoint, headers, body)
        query: dict[str, str] = {}
        sent = dict(headers)
        value = endpoint.get("authvalue") or ""
        if endpoint["authtype"] == WEBHOOK_KEY:
            query["code"] = value
        elif endpoint["authtype"] == HTTP_HEADER:
            sent.update(settings(value))
        else:
            query.update(settings(value))
        self.posted += 1
        try:
            async with self._client.post(endpoint["url"], params=query, data=body, headers=sent) as response:
                return response.status
        except (aiohttp.ClientError, TimeoutError, ValueError):
            # ValueError: a header that can't be sent, which the registration let through.
            return 0

    def _finish(self, job: str, step_id: str, retries: int, failure: str | None) -> None:
        row = self._store.get("asyncoperation", job)
        if row is None:
            return
        step = self._store.get("sdkmessageprocessingstep", step_id) or {}
        with self._store.transaction():
            if failure is None and step.get("asyncautodelete"):
                self._store.remove("asyncoperation", job, self._clock.time())
                return
            now = self._clock.text()
            self._store.put(
                "asyncoperation",
                {
                    **row,
                    "statecode": _COMPLETED,
                    "statuscode": _SUCCEEDED if failure is None else _FAILED,
                    "retrycount": retries,
                    "errorcode": 0 if failure is None else _WEBHOOK_FAILED,
                    "message": failure,
                    "friendlymessage": failure,
                    "startedon": row["createdon"],
                    "completedon": now,
                    "modifiedon": now,
                },
            )
