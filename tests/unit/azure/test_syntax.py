"""The Bicep files: syntax, and what a compiler would say of names that nobody declares, passes or uses."""

import re
from pathlib import Path

import pytest

from tests.unit.azure.templates import AZURE, FILES, Template

TEMPLATES = [Template(path) for path in FILES]
IDS = [str(path.relative_to(AZURE)) for path in FILES]
CALLS = [(template, name) for template in TEMPLATES for name in template.declared("modules")]


def test_main_and_its_modules_are_there() -> None:
    assert "main.bicep" in IDS
    assert len(IDS) > 5


@pytest.mark.parametrize("template", TEMPLATES, ids=IDS)
def test_a_file_parses(template: Template) -> None:
    assert template.tree["globals"]["scope"]["value"] == (
        "subscription" if template.path.name == "main.bicep" else "resourceGroup"
    )


@pytest.mark.parametrize("template", TEMPLATES, ids=IDS)
def test_every_parameter_and_variable_is_used(template: Template) -> None:
    names = [*template.declared("parameters"), *template.declared("variables")]

    unused = [name for name in names if len(re.findall(rf"\b{name}\b", template.code())) < 2]

    assert unused == []


@pytest.mark.parametrize("template", TEMPLATES, ids=IDS)
def test_every_symbol_that_is_looked_into_is_declared(template: Template) -> None:
    loops = re.findall(r"\[\s*for \(?(\w+)(?:, (\w+)\))? in", template.text)
    known = {name for pair in loops for name in pair if name}
    for kind in ("parameters", "variables", "resources", "modules"):
        known |= set(template.declared(kind))

    # A name before a dot, a bracket or a question mark with a dot; not after a dot, which is a property.
    looked_into = set(re.findall(r"(?<![\w.?])([a-z]\w*)(?:\[\w+\])?\??\.\w", template.code()))

    assert looked_into - known == set()


@pytest.mark.parametrize(("template", "name"), CALLS, ids=[f"{call[0].path.stem}-{call[1]}" for call in CALLS])
def test_a_module_gets_what_it_declares(template: Template, name: str) -> None:
    called = Template((template.path.parent / template.declared("modules")[name]["detail"]["path"]).resolve())
    declared = called.declared("parameters")
    required = {parameter for parameter, about in declared.items() if about["default"] is None}

    assert template.passed(name) <= set(declared)
    assert required <= template.passed(name)


@pytest.mark.parametrize(("template", "name"), CALLS, ids=[f"{call[0].path.stem}-{call[1]}" for call in CALLS])
def test_a_modules_output_exists(template: Template, name: str) -> None:
    called = Template((template.path.parent / template.declared("modules")[name]["detail"]["path"]).resolve())

    asked = set(re.findall(rf"\b{name}\.\??outputs\.(\w+)", template.code()))

    assert asked <= set(called.declared("outputs"))


@pytest.mark.parametrize("template", TEMPLATES, ids=IDS)
def test_a_file_that_is_loaded_exists(template: Template) -> None:
    for path in re.findall(r"load(?:Json|Text)Content\('([^']+)'", template.text):
        assert (template.path.parent / path).is_file(), path


def test_every_module_is_called() -> None:
    called = {
        (template.path.parent / about["detail"]["path"]).resolve()
        for template in TEMPLATES
        for about in template.declared("modules").values()
    }

    assert {path.resolve() for path in FILES} - called == {Path(AZURE, "main.bicep").resolve()}


def test_no_secret_is_a_parameter_or_an_output() -> None:
    for template in TEMPLATES:
        for name in [*template.declared("parameters"), *template.declared("outputs")]:
            assert not re.search(r"password|secret|key$", name, flags=re.IGNORECASE), f"{template.path.name}: {name}"
        assert "listKeys" not in template.text


def test_every_finding_that_is_skipped_says_why() -> None:
    for path in FILES:
        for line in re.findall(r"^.*checkov:skip.*$", path.read_text(encoding="utf-8"), flags=re.MULTILINE):
            assert re.fullmatch(r"\s+// checkov:skip=CKV_AZURE_\d+:.{15,}", line), line
