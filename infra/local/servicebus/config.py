"""The queues to serve, in the format of Microsoft's Service Bus emulator (``Config.json``).

See https://learn.microsoft.com/azure/service-bus-messaging/test-locally-with-service-bus-emulator. A property
that the broker does not know is refused: silence would promise a behaviour that is not there.
"""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

DEFAULT_CONFIG = Path(__file__).with_name("Config.json")
FOREVER = 10675199 * 86400
"""Seconds from which a duration means "never": the longest TimeSpan is 10,675,199 days."""

_DURATION = re.compile(
    r"P(?:(?P<days>\d+)D)?(?:T(?:(?P<hours>\d+)H)?(?:(?P<minutes>\d+)M)?(?:(?P<seconds>\d+(?:\.\d+)?)S)?)?"
)


class ConfigError(ValueError):
    """A configuration that cannot be served; the text says where and why."""


def seconds(text: object) -> float:
    """Read an ISO 8601 duration (``P1DT2H3M4.5S``) as seconds."""
    if isinstance(text, (int, float)):
        return float(text)
    found = _DURATION.fullmatch(str(text))
    if found is None or not any(found.groups()):
        raise ValueError(f"{text!r} is not an ISO 8601 duration such as PT1M")
    part = {name: float(value or 0) for name, value in found.groupdict().items()}
    return part["days"] * 86400 + part["hours"] * 3600 + part["minutes"] * 60 + part["seconds"]


Duration = Annotated[float, BeforeValidator(seconds)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class QueueProperties(_Strict):
    """What a queue is told to do; names and defaults are Azure's."""

    requires_session: bool = Field(False, alias="RequiresSession")
    requires_duplicate_detection: bool = Field(False, alias="RequiresDuplicateDetection")
    duplicate_window: Duration = Field(600.0, alias="DuplicateDetectionHistoryTimeWindow", ge=20, le=7 * 86400)
    lock_duration: Duration = Field(60.0, alias="LockDuration", gt=0, le=300)
    max_delivery_count: int = Field(10, alias="MaxDeliveryCount", ge=1, le=2000)
    time_to_live: Duration = Field(float(FOREVER), alias="DefaultMessageTimeToLive", gt=0)
    dead_letter_on_expiry: bool = Field(False, alias="DeadLetteringOnMessageExpiration")
    forward_to: Literal[""] = Field("", alias="ForwardTo")
    forward_dead_letters_to: Literal[""] = Field("", alias="ForwardDeadLetteredMessagesTo")


class _Queue(_Strict):
    name: str = Field(alias="Name", min_length=1, max_length=260)
    properties: QueueProperties = Field(alias="Properties", default_factory=lambda: QueueProperties.model_validate({}))


class _Namespace(_Strict):
    name: str = Field(alias="Name")
    queues: list[_Queue] = Field(alias="Queues", default_factory=list)
    topics: list[None] = Field(alias="Topics", default_factory=list, max_length=0)


class _Logging(_Strict):
    type: str = Field(alias="Type")


class _UserConfig(_Strict):
    namespaces: list[_Namespace] = Field(alias="Namespaces", min_length=1, max_length=1)
    logging: _Logging | None = Field(alias="Logging", default=None)


class _File(_Strict):
    user_config: _UserConfig = Field(alias="UserConfig")


@dataclass(frozen=True)
class Limits:
    """What the tier allows."""

    max_message_bytes: int = 256 * 1024
    """Standard tier: 256 KB for a message or a batch."""


def load(path: Path) -> dict[str, QueueProperties]:
    """Give the queues by name. ConfigError where the file is not one the broker can serve."""
    try:
        file = _File.model_validate_json(path.read_bytes())
    except OSError as error:
        raise ConfigError(f"the configuration {path} cannot be read: {error.strerror}") from error
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise ConfigError(f"{path}: {where}: {first['msg']}") from error
    queues: dict[str, QueueProperties] = {}
    for queue in file.user_config.namespaces[0].queues:
        if queue.name.lower() in {name.lower() for name in queues}:
            raise ConfigError(f"{path}: the queue {queue.name} is declared twice")
        queues[queue.name] = queue.properties
    return queues
