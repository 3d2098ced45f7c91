"""Who subscribed, how far each has got, and what waits to be sent: `webhooks.sqlite`.

A message is a range of events. It is stored, together with the new place of its subscription,
before it is sent, and so bears the same name however often it is sent: a power cut loses
nothing, and a receiver can tell a repetition.

    active ── sends ──▶ active        nothing else happened
    active ── no success for days ──▶ disabled ── retry ──▶ active
    active ── the receiver answers 410 ──▶ gone
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import orjson

from eventstore.transaction import writing
from fdo.errors import NotFound, Refused

FILE = "webhooks.sqlite"
MOST = 1_000
"""Subscriptions of one repository."""
KEPT = 100
"""Delivered messages that are remembered of each subscription, for people."""

State = Literal["active", "disabled", "gone"]
MessageState = Literal["pending", "delivered", "dead"]
Pairs = Sequence[tuple[str, str]]

_SCHEMA = """
CREATE TABLE IF NOT EXISTS subscriptions (
    id TEXT PRIMARY KEY, url TEXT NOT NULL, filters TEXT NOT NULL, documents INTEGER NOT NULL,
    secret TEXT NOT NULL, owner TEXT NOT NULL, created_at REAL NOT NULL, cursor INTEGER NOT NULL,
    state TEXT NOT NULL, note TEXT NOT NULL, failing_since REAL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS messages (
    id TEXT PRIMARY KEY, subscription TEXT NOT NULL, after INTEGER NOT NULL, upto INTEGER NOT NULL,
    state TEXT NOT NULL, made_at REAL NOT NULL, attempts INTEGER NOT NULL, due REAL NOT NULL,
    answer TEXT NOT NULL) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS messages_waiting ON messages (subscription, state, upto);
"""


@dataclass(frozen=True, slots=True)
class Subscription:
    """Somebody who wants to be told."""

    id: str
    url: str
    filters: tuple[tuple[str, str], ...]
    """Parameters of the feed of changes."""
    documents: bool
    secret: str
    owner: str
    """Name of the token that made it."""
    created_at: float
    cursor: int
    """The last event that is in a message, or that the filter passed over."""
    state: State
    note: str
    """Why it is not active, in words."""
    failing_since: float | None


@dataclass(frozen=True, slots=True)
class Message:
    """A range of events on its way to one subscriber."""

    id: str
    subscription: str
    after: int
    upto: int
    state: MessageState
    made_at: float
    """When it was made, or taken up again."""
    attempts: int
    due: float
    answer: str
    """What the last attempt met, in words."""


class Webhooks:
    """The subscriptions of one data folder; safe to share between threads and processes."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / FILE

    # ── subscriptions ────────────────────────────────────────────────────────────────────

    def add(self, made: Subscription) -> None:
        """Remember a subscription; Refused where there are too many."""
        with self._writing() as run:
            (number,) = run.execute("SELECT count(*) FROM subscriptions").fetchone()
            if number >= MOST:
                raise Refused(f"There are {MOST} subscriptions, which is all; remove one first.")
            run.execute(
                "INSERT INTO subscriptions VALUES (?,?,?,?,?,?,?,?,?,?,?)",
                (made.id, made.url, orjson.dumps(made.filters).decode(), made.documents,
                 made.secret, made.owner, made.created_at, made.cursor, made.state, made.note,
                 made.failing_since),
            )  # fmt: skip

    def all(self, owner: str | None = None) -> list[Subscription]:
        """The subscriptions of one owner, or of all; oldest first."""
        return self._subscriptions(
            "WHERE ? IS NULL OR owner=? ORDER BY created_at, id", (owner, owner)
        )

    def get(self, name: str) -> Subscription:
        """The subscription of that name; NotFound."""
        for found in self._subscriptions("WHERE id=?", (name,)):
            return found
        raise NotFound(f"There is no webhook {name!r}; /api/webhooks lists yours.")

    def remove(self, name: str) -> None:
        """Forget a subscription with its messages; NotFound."""
        self.get(name)
        with self._writing() as run:
            run.execute("DELETE FROM subscriptions WHERE id=?", (name,))
            run.execute("DELETE FROM messages WHERE subscription=?", (name,))

    def to_serve(self, now: float, head: int) -> list[Subscription]:
        """Active subscriptions that have something to do: a message that is due, or none that
        waits while the log has grown."""
        return self._subscriptions(
            "s WHERE state='active' AND CASE WHEN EXISTS (SELECT 1 FROM messages m WHERE "
            "m.subscription=s.id AND m.state='pending') THEN EXISTS (SELECT 1 FROM messages m "
            "WHERE m.subscription=s.id AND m.state='pending' AND m.due<=?) ELSE cursor<? END "
            "ORDER BY id",
            (now, head),
        )

    # ── messages ─────────────────────────────────────────────────────────────────────────

    def messages(self, name: str, limit: int = KEPT) -> list[Message]:
        """The newest messages of a subscription, newest first."""
        return self._messages("WHERE subscription=? ORDER BY upto DESC LIMIT ?", (name, limit))

    def waiting(self, name: str) -> Message | None:
        """The oldest message that is not delivered yet."""
        found = self._messages(
            "WHERE subscription=? AND state='pending' ORDER BY upto LIMIT 1", (name,)
        )
        return found[0] if found else None

    def advance(self, subscription: Subscription, upto: int, made: Message | None) -> None:
        """Move a subscription on, with the message that holds what it passes, in one step."""
        with self._writing() as run:
            changed = run.execute(
                "UPDATE subscriptions SET cursor=? WHERE id=? AND cursor=?",
                (upto, subscription.id, subscription.cursor),
            )
            if made is not None and changed.rowcount:
                run.execute(
                    "INSERT INTO messages VALUES (?,?,?,?,?,?,?,?,?)",
                    (made.id, made.subscription, made.after, made.upto, made.state, made.made_at,
                     made.attempts, made.due, made.answer),
                )  # fmt: skip

    def delivered(self, message: Message, answer: str) -> None:
        """The receiver took it."""
        with self._writing() as run:
            self._settle(run, message, "delivered", answer, message.due)
            run.execute(
                "UPDATE subscriptions SET failing_since=NULL WHERE id=?", (message.subscription,)
            )
            run.execute(
                "DELETE FROM messages WHERE subscription=? AND state='delivered' AND upto<= "
                "(SELECT upto FROM messages WHERE subscription=? AND state='delivered' "
                "ORDER BY upto DESC LIMIT 1 OFFSET ?)",
                (message.subscription, message.subscription, KEPT),
            )

    def failed(self, message: Message, answer: str, now: float, due: float) -> None:
        """The receiver did not take it; it is tried again when it is due."""
        with self._writing() as run:
            self._settle(run, message, "pending", answer, due)
            self._failing(run, message, now)

    def buried(self, message: Message, answer: str, now: float) -> None:
        """It is not tried again of itself: a dead letter, kept for `retry`."""
        with self._writing() as run:
            self._settle(run, message, "dead", answer, message.due)
            self._failing(run, message, now)

    def stop(self, name: str, state: State, note: str) -> None:
        """Send nothing more to a subscription."""
        with self._writing() as run:
            run.execute("UPDATE subscriptions SET state=?, note=? WHERE id=?", (state, note, name))

    def retry(self, name: str, now: float) -> int:
        """Take up the dead letters of a subscription again, and the subscription itself; how
        many letters there were. NotFound."""
        self.get(name)
        with self._writing() as run:
            found = run.execute(
                "UPDATE messages SET state='pending', attempts=0, due=?, made_at=? "
                "WHERE subscription=? AND state='dead'",
                (now, now, name),
            )
            run.execute(
                "UPDATE subscriptions SET state='active', note='', failing_since=NULL WHERE id=?",
                (name,),
            )
            return found.rowcount

    @staticmethod
    def _settle(
        run: sqlite3.Connection, message: Message, state: str, answer: str, due: float
    ) -> None:
        run.execute(
            "UPDATE messages SET state=?, attempts=?, due=?, answer=? WHERE id=?",
            (state, message.attempts + 1, due, answer, message.id),
        )

    @staticmethod
    def _failing(run: sqlite3.Connection, message: Message, now: float) -> None:
        run.execute(
            "UPDATE subscriptions SET failing_since=coalesce(failing_since, ?) WHERE id=?",
            (now, message.subscription),
        )

    # ── the file ─────────────────────────────────────────────────────────────────────────

    def _subscriptions(self, where: str, params: Sequence[object]) -> list[Subscription]:
        with self._connected() as connection:
            rows = connection.execute(f"SELECT * FROM subscriptions {where}", params).fetchall()
        return [
            Subscription(row[0], row[1], _pairs(row[2]), bool(row[3]), *row[4:]) for row in rows
        ]

    def _messages(self, where: str, params: Sequence[object]) -> list[Message]:
        with self._connected() as connection:
            rows = connection.execute(f"SELECT * FROM messages {where}", params).fetchall()
        return [Message(*row) for row in rows]

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        with self._connected() as connection, writing(connection) as run:
            yield run

    @contextmanager
    def _connected(self) -> Iterator[sqlite3.Connection]:
        if not self._path.exists():  # it holds secrets: readable by its owner only
            os.close(os.open(self._path, os.O_CREAT | os.O_WRONLY, 0o600))
        connection = sqlite3.connect(self._path, isolation_level=None, timeout=30)
        try:
            connection.execute("PRAGMA journal_mode=WAL")
            connection.executescript(_SCHEMA)
            yield connection
        finally:
            connection.close()


def _pairs(text: str) -> tuple[tuple[str, str], ...]:
    return tuple((name, value) for name, value in orjson.loads(text))
