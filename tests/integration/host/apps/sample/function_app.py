"""A small app with a function of every kind; each run of one is appended to the file of RECORD, one JSON line each."""

import asyncio
import json
import logging
import os
from pathlib import Path
from typing import Any, List  # noqa: UP035 - the worker refuses list[...] in an annotation

import azure.functions as func

app = func.FunctionApp(http_auth_level=func.AuthLevel.FUNCTION)


def record(**line: Any) -> None:
    with Path(os.environ["RECORD"]).open("a", encoding="utf-8") as file:
        file.write(json.dumps({"process": os.getpid(), **line}, default=str) + "\n")


def described(message: func.ServiceBusMessage) -> dict[str, Any]:
    return {
        "body": message.get_body().decode("utf-8", "replace"),
        "size": len(message.get_body()),
        "message_id": message.message_id,
        "session_id": message.session_id,
        "delivery_count": message.delivery_count,
        "sequence_number": message.sequence_number,
        "correlation_id": message.correlation_id,
        "content_type": message.content_type,
        "subject": message.subject,
        "lock_token": message.lock_token,
        "enqueued": message.enqueued_time_utc,
        "properties": message.application_properties,
        "user_properties": message.user_properties,
    }


@app.route("ping", methods=["GET"], auth_level=func.AuthLevel.ANONYMOUS)
async def ping(req: func.HttpRequest) -> func.HttpResponse:
    print("printed by ping")  # noqa: T201 - what this function is for
    return func.HttpResponse("pong")


@app.route("orders/{table:alpha}/{id?}", methods=["POST", "PUT"])
async def orders(req: func.HttpRequest, context: func.Context) -> func.HttpResponse:
    logging.getLogger("orders").info("line one\nline two")
    body = {
        "params": dict(req.params),
        "route": dict(req.route_params),
        "body": req.get_body().decode(),
        "url": req.url,
        "method": req.method,
        "header": req.headers.get("X-Sent"),
        "function": context.function_name,
        "trace": context.trace_context.trace_parent,
    }
    response = func.HttpResponse(json.dumps(body), status_code=201, mimetype="application/json")
    response.headers["X-Answered"] = req.params.get("answered", "yes")
    return response


@app.route("secret", methods=["GET"], auth_level=func.AuthLevel.ADMIN)
async def secret(req: func.HttpRequest) -> str:
    return "for the master only"


@app.route("broken")
async def broken(req: func.HttpRequest) -> func.HttpResponse:
    raise ValueError("the password is hunter2")


@app.route("blocking", methods=["GET"])
def blocking(req: func.HttpRequest, context: func.Context) -> str:
    logging.info("in a thread")
    return context.function_name


@app.route("slow", methods=["GET"])
async def slow(req: func.HttpRequest) -> str:
    record(function="slow", started=True)
    await asyncio.sleep(float(req.params.get("seconds", "0.5")))
    return "slept"


@app.timer_trigger("timer", schedule="%TICK_SCHEDULE%", run_on_startup=False)
async def tick(timer: func.TimerRequest, context: func.Context) -> None:
    record(function="tick", past_due=timer.past_due, retry=context.retry_context.retry_count)


@app.service_bus_queue_trigger("message", queue_name="single", connection="ServiceBusConnection", data_type="binary")
async def one(message: func.ServiceBusMessage, context: func.Context) -> None:
    record(function="one", trace=context.trace_context.trace_parent, **described(message))
    if message.get_body() == b"fail":
        raise ValueError("told to")
    if message.get_body().startswith(b"wait"):
        await asyncio.sleep(float(message.get_body()[5:]))
        record(function="one-ended", message_id=message.message_id)


@app.service_bus_queue_trigger("messages", queue_name="batch", connection="ServiceBusConnection", cardinality="many")
async def many(messages: List[func.ServiceBusMessage]) -> None:  # noqa: UP006 - see the import
    record(function="many", messages=[described(message) for message in messages])
    if any(message.get_body() == b"fail" for message in messages):
        raise ValueError("told to")


@app.service_bus_queue_trigger(
    "message", queue_name="%LANES_QUEUE%", connection="ServiceBusConnection", is_sessions_enabled=True
)
async def lane(message: func.ServiceBusMessage) -> None:
    record(function="lane", event="started", **described(message))
    if message.get_body().startswith(b"wait"):
        await asyncio.sleep(float(message.get_body()[5:]))
    record(function="lane", event="ended", session_id=message.session_id, body=message.get_body().decode())
