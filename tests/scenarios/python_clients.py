"""Clients from PyPI that cannot share our environment: each in one of its own, from a lock."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

from tests.scenarios.program import ROOT

FOLDER = Path(__file__).resolve().parents[1] / "clients"
HOMES = ROOT / ".venv-clients"
PYTHONS = ("python3.14", "python3.13", "python3.12", "python3.11")


def client_python(name: str, *, least: tuple[int, int] = (3, 11)) -> Path:
    """A Python with what `tests/clients/{name}.lock` lists; the test is skipped, and says why,
    where it cannot be had."""
    found = _made(name, least)
    if isinstance(found, str):
        # another Python, or PyPI, is no part of the environment that ./run test makes
        pytest.skip(f"{name}: {found}")
    return found


@cache
def _made(name: str, least: tuple[int, int]) -> Path | str:
    lock = FOLDER / f"{name}.lock"
    python = _python(least)
    if python is None:
        return f"needs Python {least[0]}.{least[1]}, and none is on this machine"
    home = HOMES / name
    note, wanted = home / "lock.sha256", hashlib.sha256(lock.read_bytes()).hexdigest()
    if not note.exists() or note.read_text() != wanted:
        shutil.rmtree(home, ignore_errors=True)
        try:
            _run(python, "-m", "venv", home)
            _run(*_installer(home / "bin" / "python"), "--require-hashes", "-r", lock)
        except subprocess.CalledProcessError as failed:
            last = (failed.stderr.strip().splitlines() or ["?"])[-1]
            return f"its environment cannot be made: {last}"
        note.write_text(wanted)
    return home / "bin" / "python"


def _installer(python: Path) -> list[str | Path]:
    """The command that installs for this Python: `uv` where ./run found or fetched it."""
    uv = shutil.which("uv") or shutil.which("uv", path=str(Path(sys.executable).parent))
    if uv is not None:
        return [uv, "pip", "install", "--quiet", "--python", python]
    return [python, "-m", "pip", "install", "--quiet"]


def _python(least: tuple[int, int]) -> str | None:
    """A Python that is new enough: ours, else another of this machine."""
    if sys.version_info[:2] >= least:
        return sys.executable
    names = [one for one in PYTHONS if tuple(map(int, one[6:].split("."))) >= least]
    installed = Path.home().glob(".pyenv/versions/*/bin/python3.*")
    there = [
        *filter(None, map(shutil.which, names)),
        *sorted(str(one) for one in installed if one.name in names),
    ]
    return next((one for one in there if _runs(one)), None)


def _runs(python: str) -> bool:
    """Whether it is a Python, and not a stand-in for one that is not chosen."""
    return subprocess.run([python, "--version"], capture_output=True).returncode == 0


def _run(*command: str | Path) -> None:
    subprocess.run(
        [str(one) for one in command], check=True, capture_output=True, text=True, timeout=280
    )
