"""host.json and local.settings.json: what is honoured, with the defaults of the real host, and refusal of the rest.

Names and defaults: the Functions host 4.x and the Service Bus extension 5.x (``ServiceBusOptions``). A key this host
does not honour stops it with a sentence: a setting that is silently ignored here would be believed to work.
"""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator
from pydantic.alias_generators import to_camel

from infra.local.host.errors import HostError

DEFAULT_TIMEOUT = timedelta(minutes=30)
"""functionTimeout where host.json names none: the default of the Flex Consumption plan."""

_TIME_SPAN = re.compile(r"(?:(\d+)\.)?(\d{1,2}):(\d{1,2})(?::(\d{1,2})(?:\.(\d{1,7}))?)?")
_PLACEHOLDER = re.compile(r"%([^%]+)%")


def time_span(text: object) -> object:
    """Read .NET's ``[days.]hours:minutes[:seconds[.fraction]]``; anything that is not text passes through."""
    if not isinstance(text, str):
        return text
    match = _TIME_SPAN.fullmatch(text)
    if match is None:
        raise ValueError(f"{text!r} is not a time span such as 00:05:00")
    days, hours, minutes, seconds, fraction = match.groups()
    if int(hours) > 23 or int(minutes) > 59 or int(seconds or 0) > 59:
        raise ValueError(f"{text!r} is not a time span: hours end at 23, minutes and seconds at 59")
    return timedelta(
        days=int(days or 0),
        hours=int(hours),
        minutes=int(minutes),
        seconds=int(seconds or 0),
        microseconds=int((fraction or "0").ljust(7, "0")[:6]),
    )


TimeSpan = Annotated[timedelta, BeforeValidator(time_span)]


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, alias_generator=to_camel)


class ClientRetryOptions(_Section):
    """How often an operation against the broker is tried again (``ServiceBusRetryOptions``)."""

    mode: Literal["exponential", "fixed", "Exponential", "Fixed"] = "exponential"
    try_timeout: TimeSpan = timedelta(minutes=1)
    delay: TimeSpan = timedelta(seconds=0.8)
    max_delay: TimeSpan = timedelta(minutes=1)
    max_retries: int = Field(default=3, ge=0, le=100)


class ServiceBusOptions(_Section):
    """``extensions.serviceBus``."""

    prefetch_count: int = Field(default=0, ge=0)
    auto_complete_messages: Literal[True] = True
    """Settling from a Python function needs a beta extension, so ``false`` is refused."""
    max_auto_lock_renewal_duration: TimeSpan = timedelta(minutes=5)
    """Single messages and sessions only: the real host does not renew the locks of a batch."""
    max_concurrent_calls: int = Field(default_factory=lambda: 16 * (os.cpu_count() or 1), ge=1)
    max_concurrent_sessions: int = Field(default=8, ge=1)
    max_message_batch_size: int = Field(default=1000, ge=1)
    min_message_batch_size: int = Field(default=1, ge=1)
    max_batch_wait_time: TimeSpan = timedelta(seconds=30)
    session_idle_timeout: TimeSpan | None = None
    """None: ``clientRetryOptions.tryTimeout``."""
    client_retry_options: ClientRetryOptions = ClientRetryOptions()
    transport_type: Literal["amqpTcp", "AmqpTcp"] = "amqpTcp"
    """The local broker speaks AMQP over TCP, so web sockets are refused."""
    enable_cross_entity_transactions: Literal[False] = False

    @model_validator(mode="after")
    def _batch_sizes_agree(self) -> "ServiceBusOptions":
        if self.min_message_batch_size > self.max_message_batch_size:
            raise ValueError("minMessageBatchSize is larger than maxMessageBatchSize")
        return self

    @property
    def idle_timeout(self) -> float:
        """Seconds without a message after which a session is given up."""
        idle = self.client_retry_options.try_timeout if self.session_idle_timeout is None else self.session_idle_timeout
        return idle.total_seconds()


class HttpOptions(_Section):
    """``extensions.http``."""

    route_prefix: str = "api"


class Extensions(_Section):
    """``extensions``."""

    http: HttpOptions = HttpOptions()
    service_bus: ServiceBusOptions = Field(default_factory=ServiceBusOptions)


class Logging(BaseModel):
    """``logging``: the levels are honoured; everything else describes Application Insights and is accepted."""

    model_config = ConfigDict(extra="forbid", frozen=True, alias_generator=to_camel)

    log_level: dict[str, Literal["Trace", "Debug", "Information", "Warning", "Error", "Critical", "None"]] = Field(
        default_factory=dict
    )
    application_insights: dict[str, Any] = Field(default_factory=dict)
    console: dict[str, Any] = Field(default_factory=dict)
    file_logging_mode: Literal["debugOnly", "always", "never"] = "debugOnly"


class ExtensionBundle(BaseModel):
    """``extensionBundle``: accepted; the triggers are this host's own."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: Literal["Microsoft.Azure.Functions.ExtensionBundle", "Microsoft.Azure.Functions.ExtensionBundle.Preview"]
    version: str


class HostJson(_Section):
    """host.json."""

    version: Literal["2.0"]
    logging: Logging = Logging()
    extension_bundle: ExtensionBundle | None = None
    function_timeout: TimeSpan | Literal["-1"] | None = None
    extensions: Extensions = Field(default_factory=Extensions)
    telemetry_mode: Literal["OpenTelemetry", "ApplicationInsights"] = "ApplicationInsights"

    @model_validator(mode="before")
    @classmethod
    def _no_limit(cls, data: Any) -> Any:
        # TimeSpan runs before the union is tried and would refuse the host's word for "no limit".
        if isinstance(data, dict) and data.get("functionTimeout") == "-1":
            return {**data, "functionTimeout": timedelta.max}
        return data

    @property
    def timeout(self) -> float | None:
        """Seconds an invocation may take; None without a limit."""
        match self.function_timeout:
            case None:
                return DEFAULT_TIMEOUT.total_seconds()
            case timedelta() as limit if limit != timedelta.max:
                return limit.total_seconds()
        return None


class _LocalHost(_Section):
    local_http_port: int | None = Field(default=None, alias="LocalHttpPort")
    """Accepted: the port is the command line's."""


class LocalSettings(BaseModel):
    """local.settings.json, the file of Core Tools. Values are text."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    IsEncrypted: Literal[False] = False
    Values: dict[str, str] = Field(default_factory=dict)
    Host: _LocalHost = _LocalHost()
    ConnectionStrings: dict[str, str] = Field(default_factory=dict, max_length=0)


_Model = TypeVar("_Model", bound=BaseModel)


def _read(path: Path, model: type[_Model]) -> _Model:
    try:
        return model.model_validate_json(path.read_bytes())
    except FileNotFoundError:
        raise HostError(f"{path} is missing.") from None
    except ValidationError as error:
        raise HostError(" ".join(_sentence(path.name, dict(item)) for item in error.errors())) from None


def _sentence(file: str, error: Mapping[str, Any]) -> str:
    place = ".".join(str(part) for part in error["loc"])
    match error["type"]:
        case "extra_forbidden":
            return f"{file}: {place} is not a setting this host knows."
        case "too_long" if place == "ConnectionStrings":
            return f"{file}: ConnectionStrings is for .NET; put them into Values."
        case _:
            return f"{file}: {place or 'the file'}: {error['msg']}."


@dataclass(frozen=True)
class AppSettings:
    """The app settings as the app sees them: Values under the process environment."""

    values: Mapping[str, str]

    def get(self, name: str) -> str | None:
        """Give an app setting; an empty one counts as not set, as in the real host."""
        return self.values.get(name) or None

    def expand(self, text: str, where: str) -> str:
        """Replace each ``%NAME%`` by the app setting; a missing one is an error that names it and ``where``."""

        def value(match: re.Match[str]) -> str:
            found = self.get(match[1])
            if found is None:
                raise HostError(
                    f"{where}: %{match[1]}% does not resolve to a value: "
                    f"set {match[1]} in local.settings.json (Values) or in the environment."
                )
            return found

        return _PLACEHOLDER.sub(value, text)

    def is_disabled(self, function: str) -> bool:
        """Say whether ``AzureWebJobs.NAME.Disabled`` (or, for Linux, with underscores) switches a function off."""
        names = (f"AzureWebJobs.{function}.Disabled", f"AzureWebJobs_{function}_Disabled")
        return any((self.get(name) or "").lower() in {"true", "1"} for name in names)


def read_host_json(folder: Path) -> HostJson:
    """Read FOLDER/host.json."""
    return _read(folder / "host.json", HostJson)


def read_app_settings(folder: Path, file: Path | None, environment: Mapping[str, str]) -> AppSettings:
    """Read the app settings.

    :param file: a local.settings.json that must exist; None takes the one in ``folder`` if there is one.
    :param environment: the process environment, which overrides the file.
    """
    path = file or folder / "local.settings.json"
    values = _read(path, LocalSettings).Values if file is not None or path.is_file() else {}
    settings = AppSettings({"AZURE_FUNCTIONS_ENVIRONMENT": "Development", **values, **environment})
    runtime = settings.get("FUNCTIONS_WORKER_RUNTIME")
    if runtime not in {None, "python"}:
        raise HostError(f"FUNCTIONS_WORKER_RUNTIME is {runtime!r}; this host runs python.")
    return settings
