"""One organization with everything that serves it, and the server's settings."""

import json
import secrets
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

from infra.local.dataverse.api import Api
from infra.local.dataverse.batch import BatchRunner
from infra.local.dataverse.clock import Clock
from infra.local.dataverse.metadata.writing import apply
from infra.local.dataverse.model import fresh_schema
from infra.local.dataverse.rules import Rules
from infra.local.dataverse.seed import Seeder
from infra.local.dataverse.session import User
from infra.local.dataverse.store import Ref, Row, Store, peek
from infra.local.dataverse.throttle import Limits, Throttle
from infra.local.dataverse.tokens import Client, Tokens
from infra.local.dataverse.webhooks import Webhooks
from infra.local.dataverse.writing import RowEditor
from infra.local.faults import HTTP_KINDS, Faults
from infra.local.serving import ServeOptions

TENANT_ID = "b4a5f3de-6c1c-4a53-9d0e-3c4f6c2a1e77"
_ORGANIZATION_NAME = "bridge"
_IDENTITY = ("client_id", "client_secret", "admin_client_id", "admin_client_secret")
_FRESH = {"organization_id", "organization_name", "base_currency", "solution", *_IDENTITY}
_SOLUTIONS = ("imported", "none")
_NUMBERS: Mapping[str, float] = {
    "token_seconds": 3600,
    "requests": 6000,
    "window_seconds": 300,
    "execution_seconds": 1200,
    "concurrent": 52,
    "latency_seconds": 0,
    "webhook_seconds": 60,
    "webhook_concurrency": 8,
}


@dataclass(frozen=True)
class Settings:
    """The server's own settings."""

    texts: Mapping[str, str]
    numbers: Mapping[str, float]

    @classmethod
    def read(cls, given: Mapping[str, str]) -> "Settings":
        """Read ``--set`` pairs; ValueError for a name that is not known or a value that is not one."""
        unknown = set(given) - _FRESH - set(_NUMBERS)
        if unknown:
            raise ValueError(f"unknown settings of dataverse: {', '.join(sorted(unknown))}")
        if "organization_id" in given:
            UUID(given["organization_id"])
        if given.get("solution", _SOLUTIONS[0]) not in _SOLUTIONS:
            raise ValueError(f"solution is one of {', '.join(_SOLUTIONS)}")
        numbers = {name: float(given.get(name, default)) for name, default in _NUMBERS.items()}
        return cls({name: value for name, value in given.items() if name in _FRESH}, numbers)


class Organization:
    """One organization with everything that serves it."""

    def __init__(self, options: ServeOptions) -> None:
        settings = Settings.read(options.settings)
        numbers = settings.numbers
        self.clock = Clock()
        kept, definitions = peek(options.state, "identity", "definitions")
        solution = json.loads(kept or "{}").get("solution", settings.texts.get("solution", _SOLUTIONS[0]))
        schema = fresh_schema(imported=solution == _SOLUTIONS[0])
        apply(schema, definitions)
        self.store = Store(schema, options.state)
        rules = Rules(self.store)
        self.identity = self._identity(settings, rules)
        self.users = self._users()
        clients = {
            self.identity["client_id"]: Client(
                self.identity["client_id"], self.identity["client_secret"], self.users["app"]
            ),
            self.identity["admin_client_id"]: Client(
                self.identity["admin_client_id"], self.identity["admin_client_secret"], self.users["admin"]
            ),
        }
        key = bytes.fromhex(self.identity["token_key"])
        self.tokens = Tokens(key, clients, self.clock, int(numbers["token_seconds"]))
        name = next(iter(self.store.tables["organization"].values()))["name"]
        self.faults = Faults(HTTP_KINDS | {"expire", "reject", "duplicate"})
        self.webhooks = Webhooks(
            self.store,
            self.clock,
            name,
            seconds=numbers["webhook_seconds"],
            concurrency=int(numbers["webhook_concurrency"]),
            faults=self.faults,
        )
        editor = RowEditor(self.store, self.clock, rules, self.webhooks.stage)
        self.api = Api(
            self.store, self.clock, editor, self.webhooks.enqueue, roles_count=solution == "none", faults=self.faults
        )
        self.counts: Counter[tuple[str, str]] = Counter()
        self.batches = BatchRunner(self.api, self.count)
        limits = Limits(
            int(numbers["requests"]),
            numbers["execution_seconds"],
            int(numbers["concurrent"]),
            numbers["window_seconds"],
        )
        self.throttle = Throttle(limits)
        self.latency = numbers["latency_seconds"]

    def _identity(self, settings: Settings, rules: Rules) -> dict[str, str]:
        """Give ids and secrets: those of the state, or new ones with a freshly filled organization."""
        kept = self.store.meta("identity")
        if kept is not None:
            identity = dict(json.loads(kept))
            differing = [name for name in identity if settings.texts.get(name, identity[name]) != identity[name]]
            if differing:
                self.store.close()
                raise ValueError(f"the state was made with another {', '.join(differing)}")
            return identity
        made = {
            "client_id": str(uuid4()),
            "client_secret": secrets.token_urlsafe(24),
            "admin_client_id": str(uuid4()),
            "admin_client_secret": secrets.token_urlsafe(24),
            "organization_id": str(uuid4()),
            "token_key": secrets.token_hex(32),
            "solution": _SOLUTIONS[0],
        }
        made |= {name: settings.texts[name] for name in made if name in settings.texts}
        with self.store.transaction():
            Seeder(self.store, self.clock, rules).fill(
                made["organization_id"].lower(),
                settings.texts.get("organization_name", _ORGANIZATION_NAME),
                settings.texts.get("base_currency", "EUR"),
                {"app": made["client_id"], "admin": made["admin_client_id"]},
            )
            self.store.set_meta("identity", json.dumps(made))
        return made

    def _users(self) -> dict[str, User]:
        by_application: dict[str, Row] = {
            row["applicationid"]: row for row in self.store.tables["systemuser"].values() if row.get("applicationid")
        }
        users = {}
        for kind, name in (("app", "client_id"), ("admin", "admin_client_id")):
            row = by_application[self.identity[name]]
            users[kind] = User(
                Ref("systemuser", row["systemuserid"]), row["azureactivedirectoryobjectid"], kind == "admin"
            )
        return users

    def count(self, user: str, kind: str) -> None:
        """Count an operation."""
        self.counts[user, kind] += 1

    def stats(self) -> dict[str, Any]:
        """Give what was counted."""
        names = {user.ref.id: kind for kind, user in self.users.items()}
        by_user: dict[str, dict[str, int]] = {}
        for (user, kind), number in sorted(self.counts.items()):
            by_user.setdefault(names.get(user, user), {})[kind] = number
        return {"requests": by_user, "webhooks_posted": self.webhooks.posted}

    def announce(self, url: str) -> dict[str, object]:
        """Give the first line."""
        identity = self.identity
        return {
            "service": "dataverse",
            "url": url,
            "token_url": f"{url}/{TENANT_ID}/oauth2/v2.0/token",
            "client_id": identity["client_id"],
            "client_secret": identity["client_secret"],
            "tenant_id": TENANT_ID,
            "organization_id": next(iter(self.store.tables["organization"])),
            "user_id": self.users["app"].ref.id,
            "admin_client_id": identity["admin_client_id"],
            "admin_client_secret": identity["admin_client_secret"],
        }
