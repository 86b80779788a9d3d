"""Index the app with this Python's worker and call every function once without any setting; print what came as JSON.

A process of its own: a worker's registry of functions is global.
"""

import asyncio
import json
import sys
from typing import Any
from uuid import uuid4

from infra.local.host.bindings import HttpTrigger, ServiceBusTrigger, TimerTrigger, read_function
from infra.local.host.servicebus_metadata import bare_message
from infra.local.host.settings import AppSettings
from infra.local.host.worker import Datum, Invocation, Worker, create_worker
from tests.integration.host.processes import ROOT

TIMER = json.dumps({"Schedule": {"AdjustForDST": True}, "ScheduleStatus": None, "IsPastDue": False})


def _request(worker: Worker, method: str) -> Datum:
    text = worker.datum
    return text(
        {
            "method": text(method, "string"),
            "url": text("http://127.0.0.1/api/x", "string"),
            "headers": {"content-type": text("application/json", "string")},
            "body": text(b"not json", "bytes"),
            "params": {"kind": text("dtw", "string"), "table": text("invoice", "string"), "id": text("no", "string")},
            "query": {},
        },
        "http",
    )


async def _everything() -> dict[str, Any]:
    worker = create_worker()
    indexed = await worker.index(ROOT)
    schedules = {f"{name}_SCHEDULE": "0 0 0 1 1 *" for name in ("SWEEP", "RECONCILE", "PAYMENTS", "FILES")}
    settings = AppSettings(schedules)
    said: dict[str, Any] = {"worker": type(worker).__name__, "functions": {}}
    for each in indexed:
        trigger = read_function(each, settings).trigger
        metadata: dict[str, Datum] = {}
        match trigger:
            case HttpTrigger():
                shape: Any = ["http", trigger.route, trigger.auth_level, sorted(trigger.methods)]
                data = _request(worker, min(trigger.methods))
            case TimerTrigger():
                shape, data = ["timer", trigger.run_on_startup], worker.datum(TIMER, "json")
            case ServiceBusTrigger():
                shape = ["queue", trigger.queue, trigger.connection, trigger.many, trigger.sessions, trigger.binary]
                data, metadata = bare_message("not json", worker.datum, many=trigger.many, binary=trigger.binary)
        call = Invocation(str(uuid4()), each.id, trigger.parameter, data, metadata)
        outcome = await worker.invoke(call)
        status = outcome.returned.value["status_code"].value if outcome.succeeded and outcome.returned else None
        body = outcome.returned.value["body"].value if outcome.succeeded and outcome.returned else b""
        said["functions"][each.name] = {
            "shape": shape,
            "succeeded": outcome.succeeded,
            "status": status,
            "body": body.decode() if isinstance(body, bytes) else body,
            "error": outcome.error,
        }
    worker.close()
    return said


sys.stdout.write("RESULT " + json.dumps(asyncio.run(_everything())) + "\n")
