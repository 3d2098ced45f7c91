"""A repository with services in memory."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.handlers.mas.story import Repository


@pytest.fixture
def repository(tmp_path: Path) -> Iterator[Repository]:
    """An empty one."""
    made = Repository(tmp_path)
    yield made
    made.close()
