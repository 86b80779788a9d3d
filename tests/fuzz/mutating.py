"""Hostile calls: real bodies, mutated as text and as JSON; addresses, headers and keys that nobody should send.

Pure and seeded: the same seed and number give the same call.
"""

import json
import random
import string
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal
from urllib.parse import quote

MARK = "Marker7Ivanova"
"""planted wherever a person's name could stand: it must come back in no answer and stand in no log"""
ORGANIZATION = "OrganizationId"
TABLES = ("invoice", "salesorder", "invoicedetail", "account", "contact", "product", "acx_accountingexport", "lead")
QUEUES = ("poison", "changes", "results", "onec", "sapb1", "poison/$deadletterqueue", "", "nothing", MARK)
LARGE = 300 * 1024
DEEP = 20_000

Key = Literal["own", "all", "another's", "wrong", "none"]


@dataclass(frozen=True)
class Call:
    """One HTTP request to one function."""

    method: str
    path: str
    """under the host, with its query, encoded"""
    key: Key
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    function: str = ""
    """the function whose key is the right one"""


@dataclass(frozen=True)
class Target:
    """An HTTP function of the app: its name and its path."""

    function: str
    path: str


class Mutator:
    """Makes calls out of real bodies."""

    def __init__(self, seed: int, bodies: Sequence[bytes], targets: Sequence[Target], organization: str) -> None:
        """``organization``: the one that the bridge serves."""
        self._seed = seed
        self._bodies = bodies
        self._targets = targets
        self._organization = organization

    def call(self, number: int) -> Call:
        """Give a call by its number."""
        draw = _Draw(random.Random(f"{self._seed}:{number}"), self._organization)  # noqa: S311 -- nothing secret
        chance = draw.random.random()
        if chance < 0.7:
            return draw.webhook(self._bodies, self._targets)
        if chance < 0.95:
            return draw.any_function(draw.random.choice(self._targets))
        return draw.nowhere(self._targets)


class _Draw:
    def __init__(self, drawn: random.Random, organization: str) -> None:
        self.random = drawn
        self._organization = organization

    # --- calls

    def webhook(self, bodies: Sequence[bytes], targets: Sequence[Target]) -> Call:
        body = self._event(self.random.choice(bodies))
        target = next(target for target in targets if target.function == "dataverse_events")
        return Call("POST", target.path, self._key(), self._headers(), body, target.function)

    def any_function(self, target: Target) -> Call:
        method = self.random.choice(("GET", "POST", "POST", "PUT", "DELETE", "HEAD"))
        body = b"" if method in {"GET", "HEAD"} else self._damaged(self._question())
        return Call(method, target.path + self._query(), self._key(), self._headers(), body, target.function)

    def nowhere(self, targets: Sequence[Target]) -> Call:
        target = self.random.choice(targets)
        path = target.path
        wrong = self.random.choice(
            (
                path + "/",
                path.upper(),
                path + "/" + quote(self._text()[:200], safe=""),
                path.replace("/", "//", 1),
                "/api/" + quote(self._text()[:200], safe=""),
                "/api/%2e%2e/admin/host/status",
                "/admin/host/status",
                "/",
                path + "%00",
            )
        )
        method, body = self.random.choice(("GET", "POST")), self._damaged(b"{}")
        return Call(method, wrong, self._key(), self._headers(), body, target.function)

    def _key(self) -> Key:
        keys: tuple[Key, ...] = ("own", "all", "another's", "wrong", "none")
        return self.random.choices(keys, weights=(70, 15, 5, 5, 5))[0]

    def _headers(self) -> dict[str, str]:
        printable = "".join(self.random.choices(string.printable[:94], k=self.random.randint(0, 60)))
        offered = {
            "content-type": self.random.choice(("application/json", "text/plain", "multipart/form-data", printable)),
            "traceparent": self.random.choice((printable, f"00-{'a' * 32}-{'b' * 16}-01", "00-" + "z" * 32 + "-1-")),
            "tracestate": printable,
            "x-ms-dynamics-msg-size-exceeded": self.random.choice(("true", printable)),
            "x-ms-dynamics-entity-name": printable,
            "x-ms-client-principal": printable,
            "x-forwarded-for": printable,
            "cookie": printable,
        }
        return {name: value.strip() for name, value in offered.items() if self.random.random() < 0.2}

    def _query(self) -> str:
        names = ("queue", "from", "top", "code2", "format", self._text()[:20])
        pairs = []
        for _ in range(self.random.randint(0, 3)):
            value = self.random.choice((*QUEUES, "0", "5", "-1", "1e9", "9" * 30, "٣", self._text()[:100]))
            pairs.append(f"{quote(self.random.choice(names), safe='')}={quote(value, safe='')}")
        return "?" + "&".join(pairs) if pairs else ""

    # --- bodies

    def _event(self, real: bytes) -> bytes:
        if self.random.random() < 0.1:
            return self._damaged(real)
        event: dict[str, Any] = json.loads(real)
        if self.random.random() < 0.8:
            event["PrimaryEntityName"] = self.random.choice(TABLES)
        if self.random.random() < 0.6:
            event[ORGANIZATION] = self._organization
        for _ in range(self.random.choice((0, 0, 1, 1, 2, 5))):
            self._change(event)
        return self._damaged(self._spelled(event))

    def _change(self, event: dict[str, Any]) -> None:
        """Change one value somewhere, or the name of one."""
        at: Any = event
        while True:
            place = self.random.choice(list(at) if isinstance(at, dict) else range(len(at)))
            if isinstance(at[place], dict | list) and at[place] and self.random.random() < 0.5:
                at = at[place]
                continue
            break
        match self.random.randrange(6):
            case 0 if isinstance(at, dict):
                at[self._text()[:50]] = at.pop(place)
            case 1:
                del at[place]
            case 2:
                at[place] = {"__type": self._text()[:40], "__value": at[place]}
            case _:
                at[place] = self._value()

    def _question(self) -> bytes:
        """Give a body as the operations take one, or nearly."""
        asked: dict[str, Any] = {
            "queue": self.random.choice(QUEUES),
            "sequence_number": self.random.choice((1, 0, -1, 2**70, "1", None, 1.5, self._value())),
            "all": self.random.choice((True, False, None, "true", self._value())),
            self._text()[:30]: self._value(),
        }
        kept = {name: value for name, value in asked.items() if self.random.random() < 0.6}
        return self._spelled(kept)

    def _value(self) -> Any:
        return self.random.choice(
            (
                None,
                True,
                0,
                -1,
                2**63,
                10**400,
                1e308,
                float("nan"),
                float("inf"),
                [],
                {},
                [[]] * 50,
                {"__value": {"__value": MARK}},
                self._text(),
                self._text() * 200,
                "\ud800",
                "00000000-0000-0000-0000-000000000000",
                "{" + "f" * 8 + "-" + "f" * 27 + "}",
            )
        )

    def _text(self) -> str:
        return self.random.choice(
            (
                MARK,
                f"{MARK}\r\nSet-Cookie: a=b",
                f"{MARK}' or 1=1; drop table invoice --",
                f"<script>{MARK}</script>",
                "${jndi:ldap://" + MARK + "}",
                "{{7*7}}%s%n{0.__class__}",
                "../../etc/passwd",
                "\u202e\u0000\ufeff\u2028",
                "И" * self.random.randint(1, 200),
                "😀" * 70,
                "",
                "a" * self.random.randint(1, 200),
            )
        )

    def _spelled(self, value: Any) -> bytes:
        text = json.dumps(value, ensure_ascii=self.random.random() < 0.5)
        encoding = self.random.choices(("utf-8", "utf-8-sig", "utf-16", "cp1251"), weights=(94, 2, 2, 2))[0]
        return text.encode(encoding, errors="replace" if encoding == "cp1251" else "surrogatepass")

    def _damaged(self, body: bytes) -> bytes:
        """Damage some bodies as bytes; most stay as they are."""
        if self.random.random() < 0.75:
            return body
        damages = (self._cut, self._spliced, self._flipped, self._padded, self._noise)
        return self.random.choice(damages)(body)

    def _cut(self, body: bytes) -> bytes:
        return body[: self.random.randint(0, len(body))]

    def _spliced(self, body: bytes) -> bytes:
        at = self.random.randint(0, len(body))
        return body[:at] + self.random.randbytes(self.random.randint(1, 8)) + body[at:]

    def _flipped(self, body: bytes) -> bytes:
        damaged = bytearray(body or b"{}")
        for _ in range(self.random.randint(1, 10)):
            damaged[self.random.randrange(len(damaged))] = self.random.randrange(256)
        return bytes(damaged)

    def _padded(self, body: bytes) -> bytes:
        kinds = (body + body, b"[" * DEEP + body, body.replace(b'"', b"'"), body + b" " * LARGE)
        return self.random.choices(kinds, weights=(4, 4, 4, 1))[0]

    def _noise(self, _: bytes) -> bytes:
        return self.random.randbytes(self.random.randint(0, 200))
