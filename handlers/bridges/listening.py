"""Answers from RabbitMQ on their way into the log: acknowledged when they are durable there.

What waits is taken together, up to `TOGETHER` answers in one transaction. An answer that cannot
be read fails its job with the reason, and is kept in the queue `mas-annotation-dead-queue`; so it
is neither lost nor in the way of others. While the log cannot be written the answers stay with
the broker.
"""

from __future__ import annotations

import contextlib
import logging
import sqlite3
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import pika
from pika.adapters.blocking_connection import BlockingChannel, BlockingConnection
from pika.exceptions import AMQPError, ConnectionClosedByBroker

from fdo.errors import Unavailable
from handlers.bridges.rabbitmq import (
    DEAD,
    FAILURES,
    RESULTS,
    declare_platform,
    parameters,
    told,
)
from handlers.bridges.reading import Malformed, answer, failed
from handlers.mas.answers import Result, Taken

TOGETHER = 256
TRIES = 3
"""How often an answer is brought to a log that neither takes nor refuses it."""
_WAIT_S, _LONGEST_WAIT_S = 1.0, 15.0
_LONGEST_REASON = 500
_INTERNAL_ERROR = 541
_LOG = logging.getLogger("collectome")

Take = Callable[[Sequence[Result]], list[Taken]]


class _Stopped(Exception):
    """The end came while answers were in hand; they stay with the broker."""


@dataclass(frozen=True, slots=True)
class _Letter:
    tag: int
    body: bytes
    encoding: str | None


class Listening:
    """Brings what services answer over RabbitMQ to `take`, in a thread, until it is stopped."""

    def __init__(self, url: str, take: Take) -> None:
        self._parameters = parameters(url)
        self._take = take
        self._pause_s = _WAIT_S
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="rabbitmq answers", daemon=True)

    def start(self) -> Listening:
        """Begin to listen; it goes on when the broker comes back."""
        self._thread.start()
        return self

    def stop(self) -> None:
        """Finish the answers in hand and end."""
        self._stopping.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                self._listen()
            except _Stopped:
                return
            except (AMQPError, OSError) as error:
                _LOG.warning("rabbitmq: no connection for answers: %s", told(error))
            except Exception:
                _LOG.exception("rabbitmq: answers could not be taken")
            self._stopping.wait(self._pause_s)
            self._pause_s = min(2 * self._pause_s, _LONGEST_WAIT_S)

    def _listen(self) -> None:
        connection = BlockingConnection(self._parameters)
        try:
            channel = connection.channel()
            channel.confirm_delivery()
            declare_platform(channel)
            channel.basic_qos(prefetch_count=TOGETHER)
            letters: list[_Letter] = []
            for name in (RESULTS, FAILURES):
                self._consume(channel, f"{name}-queue", letters)
            self._pause_s = _WAIT_S
            while not self._stopping.is_set():
                connection.process_data_events(time_limit=_WAIT_S / 5)
                if letters:
                    hand, letters[:] = letters[:TOGETHER], letters[TOGETHER:]
                    self._settle(connection, channel, hand)
        finally:
            if connection.is_open:
                connection.close()

    def _consume(self, channel: BlockingChannel, queue: str, letters: list[_Letter]) -> None:
        try:
            channel.basic_consume(queue, _into(letters))
        except ConnectionClosedByBroker as error:
            if error.reply_code == _INTERNAL_ERROR:
                # in name only, as in `rabbitmq._publish`; nobody can read what it held, and the
                # jobs are sent again when their lease is over
                _LOG.warning("rabbitmq: %s cannot be read and is made anew", queue)
                with contextlib.closing(BlockingConnection(self._parameters)) as connection:
                    connection.channel().queue_delete(queue)
            raise

    def _settle(
        self, connection: BlockingConnection, channel: BlockingChannel, hand: Sequence[_Letter]
    ) -> None:
        """Bring letters to the log, all together if it takes them so, and acknowledge them then."""
        read: list[tuple[_Letter, Result]] = []
        for letter in hand:
            try:
                read.append((letter, answer(letter.body, letter.encoding)))
            except Malformed as error:
                _bury(channel, letter, error.reason)
                if error.job is not None:
                    read.append((letter, failed(error.job, error.reason)))
        if not self._brought(connection, [result for _, result in read]):
            for letter, result in read:
                if not self._brought(connection, [result]):
                    _bury(channel, letter, "The log could not take it; the server's log says why.")
        channel.basic_ack(hand[-1].tag, multiple=True)

    def _brought(self, connection: BlockingConnection, results: Sequence[Result]) -> bool:
        """Whether the log has the results; waits as long as it cannot be written."""
        tries = 0
        while results and tries < TRIES:
            try:
                for taken in self._take(results):
                    _tell(taken)
                return True
            except (Unavailable, sqlite3.OperationalError) as error:
                _LOG.warning("rabbitmq: answers wait for the log: %s", error)
            except Exception:
                _LOG.exception("rabbitmq: %d answers met a fault", len(results))
                tries += 1
            connection.sleep(_WAIT_S)  # and not the thread: the broker wants to hear of us
            if self._stopping.is_set():
                raise _Stopped
        return not results


def _into(letters: list[_Letter]) -> Callable[[Any, Any, Any, bytes], None]:
    def keep(_: Any, method: Any, properties: pika.BasicProperties, body: bytes) -> None:
        letters.append(_Letter(method.delivery_tag, body, properties.content_encoding))

    return keep


def _bury(channel: BlockingChannel, letter: _Letter, reason: str) -> None:
    """Keep a letter where people find it, with the reason; raises unless the broker has it."""
    _LOG.warning("rabbitmq: an answer is put aside in %s: %s", DEAD, reason)
    properties = pika.BasicProperties(
        delivery_mode=2,
        content_encoding=letter.encoding,
        headers={"x-reason": reason[:_LONGEST_REASON]},
    )
    channel.basic_publish("", DEAD, letter.body, properties, mandatory=True)


def _tell(taken: Taken) -> None:
    if taken.outcome != "recorded":
        _LOG.info("rabbitmq: answer to %s is %s: %s", taken.job, taken.outcome, taken.reason)
