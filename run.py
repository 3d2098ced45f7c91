"""Make the environment that the lock files describe, then run the command line in it.

    ./run demo          the sample repository, served on this machine
    ./run test          every test, after installing the test tools
    ./run bench         the benchmarks
    ./run gpu           models of services on the GPU from now on, and whether that works here
    ./run <command>     the command line: ingest, serve, sparql, show, …

Only the standard library is used here. `uv` installs, the machine's or one that is fetched
first, as it takes seconds for what takes `pip` a minute; where it cannot, `pip` does. The
environment is made anew when a lock file changes.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

try:
    import fcntl
except ImportError:  # on Windows
    fcntl = None  # type: ignore[assignment]

HERE = Path(__file__).resolve().parent
VENV = HERE / ".venv"
PYTHON = VENV / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
INSTALLER = HERE / "requirements-install.lock"
LOCKS = {
    "core": HERE / "requirements.lock",
    "gpu": HERE / "requirements-gpu.lock",
    "mas": HERE / "requirements-mas.lock",
    "test": HERE / "requirements-test.lock",
}
NEEDED = {
    "bench": ("core", "mas", "test"),
    "gpu": ("core", "mas", "gpu"),
    "mas": ("core", "mas"),
    "test": ("core", "mas", "test"),
}
"""First argument → the locks that it needs; all else needs the core alone."""
REPLACING = {"gpu": ("--force-reinstall",)}
"""Locks whose files are written in any case: those of ONNX Runtime over those for the CPU."""


def ensure(kind: str) -> None:
    """Install the lock of `kind` unless it is installed already. A lock names all that it needs,
    so nothing is resolved: what packages ask for beyond it is left out on purpose (a second
    OpenCV in the folder of the first, which would take modules away from it)."""
    if not _installed(kind):
        with _alone():
            _bring(kind)


def _bring(kind: str) -> None:
    if _installed(kind):  # by whom this one waited for
        return
    print(f"Installing the {kind} packages (once) …", file=sys.stderr, flush=True)
    lock = str(LOCKS[kind])
    _install("--no-deps", "--require-hashes", *REPLACING.get(kind, ()), "-r", lock)
    _stamp(kind).write_text(_wanted(kind))
    if kind == "mas" and _stamp("gpu").exists():
        _stamp("gpu").unlink()  # its ONNX Runtime lies in the folder that was written just now
        _bring("gpu")


def _installed(kind: str) -> bool:
    stamp = _stamp(kind)
    return PYTHON.exists() and stamp.exists() and stamp.read_text() == _wanted(kind)


def _wanted(kind: str) -> str:
    return hashlib.sha256(LOCKS[kind].read_bytes() + sys.version.encode()).hexdigest()


def _stamp(kind: str) -> Path:
    return VENV / f".{kind}.sha256"


@contextmanager
def _alone() -> Iterator[None]:
    """One at a time changes the environment of a checkout, where the system has such locks."""
    if fcntl is None:
        yield
        return
    folder = os.open(HERE, os.O_RDONLY)  # whose lock ends with this process, however that ends
    try:
        try:
            fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print("Waiting for another ./run that installs packages …", file=sys.stderr, flush=True)
            fcntl.flock(folder, fcntl.LOCK_EX)
        except OSError:  # a file system without locks
            pass
        yield
    finally:
        os.close(folder)


def _install(*what: str) -> None:
    """Install into the environment, which is made if it is not there."""
    python = str(PYTHON)
    by_pip = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    if not _has("pip"):
        subprocess.run([sys.executable, "-m", "venv", "--clear", str(VENV)], check=True)
    uv = shutil.which("uv")
    if uv is None and not _has("uv"):
        subprocess.run([*by_pip, "--require-hashes", "-r", str(INSTALLER)])  # a failure costs time
    by_uv = [*([uv] if uv else [python, "-m", "uv"]), "pip", "install", "--quiet"]
    if subprocess.run([*by_uv, "--python", python, *what]).returncode:
        subprocess.run([*by_pip, *what], check=True)


def _has(module: str) -> bool:
    """Whether the environment is there, with this module."""
    asked = [str(PYTHON), "-c", f"import {module}"]
    try:
        return subprocess.run(asked, capture_output=True).returncode == 0
    except OSError:  # there is none, or none for this machine
        return False


def _needed(command: str, arguments: list[str]) -> tuple[str, ...]:
    """The locks of a command; a server that keeps workers needs what these need."""
    workers = os.environ.get("FDO_WORKERS") or any(a.startswith("--workers") for a in arguments)
    if command in ("serve", "demo") and workers:
        return NEEDED["mas"]
    return NEEDED.get(command, ("core",))


def main(arguments: list[str]) -> int:
    """Dispatch to the tests, the benchmarks or the command line; return the exit code."""
    command = arguments[0] if arguments else "--help"
    python = str(PYTHON)
    # Without its bytecode each of our processes would compile again what it imports: a second each.
    environment = {
        **{name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"},
        "PYTHONPATH": str(HERE),
        "PYTHONPYCACHEPREFIX": str(VENV / "pycache"),  # nothing is written beside the sources
    }
    module = {"test": "tests", "bench": "bench", "gpu": "handlers.services"}.get(command)
    said = ["-m", module, *arguments[1:]] if module else ["-m", "api.cli", *arguments]
    try:
        for kind in 2 * _needed(command, arguments):  # again: it may have been made anew meanwhile
            ensure(kind)
        if os.name == "nt":
            return subprocess.run([python, *said], env=environment).returncode
        os.execve(python, [python, *said], environment)
    except subprocess.CalledProcessError as failure:
        print(
            f"The packages could not be installed (exit {failure.returncode}); "
            "the messages above say why. Delete .venv and try again.",
            file=sys.stderr,
        )
    except OSError as failure:
        print(
            f"{VENV} cannot be made or used: {failure}. Delete it and try again.", file=sys.stderr
        )
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
