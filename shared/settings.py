"""Every app setting, typed, in one place. The README's table is held against this module by a test."""

import json
import os
from collections.abc import Mapping
from datetime import date
from typing import Annotated, Any, Literal, Self
from uuid import UUID

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SecretStr,
    StringConstraints,
    ValidationError,
    model_validator,
)

from shared.errors import Misconfigured
from shared.fieldmap import FieldRule, doubled
from shared.links import OnecLink, Sapb1Link
from shared.refusals import Language
from shared.routes import ColumnName, Route, Target, not_empty, overlaps
from shared.setting_values import (
    PREFIX,
    Address,
    Certificates,
    ContainerAddress,
    EnvironmentAddress,
    Schedule,
    SecretValue,
    VaultAddress,
    from_json,
)

PAID_STATUS = 100001
"""invoice.statuscode of a fully paid one; its statecode is 2"""


APPLICATION_USER = ("DATAVERSE_TOKEN_URL", "DATAVERSE_CLIENT_ID", "DATAVERSE_CLIENT_SECRET")
SECRETS = ("DATAVERSE_CLIENT_SECRET", "ONEC_PASSWORD", "SAPB1_PASSWORD")


def _setting(name: str, about: str, **more: Any) -> Any:
    return Field(alias=name, description=about, **more)


class Settings(BaseModel):
    """The settings in force. Field descriptions are for the administrator."""

    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True, defer_build=True)

    # --- Dataverse
    dataverse_url: EnvironmentAddress = _setting(
        "DATAVERSE_URL", "Address of the environment, such as https://contoso.crm4.dynamics.com"
    )
    dataverse_organization_id: UUID = _setting(
        "DATAVERSE_ORGANIZATION_ID", "The organization's id; nothing is written when another one answers"
    )
    dataverse_token_url: Address | None = _setting(
        "DATAVERSE_TOKEN_URL",
        "Token endpoint: https://login.microsoftonline.com/TENANT/oauth2/v2.0/token",
        default=None,
    )
    dataverse_client_id: str | None = _setting(
        "DATAVERSE_CLIENT_ID", "The application user's client id", default=None, min_length=1
    )
    dataverse_client_secret: SecretValue | None = _setting(
        "DATAVERSE_CLIENT_SECRET", "Its secret, or `keyvault:NAME`", default=None
    )
    dataverse_user_id: UUID | None = _setting(
        "DATAVERSE_USER_ID", "systemuserid of the application user; events that it caused are dropped", default=None
    )

    # --- columns that a company adds to Microsoft's tables
    column_account_tax_number: ColumnName | None = _setting(
        "COLUMN_ACCOUNT_TAX_NUMBER", "account: column with the tax number (ИНН, VAT number)", default=None
    )
    column_account_kpp: ColumnName | None = _setting("COLUMN_ACCOUNT_KPP", "account: column with the КПП", default=None)
    column_contact_tax_number: ColumnName | None = _setting(
        "COLUMN_CONTACT_TAX_NUMBER", "contact: column with the tax number", default=None
    )
    column_line_tax_rate: ColumnName | None = _setting(
        "COLUMN_LINE_TAX_RATE",
        "lines: column with the tax rate (22, 10 %, none); empty: derived from the tax",
        default=None,
    )
    column_unit_okei: ColumnName | None = _setting(
        "COLUMN_UNIT_OKEI", "uom: column with the ОКЕИ code (1C finds the unit by it)", default=None
    )

    # --- what is exported, and how
    routes: Annotated[tuple[Route, ...], BeforeValidator(from_json), AfterValidator(not_empty)] = _setting(
        "ROUTES", "JSON: which legal entity's documents go where (see Routes)"
    )
    invoice_issued_statuses: Annotated[tuple[int, ...], BeforeValidator(from_json), AfterValidator(not_empty)] = (
        _setting(
            "INVOICE_ISSUED_STATUSES",
            "JSON: statuscodes in which an invoice counts as issued",
            default=(4, 100001, 100002),
        )
    )
    order_fulfilled_statuses: Annotated[tuple[int, ...], BeforeValidator(from_json)] = _setting(
        "ORDER_FULFILLED_STATUSES",
        "JSON: statuscodes in which an order counts as completely fulfilled",
        default=(100001,),
    )
    field_map: Annotated[tuple[FieldRule, ...], BeforeValidator(from_json)] = _setting(
        "FIELD_MAP", "JSON: a company's own fields, from Dataverse columns to accounting properties", default=()
    )
    language: Language = _setting("LANGUAGE", "Language of the sentences in the CRM: ru or en", default="en")
    lanes: int = _setting("LANES", "How many calls into an accounting system may run at once", default=4, ge=1, le=64)
    epoch: int = _setting("EPOCH", "Raised by the operator after the CRM was restored from a backup", default=0, ge=0)
    epoch_seen: int = _setting(
        "EPOCH_SEEN",
        "The `EPOCH` up to which somebody has seen what accounting holds beyond the CRM; lower: nothing is exported",
        default=0,
        ge=0,
    )
    retry_first_seconds: float = _setting("RETRY_FIRST_SECONDS", "Wait before the first retry", default=5.0, gt=0)
    retry_max_seconds: float = _setting("RETRY_MAX_SECONDS", "Longest wait between retries", default=900.0, gt=0)

    sweep_schedule: Schedule = _setting(
        "SWEEP_SCHEDULE", "Six-field NCRONTAB: when changes are read from Dataverse", default="0 */5 * * * *"
    )
    reconcile_schedule: Schedule = _setting(
        "RECONCILE_SCHEDULE",
        "Six-field NCRONTAB: when all documents are held against the journal",
        default="0 0 3 * * *",
    )

    payments_schedule: Schedule = _setting(
        "PAYMENTS_SCHEDULE",
        "Six-field NCRONTAB: when payments and cancellations are read from accounting",
        default="0 20 * * * *",
    )
    mark_invoices_paid: bool = _setting(
        "MARK_INVOICES_PAID", "true: an invoice that is fully paid in accounting is set Paid in the CRM", default=False
    )

    # --- files, handed out by the ways 1A and 1B
    enterprise_data_version: Annotated[str, StringConstraints(pattern=r"^1\.(1[7-9]|[2-9][0-9])$")] = _setting(
        "ENTERPRISE_DATA_VERSION", "1C by hand: version of EnterpriseData, 1.17 or later", default="1.17"
    )
    files_container_url: ContainerAddress | None = _setting(
        "FILES_CONTAINER_URL",
        "Blob container for each day's files: https://NAME.blob.core.windows.net/CONTAINER; empty: by request only",
        default=None,
    )
    files_schedule: Schedule = _setting(
        "FILES_SCHEDULE",
        "Six-field NCRONTAB: when the files of the days that are over go into the container",
        default="0 0 4 * * *",
    )

    # --- watching
    telemetry: Literal["opencensus", "opentelemetry", "none"] = _setting(
        "TELEMETRY",
        "How telemetry leaves: opencensus, opentelemetry (needs requirements-opentelemetry.txt) or none",
        default="opencensus",
    )
    credentials_expire: Annotated[dict[str, date], BeforeValidator(from_json)] = _setting(
        "CREDENTIALS_EXPIRE",
        'JSON: setting to the day its secret ends, such as {"DATAVERSE_CLIENT_SECRET": "2027-05-01"}; warns before',
        default={},
    )

    # --- 1C
    onec_url: Address | None = _setting("ONEC_URL", "1C: address ending in /odata/standard.odata", default=None)
    onec_username: str | None = _setting("ONEC_USERNAME", "1C: the integration user", default=None)
    onec_password: SecretValue | None = _setting("ONEC_PASSWORD", "1C: its password, or `keyvault:NAME`", default=None)
    onec_link: OnecLink | None = _setting(
        "ONEC_LINK",
        "1C's web client: a document's address, with {type} and {ref}; empty: the journal has no link",
        default=None,
    )

    # --- SAP Business One
    sapb1_url: Address | None = _setting("SAPB1_URL", "Service Layer: address ending in /b1s/v2", default=None)
    sapb1_company: str | None = _setting("SAPB1_COMPANY", "Service Layer: CompanyDB", default=None)
    sapb1_username: str | None = _setting("SAPB1_USERNAME", "Service Layer: the integration user", default=None)
    sapb1_password: SecretValue | None = _setting(
        "SAPB1_PASSWORD", "Service Layer: its password, or `keyvault:NAME`", default=None
    )
    sapb1_link: Sapb1Link | None = _setting(
        "SAPB1_LINK",
        "SAP's Web Client: a document's address, with {type} (table: OINV) and {id}; empty: the journal has no link",
        default=None,
    )

    # --- how it is kept safe
    key_vault_url: VaultAddress | None = _setting(
        "KEY_VAULT_URL", "Key Vault that holds what `keyvault:NAME` names: https://NAME.vault.azure.net", default=None
    )
    ca_bundle: Certificates = _setting(
        "CA_BUNDLE",
        "Certificates that 1C and Service Layer may show beside public ones: PEM text, or the path of a file of it",
        default="",
    )
    operations_role: str | None = _setting(
        "OPERATIONS_ROLE",
        "Entra app role that health and operations ask for beside their key (see Security)",
        default=None,
        min_length=1,
    )

    @model_validator(mode="after")
    def _whole(self) -> Self:
        problems = [f"ROUTES: {problem}" for problem in overlaps(self.routes)]
        problems += [f"FIELD_MAP: {problem}" for problem in doubled(self.field_map)]
        for target in sorted({route.target for route in self.routes if not route.by_hand}):
            problems += [
                f"{name}: required, because a route leads to {target}"
                for name, value in self.connection(target).items()
                if value is None
            ]
        if self.mark_invoices_paid and PAID_STATUS not in self.invoice_issued_statuses:
            problems.append(
                f"MARK_INVOICES_PAID: needs {PAID_STATUS} among INVOICE_ISSUED_STATUSES, "
                "or an invoice would count as taken back once it is paid"
            )
        if self.credentials_expire.keys() - {field.alias for field in type(self).model_fields.values()}:
            problems.append("CREDENTIALS_EXPIRE: must name settings, or nobody could be told which of them ends")
        if self.epoch_seen > self.epoch:
            problems.append("EPOCH_SEEN: must not be more than EPOCH, or the next restore would pause nothing")
        if self.retry_first_seconds > self.retry_max_seconds:
            problems.append("RETRY_FIRST_SECONDS: must not be more than RETRY_MAX_SECONDS")
        if problems:
            raise ValueError("; ".join(problems))
        return self

    @property
    def restored_unseen(self) -> bool:
        """Whether the CRM was restored, and nobody has seen yet what accounting holds beyond it: nothing is written."""
        return self.epoch_seen < self.epoch

    def secret(self, name: str) -> SecretStr | None:
        """Give one of SECRETS as it was set, by its name."""
        value: SecretStr | None = getattr(self, name.lower())
        return value

    def connection(self, target: Target) -> dict[str, str | SecretStr | None]:
        """Give the settings that connect to an accounting system, by their names."""
        if target == "onec":
            return {
                "ONEC_URL": self.onec_url,
                "ONEC_USERNAME": self.onec_username,
                "ONEC_PASSWORD": self.onec_password,
            }
        return {
            "SAPB1_URL": self.sapb1_url,
            "SAPB1_COMPANY": self.sapb1_company,
            "SAPB1_USERNAME": self.sapb1_username,
            "SAPB1_PASSWORD": self.sapb1_password,
        }

    def link(self, target: Target) -> str | None:
        """Give the template of the addresses of an accounting system's documents."""
        return self.onec_link if target == "onec" else self.sapb1_link

    def route(self, name: str) -> Route | None:
        """Find a route by its name."""
        return next((route for route in self.routes if route.name == name), None)


SERVICE_BUS_CONNECTION = "ServiceBusConnection"
"""Connection of triggers and senders: a connection string, or with ``__fullyQualifiedNamespace`` an identity."""

APPLICATION_INSIGHTS = "APPLICATIONINSIGHTS_CONNECTION_STRING"
APPLICATION_INSIGHTS_SIGN_IN = "APPLICATIONINSIGHTS_AUTHENTICATION_STRING"
TELEMETRY = "TELEMETRY"

PLATFORM_SETTINGS: dict[str, str] = {
    SERVICE_BUS_CONNECTION: "Service Bus connection string (or the next one)",
    f"{SERVICE_BUS_CONNECTION}__fullyQualifiedNamespace": "Service Bus host name, for a managed identity",
    APPLICATION_INSIGHTS: "Application Insights; empty: no telemetry leaves",
    APPLICATION_INSIGHTS_SIGN_IN: "Authorization=AAD;ClientId=…: telemetry is sent by managed identity",
    "AZURE_CLIENT_ID": "Client id of the managed identity to sign in with, where several are assigned",
    "AzureWebJobsStorage": "The Functions host's own storage",
    "FUNCTIONS_WORKER_RUNTIME": "python",
}
"""Settings that the Functions host or an SDK reads, not :class:`Settings`."""


def schedule(name: str) -> str:
    """Give a timer's schedule while the functions are indexed, when nothing may fail for another setting's sake."""
    field = next(field for field in Settings.model_fields.values() if field.alias == name)
    return os.environ.get(name) or str(field.default)


def _place(location: tuple[int | str, ...], routes: object) -> str:
    """Name a setting and the place in it: ``ROUTES: route “ru”, field dates.due``, ``FIELD_MAP: number 2``."""
    name, *inner = location
    if not inner or not isinstance(inner[0], int):
        return str(name)
    index, field = inner[0], ".".join(map(str, inner[1:]))
    label = f"number {index + 1}"
    if name == "ROUTES":
        route = routes[index] if isinstance(routes, list) else None
        named = route.get("name") if isinstance(route, dict) else None
        label = f"route “{named}”" if isinstance(named, str) else f"route {label}"
    return f"{name}: {label}" + (f", field {field}" if field else "")


def _sign_in_problems(given: Mapping[str, str]) -> list[str]:
    """Say which settings that belong together are not all there; an application user needs none or all of its three."""
    absent = [name for name in APPLICATION_USER if name not in given]
    problems = []
    if len(absent) < len(APPLICATION_USER):
        problems = [f"{name}: is missing (leave all three out to sign in by managed identity)" for name in absent]
    in_vault = [name for name in SECRETS if given.get(name, "").startswith(PREFIX)]
    if in_vault and "KEY_VAULT_URL" not in given:
        problems.append(f"KEY_VAULT_URL: is missing, though {', '.join(in_vault)} names a secret in the vault")
    return problems


def load(environment: Mapping[str, str]) -> Settings:
    """Read the settings from the environment; an empty value counts as absent.

    Raises Misconfigured with one sentence for each missing or wrong setting; no value is quoted.
    """
    given = {name: value for name, value in environment.items() if value != ""}
    problems = _sign_in_problems(given)
    try:
        settings = Settings.model_validate(given)
    except ValidationError as error:
        try:
            routes = json.loads(given.get("ROUTES", "null"))
        except ValueError:
            routes = None
        for detail in error.errors(include_url=False, include_input=False):
            message = "is missing" if detail["type"] == "missing" else detail["msg"].removeprefix("Value error, ")
            place = _place(detail["loc"], routes) if detail["loc"] else ""
            problems.extend([f"{place}: {message}"] if place else message.split("; "))
        raise Misconfigured(*problems) from None
    if problems:
        raise Misconfigured(*problems)
    return settings
