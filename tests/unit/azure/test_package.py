"""What ``.funcignore`` lets into a deployment, and what azure.yaml says of it."""

import ast
import re
import sys
from importlib.metadata import packages_distributions, requires
from pathlib import PurePosixPath

import pathspec
import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.unit.azure.templates import AZURE, ROOT, template

IGNORED = pathspec.GitIgnoreSpec.from_lines((ROOT / ".funcignore").read_text(encoding="utf-8").splitlines())
PARTS = ("functions", "shared")
FILES = {"function_app.py", "host.json", "requirements.txt", "requirements-opentelemetry.txt"}
LEFTOVERS = (
    ".azure/prod/.env",
    ".cache/x/y",
    ".ci/run",
    ".env",
    ".git/config",
    ".gitignore",
    ".hypothesis/examples/a",
    ".mypy_cache/a.json",
    ".pytest_cache/a",
    ".ruff_cache/a",
    ".venv-3.13/lib/a.py",
    ".venv/3.13/lib/a.py",
    ".vscode/settings.json",
    "dist/app.zip",
    "functions/__pycache__/export.cpython-313.pyc",
    "local.settings.json",
    "node_modules/a/index.js",
    "onec.sqlite",
    "shared/onec/__pycache__/a.pyc",
)


def _deployed() -> set[str]:
    """Give the files of the work tree that a deployment takes, without looking into folders that it leaves behind."""
    found: set[str] = set()
    folders = [ROOT]
    while folders:
        for path in folders.pop().iterdir():
            name = path.relative_to(ROOT).as_posix()
            if IGNORED.match_file(name + "/" if path.is_dir() else name):
                continue
            if path.is_dir():
                folders.append(path)
            else:
                found.add(name)
    return found


def test_only_the_product_is_deployed() -> None:
    others = {name for name in _deployed() if PurePosixPath(name).parts[0] not in PARTS} - FILES

    assert others == set()


def test_the_whole_product_is_deployed() -> None:
    product = {
        path.relative_to(ROOT).as_posix()
        for part in PARTS
        for path in (ROOT / part).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }

    assert product | {"function_app.py", "host.json", "requirements.txt"} <= _deployed()


def test_the_product_imports_nothing_that_stays_behind() -> None:
    for name in sorted(_deployed()):
        if name.endswith(".py"):
            text = (ROOT / name).read_text(encoding="utf-8")
            assert not re.search(r"^\s*(from|import) (infra|tests)\b", text, flags=re.MULTILINE), name


def test_every_package_that_the_product_imports_comes_with_its_requirements() -> None:
    """azure-core, azure-identity and certifi are named nowhere: they come with Service Bus, telemetry and httpx."""
    text = (ROOT / "requirements.txt").read_text(encoding="utf-8")
    waiting = [Requirement(line) for line in text.splitlines() if not line.startswith("#")]
    come: set[str] = set()
    while waiting:
        name = canonicalize_name(waiting.pop().name)
        if name not in come:
            come.add(name)
            further = [Requirement(one) for one in requires(name) or []]
            waiting += [one for one in further if one.marker is None or one.marker.evaluate({"extra": ""})]

    for package in _imported():
        homes = {package.replace(".", "-")} if "." in package else set(packages_distributions()[package])
        assert homes & come, package


def _imported() -> set[str]:
    """Give the packages of others that the product imports, without those of requirements-opentelemetry.txt."""
    ours = {*PARTS, "function_app", "opentelemetry", "azure.monitor"}
    found: set[str] = set()
    for path in [ROOT / "function_app.py", *(path for part in PARTS for path in (ROOT / part).rglob("*.py"))]:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom):
                found.add(str(node.module))
            elif isinstance(node, ast.Import):
                found |= {name.name for name in node.names}
    found = {".".join(name.split(".")[: 2 if name.startswith("azure.") else 1]) for name in found}
    return found - ours - sys.stdlib_module_names


@pytest.mark.parametrize("name", LEFTOVERS)
def test_what_lies_about_on_a_laptop_stays_there(name: str) -> None:
    assert IGNORED.match_file(name)


class TestAzureYaml:
    TEXT = (ROOT / "azure.yaml").read_text(encoding="utf-8")

    def test_it_leads_to_the_templates(self) -> None:
        path = re.search(r"^  path: (\S+)$", self.TEXT, flags=re.MULTILINE)
        module = re.search(r"^  module: (\S+)$", self.TEXT, flags=re.MULTILINE)

        assert path is not None
        assert module is not None
        assert (ROOT / path[1] / f"{module[1]}.bicep").resolve() == (AZURE / "main.bicep").resolve()

    def test_its_service_is_the_function_app_of_the_templates(self) -> None:
        service = r"^  (\w+):\n    project: \.\n    language: python\n    host: function$"
        services = re.findall(service, self.TEXT, flags=re.MULTILINE)

        assert services == ["bridge"]
        assert "'azd-service-name': 'bridge'" in template("modules/app.bicep").text

    def test_parameters_come_from_the_azd_environment(self) -> None:
        text = (AZURE / "main.parameters.json").read_text(encoding="utf-8")
        given = set(re.findall(r'^    "(\w+)": \{ "value": "\$\{[A-Z_]+(?:=\w+)?\}" \}', text, flags=re.MULTILINE))

        assert given == set(template("main.bicep").declared("parameters"))
