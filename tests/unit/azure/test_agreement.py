"""What the templates would deploy is what the code and the README speak of: settings, queues, bindings, rights."""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from infra.local.servicebus import config
from shared import bus
from shared.settings import PLATFORM_SETTINGS, SERVICE_BUS_CONNECTION, Settings, load
from tests.unit.azure.bindings import service_bus_triggers
from tests.unit.azure.templates import (
    HOST_SETTINGS_TABLE,
    ROOT,
    STAGES,
    app_settings,
    environment,
    platform_settings,
    table,
    template,
)

BY_CODE = {str(field.alias) for field in Settings.model_fields.values()}
BY_HOST = set(table("README.md", HOST_SETTINGS_TABLE))
NOT_IN_AZURE = {
    SERVICE_BUS_CONNECTION,  # the identity takes its place
    "AzureWebJobsStorage",  # the identity takes its place
    "FUNCTIONS_WORKER_RUNTIME",  # Flex Consumption takes it from functionAppConfig.runtime
}
BATCH_LOCK = 300.0
"""The host renews no lock of a batch, so it must last for the batch; the broker allows no longer one."""


def _at(source: dict[str, Any], path: str) -> Any:
    for name in path.split("."):
        source = source[name]
    return source


def _paths(source: dict[str, Any], before: str = "") -> Iterator[str]:
    for name, value in source.items():
        yield from _paths(value, f"{before}{name}.") if isinstance(value, dict) else [f"{before}{name}"]


class TestSettings:
    @pytest.mark.parametrize("stage", STAGES)
    def test_every_setting_of_the_code_is_deployed_and_no_other(self, stage: str) -> None:
        deployed = set(app_settings(stage)) | set(platform_settings())

        assert deployed == (BY_CODE | set(PLATFORM_SETTINGS) | BY_HOST) - NOT_IN_AZURE

    @pytest.mark.parametrize("stage", STAGES)
    def test_none_is_set_twice(self, stage: str) -> None:
        assert set(app_settings(stage)) & set(platform_settings()) == set()

    def test_the_readme_knows_every_setting_that_a_person_gives(self) -> None:
        readme = (ROOT / "README.md").read_text(encoding="utf-8")
        documented = set(re.findall(r"^\| `([A-Za-z0-9_]+)` \|", readme, flags=re.MULTILINE))

        for stage in STAGES:
            assert set(app_settings(stage)) <= documented

    @pytest.mark.parametrize("stage", STAGES)
    def test_the_app_takes_them_as_azure_gives_them(self, stage: str) -> None:
        platform = {
            "LANES": str(environment(stage)["platform"]["lanes"]),
            "KEY_VAULT_URL": "https://kv-1.vault.azure.net",
        }

        settings = load(app_settings(stage) | platform)

        assert settings.lanes == environment(stage)["platform"]["lanes"]

    @pytest.mark.parametrize("stage", STAGES)
    def test_a_value_is_text_or_json_and_nothing_that_string_would_spell_in_its_own_way(self, stage: str) -> None:
        for name, value in environment(stage)["settings"].items():
            assert isinstance(value, str | list | dict), name

    @pytest.mark.parametrize("stage", STAGES)
    def test_no_secret_stands_in_a_file(self, stage: str) -> None:
        secrets = {
            name: value
            for name, value in app_settings(stage).items()
            if re.search("SECRET|PASSWORD|KEY|TOKEN$", name) and value
        }

        assert all(value.startswith("keyvault:") for value in secrets.values())

    @pytest.mark.parametrize("stage", STAGES)
    def test_a_role_is_asked_for_only_where_callers_sign_in(self, stage: str) -> None:
        signs_in = bool(environment(stage)["platform"]["entra"]["clientId"])

        assert signs_in == bool(app_settings(stage)["OPERATIONS_ROLE"])

    def test_sessions_of_the_host_follow_the_lanes(self) -> None:
        sessions = platform_settings()["AzureFunctionsJobHost__extensions__serviceBus__maxConcurrentSessions"]

        assert sessions == platform_settings()["LANES"]
        assert "platform.lanes" in template("modules/app.bicep").text

    def test_what_follows_from_the_identity_names_the_same_identity(self) -> None:
        deployed = platform_settings()
        clients = {name: value for name, value in deployed.items() if name.lower().endswith("client_id")}
        clients |= {name: value for name, value in deployed.items() if name.endswith("__clientId")}

        assert len(clients) == 3
        assert set(clients.values()) == {"identityClientId"}
        assert deployed["APPLICATIONINSIGHTS_AUTHENTICATION_STRING"] == "Authorization=AAD;ClientId=${identityClientId}"


class TestSizes:
    def test_all_stages_have_the_same_fields(self) -> None:
        first, *others = [set(_paths(environment(stage)["platform"])) for stage in STAGES]

        assert all(fields == first for fields in others)

    def test_every_field_is_used_and_every_used_one_exists(self) -> None:
        text = "".join(template(name).text for name in ("main.bicep", "modules/app.bicep"))
        used = set(re.findall(r"\bplatform\.([\w.]+)", text)) - {"network"}
        used |= {f"network.{name}" for name in re.findall(r"\bsettings\.(\w+)", template("modules/network.bicep").text)}

        assert used == set(_paths(environment(STAGES[0])["platform"]))

    @pytest.mark.parametrize("stage", STAGES)
    def test_flex_consumption_offers_the_sizes(self, stage: str) -> None:
        platform = environment(stage)["platform"]

        assert platform["instanceMemoryMb"] in {512, 2048, 4096}
        assert 1 <= platform["maximumInstanceCount"] <= 1000
        assert 1 <= platform["httpConcurrency"] <= 1000

    def test_every_stage_can_be_chosen(self) -> None:
        parameter = template("main.bicep").declared("parameters")["stage"]

        assert sorted(next(each["argument"] for each in parameter["decorators"] if each["type"] == "allowed")) == STAGES
        for stage in STAGES:
            assert f"loadJsonContent('environments/{stage}.json')" in template("main.bicep").text


class TestFlexConsumption:
    """What the plan refuses, though other plans need it (learn.microsoft.com: Flex Consumption plan deprecations)."""

    SETTINGS = re.compile(
        "FUNCTIONS_WORKER_RUNTIME|FUNCTIONS_EXTENSION_VERSION|FUNCTIONS_WORKER_PROCESS_COUNT|ENABLE_ORYX_BUILD"
        "|SCM_DO_BUILD_DURING_DEPLOYMENT|WEBSITE_RUN_FROM_PACKAGE|WEBSITE_CONTENT|WEBSITE_TIME_ZONE|TZ"
        "|WEBSITE_MAX_DYNAMIC|WEBSITE_VNET_ROUTE_ALL"
    )

    @pytest.mark.parametrize("stage", STAGES)
    def test_no_setting_that_the_plan_refuses(self, stage: str) -> None:
        deployed = [*app_settings(stage), *platform_settings()]

        assert [name for name in deployed if self.SETTINGS.match(name)] == []

    def test_no_property_that_the_plan_refuses(self) -> None:
        site = template("modules/app.bicep").declared("resources")["app"]["config"]["properties"]
        refused = {"ftpsState", "linuxFxVersion", "windowsFxVersion", "use32BitWorkerProcess", "vnetRouteAllEnabled"}

        assert refused & (set(site) | set(site["siteConfig"])) == set()

    def test_the_runtime_is_the_one_that_the_tests_run_too(self) -> None:
        site = template("modules/app.bicep").declared("resources")["app"]["config"]["properties"]

        assert site["functionAppConfig"]["runtime"] == {"name": "python", "version": "3.13"}
        assert "3.13" in (ROOT / ".ci" / "run").read_text(encoding="utf-8")


class TestQueues:
    QUEUES = config.load(config.DEFAULT_CONFIG)

    def test_the_template_takes_them_from_the_brokers_file(self) -> None:
        module = template("modules/servicebus.bicep")
        loaded = re.findall(r"loadJsonContent\('([^']+)'\)", module.text)

        assert [(module.path.parent / path).resolve() for path in loaded] == [config.DEFAULT_CONFIG.resolve()]

    def test_every_property_of_the_file_is_deployed(self) -> None:
        asked = set(re.findall(r"entry\.Properties\.(\w+)", template("modules/servicebus.bicep").text))
        file = json.loads(config.DEFAULT_CONFIG.read_text(encoding="utf-8"))
        properties = {
            name
            for queue in file["UserConfig"]["Namespaces"][0]["Queues"]
            for name, value in queue["Properties"].items()
            if value != ""
        }

        assert asked == properties

    def test_the_code_sends_to_them_and_no_others(self) -> None:
        assert set(self.QUEUES) == {bus.CHANGES, bus.RESULTS, bus.POISON, *bus.TARGET_QUEUES.values()}

    def test_every_queue_but_poison_has_one_function_and_each_function_a_queue(self) -> None:
        bound = [trigger["queueName"] for trigger in service_bus_triggers()]

        assert sorted(bound) == sorted(set(self.QUEUES) - {bus.POISON})

    def test_sessions_are_asked_for_where_the_queue_has_them(self) -> None:
        for trigger in service_bus_triggers():
            queue = self.QUEUES[trigger["queueName"]]
            assert bool(trigger.get("isSessionsEnabled")) == queue.requires_session, trigger["queueName"]

    def test_every_function_uses_the_connection_that_is_deployed(self) -> None:
        assert {trigger["connection"] for trigger in service_bus_triggers()} == {SERVICE_BUS_CONNECTION}
        assert f"{SERVICE_BUS_CONNECTION}__fullyQualifiedNamespace" in platform_settings()

    def test_a_batch_has_the_longest_lock(self) -> None:
        batches = [each["queueName"] for each in service_bus_triggers() if each.get("cardinality") == "many"]

        assert sorted(batches) == [bus.CHANGES, bus.RESULTS]
        assert {self.QUEUES[name].lock_duration for name in batches} == {BATCH_LOCK}

    def test_nothing_is_dropped_by_age(self) -> None:
        for name, queue in self.QUEUES.items():
            assert queue.time_to_live >= config.FOREVER, name
            assert queue.dead_letter_on_expiry, name

    def test_duplicates_are_detected_where_the_design_counts_on_it(self) -> None:
        detecting = {name for name, queue in self.QUEUES.items() if queue.requires_duplicate_detection}

        assert detecting == {bus.CHANGES, *bus.TARGET_QUEUES.values()}

    def test_looking_through_poison_does_not_bury_it(self) -> None:
        assert self.QUEUES[bus.POISON].max_delivery_count >= 1000


class TestRights:
    """The table in infra/azure/README.md says what each right is for; the template gives these and no other."""

    def test_the_table_and_the_template_agree(self) -> None:
        # Bicep spells a role serviceBusDataSender and a resource serviceBus; the table, as Azure's portal shows them.
        given = set()
        for resource in template("modules/roles.bicep").declared("resources").values():
            if resource["type"] == "Microsoft.Authorization/roleAssignments":
                body = resource["config"].get("config", resource["config"])
                (role,) = set(re.findall(r"'operand_1': 'roleIds', 'operand_2': '(\w+)'", str(body)))
                given.add((role.lower(), body["scope"].lower()))

        stated = table("README.md", "Rights")

        assert given == {(role.replace(" ", "").lower(), on.replace(" ", "")) for role, on in stated.items()}

    def test_they_are_microsofts_ids(self) -> None:
        assert template("modules/roles.bicep").declared("variables")["roleIds"]["value"] == {
            "serviceBusDataSender": "69a216fc-b8fb-44d8-bc22-1f3c2cd27a39",
            "serviceBusDataReceiver": "4f6d3b9b-027b-4f4c-9142-0e5a2a2247e0",
            "storageBlobDataOwner": "b7e6dc6d-f1e8-4753-8033-0f276bb0955b",
            "storageTableDataContributor": "0a9a7e1f-b9d0-4cc4-a60d-0319b160aaa3",
            "keyVaultSecretsUser": "4633458b-17de-408a-b874-0445c86b69e6",
            "keyVaultSecretsOfficer": "b86a8fe4-44ce-4948-aee5-eccb2c155cd7",
            "monitoringMetricsPublisher": "3913510d-42f4-4e42-8a64-420c390055eb",
        }

    def test_keys_are_off_wherever_an_identity_does(self) -> None:
        properties = template("modules/storage.bicep").declared("resources")["account"]["config"]["properties"]
        assert properties["allowSharedKeyAccess"] is False
        assert "disableLocalAuth: !dataverseSends" in template("modules/servicebus.bicep").text
        monitoring = template("modules/monitoring.bicep").declared("resources")
        assert monitoring["insights"]["config"]["properties"]["DisableLocalAuth"] is True
        assert monitoring["workspace"]["config"]["properties"]["features"]["disableLocalAuth"] is True
        vault = template("modules/vault.bicep").declared("resources")["vault"]["config"]["properties"]
        assert vault["enableRbacAuthorization"] is True
        assert "AccountKey" not in str(platform_settings())
        assert "SharedAccessKey" not in str(platform_settings())
