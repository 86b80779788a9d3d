"""Everything that the bridge needs in a Dataverse environment, in the order in which one thing needs another."""

import asyncio
from dataclasses import dataclass
from functools import partial
from typing import Any
from uuid import UUID

from infra.dataverse import endpoint, role, tables, views
from infra.dataverse.endpoint import Endpoint, Queue, Webhook
from infra.dataverse.solution import OPTION_PREFIX, PREFIX, PUBLISHER, SOLUTION, VERSION
from infra.dataverse.tables import Pause
from infra.dataverse.workshop import NotDone, Workshop
from infra.findings import Both, Finding, Run
from shared.errors import BridgeError

COMMAND = "python -m infra.dataverse"
SYSTEM = "Dataverse"


@dataclass(frozen=True)
class Plan:
    """What a company decided: who the application user is, how events arrive, whether invoices are marked paid."""

    client_id: str | None
    """of the application user; None: the app's own identity signs in, and it is known by ``user_id``"""
    events: tuple[Endpoint, ...] = (Webhook(), Queue())
    via: str | None = None
    """webhook or servicebus; None: as it is registered, and the webhook where nothing is"""
    marks_paid: bool = False
    new_key: bool = False
    user_id: UUID | None = None


async def set_up(workshop: Workshop, plan: Plan, *, check: bool, pause: Pause = asyncio.sleep) -> list[Finding]:
    """Create what is missing (not with ``check``) and give what was found. Run again, it changes nothing."""
    run = Run(SYSTEM, check, COMMAND)
    try:
        await workshop.check_organization()
        run.right(Both("organization", "организация"))
        language = (await workshop.rows("organizations", {"$select": "languagecode"}))[0]["languagecode"]
        solution = await _solution(workshop, run)
        ready = (solution or check) and await tables.settle(workshop, run, language, pause)
        await tables.track(workshop, run)
        if ready:
            await views.settle(workshop, run, language)
            who = f"systemuserid eq {plan.user_id}" if plan.client_id is None else f"applicationid eq {plan.client_id}"
            await role.settle(workshop, run, who, marks_paid=plan.marks_paid)
            await endpoint.settle(workshop, run, plan.events, plan.via, new_key=plan.new_key)
    except (BridgeError, LookupError) as error:
        run.wrong(Both("the set-up stopped", "настройка прервана"), Both(str(error), str(error)))
    return run.findings


async def _solution(workshop: Workshop, run: Run) -> bool:
    publisher = await workshop.by_name("publishers", "publisherid", PUBLISHER)
    body: dict[str, Any] = {
        "uniquename": PUBLISHER,
        "friendlyname": "Accounting bridge",
        "customizationprefix": PREFIX,
        "customizationoptionvalueprefix": OPTION_PREFIX,
    }
    what = Both(f"publisher {PUBLISHER}", f"издатель {PUBLISHER}")
    if not await run.piece(what, publisher is not None, partial(workshop.write, "POST", "publishers", body)):
        return False
    publisher = publisher or await workshop.by_name("publishers", "publisherid", PUBLISHER)
    if publisher is None:
        raise NotDone(f"the publisher {PUBLISHER} was created and is not found")
    solution = await workshop.by_name("solutions", "solutionid", SOLUTION)
    parts: dict[str, Any] = {
        "uniquename": SOLUTION,
        "friendlyname": "Accounting bridge",
        "version": VERSION,
        "publisherid@odata.bind": f"/publishers({publisher['publisherid']})",
    }
    what = Both(f"solution {SOLUTION}", f"решение {SOLUTION}")
    return await run.piece(what, solution is not None, partial(workshop.write, "POST", "solutions", parts))
