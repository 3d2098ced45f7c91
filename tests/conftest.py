"""What all tests share: where the reference data lie, in which order and where files are run."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[1]
SHARES = re.compile(r"^def \w+\([^)]*\b(?:demo|sample|workshop)\b(?:: \w+)?[,)]", re.MULTILINE)
"""A test or fixture of a scenario that takes a server, or a repository, of the whole session."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Long files first, so that the workers who share files out end together: those with a test
    that is marked as slow, those that start programs, the rest."""
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    items.sort(key=lambda item: (item.path not in slow, "scenarios" not in item.path.parts))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """File by file to whoever is free, but all that share servers to one worker: it alone starts
    them, and they stand idle beside nobody else."""
    from xdist.scheduler import LoadFileScheduling

    class Together(LoadFileScheduling):
        def _split_scope(self, nodeid: str) -> str:
            file: str = super()._split_scope(nodeid)
            return "those who share servers" if _shares(file) else file

    return Together(config, log) if config.getvalue("dist") == "loadfile" else None


@cache
def _shares(file: str) -> bool:
    return "scenarios" in file and bool(SHARES.search((ROOT / file).read_text(encoding="utf-8")))


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real archives and schemas; tests that need it skip, by name, without it."""
    folder = ROOT.parent / "shared" / "data"
    if not folder.is_dir():
        # real archives and foreign schemas are test input, not ours to ship
        pytest.skip("the reference data (../shared/data) are not on this machine")
    return folder
