"""Clients from npm, installed once from `tests/clients/package-lock.json`."""

from __future__ import annotations

import shutil
import subprocess
from functools import cache
from pathlib import Path

import pytest

FOLDER = Path(__file__).resolve().parents[1] / "clients"


def client(name: str) -> Path:
    """The program of that name; the test is skipped, and says why, where it cannot be had."""
    return _installed_packages(name) / ".bin" / name


def library(name: str, file: str) -> str:
    """The text of a file of the package of that name; else as `client`."""
    return (_installed_packages(name) / name / file).read_text(encoding="utf-8")


def _installed_packages(name: str) -> Path:
    if why := _missing():
        # Node is no part of the environment that ./run test makes
        pytest.skip(f"{name}: {why}")
    return FOLDER / "node_modules"


@cache
def _missing() -> str | None:
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        return "node and npm are not on this machine (Node 20 or newer)"
    version = subprocess.run([node, "--version"], capture_output=True, text=True, check=True)
    if int(version.stdout.removeprefix("v").partition(".")[0]) < 20:
        return f"node is {version.stdout.strip()}, the clients need 20 or newer"
    if not _installed():
        done = subprocess.run(
            [npm, "ci", "--no-audit", "--no-fund"], cwd=FOLDER, capture_output=True, text=True
        )
        if done.returncode:
            return f"npm ci failed: {(done.stderr.strip().splitlines() or ['?'])[-1]}"
    return None


def _installed() -> bool:
    """Whether what npm wrote down when it installed is newer than what was asked for."""
    noted = FOLDER / "node_modules" / ".package-lock.json"
    asked = FOLDER / "package-lock.json"
    return noted.exists() and noted.stat().st_mtime >= asked.stat().st_mtime
