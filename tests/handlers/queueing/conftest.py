"""A broker for each test: it starts in some hundredths of a second."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from handlers.queueing.broker import Broker
from handlers.queueing.connection import Access
from handlers.queueing.transport import NatsTransport
from tests.handlers.queueing.story import Ledger


@pytest.fixture
def ledger() -> Ledger:
    """What takes the results."""
    return Ledger()


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Broker]:
    """An embedded broker that runs."""
    made = Broker(tmp_path)
    made.start()
    yield made
    made.stop()


@pytest.fixture
def transport(tmp_path: Path, broker: Broker, ledger: Ledger) -> Iterator[NatsTransport]:
    """The dispatcher's end of the queue."""
    made = NatsTransport(Access(tmp_path), ledger)
    yield made
    made.close()
