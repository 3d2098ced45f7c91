"""Every gate in one command: `python -m tests`, one line each, pytest last.

    python -m tests                     lint, format, types, imports, then all tests
    python -m tests tests/fdo -q        only pytest, with these arguments

The exit code is zero only when every gate passed and at least one test ran.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory

ROOT = Path(__file__).resolve().parents[1]
BIN = Path(sys.executable).parent
MEMORY = Path("/dev/shm")

GATES: dict[str, list[str]] = {
    "pytest --collect-only": [sys.executable, "-m", "pytest", "--collect-only", "-qq"],
    "ruff check": [str(BIN / "ruff"), "check", "."],
    "ruff format": [str(BIN / "ruff"), "format", "--check", "."],
    "mypy --strict": [str(BIN / "mypy"), "--no-error-summary"],
    "lint-imports": [str(BIN / "lint-imports")],
}
"""Name → command; each runs in the root of the checkout. That all tests can be collected is shown
first and once, so that the workers find the bytecode of every test and need not write it each."""

SHARED = ["-q", f"-n{(os.cpu_count() or 1) + 1}", "--dist=loadfile", "--no-loadscope-reorder"]
"""All tests, file by file in the order of `tests/conftest.py`; one worker more than processors,
since many tests wait for servers that they start."""


def gate(name: str, command: list[str]) -> bool:
    """Run one gate and say in one line how it went; its own words follow only when it fails."""
    started = time.perf_counter()
    try:
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
        passed, words = done.returncode == 0, done.stdout + done.stderr
    except FileNotFoundError:
        passed, words = False, f"{command[0]} is not installed; run ./run test once."
    seconds = time.perf_counter() - started
    print(f"{'passed' if passed else 'FAILED'}  {name}  ({seconds:.1f} s)", flush=True)
    if not passed:
        print(words.rstrip(), flush=True)
    return passed


def pytest(arguments: list[str]) -> int:
    """Run pytest in a process of its own, so that its closing line is the last one."""
    if arguments:
        return subprocess.run([sys.executable, "-m", "pytest", *arguments], cwd=ROOT).returncode
    with TemporaryDirectory(prefix="collectome-tests-", dir=_memory()) as folder:
        surroundings = {**os.environ, "PYTEST_DEBUG_TEMPROOT": folder}
        line = [sys.executable, "-m", "pytest", *SHARED, "--durations=20"]
        return subprocess.run(line, cwd=ROOT, env=surroundings).returncode


def _memory() -> Path | None:
    """A folder in memory, where nobody waits for a disk, if there is room for what all tests write
    (2 GB) four times over; else none."""
    try:
        told = re.search(r"MemAvailable: +(\d+) kB", Path("/proc/meminfo").read_text())
        free = min(shutil.disk_usage(MEMORY).free, int(told[1]) * 1024 if told else 0)
    except OSError:
        return None
    return MEMORY if free > 8 * 2**30 else None


def main(arguments: list[str]) -> int:
    """All gates and then the tests, or with arguments the tests alone."""
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        results = [] if arguments else list(pool.map(gate, GATES, GATES.values()))
    return pytest(arguments) or int(not all(results))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
