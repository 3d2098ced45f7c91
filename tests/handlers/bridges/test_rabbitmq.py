"""Jobs and answers over a real RabbitMQ."""

from __future__ import annotations

import contextlib
import json
import re
import shlex
import sqlite3
import time
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from typing import Any

import pika
import pytest
from pika.adapters.blocking_connection import BlockingChannel

from fdo.errors import Refused, Unavailable
from handlers.bridges.listening import Listening
from handlers.bridges.rabbitmq import DEAD, EXCHANGE, RabbitMQ, queue_of
from tests.clients.rabbit import RabbitMQ as Broker
from tests.conftest import ROOT
from tests.handlers.bridges.work import Ledger, a_job, a_service, job_id, until

pytestmark = pytest.mark.slow

_topics = count()
_SETTLED_S = 6.0
"""After which a queue that was declared survives the death of its broker (RabbitMQ 3.10)."""


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    with Broker(tmp_path_factory.mktemp("rabbit")) as started:
        yield started


@pytest.fixture
def channel(broker: Broker) -> Iterator[Any]:
    """A channel of somebody else, such as a service."""
    connection = broker.connection()
    made = connection.channel()
    made.confirm_delivery()
    yield made
    with contextlib.suppress(pika.exceptions.AMQPError):  # the broker may have died meanwhile
        connection.close()


@pytest.fixture
def transport(broker: Broker) -> Iterator[RabbitMQ]:
    made = RabbitMQ(broker.url)
    yield made
    made.close()


@pytest.fixture
def topic() -> str:
    return f"topic-{next(_topics)}"


@pytest.fixture
def listening(broker: Broker) -> Iterator[Callable[[Ledger], Listening]]:
    begun: list[Listening] = []

    def listen(ledger: Ledger) -> Listening:
        begun.append(Listening(broker.url, ledger.take).start())
        return begun[-1]

    yield listen
    for one in begun:
        one.stop()


def messages(channel: Any, queue: str) -> list[tuple[Any, bytes]]:
    """Everything in a queue, taken out of it."""
    found = []
    while True:
        method, properties, body = channel.basic_get(queue, auto_ack=True)
        if method is None:
            return found
        found.append((properties, body))


def publish(channel: Any, said: Any, key: str = "mas-annotation") -> None:
    """Answer as services do: to the exchange of the contract, without properties."""
    body = said if isinstance(said, bytes) else json.dumps(said).encode()
    channel.basic_publish(f"{key}-exchange", key, body, mandatory=True)


def test_a_service_finds_every_exchange_and_queue_of_the_contract(
    transport: RabbitMQ, channel: Any, topic: str
) -> None:
    transport.declare(a_service(topic))
    for exchange in ("mas-exchange", "mas-annotation-exchange", "mas-annotation-failed-exchange"):
        channel.exchange_declare(exchange, "direct", durable=True)  # as it is, or it is refused
    for queue in (f"mas-{topic}-queue", "mas-annotation-queue", "mas-annotation-failed-queue"):
        channel.queue_declare(queue, durable=True, arguments={"x-queue-type": "quorum"})
    for key in ("mas-annotation", "mas-annotation-failed"):
        publish(channel, {}, key)  # `mandatory`: it would come back if no queue were bound
        assert len(messages(channel, f"{key}-queue")) == 1


def test_a_message_holds_what_the_contract_names_and_nothing_else(
    transport: RabbitMQ, channel: Any, topic: str
) -> None:
    transport.declare(a_service(topic))
    transport.send([a_job(1, topic)])
    ((properties, body),) = messages(channel, queue_of(topic))
    said = json.loads(body)
    assert list(said) == ["object", "jobId", "batchingRequested"]
    assert (said["jobId"], said["batchingRequested"]) == (job_id(1), False)
    assert said["object"]["ods:specimenName"] == "N1"
    assert (properties.delivery_mode, properties.content_encoding) == (2, None)


def test_the_same_attempt_twice_is_one_and_the_next_attempt_is_another(
    transport: RabbitMQ, channel: Any, topic: str
) -> None:
    transport.declare(a_service(topic))
    transport.send([a_job(1, topic), a_job(2, topic)])
    transport.send([a_job(1, topic), a_job(2, topic)])
    assert transport.waiting(topic) == 2
    transport.send([a_job(1, topic, attempt=2)])
    assert len(messages(channel, queue_of(topic))) == 3


def test_a_queue_of_another_kind_is_refused_and_others_go_on(
    transport: RabbitMQ, channel: Any, topic: str
) -> None:
    channel.queue_declare(queue_of(topic), durable=True)
    with pytest.raises(Refused, match="another kind"):
        transport.declare(a_service(topic))
    transport.declare(a_service(f"{topic}-b"))
    transport.send([a_job(1, f"{topic}-b")])
    assert transport.waiting(f"{topic}-b") == 1


@pytest.mark.parametrize("taken", ["annotation", "annotation-failed", "annotation-dead"])
def test_no_service_takes_the_queues_of_answers_for_its_own(
    transport: RabbitMQ, taken: str
) -> None:
    with pytest.raises(Refused, match="another topic"):
        transport.declare(a_service(taken))


def test_a_queue_that_somebody_deleted_is_there_again_for_the_next_job(
    transport: RabbitMQ, channel: Any, topic: str
) -> None:
    transport.declare(a_service(topic))
    channel.queue_delete(queue_of(topic))
    transport.send([a_job(1, topic)])
    assert transport.waiting(topic) == 1


def test_a_queue_in_name_only_is_made_anew(
    transport: RabbitMQ, channel: Any, topic: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A broker that has come to that (RabbitMQ 3.10) takes a minute for each refusal, so the
    refusals are ours here; queue, deletion and the second attempt are real."""
    transport.declare(a_service(topic))
    channel.queue_bind(queue_of(topic), "amq.direct", topic)
    refused = refusing_once(monkeypatch)
    transport.send([a_job(1, topic)])
    assert refused == [topic] and transport.waiting(topic) == 1
    with pytest.raises(pika.exceptions.UnroutableError):  # what was bound to it went with it
        channel.basic_publish("amq.direct", topic, b"", mandatory=True)


def test_a_queue_that_refuses_and_holds_jobs_is_left_as_it_is(
    transport: RabbitMQ, channel: Any, topic: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    transport.declare(a_service(topic))
    channel.queue_bind(queue_of(topic), "amq.direct", topic)
    transport.send([a_job(1, topic)])
    refused = refusing_once(monkeypatch)
    transport.send([a_job(2, topic)])
    channel.basic_publish("amq.direct", topic, b"", mandatory=True)
    assert refused == [topic] and len(messages(channel, queue_of(topic))) == 3


def refusing_once(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The next job is not confirmed; the topics of those that were not."""
    publish, refused = BlockingChannel.basic_publish, list[str]()

    def once(self: BlockingChannel, exchange: str, topic: str, *said: Any, **more: Any) -> None:
        if exchange == EXCHANGE and not refused:
            refused.append(topic)
            raise pika.exceptions.NackError([])
        publish(self, exchange, topic, *said, **more)

    monkeypatch.setattr(BlockingChannel, "basic_publish", once)
    return refused


def test_it_is_known_whether_a_service_takes_its_work(
    transport: RabbitMQ, channel: Any, topic: str
) -> None:
    transport.declare(a_service(topic))
    assert not transport.attended(topic)
    channel.basic_consume(queue_of(topic), lambda *_: None, auto_ack=True)
    assert transport.attended(topic)


def test_answers_and_failures_reach_the_log_and_leave_the_broker(
    broker: Broker, transport: RabbitMQ, channel: Any, listening: Any
) -> None:
    transport.declare(a_service())
    for number in range(20):
        publish(channel, {"jobId": job_id(number), "annotations": []})
    publish(channel, {"jobId": job_id(20), "errorMessage": "no such name"}, "mas-annotation-failed")
    publish(channel, {"jobId": job_id(21), "errorMessage": "in the wrong queue"})
    ledger = Ledger()
    listening(ledger)
    until(lambda: len(ledger.recorded) == 20 and len(ledger.failed) == 2)
    assert ledger.failed[job_id(20)].error == "no such name"
    assert not messages(channel, DEAD)


def test_an_answer_that_cannot_be_read_is_kept_with_its_reason_and_blocks_nobody(
    transport: RabbitMQ, channel: Any, listening: Any
) -> None:
    transport.declare(a_service())
    for bad in (b"\xff\x00", b"{", {"jobId": job_id(1), "annotations": "many"}):
        publish(channel, bad)
    publish(channel, {"jobId": job_id(2), "annotations": []})
    ledger = Ledger()
    listening(ledger)
    until(lambda: job_id(2) in ledger.recorded)
    until(lambda: job_id(1) in ledger.failed)
    dead = messages(channel, DEAD)
    assert sorted(body[:1] for _, body in dead) == [b"{", b"{", b"\xff"]
    assert all(properties.headers["x-reason"] for properties, _ in dead)


def test_what_the_log_cannot_take_for_now_stays_until_it_can(
    transport: RabbitMQ, channel: Any, listening: Any
) -> None:
    transport.declare(a_service())
    publish(channel, {"jobId": job_id(1), "annotations": []})
    ledger = Ledger()
    ledger.faults = [Unavailable("busy"), sqlite3.OperationalError("database is locked")] * 2
    listening(ledger)
    until(lambda: job_id(1) in ledger.recorded)
    assert not messages(channel, DEAD)


def test_one_answer_that_breaks_the_log_does_not_take_others_with_it(
    transport: RabbitMQ, channel: Any, listening: Any
) -> None:
    transport.declare(a_service())
    for number in range(3):
        publish(channel, {"jobId": job_id(number), "annotations": []})
    ledger = Ledger()
    ledger.poison = {job_id(1)}
    listening(ledger)
    until(lambda: set(ledger.recorded) == {job_id(0), job_id(2)})
    ((_, body),) = until(lambda: messages(channel, DEAD))
    assert json.loads(body)["jobId"] == job_id(1)


def test_who_stops_before_the_log_took_an_answer_leaves_it_with_the_broker(
    transport: RabbitMQ, channel: Any, listening: Any
) -> None:
    transport.declare(a_service())
    publish(channel, {"jobId": job_id(1), "annotations": []})
    busy = Ledger()
    busy.faults = [Unavailable("busy")] * 1_000
    first = listening(busy)
    until(lambda: len(busy.faults) < 1_000)
    first.stop()
    ledger = Ledger()
    listening(ledger)
    until(lambda: job_id(1) in ledger.recorded)


def test_jobs_and_answers_survive_the_death_of_the_broker(
    broker: Broker, transport: RabbitMQ, channel: Any, listening: Any, topic: str
) -> None:
    transport.declare(a_service(topic))
    transport.send([a_job(1, topic)])
    time.sleep(_SETTLED_S)
    publish(channel, {"jobId": job_id(7), "annotations": []})
    waiting = Ledger()
    waiting.faults = [Unavailable("busy")] * 10_000
    listening(waiting)
    until(lambda: len(waiting.faults) < 10_000)
    broker.kill()
    with pytest.raises(Unavailable):
        transport.send([a_job(2, topic)])
    broker.start()
    waiting.faults = []
    until(lambda: job_id(7) in waiting.recorded, 30)
    transport.send([a_job(1, topic), a_job(2, topic)])
    connection = broker.connection()
    said = until(lambda: messages(connection.channel(), queue_of(topic)))
    assert [json.loads(body)["jobId"] for _, body in said] == [job_id(1), job_id(2)]
    connection.close()


def test_services_need_no_more_rights_than_the_manual_gives_them(
    broker: Broker, transport: RabbitMQ, topic: str
) -> None:
    transport.declare(a_service(topic))
    transport.send([a_job(1, topic)])
    manual = (ROOT / "docs" / "how-to" / "connect-a-dissco-service.md").read_text()
    (line,) = re.findall(r"^rabbitmqctl (?:.*\\\n)*.*$", manual, re.MULTILINE)
    broker.control("add_user", "services", "secret")
    broker.control(*shlex.split(line.replace("\\\n", " "))[1:])
    known = pika.PlainCredentials("services", "secret")
    connection = pika.BlockingConnection(pika.ConnectionParameters(broker.host, credentials=known))
    service = connection.channel()
    service.confirm_delivery()
    _, _, body = service.basic_get(queue_of(topic), auto_ack=True)
    assert json.loads(body)["jobId"] == job_id(1)
    for key in ("mas-annotation", "mas-annotation-failed"):
        publish(service, {}, key)
    with pytest.raises(pika.exceptions.ChannelClosedByBroker, match="ACCESS_REFUSED"):
        service.queue_delete(queue_of(topic))
    with pytest.raises(pika.exceptions.ChannelClosedByBroker, match="ACCESS_REFUSED"):
        connection.channel().basic_get("mas-annotation-queue")
    connection.close()
    with contextlib.closing(broker.connection()) as operator:
        for key in ("mas-annotation", "mas-annotation-failed"):
            assert len(messages(operator.channel(), f"{key}-queue")) == 1


def test_without_a_broker_nothing_is_handed_over(tmp_path: Path) -> None:
    transport = RabbitMQ("amqp://guest:guest@127.0.0.1:1/%2F")
    with pytest.raises(Unavailable, match="RabbitMQ"):
        transport.send([a_job(1)])
    with pytest.raises(Unavailable):
        transport.waiting("naming")
