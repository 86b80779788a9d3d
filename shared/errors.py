"""The small tree of errors; its class decides what happens next.

BridgeError
├── Refused        the data can't be exported: a sentence goes to the journal, the message is completed
│   └── Parked     it can't be exported yet: as Unavailable, with the sentence in the journal meanwhile
├── Unavailable    a system is away: the reference is sent again later, nothing is dead-lettered
│   └── AnswerLost the request may have been carried out: look the document up before anything else
├── Misconfigured  a setting is wrong: as Unavailable, and the health endpoint names it
│   └── CredentialsRefused  a log-in was refused: the system is left alone for a while, or it would lock the user
└── Unreadable     a message can't be read at all: it goes to the queue ``poison``
"""

from datetime import date
from decimal import Decimal

from shared.refusals import Refusal


class BridgeError(Exception):
    """What the bridge raises on purpose."""


class Refused(BridgeError):
    """Bad data, in a sentence for a person.

    ``number`` and ``accounting_id`` say which document accounting holds all the same, where it holds one; ``dated``
    and ``total``, in the document's currency, say more of it where they were read.
    """

    def __init__(
        self,
        refusal: Refusal,
        number: str = "",
        accounting_id: str = "",
        *,
        dated: date | None = None,
        total: Decimal | None = None,
    ) -> None:
        super().__init__(refusal.code)
        self.refusal = refusal
        self.number = number
        self.accounting_id = accounting_id
        self.dated = dated
        self.total = total


class Parked(Refused):
    """What accounting lacks will be entered there by and by, without a hand on the document: it is tried again."""


class Unavailable(BridgeError):
    """A system does not do its work now. ``retry_after`` is in seconds, where the system named a time.

    ``answered``: the system is there, and it is this one document that has to wait.
    """

    def __init__(self, system: str, cause: str, retry_after: float | None = None, *, answered: bool = False) -> None:
        super().__init__(f"{system}: {cause}")
        self.system = system
        self.cause = cause
        self.retry_after = retry_after
        self.answered = answered


class AnswerLost(Unavailable):
    """The request was sent and no answer came: the work may be done or not."""

    def looked_up(self, found: str) -> Unavailable:
        """Give what follows once a look-up says that the work was not done; ``found`` completes the cause."""
        return Unavailable(self.system, f"{self.cause}{found}", self.retry_after, answered=self.answered)


class Misconfigured(BridgeError):
    """A setting, a credential or a right is missing or wrong. ``problems`` holds one sentence each."""

    def __init__(self, *problems: str) -> None:
        super().__init__("; ".join(problems))
        self.problems = problems


class CredentialsRefused(Misconfigured):
    """A system refused our log-in. Many in a row lock a user, so nobody tries again at once (see the breaker)."""


class Unreadable(BridgeError):
    """A message or an event whose content can't be read; the text says why and quotes nothing of it."""
