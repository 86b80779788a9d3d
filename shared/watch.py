"""What an administrator wants watched, as measures: what waits, what was set aside, which credentials end soon.

Taken after each sweep. It reads, and changes nothing; what can't be read now is read after the next sweep.
"""

import logging
from collections import Counter
from collections.abc import Callable
from datetime import datetime

from shared.dataverse import journal
from shared.dataverse.client import Dataverse
from shared.dataverse.journal import STATE_VALUES
from shared.errors import BridgeError
from shared.messages import State
from shared.operations import PLACES, Operations
from shared.retry import cause_of
from shared.routes import Target
from shared.settings import Settings
from shared.telemetry import observe, say

COUNTED = (State.RETRYING, State.REFUSED, State.PAUSED, State.DRAFT)
"""States in which a document waits for somebody or something."""


class Watch:
    """Measures what nobody else passes by."""

    def __init__(
        self, settings: Settings, dataverse: Dataverse, operations: Operations, now: Callable[[], datetime]
    ) -> None:
        """``now`` gives an aware time."""
        self._settings = settings
        self._dataverse = dataverse
        self._operations = operations
        self._now = now

    async def run(self) -> None:
        """Measure. Raises nothing that a system's absence causes."""
        self._credentials()
        for measure in (self._waiting, self._set_aside):
            try:
                await measure()
            except BridgeError as error:
                say(logging.WARNING, "watch waits", {"cause": cause_of(error)})

    def _credentials(self) -> None:
        today = self._now().date()
        for setting, ends in self._settings.credentials_expire.items():
            observe("credential_days_left", (ends - today).days, setting=setting)

    async def _waiting(self) -> None:
        """Count the journal's rows; Dataverse counts up to 5,000."""
        targets: set[Target] = {route.target for route in self._settings.routes}
        for target in sorted(targets):
            for state in COUNTED:
                condition = f"acx_target eq '{target}' and acx_state eq {STATE_VALUES[state]}"
                query = {"$select": "acx_state", "$filter": condition, "$count": "true"}
                page = await self._dataverse.get(journal.SET, query, page=1)
                observe("waiting", page["@odata.count"], target=target, state=state.value)

    async def _set_aside(self) -> None:
        """Count poison and dead letters, up to a page of each."""
        listed = await self._operations.messages()
        counts = Counter(str(message["queue"]) for message in listed["messages"])
        for place in PLACES:
            observe("set_aside", counts[place], queue=place)
