"""b1sl-python, a client that others wrote for the real Service Layer, in an environment of its own under .cache."""

import subprocess
import sys
import venv
from pathlib import Path

PACKAGE = "b1sl-python==0.16.0"
CACHE = Path(__file__).resolve().parents[1] / ".cache"


def interpreter() -> Path:
    """Give the interpreter that has it, installed the first time. RuntimeError where it can't be."""
    folder = CACHE / f"b1sl-{sys.version_info.major}.{sys.version_info.minor}"
    python = folder / "bin" / "python"
    if (folder / "installed").exists():
        return python
    venv.create(folder, with_pip=True, clear=True)
    command = [str(python), "-m", "pip", "install", "--quiet", PACKAGE]
    installed = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 -- a pinned package
    if installed.returncode != 0:
        raise RuntimeError(f"{PACKAGE} can't be installed: {installed.stderr.strip().splitlines()[-1:]}")
    (folder / "installed").touch()
    return python
