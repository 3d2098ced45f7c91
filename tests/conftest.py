"""What all tests share: where the reference data lie, and in which order files are taken."""

from __future__ import annotations

from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Long files first, so that the workers who share files out end together: those with a test
    that is marked as slow, those that start programs, the rest."""
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    items.sort(key=lambda item: (item.path not in slow, "scenarios" not in item.path.parts))


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real archives and schemas; tests that need it skip, by name, without it."""
    folder = ROOT.parent / "shared" / "data"
    if not folder.is_dir():
        # real archives and foreign schemas are test input, not ours to ship
        pytest.skip("the reference data (../shared/data) are not on this machine")
    return folder
