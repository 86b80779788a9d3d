"""What the code records, read from its source: events, measures, their dimensions, and the sentences of causes.

``python -m tests.unit.telemetry.emitted`` adds to shared/telemetry/words.py what it lacks.
"""

import ast
import re
import textwrap
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from shared.telemetry import allowed, words

ROOT = Path(__file__).resolve().parents[3]
ERRORS = {"Unavailable", "AnswerLost", "Misconfigured", "Unreadable", "Nothing", "Parked"}
RECORDED = {"say", "observe", "count", "hop"}


@cache
def _calls() -> tuple[tuple[str, ast.Call, ast.Module], ...]:
    found = []
    for path in sorted([*(ROOT / "shared").rglob("*.py"), *(ROOT / "functions").rglob("*.py")]):
        tree = ast.parse(path.read_text())
        for node in ast.walk(tree):
            if isinstance(node, ast.Call):
                name = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
                found.append((name, node, tree))
    return tuple(found)


def _texts(node: ast.AST) -> Iterator[str]:
    for inner in ast.walk(node):
        if isinstance(inner, ast.Constant) and isinstance(inner.value, str):
            yield inner.value


@cache
def events() -> set[str]:
    """Give the names of events."""
    return {text for name, call, _ in _calls() if name == "say" and len(call.args) > 1 for text in _texts(call.args[1])}


@cache
def measures() -> set[str]:
    """Give the names of measures."""
    said = {
        text
        for name, call, _ in _calls()
        if name in {"observe", "count"} and call.args and isinstance(call.args[0], ast.Constant)
        for text in _texts(call.args[0])
    }
    # Those that the package itself adds up.
    return said | {"round_trips", "telemetry_dropped"}


@cache
def dimensions() -> set[str]:
    """Give the names of dimensions: keys of dictionaries in functions that record, and keyword arguments."""
    found: set[str] = set()
    for path in sorted((ROOT / "shared").rglob("*.py")):
        for function in ast.walk(ast.parse(path.read_text())):
            if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef) and _records(function):
                for node in ast.walk(function):
                    if isinstance(node, ast.Dict):
                        found |= {key.value for key in node.keys if isinstance(key, ast.Constant)}  # type: ignore[misc]  # as above
    for name, call, _ in _calls():
        if name in {"observe", "count", "hop"}:
            found |= {keyword.arg for keyword in call.keywords if keyword.arg}
    return found


def _records(function: ast.AST) -> bool:
    return any(
        isinstance(node, ast.Call)
        and (getattr(node.func, "id", "") in RECORDED or getattr(node.func, "attr", "") in {"say", "put", "add"})
        for node in ast.walk(function)
    )


@cache
def causes() -> set[str]:
    """Give the fixed parts of the sentences that become causes."""
    return {
        text for name, call, _ in _calls() if name in ERRORS for text in _texts(call) if any(map(str.isalpha, text))
    }


@cache
def systems() -> set[str]:
    """Give the names of the systems that clients are made for."""
    return {
        call.args[0].value  # type: ignore[misc]  # names are texts
        for name, call, _ in _calls()
        if name == "Http" and call.args and isinstance(call.args[0], ast.Constant)
    }


def unknown_words() -> set[str]:
    """Give the words of causes that would not leave; those of another alphabet are a company's own names."""
    found: set[str] = set()
    for cause in causes():
        left = re.findall(r"\w+", str(allowed.DIMENSIONS["cause"](cause)))
        found |= {word.lower() for word in re.findall(r"\w+", cause) if word not in left and word.isascii()}
    return found


def complete() -> None:
    """Write into words.py what the code says and the list lacks. Look at the difference before you keep it."""
    path = ROOT / "shared" / "telemetry" / "words.py"
    text = path.read_text()
    listed = "".join(f'        "{event}",\n' for event in sorted(words.EVENTS | events()))
    head, _, rest = text.partition("EVENTS = frozenset(")
    text = f"{head}EVENTS = frozenset(\n    {{\n{listed}    }}\n)\nHOPS{rest.partition('HOPS')[2]}"
    vocabulary = "\n".join(textwrap.wrap(" ".join(sorted(words.WORDS | unknown_words())), 116))
    head, _, rest = text.partition('_VOCABULARY = """')
    path.write_text(f'{head}_VOCABULARY = """\n{vocabulary}\n{rest[rest.index(chr(34) * 3) :]}')


if __name__ == "__main__":
    complete()
