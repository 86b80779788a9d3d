"""What a cold start costs before the first invocation: importing the app and indexing its functions.

``python -m tests.bench.starting CODE`` runs a piece of code and prints its CPU milliseconds and the process's peak
memory in MB. Every measurement is a fresh process.
"""

import json
import sys
import tempfile
import time

from tests.bench.figure import Baseline, Figure, Reach
from tests.bench.measuring import PAIRS, peak_mb, program

PACKAGES = """
import azure.functions, httpx, opencensus.ext.azure
from azure.servicebus.aio import ServiceBusClient
from pydantic import BaseModel
"""
"""The five of requirements.txt that are code; tzdata is data. By the names that anybody uses of them: pydantic alone
imports next to nothing until its first name is asked for."""
APP = "import function_app; function_app.app.get_functions()"
BESIDE = "importing the five packages"


def figures() -> list[Figure]:
    """Measure both in turns, from byte code that is there already."""
    own: list[dict[str, float]] = []
    base: list[dict[str, float]] = []
    with tempfile.TemporaryDirectory(prefix="bridge-bytecode-") as folder:
        environment = {"PYTHONPYCACHEPREFIX": folder, "PYTHONDONTWRITEBYTECODE": ""}
        for turn in range(PAIRS + 1):
            for code, measured in ((APP, own), (PACKAGES, base)):
                found = program("tests.bench.starting", code, environment=environment)
                if turn:
                    measured.append(found)
    made = []
    for name, unit, column, limit in (("time", "ms", "cpu_ms", 1.25), ("memory", "MB", "memory_mb", 1.3)):
        baseline = Baseline(BESIDE, tuple(each[column] for each in base))
        samples = tuple(each[column] for each in own)
        made.append(Figure(f"import and indexing: {name}", unit, samples, baseline, Reach(limit)))
    return made


def main() -> None:
    """Run the code that was given."""
    started = time.process_time()
    exec(sys.argv[1], {})  # noqa: S102 -- one of the two constants above
    cpu = (time.process_time() - started) * 1e3
    peak = peak_mb()
    sys.stdout.write(json.dumps({"cpu_ms": cpu, "memory_mb": peak}))


if __name__ == "__main__":
    main()
