"""The Web API as the set-up uses it: an administrator's token, single writes into a solution, refusals in full.

The product itself never does any of this. Unlike its client this one shows Dataverse's own sentence: an administrator
reads it at a terminal, and it goes to no log.
"""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from pydantic import SecretStr

from shared import jsontext
from shared.dataverse.client import API, Credentials, Dataverse
from shared.errors import BridgeError, Misconfigured
from shared.http import Answer, Http
from shared.identity import Identity


class NotDone(BridgeError):
    """Dataverse refused a definition or a row."""


class Workshop(Dataverse):
    """One environment, signed in as an administrator: by credentials, an identity, or with a token that was given."""

    def __init__(
        self,
        http: Http,
        url: str,
        credentials: Credentials | Identity | SecretStr,
        organization_id: UUID,
        solution: str,
    ) -> None:
        """``solution`` is the unique name of the solution that everything is put into."""
        token, sign_in = (
            (credentials.get_secret_value(), Credentials(url, "", credentials))
            if isinstance(credentials, SecretStr)
            else ("", credentials)
        )
        super().__init__(http, url, sign_in, organization_id)
        self._given_token = token
        self._address = url + API
        self._solution = solution
        self.writes = 0
        """Requests that changed something."""

    async def _bearer(self) -> str:
        return self._given_token or await super()._bearer()

    def address(self, path: str) -> str:
        """Give the whole address of a path, as links between rows name it."""
        return self._address + path

    async def write(
        self,
        method: str,
        path: str,
        body: Mapping[str, Any] | None = None,
        *,
        solution: bool = False,
        headers: Mapping[str, str] | None = None,
    ) -> UUID | None:
        """Send one write; give the id of what was created. NotDone where Dataverse refuses.

        ``solution``: what is created becomes part of the solution.
        """
        more = {"Content-Type": "application/json; charset=utf-8", **(headers or {})}
        if solution:
            more["MSCRM.SolutionUniqueName"] = self._solution
        self.writes += 1
        content = None if body is None else jsontext.dumps(body).encode()
        answer = await self._send(method, self._address + path, content=content, headers=more)
        if answer.status >= 300:
            raise _refusal(answer)
        created = answer.headers.get("odata-entityid", "").rstrip(")").rpartition("(")[2]
        return UUID(created) if created else None

    async def by_name(
        self, table_set: str, key: str, name: str, more: str = "", where: str = ""
    ) -> dict[str, Any] | None:
        """Give the one row of a name, or None. ``more`` are further columns, ``where`` a further condition."""
        column = "uniquename" if table_set in {"publishers", "solutions"} else "name"
        condition = f"{column} eq '{name}'" + (f" and {where}" if where else "")
        columns = ",".join(filter(None, (key, column, more)))
        rows = await self.rows(table_set, {"$select": columns, "$filter": condition})
        return rows[0] if rows else None


def _refusal(answer: Answer) -> BridgeError:
    if answer.status in {401, 403}:
        return Misconfigured(
            f"Dataverse answered {answer.status}: whoever runs the set-up must be a System Administrator or a System"
            " Customizer who may also create roles"
        )
    try:
        error = answer.json()["error"]
        return NotDone(f"Dataverse answered {answer.status}: {error['message']}"[:500])
    except (ValueError, KeyError, TypeError):
        return NotDone(f"Dataverse answered {answer.status}")
