"""What all tests share: where the reference data lie."""

from __future__ import annotations

from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real archives and schemas; tests that need it skip, by name, without it."""
    folder = ROOT.parent / "shared" / "data"
    if not folder.is_dir():
        # real archives and foreign schemas are test input, not ours to ship
        pytest.skip("the reference data (../shared/data) are not on this machine")
    return folder
