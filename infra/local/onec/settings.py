"""How a base can differ from another one: what ``--set KEY=VALUE`` understands.

Where the real behaviour isn't known for certain, the most likely one is the default and the other one can be had.
"""

from collections.abc import Mapping

from pydantic import BaseModel, ConfigDict, Field, ValidationError

CHOICE_POSTED = "^(ignore|post|refuse)$"


class OneCSettings(BaseModel):
    """The settings of a local base."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    username: str = "ОбменCRM"
    password: str = "Учебный-Пароль-1С"
    posted_in_body: str = Field(default="ignore", pattern=CHOICE_POSTED)
    """``"Posted": true`` in a body: ignored, posts the document, or refused."""
    fill_check: str = Field(default="post", pattern="^(never|post|write)$")
    """When required properties are checked: never, on Post, or on every write too."""
    client_ref_key: bool = True
    """Whether a Ref_Key chosen by the client is honoured."""
    duplicate_status: int = Field(default=400, ge=400, le=599)
    """The HTTP status of a creation whose key exists (code 15)."""
    user_sees_accounts: bool = False
    """Whether the user has the right to see ledger accounts; then БП leaves empty ones empty."""
    closed_until: str = Field(default="", pattern=r"^(\d{4}-\d\d-\d\d)?$")
    """Documents up to this day can't be written or posted."""
    status_row: str = Field(default="payment", pattern="^(payment|post)$")
    """When a счёт gets its row in СтатусыДокументов: with its first payment, or already when it is posted."""
    denied: str = ""
    """Entities, separated by commas, that the user may read but not write (code 20)."""
    unfilterable: str = ""
    """Properties, separated by commas, that $filter refuses (500, -1), as users of a hosted base report for some."""
    pool: int = Field(default=100, ge=1)
    """How many sessions there can be at once; one more answers 406."""
    session_seconds: float = Field(default=20, ge=0)
    """How long an unused session lives."""
    work_seconds: float = Field(default=0, ge=0)
    """How long every request keeps its session busy."""


def parse_settings(settings: Mapping[str, str]) -> OneCSettings:
    """Read the settings; SystemExit with a sentence where one is unknown or wrong."""
    try:
        return OneCSettings.model_validate(dict(settings))
    except ValidationError as error:
        wrong = "; ".join(f"{'.'.join(map(str, item['loc']))}: {item['msg']}" for item in error.errors())
        raise SystemExit(f"onec: wrong setting: {wrong}") from error
