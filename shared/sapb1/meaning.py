"""What an error of Service Layer means: one table by SAP's code, one by HTTP status, a few sentences.

Sources: SAP's manual “Working with SAP Business One Service Layer” and error bodies as seen in public. Where the two
tables disagree the code wins, because one status carries many meanings.
"""

import re
from dataclasses import dataclass
from enum import Enum
from typing import Any

from shared import jsontext
from shared.errors import AnswerLost, BridgeError, Misconfigured, Refused, Unavailable
from shared.refusals import refusal

SYSTEM = "SAP Business One"


class Meaning(Enum):
    """What to do about it."""

    SESSION = "log in again, once; nothing was done"
    LOGIN = "the log-in is wrong"
    SETUP = "a right, a table or a field is missing"
    EXISTS = "something with that key is there: look it up"
    STALE = "somebody else wrote at that moment; nothing was done"
    AMBIGUOUS = "may have been done: look it up before anything else"
    RATE = "the accountant has not entered the exchange rate"
    REFUSED = "the data is not acceptable"


CODES = {
    "301": Meaning.SESSION,
    "100000027": Meaning.LOGIN,
    "-10": Meaning.EXISTS,
    "-2035": Meaning.EXISTS,
    "-2039": Meaning.STALE,
    "-2028": Meaning.AMBIGUOUS,
}

STATUSES = {401: Meaning.SESSION, 403: Meaning.SETUP, 412: Meaning.STALE}

SENTENCES = (
    (re.compile(r"update the exchange rate", re.IGNORECASE), Meaning.RATE),
    (re.compile(r"^Property '[^']*' of '[^']*' is invalid|unrecognized resource path", re.IGNORECASE), Meaning.SETUP),
    (re.compile(r"\bnot authori[sz]ed\b|\bno authori[sz]ation\b", re.IGNORECASE), Meaning.SETUP),
)
"""Sentences come first: -10 and -1000 are used for many things."""

_CURRENCY = re.compile(r"'([^']+)'")


class AlreadyThere(Refused):
    """SAP says that something with this key exists. Whoever catches it looks it up; else it is a refusal."""


class SetupMissing(Misconfigured):
    """A right, an entity or a property is missing in the company."""


class RateMissing(Refused):
    """SAP lacks an exchange rate; the date is the document's, which only the caller knows."""

    def __init__(self, currency: str) -> None:
        super().__init__(refusal("accounting_refused", message=f"Update the exchange rate, {currency}"))
        self.currency = currency


@dataclass(frozen=True)
class SapError:
    """An error body of v1 or v2. ``message`` may quote data: it goes into refusals, never into a log."""

    status: int
    code: str
    message: str

    @property
    def meaning(self) -> Meaning:
        """Say what it means."""
        if self.status >= 500:
            return Meaning.AMBIGUOUS
        if not self.code:
            # not SAP's own: a page of whatever stands before it, such as 404 of a relay that nobody listens to, or 408
            return STATUSES.get(self.status, Meaning.AMBIGUOUS)
        for pattern, meaning in SENTENCES:
            if pattern.search(self.message):
                return meaning
        return CODES.get(self.code) or STATUSES.get(self.status, Meaning.REFUSED)

    @property
    def not_found(self) -> bool:
        """Whether a read by key found nothing."""
        return self.status == 404 and self.code == "-2028"


def read_error(status: int, content: bytes) -> SapError:
    """Read an error body, v2 or v1; one that is neither has no code."""
    try:
        error = jsontext.loads(content)["error"]
        message: Any = error["message"]
        text = message["value"] if isinstance(message, dict) else message
        return SapError(status, str(error["code"]), str(text))
    except (ValueError, KeyError, TypeError):
        return SapError(status, "", "")


def failure(error: SapError, *, writes: bool) -> BridgeError:
    """Make the error of the bridge that follows; ``writes``: whether the request could change anything."""
    label = f"HTTP {error.status}" + (f", code {error.code}" if error.code else "")
    match error.meaning:
        case Meaning.SESSION:
            made: BridgeError = Unavailable(SYSTEM, f"the session was refused twice ({label})")
        case Meaning.LOGIN:
            made = Misconfigured(
                f"{SYSTEM}: the log-in was refused ({label}); check SAPB1_COMPANY, SAPB1_USERNAME and SAPB1_PASSWORD"
            )
        case Meaning.SETUP:
            named = error.message if error.message.startswith("Property ") else "a right or an entity is missing"
            made = SetupMissing(f"{SYSTEM}: {named} ({label})")
        case Meaning.EXISTS:
            made = AlreadyThere(refusal("accounting_refused", message=error.message))
        case Meaning.STALE:
            made = Unavailable(SYSTEM, f"another user was writing the same ({label})", answered=True)
        case Meaning.AMBIGUOUS:
            names_nothing = error.code == "-2028" and error.status < 500
            if names_nothing and writes:
                # a draft was saved for approval, or a code in the settings is not there: SAP doesn't say which
                label += ": something that the document names was not found"
            made = (AnswerLost if writes else Unavailable)(SYSTEM, label, answered=names_nothing)
        case Meaning.RATE:
            currency = _CURRENCY.search(error.message)
            made = RateMissing(currency[1] if currency else "?")
        case Meaning.REFUSED:
            made = Refused(refusal("accounting_refused", message=error.message or label))
    return made
