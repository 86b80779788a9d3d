"""The README's table of settings, the example settings and the code say the same."""

import json
import re
from pathlib import Path
from typing import get_args

import pytest

from shared.routes import Route, Way
from shared.settings import PLATFORM_SETTINGS, Settings, load
from tests.builders import environment

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text()
TABLE = dict(re.findall(r"^\| `([A-Za-z0-9_]+)` \| (.+?) \| .+? \|$", README, flags=re.MULTILINE))
EXAMPLE = json.loads((ROOT / "local.settings.json.example").read_text())["Values"]


def test_every_setting_is_documented_in_the_words_of_the_code() -> None:
    described = {str(field.alias): field.description for field in Settings.model_fields.values()} | PLATFORM_SETTINGS

    assert {name: TABLE.get(name) for name in described} == described


def test_the_readme_documents_no_setting_that_is_none() -> None:
    known = {field.alias for field in Settings.model_fields.values()} | set(PLATFORM_SETTINGS)
    upper_case = {name for name in TABLE if name.isupper() or "Bus" in name}

    assert upper_case - known == set()


def test_every_field_of_a_route_is_documented() -> None:
    for name in Route.model_fields:
        assert re.search(rf"^\| `{name}` \|", README, flags=re.MULTILINE), name


def test_the_example_has_only_known_settings_and_valid_routes() -> None:
    known = {field.alias for field in Settings.model_fields.values()} | set(PLATFORM_SETTINGS)

    assert set(EXAMPLE) - known == set()
    assert {(route.target, route.way) for route in example().routes} >= {
        (target, way) for target in ("onec", "sapb1") for way in get_args(Way)
    }


def example() -> Settings:
    """Load the example as somebody does who has filled in what is empty."""
    return load({name: value or "to-be-filled-in" for name, value in EXAMPLE.items() if name != "DATAVERSE_USER_ID"})


@pytest.mark.parametrize("name", [route["name"] for route in json.loads(EXAMPLE["ROUTES"])])
def test_each_route_of_the_example_is_a_template_by_itself_and_starts_paused(name: str) -> None:
    (route,) = (route for route in json.loads(EXAMPLE["ROUTES"]) if route["name"] == name)

    (loaded,) = load(environment(route)).routes

    assert loaded.paused


def test_the_readme_names_every_way() -> None:
    ways = ", ".join(f"`{way}`" for way in get_args(Way))
    (said,) = re.findall(r"^\| `way` \| (.+?) \|$", README, flags=re.MULTILINE)
    assert said.startswith(ways)


@pytest.mark.parametrize("target", re.findall(r"^([a-z]+):.*##", (ROOT / "Makefile").read_text(), flags=re.MULTILINE))
def test_every_make_target_but_clean_is_in_the_readme(target: str) -> None:
    assert target == "clean" or f"make {target}" in README
