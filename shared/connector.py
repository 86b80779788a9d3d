"""The connector step: a whole document in, accounting written at most once, a result out.

What goes wrong decides what happens: bad data is a refusal in the journal; everything else puts the reference back on
``changes`` with a later time, so that the next attempt reads the current row, and says Retrying in the journal.
"""

import logging
from collections.abc import Callable, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from shared import intake
from shared.accounting import AccountingSystem, Bindings, Outcome
from shared.breaker import Breaker
from shared.bus import RESULTS, Bus
from shared.decision import held_back_by
from shared.errors import BridgeError, Misconfigured, Parked, Refused
from shared.intake import Incoming
from shared.keys import accounting_key
from shared.messages import Document, State
from shared.refusals import Refusal
from shared.results import result_of
from shared.retry import Backoff, cause_of, result_envelope, try_again, waiting_for
from shared.routes import NAMES, Route, Target
from shared.settings import Settings
from shared.telemetry import count, hop, observe, say


class Connector:
    """Carries documents into one accounting system."""

    def __init__(
        self,
        target: Target,
        system: AccountingSystem,
        settings: Settings,
        bus: Bus,
        now: Callable[[], datetime],
        *,
        breaker: Breaker | None = None,
    ) -> None:
        """``now`` gives an aware time. ``breaker`` is the target's in this process; by default an ordinary one."""
        self._target = target
        self._system = system
        self._settings = settings
        self._bus = bus
        self._now = now
        first, longest = settings.retry_first_seconds, settings.retry_max_seconds
        self._breaker = breaker or Breaker(NAMES[target], first=first, longest=longest)
        self._backoff = Backoff(first, longest)

    async def handle(self, batch: Sequence[Incoming]) -> None:
        """Settle documents, one after the other. Raises only where the bus does not take what must be sent."""
        for incoming in batch:
            await self._handle(incoming)

    async def _handle(self, incoming: Incoming) -> None:
        document = await intake.read(Document, incoming, self._settings.dataverse_organization_id, self._bus)
        if document is None:
            return
        with hop(f"{self._target}_connector", [document], document.reference.attempt, target=self._target):
            await self._settle(document)

    async def _settle(self, document: Document) -> None:
        bindings = Bindings(document.bindings, document.cards)
        try:
            route = self._route(document)
            # a pause, a restore or a start date that was set while the document was on its way
            if held_back := held_back_by(route, document.sale.document_date, self._settings):
                await self._hold_back(document, bindings, *held_back)
                return
            with self._breaker.call():
                outcome = await self._carry(document, route, bindings)
        except Parked as error:
            await self._again(document, bindings, error)
        except Refused as error:
            await self._tell(
                document,
                bindings,
                State.REFUSED,
                reason=error.refusal,
                number=error.number,
                accounting_id=error.accounting_id,
                dated=error.dated,
                **_sum(error.total, document),
            )
        except Exception as error:  # noqa: BLE001 -- whatever it is, the document must not be lost
            await self._again(document, bindings, error)
        else:
            await self._done(document, bindings, outcome)

    async def _hold_back(self, document: Document, bindings: Bindings, state: State, reason: Refusal) -> None:
        """Say what waits. What accounting may hold must not look as if it did not: Paused is not in the books."""
        known = document.journal
        stays = known is not None and known.in_books and not (known.awaits_a_look and state is State.PAUSED)
        if document.action == "write" and stays:
            say(logging.INFO, "nothing to do", {document.sale.table: document.sale.id, "why": reason.code})
        elif document.action == "cancel" or document.reference.attempt > 0 or (known and known.may_be_held):
            await self._again(document, bindings, Parked(reason))
        else:
            await self._tell(document, bindings, state, reason=reason)

    async def _carry(self, document: Document, route: Route, bindings: Bindings) -> Outcome:
        if document.action == "cancel":
            return await self._system.cancel(document, route, self._key(document))
        return await self._system.export(document, route, self._key(document), bindings)

    def _route(self, document: Document) -> Route:
        route = self._settings.route(document.route)
        if route is None or route.by_hand or route.target != self._target:
            raise Misconfigured(f"ROUTES: no route “{document.route}” leads to {self._target} any more")
        return route

    def _key(self, document: Document) -> UUID:
        sale = document.sale
        return accounting_key(document.organization_id, self._target, sale.table, sale.id, document.generation)

    async def _done(self, document: Document, bindings: Bindings, outcome: Outcome) -> None:
        if outcome.generation is not None:
            document = document.model_copy(update={"generation": outcome.generation})
        await self._tell(
            document,
            bindings,
            outcome.state,
            number=outcome.number,
            accounting_id=outcome.accounting_id,
            total="" if outcome.total is None else str(outcome.total),
            currency=outcome.currency,
            dated=outcome.dated,
            written_hash=outcome.written_hash,
            reason=outcome.remark,
        )
        seconds = (self._now() - document.reference.occurred_at).total_seconds()
        say(
            logging.INFO,
            "in accounting",
            {
                "target": self._target,
                document.sale.table: document.sale.id,
                "state": outcome.state,
                "accounting_id": outcome.accounting_id,
                "seconds": round(seconds, 3),
            },
        )
        observe("seconds_to_posted", seconds, target=self._target)

    async def _again(self, document: Document, bindings: Bindings, error: Exception) -> None:
        """Put the reference back with a later time first: the journal's word is worth less than the document."""
        following, at = await try_again(self._bus, document.reference, error, self._backoff, self._now())
        level = logging.WARNING if isinstance(error, BridgeError) else logging.ERROR
        dimensions = {
            "target": self._target,
            document.sale.table: document.sale.id,
            "cause": cause_of(error),
            "next": at,
        }
        say(level, "retry", dimensions)
        count("retries", hop=f"{self._target}_connector")
        waiting = document.model_copy(update={"reference": following})
        await self._tell(waiting, bindings, State.RETRYING, reason=waiting_for(error), next_attempt_at=at)

    async def _tell(self, document: Document, bindings: Bindings, state: State, **more: Any) -> None:
        result = result_of(document, state, self._now(), bindings=tuple(bindings.made), **more)
        if state is State.REFUSED and result.reason is not None:
            dimensions = {"target": self._target, result.table: result.id, "reason": result.reason.code}
            say(logging.WARNING, "refused", dimensions)
        await self._bus.send(RESULTS, [result_envelope(result)])


def _sum(total: Decimal | None, document: Document) -> dict[str, str]:
    return {} if total is None else {"total": str(total), "currency": document.sale.currency.code}
