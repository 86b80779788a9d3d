"""Settings: each problem is named with its place, none quotes a value, no secret shows."""

import json
from typing import Any

import pytest

from shared.errors import Misconfigured
from shared.settings import APPLICATION_USER, Settings, load
from tests.builders import ORGANIZATION, SECRETS, UNIT_RU, environment, onec_route, sapb1_route, settings

REQUIRED = (
    "DATAVERSE_URL",
    "DATAVERSE_ORGANIZATION_ID",
    "ROUTES",
)
OF_A_TARGET = {
    "ONEC_URL": "onec",
    "ONEC_USERNAME": "onec",
    "ONEC_PASSWORD": "onec",
    "SAPB1_URL": "sapb1",
    "SAPB1_COMPANY": "sapb1",
    "SAPB1_USERNAME": "sapb1",
    "SAPB1_PASSWORD": "sapb1",
}


def problems(given: dict[str, str]) -> tuple[str, ...]:
    with pytest.raises(Misconfigured) as caught:
        load(given)
    return caught.value.problems


@pytest.mark.parametrize("value", [None, ""], ids=["absent", "empty"])
@pytest.mark.parametrize("name", REQUIRED)
def test_a_missing_setting_is_named(name: str, value: str | None) -> None:
    assert problems(environment(**{name: value})) == (f"{name}: is missing",)


@pytest.mark.parametrize("name", APPLICATION_USER)
def test_an_application_user_needs_all_its_settings_or_none(name: str) -> None:
    (problem,) = problems(environment(**{name: None}))
    assert problem.startswith(f"{name}: is missing")
    assert "managed identity" in problem
    assert load(environment(**dict.fromkeys(APPLICATION_USER))).dataverse_client_secret is None


def test_a_secret_in_the_vault_needs_a_vault() -> None:
    named = {"ONEC_PASSWORD": "keyvault:onec-password"}
    (problem,) = problems(environment(**named))
    assert problem.startswith("KEY_VAULT_URL: is missing, though ONEC_PASSWORD")
    assert load(environment(**named, KEY_VAULT_URL="https://contoso.vault.azure.net")).key_vault_url is not None


@pytest.mark.parametrize("name", ["", "../keys/other", "a name", "n" * 128, "имя"])
def test_a_secrets_name_can_not_lead_elsewhere_in_the_vault(name: str) -> None:
    vault = {"KEY_VAULT_URL": "https://contoso.vault.azure.net"}
    (problem,) = problems(environment(ONEC_PASSWORD=f"keyvault:{name}", **vault))
    assert problem == "ONEC_PASSWORD: keyvault: must be followed by a secret's name (letters, digits, hyphens)"


@pytest.mark.parametrize(("name", "target"), OF_A_TARGET.items())
def test_a_missing_connection_is_named(name: str, target: str) -> None:
    assert problems(environment(**{name: None})) == (f"{name}: required, because a route leads to {target}",)


def test_a_system_without_a_route_needs_no_connection() -> None:
    without = dict.fromkeys((name for name, target in OF_A_TARGET.items() if target == "sapb1"), None)
    assert load(environment(onec_route(), **without)).sapb1_url is None


def test_every_problem_is_named_at_once() -> None:
    found = problems({"ROUTES": "[]", "LANES": "0"})
    assert {problem.split(":")[0] for problem in found} == {*REQUIRED, "LANES"}


WRONG = "wrong-value-never-shown"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DATAVERSE_URL", "http://crm.example/wrong-value-never-shown"),
        ("DATAVERSE_URL", "http://localhost.wrong-value-never-shown.example"),
        ("DATAVERSE_URL", "http://127.0.0.1.wrong-value-never-shown.example"),
        ("DATAVERSE_URL", "https://"),
        ("DATAVERSE_URL", "https://[wrong-value-never-shown]/"),
        ("DATAVERSE_URL", "https://wrong-value-never-shown:word@crm.example"),
        ("DATAVERSE_URL", "https://crm.example/?wrong-value-never-shown"),
        ("DATAVERSE_URL", "https://crm.example/api/data/v9.2/wrong-value-never-shown"),
        ("KEY_VAULT_URL", "https://contoso.vault.azure.net.wrong-value-never-shown.example"),
        ("KEY_VAULT_URL", "https://wrong-value-never-shown.example"),
        ("KEY_VAULT_URL", "https://contoso.vault.azure.net/wrong-value-never-shown"),
        ("KEY_VAULT_URL", "http://contoso.vault.azure.net"),
        ("SAPB1_PASSWORD", "@Microsoft.KeyVault(SecretUri=https://wrong-value-never-shown)"),
        ("CA_BUNDLE", "/wrong-value-never-shown.pem"),
        ("CA_BUNDLE", "-----BEGIN CERTIFICATE-----wrong-value-never-shown"),
        ("DATAVERSE_TOKEN_URL", "ftp://wrong-value-never-shown"),
        ("ONEC_URL", WRONG),
        ("ONEC_URL", "https://wrong-value-never-shown.example/base/odata/standard.odata\n"),
        ("ONEC_URL", " https://wrong-value-never-shown.example"),
        ("ONEC_URL", "https://wrong-value-never-shown.example "),
        ("ONEC_URL", "https://wrong-value-never-shown.example?"),
        ("ONEC_URL", "https://wrong-value-never-shown….example"),
        ("SAPB1_URL", "https://wrong-value-never-shown.example:port/b1s/v2"),
        ("SAPB1_URL", "https://wrong-value-never-shown.example:500000/b1s/v2"),
        ("SAPB1_URL", WRONG),
        ("DATAVERSE_ORGANIZATION_ID", WRONG),
        ("DATAVERSE_USER_ID", WRONG),
        ("COLUMN_ACCOUNT_TAX_NUMBER", "Wrong-value-never-shown"),
        ("COLUMN_ACCOUNT_KPP", "1wrong-value-never-shown"),
        ("COLUMN_CONTACT_TAX_NUMBER", "a,b$select=wrong-value-never-shown"),
        ("COLUMN_LINE_TAX_RATE", "wrong-value-never-shown;"),
        ("COLUMN_UNIT_OKEI", "wrong-value-never-shown)"),
        ("ROUTES", WRONG),
        ("ROUTES", '{"name": "wrong-value-never-shown"}'),
        ("ROUTES", "[]"),
        ("INVOICE_ISSUED_STATUSES", WRONG),
        ("INVOICE_ISSUED_STATUSES", "[]"),
        ("INVOICE_ISSUED_STATUSES", '["wrong-value-never-shown"]'),
        ("LANGUAGE", WRONG),
        ("LANES", "0"),
        ("LANES", "65"),
        ("LANES", WRONG),
        ("EPOCH", "-1"),
        ("SWEEP_SCHEDULE", WRONG),
        ("SWEEP_SCHEDULE", "*/5 * * * *"),
        ("RECONCILE_SCHEDULE", "0 0 24 * * *"),
        ("RECONCILE_SCHEDULE", "0 0 3 * * 7"),
        ("RECONCILE_SCHEDULE", "0 0 3 * * Mun"),
        ("PAYMENTS_SCHEDULE", "0 20 mon * * *"),
        ("PAYMENTS_SCHEDULE", "0 1,,2 * * * *"),
        ("FILES_SCHEDULE", "00:05:00"),
        ("FILES_SCHEDULE", "0 0 4 * * *; wrong-value-never-shown"),
        ("CREDENTIALS_EXPIRE", '{"wrong-value-never-shown": "2027-05-01"}'),
        ("CREDENTIALS_EXPIRE", '{"ONEC_PASSWORT": "2027-05-01"}'),
        ("RETRY_FIRST_SECONDS", "0"),
        ("RETRY_MAX_SECONDS", WRONG),
        ("RETRY_MAX_SECONDS", "1"),
    ],
)
def test_a_wrong_setting_is_named_and_not_quoted(name: str, value: str) -> None:
    found = problems(environment(**{name: value}))
    assert len(found) == 1
    # A contradiction between two settings names the first of them.
    assert found[0].startswith(("RETRY_FIRST_SECONDS:" if value == "1" else f"{name}:",))
    assert WRONG not in found[0].lower()


@pytest.mark.parametrize(
    ("changes", "place"),
    [
        pytest.param({"start_date": "soon"}, "ROUTES: route “ru”, field start_date", id="date"),
        pytest.param({"business_unit": "x"}, "ROUTES: route “ru”, field business_unit", id="unit"),
        pytest.param({"target": "sage"}, "ROUTES: route “ru”, field target", id="target"),
        pytest.param({"way": "3C"}, "ROUTES: route “ru”, field way", id="way"),
        pytest.param({"time_zone": "Moscow"}, "ROUTES: route “ru”, field time_zone", id="zone"),
        pytest.param({"time_zone": "Europe"}, "ROUTES: route “ru”, field time_zone", id="half a zone"),
        pytest.param({"time_zone": "x" * 300}, "ROUTES: route “ru”, field time_zone", id="a long zone"),
        pytest.param({"tax_rates": []}, "ROUTES: route “ru”, field tax_rates", id="no rates"),
        pytest.param({"tax_rates": ["x"]}, "ROUTES: route “ru”, field tax_rates.0", id="rate"),
        pytest.param({"paused": "perhaps"}, "ROUTES: route “ru”, field paused", id="pause"),
        pytest.param({"onec": None}, "ROUTES: route “ru”", id="books"),
        pytest.param(
            {"onec": {**onec_route()["onec"], "bank_account": "x"}},
            "ROUTES: route “ru”, field onec.bank_account",
            id="inside the books",
        ),
        pytest.param(
            {"dates": {"document": "a", "shipment": "b"}}, "ROUTES: route “ru”, field dates.due", id="missing"
        ),
        pytest.param({"surprise": 1}, "ROUTES: route “ru”, field surprise", id="unknown field"),
        pytest.param({"name": ""}, "ROUTES: route “”, field name", id="empty name"),
        pytest.param({"name": None}, "ROUTES: route number 1, field name", id="no name"),
    ],
)
def test_a_problem_in_a_route_names_route_and_field(changes: dict[str, Any], place: str) -> None:
    for routes in ([onec_route(**changes)], [onec_route(**changes), sapb1_route()]):
        (problem,) = problems(environment(*routes))
        assert problem.startswith(f"{place}: ")


def test_overlapping_routes_are_named() -> None:
    found = problems(environment(onec_route(), sapb1_route(business_unit=str(UNIT_RU))))
    assert found == ("ROUTES: routes ru, eu have the same business_unit and way, so a document would be written twice",)


def test_no_secret_shows() -> None:
    made = settings()
    shown = repr(made) + str(made) + f"{made.dataverse_client_secret}{made.onec_password!r}" + made.model_dump_json()
    assert not any(secret in shown for secret in SECRETS)


def test_a_problem_elsewhere_shows_no_secret() -> None:
    shown = "; ".join(problems(environment(LANES="x", ROUTES='[{"name": 1}]')))
    assert not any(secret in shown for secret in SECRETS)


def test_defaults() -> None:
    optional = dict.fromkeys(
        ("DATAVERSE_USER_ID", "COLUMN_ACCOUNT_TAX_NUMBER", "COLUMN_ACCOUNT_KPP", "COLUMN_CONTACT_TAX_NUMBER"), None
    )
    made = load(environment(**optional, COLUMN_LINE_TAX_RATE=None, COLUMN_UNIT_OKEI=None))
    names = ("dataverse_user_id", "column_account_tax_number", "column_line_tax_rate", "column_unit_okei")
    assert [getattr(made, name) for name in names] == [None] * 4
    assert made.invoice_issued_statuses == (4, 100001, 100002)
    assert (made.language, made.lanes, made.epoch) == ("en", 4, 0)
    assert (made.retry_first_seconds, made.retry_max_seconds) == (5.0, 900.0)
    assert not made.routes[0].paused


def test_values_are_taken() -> None:
    made = settings(
        DATAVERSE_URL="https://contoso.crm4.dynamics.com/", INVOICE_ISSUED_STATUSES="[4, 5]", LANGUAGE="ru", EPOCH="7"
    )
    assert made.dataverse_url == "https://contoso.crm4.dynamics.com"
    assert made.dataverse_organization_id == ORGANIZATION
    assert (made.invoice_issued_statuses, made.language, made.epoch) == ((4, 5), "ru", 7)
    assert made.column_contact_tax_number == "acx_taxnumber"


@pytest.mark.parametrize("address", ["http://localhost:8080", "http://127.0.0.1:8080/x", "https://1c.example"])
def test_plain_http_reaches_only_this_machine(address: str) -> None:
    assert settings(ONEC_URL=address).onec_url == address


@pytest.mark.parametrize(
    "schedule",
    ["0 */5 * * * *", "*/20 * * * * *", "0 0,30 8-18/2 1 1-6 Mon-Fri", "0  0 3 * JAN SUNDAY", "0 5/10 * * * 0"],
)
def test_a_schedule_is_taken_as_the_host_takes_it(schedule: str) -> None:
    assert settings(SWEEP_SCHEDULE=schedule).sweep_schedule == schedule


def test_settings_of_others_are_no_concern() -> None:
    assert isinstance(load(environment() | {"PATH": "/bin", "ServiceBusConnection": "x"}), Settings)


def test_a_route_is_found_by_its_name() -> None:
    made = settings()
    found = made.route("eu")
    assert found is not None
    assert found.target == "sapb1"
    assert made.route("gone") is None


def test_routes_may_be_one_line_of_json_with_cyrillic() -> None:
    made = load(environment() | {"ROUTES": json.dumps([onec_route(name="Ромашка")], ensure_ascii=False)})
    assert made.routes[0].name == "Ромашка"
