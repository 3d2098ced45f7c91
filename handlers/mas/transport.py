"""What carries jobs to services: a queue or HTTP, behind one small door.

The dispatcher hands over a job once per attempt, and again with the next attempt when no answer
came in time. What comes back goes to `handlers.mas.results`, from whichever process heard it.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from handlers.mas.services import Service


@dataclass(frozen=True, slots=True)
class Job:
    """One piece of work on its way to a service."""

    id: str
    """A Handle: `20.5000.5072/ABC-DEF-123`."""
    service: str
    """PID of the service."""
    topic: str
    target: str
    """PID of the object to be annotated."""
    version: int
    """The version of the target that the payload holds."""
    attempt: int
    """1 for the first."""
    lease_s: float
    """Seconds after which a job without an answer may be sent again."""
    payload: bytes
    """UTF-8 JSON: `object` (the whole document), `jobId`, `batchingRequested`, and of our own
    `version`, `attempt`, `base`, and `annotation` where an annotation was the cause."""


class Transport(Protocol):
    """One way to reach services; used by one thread at a time."""

    name: str
    """As in `col:queue`: nats, rabbitmq, http."""

    def declare(self, service: Service) -> None:
        """Make sure that what the service takes its work from exists; repeatable. Unavailable
        where it cannot be made now."""

    def send(self, jobs: Sequence[Job]) -> None:
        """Hand over jobs of one service; returns when the hand-over is durable. Unavailable
        otherwise: then some may have gone out, and all are sent again. The same job and attempt
        twice is one."""

    def waiting(self, topic: str) -> int:
        """How many jobs the service has still to take, those that it holds unanswered under a
        lease of the transport's own included."""

    def close(self) -> None:
        """Let go of connections; what was handed over stays handed over."""


@runtime_checkable
class Attended(Protocol):
    """A transport that knows whether anybody takes from a queue."""

    def attended(self, topic: str) -> bool:
        """Whether somebody works for this topic now."""


@runtime_checkable
class Forgetting(Protocol):
    """A transport that keeps messages in files of ours."""

    def forget(self, gone: Collection[str] = ()) -> None:
        """Empty all queues: what was erased from the log must not live on in them. Whatever was
        handed over has to be handed over again. `gone`: services (PID text) that were erased,
        whose queues are taken down with their names."""
