"""A small history, told once."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.api.eight_events import eight_events
from tests.handlers.instants.history import History


@pytest.fixture(scope="module")
def history(tmp_path_factory: pytest.TempPathFactory) -> Iterator[History]:
    told = eight_events(tmp_path_factory.mktemp("exports"))
    yield told
    told.close()
