"""The Bicep files as data, for the tests beside this file.

pycep-parser gives the structure (declarations, modules with their parameters); what an expression refers to is read
from the text, because the parser does not tell a name from a string.
"""

import json
import re
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Any

from pycep import BicepParser

ROOT = Path(__file__).resolve().parents[3]
AZURE = ROOT / "infra" / "azure"
FILES = sorted(AZURE.rglob("*.bicep"))
STAGES = sorted(path.stem for path in (AZURE / "environments").glob("*.json"))
HOST_SETTINGS_TABLE = "Settings that the template alone sets"


@cache
def _parser() -> BicepParser:
    return BicepParser()


@dataclass(frozen=True)
class Template:
    """One Bicep file."""

    path: Path

    @property
    def text(self) -> str:
        """The file without comments."""
        return re.sub(r"^\s*//.*$", "", self.path.read_text(encoding="utf-8"), flags=re.MULTILINE)

    @cached_property
    def tree(self) -> dict[str, Any]:
        """What the parser makes of it."""
        return dict(_parser().parse(text=self.path.read_text(encoding="utf-8")))

    def declared(self, kind: str) -> dict[str, Any]:
        """Give parameters, variables, resources, modules or outputs by name."""
        found: dict[str, Any] = self.tree.get(kind, {})
        return found

    def passed(self, module: str) -> set[str]:
        """Give the names of the parameters that are passed to a module."""
        config = self.declared("modules")[module]["config"]
        return set(config.get("config", config).get("params", {}))

    def code(self) -> str:
        """Give the text without strings' own characters: what is left are keywords, names and ``${…}``."""
        return re.sub(r"'((?:[^'\\\n]|\\.)*)'", lambda match: " ".join(re.findall(r"\$\{(.*?)\}", match[1])), self.text)


@cache
def template(name: str) -> Template:
    """Give a file of infra/azure by its path there."""
    return Template(AZURE / name)


@cache
def environment(stage: str) -> dict[str, Any]:
    """Give environments/STAGE.json."""
    read: dict[str, Any] = json.loads((AZURE / "environments" / f"{stage}.json").read_text(encoding="utf-8"))
    return read


def app_settings(stage: str) -> dict[str, str]:
    """Give the settings of a stage as the app will see them: ``string()`` makes JSON of lists and objects."""
    return {
        name: value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        for name, value in environment(stage)["settings"].items()
    }


def platform_settings() -> dict[str, Any]:
    """Give the settings that the template computes."""
    value: dict[str, Any] = template("modules/app.bicep").declared("variables")["platformSettings"]["value"]
    return value


def table(file: str, heading: str) -> dict[str, str]:
    """Give a Markdown table of infra/azure under a heading: first column (without backticks) → second."""
    text = (AZURE / file).read_text(encoding="utf-8")
    section = text.split(f"# {heading}\n", 1)[1].split("\n#", 1)[0]
    return dict(re.findall(r"^\| `([^`]+)` \| (.+?) \|", section, flags=re.MULTILINE))
