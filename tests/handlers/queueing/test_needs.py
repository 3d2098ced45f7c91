"""What a service is registered to need, and a worker that has not got it."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from fdo.errors import Refused
from handlers.queueing.connection import Access
from handlers.queueing.transport import NatsTransport
from handlers.queueing.worker import Worker
from tests.handlers.queueing.story import Echo, Ledger, job, registered


class Elsewhere(Echo):
    """Says that it runs on something."""

    def __init__(self, provider: str) -> None:
        super().__init__()
        self._provider = provider

    def load(self) -> str:
        return self._provider


def test_a_worker_without_the_gpu_that_is_required_refuses_and_takes_nothing(
    tmp_path: Path, transport: NatsTransport, ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("handlers.queueing.worker.LOOK_S", 0.1)

    def worker(provider: str) -> Worker:
        return Worker(Elsewhere(provider), Access(tmp_path), until_idle=True)

    transport.declare(registered(gpu="required"))
    transport.send([job(1)])
    for provider in ("CPU", "CPUExecutionProvider"):
        with pytest.raises(Refused, match=f"need a GPU, and here it runs on {provider}"):
            asyncio.run(worker(provider).work())
    assert not ledger.recorded and transport.waiting("echo") == 1
    assert asyncio.run(worker("CUDAExecutionProvider").work()) == 0
    assert list(ledger.recorded) == [job(1).id]
    transport.declare(registered(gpu="optional"))
    transport.send([job(2)])
    assert asyncio.run(worker("CPU").work()) == 0
    assert ledger.recorded[job(2).id].meta["executionProvider"] == "CPU"
