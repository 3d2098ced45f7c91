"""A double of DataCite on a port of this machine."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from api.datacite_double import DoubleServer
from tests.api.datacite_double.asking import Caller


@pytest.fixture(scope="module")
def double(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DoubleServer]:
    """One double for the tests of a module; each uses names of its own."""
    with DoubleServer(tmp_path_factory.mktemp("double") / "datacite.sqlite") as running:
        yield running


@pytest.fixture(scope="module")
def caller(double: DoubleServer) -> Iterator[Caller]:
    """Somebody who has the credentials."""
    with httpx.Client(base_url=double.url) as client:
        yield Caller(client)
