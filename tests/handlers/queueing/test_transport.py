"""From the dispatcher to a worker and back: nothing lost, nothing done for nothing twice."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import signal
import threading
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import nats.errors
import pytest
from nats.aio.client import Client

from fdo.errors import Unavailable
from handlers.queueing import transport as transports
from handlers.queueing.broker import MAX_PAYLOAD, Broker, standing
from handlers.queueing.connection import Access
from handlers.queueing.kit import Answer, Work
from handlers.queueing.presence import counted
from handlers.queueing.pull import Pull, delivered
from handlers.queueing.replicas import Replicas
from handlers.queueing.streams import DEAD, IN_HAND, WORKERS, stream_of
from handlers.queueing.transport import NatsTransport
from handlers.queueing.worker import HANGS
from tests.handlers.queueing.story import (
    ROOT,
    Echo,
    Ledger,
    beside,
    held,
    job,
    program,
    registered,
    started,
    until,
    working,
)


def numbers(ledger: Ledger) -> list[int]:
    """The objects of which something was recorded, in order."""
    return sorted(int(name[-3:]) for name in ledger.recorded)


async def connected(data: Path) -> Client:
    return await Access(data).connect("test", asyncio.Event())


def fetched(data: Path, most: int) -> list[int]:
    """How often each of the messages was delivered that a worker gets now, and then dies."""

    async def fetch() -> list[int]:
        connection = await connected(data)
        found = await Pull(connection, stream_of("echo"), WORKERS).batch(most, 0.0, 2.0)
        await connection.close()
        return [delivered(message) for message in found]

    return asyncio.run(fetch())


def test_jobs_are_answered_in_micro_batches(
    tmp_path: Path, transport: NatsTransport, ledger: Ledger
) -> None:
    transport.declare(registered())
    transport.send([job(number) for number in range(50)])
    assert transport.waiting("echo") == 50
    echo = Echo()
    with working(echo, Access(tmp_path)):
        until(lambda: len(ledger.recorded) == 50)
        until(lambda: transport.waiting("echo") == 0)
    assert numbers(ledger) == list(range(50)) and not ledger.late
    assert max(map(len, echo.batches)) == 8
    told = ledger.recorded[job(7).id]
    assert told.annotations[0]["body"]["value"] == "7"
    assert told.meta["executionProvider"] == "CPU" and told.meta["softwareVersion"] == "1.2"


def test_the_same_attempt_twice_is_one_and_the_next_is_another(
    transport: NatsTransport, ledger: Ledger
) -> None:
    transport.declare(registered())
    transport.send([job(1), job(2), job(1)])
    transport.send([job(2)])
    assert transport.waiting("echo") == 2
    transport.send([job(1, attempt=2)])
    assert transport.waiting("echo") == 3


def test_what_a_dead_worker_held_comes_again(
    tmp_path: Path, transport: NatsTransport, ledger: Ledger
) -> None:
    transport.declare(registered(lease_s=0.5))
    transport.send([job(number) for number in range(8)])
    assert fetched(tmp_path, 8) == [1] * 8
    echo = Echo()
    with working(echo, Access(tmp_path)):
        until(lambda: len(ledger.recorded) == 8)
    assert [len(batch) for batch in echo.batches] == [1] * 8, "suspects are tried one by one"


def test_no_more_is_out_than_the_service_can_have_in_hand(
    tmp_path: Path, transport: NatsTransport, ledger: Ledger
) -> None:
    transport.declare(registered(micro_batch=2, replicas=1, lease_s=60))
    transport.send([job(number) for number in range(30)])
    assert len(fetched(tmp_path, 30)) == 2 * IN_HAND
    assert transport.waiting("echo") == 30


def test_one_bad_work_costs_the_others_nothing(
    tmp_path: Path, transport: NatsTransport, ledger: Ledger
) -> None:
    transport.declare(registered())
    transport.send([job(number) for number in range(16)])
    with working(Echo(breaks=[3, 12]), Access(tmp_path)):
        until(lambda: len(ledger.recorded) == 16)
    failed = {name for name, result in ledger.recorded.items() if result.error}
    assert failed == {job(3).id, job(12).id}
    assert ledger.recorded[job(3).id].error == "RuntimeError: cannot do 3"
    assert not ledger.recorded[job(3).id].final


def test_a_job_that_kills_its_workers_is_given_up_once_and_takes_nobody_with_it(
    tmp_path: Path, transport: NatsTransport, ledger: Ledger
) -> None:
    transport.declare(registered(lease_s=0.5))
    transport.send([job(number) for number in range(20)])
    deadly = "[os._exit(9) for w in works if w.object['number'] == 5]"
    here = {**os.environ, "PYTHONPATH": str(ROOT)}
    watched = Replicas(program(tmp_path / "deadly.py", deadly, tmp_path), 1, here)
    with beside(watched):
        until(lambda: len(ledger.recorded) == 20, 60)
        until(lambda: transport.waiting("echo") == 0)
    assert watched.restarts >= 3
    given_up = [result for result in ledger.recorded.values() if result.error]
    assert [(result.job, result.final) for result in given_up] == [(job(5).id, True)]
    assert not ledger.late

    async def letters() -> list[bytes]:
        connection = await connected(tmp_path)
        js = connection.jetstream()
        state = (await js.stream_info(DEAD)).state
        found = [await js.get_msg(DEAD, n + 1) for n in range(state.messages)]
        await connection.close()
        return [message.data or b"" for message in found]

    (letter,) = map(json.loads, asyncio.run(letters()))
    assert (letter["job"], letter["deliveries"]) == (job(5).id, 3)
    assert "filling" not in str(letter), "a letter holds no document"


def test_answers_are_kept_while_nobody_takes_them(
    tmp_path: Path, broker: Broker, ledger: Ledger
) -> None:
    first = NatsTransport(Access(tmp_path), ledger)
    first.declare(registered(lease_s=2))
    first.send([job(number) for number in range(8)])
    first.close()
    echo = Echo()
    with working(echo, Access(tmp_path)):
        until(lambda: len(echo.batches) == 1)
        second = NatsTransport(Access(tmp_path), ledger)
        try:
            until(lambda: len(ledger.recorded) == 8)
            until(lambda: second.waiting("echo") == 0)
        finally:
            second.close()
    assert len(echo.batches) == 1, "nothing was worked out twice"


def test_what_the_log_cannot_record_now_is_asked_again(
    tmp_path: Path, transport: NatsTransport, ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("handlers.queueing.worker.NAK_S", 0.1)
    transport.declare(registered(max_attempts=1000))
    transport.send([job(1)])
    ledger.closed.set()
    echo = Echo()
    with working(echo, Access(tmp_path)):
        until(lambda: len(echo.batches) >= 2)
        assert transport.waiting("echo") == 1
        ledger.closed.clear()
        until(lambda: ledger.recorded)


def test_one_answer_that_cannot_be_recorded_keeps_no_other_back(
    tmp_path: Path, transport: NatsTransport, ledger: Ledger
) -> None:
    ledger.refuses = lambda result: result.job == job(2).id and not result.final
    transport.declare(registered())
    transport.send([job(number) for number in range(8)])
    with working(Echo(), Access(tmp_path)):
        until(lambda: len(ledger.recorded) == 7)
    assert numbers(ledger) == [0, 1, 3, 4, 5, 6, 7]


def test_a_broker_that_dies_loses_nothing(
    tmp_path: Path, transport: NatsTransport, ledger: Ledger
) -> None:
    transport.declare(registered())
    transport.send([job(number) for number in range(40)])
    before = standing(tmp_path)
    assert before is not None
    with working(Echo(), Access(tmp_path)):
        until(lambda: len(ledger.recorded) >= 8)
        os.kill(before.pid, signal.SIGKILL)
        until(lambda: len(ledger.recorded) == 40)
        until(lambda: nothing_waits(transport))
    assert numbers(ledger) == list(range(40))


def nothing_waits(transport: NatsTransport) -> bool:
    """Whether the queue is empty; while the broker is away nobody knows."""
    with suppress(Unavailable):
        return transport.waiting("echo") == 0
    return False


def test_a_lost_store_is_an_empty_queue_and_no_error(
    tmp_path: Path, broker: Broker, ledger: Ledger
) -> None:
    first = NatsTransport(Access(tmp_path), ledger)
    first.declare(registered())
    first.send([job(1)])
    first.close()
    broker.stop()
    shutil.rmtree(tmp_path / "nats" / "store")
    again = NatsTransport.over(Access(tmp_path), ledger)
    try:
        assert again.waiting("echo") == 0
        again.declare(registered())
        again.send([job(1)])  # the same attempt: what the broker knew of it is lost as well
        assert again.waiting("echo") == 1
    finally:
        again.close()


def test_what_is_too_large_for_a_message_is_given_up_with_a_reason(
    transport: NatsTransport, ledger: Ledger
) -> None:
    transport.declare(registered())
    transport.send([job(1), job(2, filling="x" * MAX_PAYLOAD), job(3)])
    assert transport.waiting("echo") == 2
    assert ledger.recorded[job(2).id].final
    assert "bytes" in str(ledger.recorded[job(2).id].error)


def test_a_service_that_hangs_ends_its_process(
    tmp_path: Path, transport: NatsTransport, ledger: Ledger
) -> None:
    transport.declare(registered(lease_s=0.5))
    transport.send([job(1)])
    process = started(program(tmp_path / "hangs.py", "time.sleep(60)", tmp_path))
    assert process.wait(60) == HANGS


def test_sigterm_finishes_what_is_in_hand(
    tmp_path: Path, transport: NatsTransport, ledger: Ledger
) -> None:
    transport.declare(registered(micro_batch=4, lease_s=5))
    transport.send([job(number) for number in range(8)])
    slow = f"open({str(tmp_path / 'begun')!r}, 'w').close(); time.sleep(0.7)"
    process = started(program(tmp_path / "slow.py", slow, tmp_path))
    until((tmp_path / "begun").exists)
    process.send_signal(signal.SIGTERM)
    assert process.wait(60) == 0
    assert len(ledger.recorded) == 4 and transport.waiting("echo") == 4


def test_only_jobs_that_run_for_a_while_are_said_to_run(
    tmp_path: Path, transport: NatsTransport, ledger: Ledger
) -> None:
    transport.declare(registered(micro_batch=1, lease_s=10))
    transport.send([job(1), job(2)])
    pause = "time.sleep(1.5 if works[0].object['number'] == 2 else 0)"
    process = started(program(tmp_path / "pause.py", pause, tmp_path))
    until(lambda: len(ledger.recorded) == 2)
    process.terminate()
    process.wait(60)
    assert ledger.running == [job(2).id]


def test_without_a_broker_the_caller_is_told(
    tmp_path: Path, ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transports, "PATIENCE_S", 0.5)
    lonely = NatsTransport(Access(tmp_path), ledger)
    try:
        with pytest.raises(Unavailable, match="No broker runs"):
            lonely.waiting("echo")
    finally:
        lonely.close()


def test_what_is_forgotten_is_in_no_file_and_work_goes_on(
    tmp_path: Path, transport: NatsTransport, ledger: Ledger
) -> None:
    transport.declare(registered())
    jobs = [job(number, filling="Dr. Secret Name") for number in range(3)]
    transport.send(jobs)
    assert held(tmp_path, b"Secret Name")
    transport.forget()
    until(lambda: not held(tmp_path, b"Secret Name"))
    assert transport.waiting("echo") == 0
    transport.send(jobs)  # the same attempts: that they were sent before is forgotten as well
    with working(Echo(), Access(tmp_path)):
        until(lambda: len(ledger.recorded) == 3)
        until(lambda: not held(tmp_path, b"Secret Name"))


def test_it_is_known_who_works_for_a_topic(tmp_path: Path, transport: NatsTransport) -> None:
    transport.declare(registered())
    assert not transport.attended("echo")

    def workers() -> int:
        return asyncio.run(counted(Access(tmp_path), ["echo"]))["echo"]

    with working(Echo(), Access(tmp_path)), working(Echo(), Access(tmp_path)):
        until(lambda: workers() == 2)
        assert transport.attended("echo")
    until(lambda: not transport.attended("echo"))


def test_a_worker_at_its_work_is_there(tmp_path: Path, transport: NatsTransport) -> None:
    class Slow(Echo):
        def annotate(self, works: Sequence[Work]) -> list[Answer]:
            begun.set()
            over.wait(60)
            return super().annotate(works)

    begun, over = threading.Event(), threading.Event()
    transport.declare(registered(lease_s=60.0))
    transport.send([job(1)])
    with working(Slow(), Access(tmp_path)):
        assert begun.wait(60)
        assert transport.attended("echo")
        over.set()


def test_a_queue_without_a_leader_is_not_an_empty_one(
    tmp_path: Path, transport: NatsTransport
) -> None:
    async def asked() -> None:
        connection = await connected(tmp_path)
        try:
            await Pull(connection, "MAS_nobody", WORKERS).batch(1, 0.0, 0.5)
        finally:
            await connection.close()

    transport.declare(registered())
    with pytest.raises(nats.errors.NoRespondersError):
        asyncio.run(asked())
