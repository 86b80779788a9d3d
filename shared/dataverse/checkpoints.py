"""Where a pass over a table stands: rows of the Dataverse table ``acx_synccheckpoint``. There is no other store."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from shared.dataverse.batch import Operation
from shared.dataverse.client import Dataverse
from shared.dataverse.columns import key, text
from shared.dataverse.journal import stamp
from shared.errors import Misconfigured, Unavailable

SET = "acx_synccheckpoints"


@dataclass(frozen=True)
class Checkpoint:
    """A row: the link to go on with (empty: start over), and the name of the pass that it belongs to."""

    name: str
    link: str = ""
    pass_name: str = ""
    row_id: UUID | None = None
    etag: str = ""


class Checkpoints:
    """Reads and saves checkpoints."""

    def __init__(self, dataverse: Dataverse, now: Callable[[], datetime]) -> None:
        """``now`` gives an aware time."""
        self._dataverse = dataverse
        self._now = now

    async def read(self, name: str) -> Checkpoint:
        """Give a checkpoint; an empty one where there is none yet."""
        query = {"$select": "acx_synccheckpointid,acx_link,acx_name", "$filter": f"acx_key eq '{name}'"}
        rows = await self._dataverse.rows(SET, query)
        if not rows:
            return Checkpoint(name)
        row = rows[0]
        return Checkpoint(
            name=name,
            link=text(row, "acx_link"),
            pass_name=text(row, "acx_name"),
            row_id=key(row, "acx_synccheckpointid"),
            etag=text(row, "@odata.etag"),
        )

    async def save(self, checkpoint: Checkpoint, link: str, pass_name: str) -> Checkpoint:
        """Move a checkpoint on, from exactly the state that was read; give it as it is now.

        Raises Unavailable where another run has moved it meanwhile: that run goes on, this one ends.
        """
        columns = {"acx_link": link, "acx_name": pass_name, "acx_savedon": stamp(self._now())}
        if checkpoint.row_id is None:
            operation = Operation("POST", SET, {**columns, "acx_key": checkpoint.name})
        else:
            operation = Operation("PATCH", f"{SET}({checkpoint.row_id})", columns, {"If-Match": checkpoint.etag})
        (part,) = await self._dataverse.batch([operation])
        if part.status in {404, 412}:
            raise Unavailable("Dataverse", f"another run moved the checkpoint {checkpoint.name}")
        if part.status >= 300:
            raise Misconfigured(f"Dataverse does not take the checkpoint {checkpoint.name} ({part.status})")
        return await self.read(checkpoint.name)
