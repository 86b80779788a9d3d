"""What the doctor looks at: each check gives findings and raises nothing of the systems. Nothing is changed."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping

from pydantic import SecretStr

from infra.dataverse.__main__ import TOKEN, plan_of
from infra.dataverse.set_up import SYSTEM as DATAVERSE
from infra.dataverse.set_up import set_up as look_at_dataverse
from infra.dataverse.solution import SOLUTION
from infra.dataverse.workshop import Workshop
from infra.findings import Both, Finding, Run, same
from infra.onec.set_up import Base
from infra.onec.set_up import set_up as look_at_onec
from infra.sapb1.set_up import set_up as look_at_sapb1
from shared.bus import CHANGES, POISON, RESULTS, TARGET_QUEUES, ServiceBus
from shared.dataverse.client import Credentials
from shared.errors import BridgeError, Misconfigured
from shared.http import Http
from shared.identity import Identity
from shared.sapb1.client import ServiceLayer
from shared.settings import Settings
from shared.wiring import Wiring

COMMAND = "python -m infra.doctor"
QUEUES = (CHANGES, RESULTS, POISON, *TARGET_QUEUES.values())
TELEMETRY = "APPLICATIONINSIGHTS_CONNECTION_STRING"
_SET = Both("correct the app setting", "исправить настройку приложения")


async def examine(environment: Mapping[str, str]) -> list[Finding]:
    """Look at everything that the settings name, one system after the other."""
    wiring = Wiring(environment)
    try:
        return await _examine(wiring, environment)
    finally:
        await wiring.close()


async def _examine(wiring: Wiring, environment: Mapping[str, str]) -> list[Finding]:
    findings = [*_settings(wiring), *_telemetry(environment)]
    findings += await _service_bus(wiring)
    try:
        settings = wiring.settings
    except Misconfigured:
        return findings  # what else there is to look at, the settings would say
    findings += await _kept("Dataverse", lambda: _dataverse(wiring, settings, environment))
    # What is handed out as files needs no connection to accounting.
    targets = {route.target for route in settings.routes if not route.by_hand}
    if "onec" in targets:
        findings += await _kept("1C", lambda: _onec(wiring, settings))
    if "sapb1" in targets:
        findings += await _kept("SAP Business One", lambda: _sapb1(wiring, settings))
    return findings


async def _kept(system: str, look: Callable[[], Awaitable[list[Finding]]]) -> list[Finding]:
    """Look at a system; one that is away or refuses us is a finding too."""
    try:
        return await look()
    except (BridgeError, LookupError) as error:
        run = Run(system, check=True, command=COMMAND)
        run.wrong(Both("reach it", "связь"), same(str(error)))
        return run.findings


def _settings(wiring: Wiring) -> list[Finding]:
    run = Run("app", check=True, command=COMMAND)
    what = Both("settings and routes", "настройки и маршруты")
    try:
        names = ", ".join(f"{route.name} → {route.target}" for route in wiring.settings.routes)
        run.right(what, same(names))
    except Misconfigured as error:
        for problem in error.problems:
            run.wrong(what, same(problem), _SET)
    return run.findings


def _telemetry(environment: Mapping[str, str]) -> list[Finding]:
    run = Run("Application Insights", check=True, command=COMMAND)
    what = Both("connection string", "строка подключения")
    given = environment.get(TELEMETRY, "")
    parts = dict(part.split("=", 1) for part in given.split(";") if "=" in part)
    if not given:
        run.right(what, Both("none: no telemetry leaves", "нет: телеметрия не уходит"))
    elif not parts.get("InstrumentationKey"):
        run.wrong(what, Both(f"{TELEMETRY} has no InstrumentationKey", f"в {TELEMETRY} нет InstrumentationKey"), _SET)
    else:
        run.right(what)
    return run.findings


async def _service_bus(wiring: Wiring) -> list[Finding]:
    """Open a link to each queue, as a sender does; no message is sent."""
    run = Run("Service Bus", check=True, command=COMMAND)
    remedy = Both(
        "create the queue (infra/azure), or give the app the roles Azure Service Bus Data Sender and Data Receiver",
        "создать очередь (infra/azure) или дать приложению роли Azure Service Bus Data Sender и Data Receiver",
    )
    try:
        bus = wiring.bus
    except Misconfigured as error:
        run.wrong(Both("connection", "подключение"), same(str(error)), _SET)
        return run.findings
    problems = await asyncio.gather(*(_problem(bus, queue) for queue in QUEUES))
    for queue, problem in zip(QUEUES, problems, strict=True):
        what = Both(f"queue {queue}", f"очередь {queue}")
        if problem:
            run.wrong(what, same(problem), remedy)
        else:
            run.right(what)
    return run.findings


async def _problem(bus: ServiceBus, queue: str) -> str:
    """Say why a queue can't be reached; empty where it can."""
    try:
        await bus.reach(queue)
    except BridgeError as error:
        return str(error)
    return ""


async def _dataverse(wiring: Wiring, settings: Settings, environment: Mapping[str, str]) -> list[Finding]:
    credentials: Credentials | Identity | SecretStr = wiring.identity
    if token := environment.get(TOKEN):
        credentials = SecretStr(token)
    elif settings.dataverse_token_url is not None and settings.dataverse_client_id is not None:
        secret = wiring.secret("DATAVERSE_CLIENT_SECRET")
        credentials = Credentials(settings.dataverse_token_url, settings.dataverse_client_id, secret)
    organization = settings.dataverse_organization_id
    workshop = Workshop(Http(DATAVERSE), settings.dataverse_url, credentials, organization, SOLUTION)
    try:
        findings = await look_at_dataverse(workshop, plan_of(environment), check=True)
    finally:
        await workshop.close()
    run = Run(DATAVERSE, check=True, command=COMMAND)
    what = Both("columns that the settings name", "столбцы, названные в настройках")
    try:
        await wiring.own_columns.check()
        run.right(what)
    except Misconfigured as error:
        for problem in error.problems:
            run.wrong(what, same(problem), _SET)
    return [*findings, *run.findings]


async def _onec(wiring: Wiring, settings: Settings) -> list[Finding]:
    routes = [route for route in settings.routes if route.target == "onec" and not route.by_hand]
    http = Http("1C", authorities=settings.ca_bundle)
    base = Base(http, settings.onec_url or "", settings.onec_username or "", wiring.secret("ONEC_PASSWORD"))
    try:
        return await look_at_onec(base, routes, check=True)
    finally:
        await base.close()


async def _sapb1(wiring: Wiring, settings: Settings) -> list[Finding]:
    http = Http("SAP Business One", authorities=settings.ca_bundle)
    where = (settings.sapb1_url or "", settings.sapb1_company or "", settings.sapb1_username or "")
    client = ServiceLayer(http, *where, wiring.secret("SAPB1_PASSWORD"))
    try:
        return await look_at_sapb1(client, check=True)
    finally:
        await client.close()
