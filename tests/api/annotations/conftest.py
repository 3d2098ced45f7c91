"""One repository under review for every test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.api.annotations.reviewing import Reviewing
from tests.api.conftest import Repository


@pytest.fixture
def reviewing(repository: Repository) -> Iterator[Reviewing]:
    """An empty repository with its annotations view."""
    made = Reviewing(repository)
    yield made
    made.close()
