"""How things are measured: CPU time rather than wall time, in alternate pairs; memory as the peak of a fresh process.

CPU time does not grow when others use the machine meanwhile, as wall time does.
"""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
PAIRS = 9
_TICKS = os.sysconf("SC_CLK_TCK")


def pairs(own: Callable[[], object], other: Callable[[], object], times: int) -> tuple[list[float], list[float]]:
    """Give the CPU milliseconds of one call of each, measured in turns over many calls."""
    mine: list[float] = []
    base: list[float] = []
    for _ in range(PAIRS):
        mine.append(_cpu_ms(own, times))
        base.append(_cpu_ms(other, times))
    return mine, base


def _cpu_ms(work: Callable[[], object], times: int) -> float:
    started = time.process_time()
    for _ in range(times):
        work()
    return (time.process_time() - started) * 1e3 / times


def cpu_of(pid: int) -> float:
    """Give the CPU seconds that a process took so far, in user and system mode, all its threads together."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


def peak_mb() -> float:
    """Give this process's peak memory. getrusage would give that of whoever started it, where that had more."""
    status = Path("/proc/self/status").read_text()
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM")) / 1024


def program(module: str, *arguments: str, environment: Mapping[str, str] | None = None) -> Any:
    """Run a module of ours as a process of its own; give what it printed, which is one JSON value.

    RuntimeError with the end of what it said where it fails.
    """
    command = [sys.executable, "-m", module, *arguments]
    settings = {**os.environ, **(environment or {})}
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, env=settings, check=False)  # noqa: S603 -- our own module
    if done.returncode:
        raise RuntimeError(f"{module} failed: {done.stderr[-2000:]}")
    return json.loads(done.stdout)
