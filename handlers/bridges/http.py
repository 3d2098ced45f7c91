"""Services that are reached over HTTP: called at their endpoint, or asking for work themselves.

A service with `col:endpoint` is called (see `calling`). One without, behind a firewall, asks for
work at `/api/mas/{pid}/jobs/lease`; either way jobs go through `outbox`, and answers may come back
later at the web server.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from fdo.errors import Refused, Unavailable
from handlers.bridges.calling import Calling
from handlers.bridges.outbox import Outbox
from handlers.bridges.posting import Desk
from handlers.bridges.tickets import Tickets
from handlers.mas.answers import Result, Taken
from handlers.mas.services import Service
from handlers.mas.transport import Job
from handlers.webhooks.signing import checked_secret

Secret = Callable[[str], str | None]
"""The value of a secret by its name; None: it has none."""


class Http:
    """Hands jobs over to services over HTTP (`handlers.mas.transport.Transport`)."""

    name = "http"

    def __init__(
        self,
        folder: Path,
        base: str,
        take: Callable[[Sequence[Result]], list[Taken]],
        secret: Secret,
        *,
        allow_private: bool = False,
    ) -> None:
        self._secret = secret
        self._tickets = Tickets.of(folder)
        self._outbox = Outbox(folder)
        desk = Desk(base, self._tickets)
        self._calling = Calling(self._outbox, desk, take, allow_private=allow_private)
        self._started = False
        self._called = set[str]()

    def declare(self, service: Service) -> None:
        """Know how to reach a service; Unavailable where the secret it names has no value."""
        if service.endpoint is None:
            self._calling.forget(service)
            self._called.discard(service.topic)
        else:
            self._calling.serve(service, signing_secret(service, self._tickets, self._secret))
            self._called.add(service.topic)
            if not self._started:
                self._started = True
                self._calling.start()

    def send(self, jobs: Sequence[Job]) -> None:
        """Keep jobs for their service; they are on disk when this returns."""
        if jobs:
            self._outbox.put(jobs, called=self._calling.serves(jobs[0].service))

    def waiting(self, topic: str) -> int:
        """Jobs that the service has not asked for, or has still time to answer."""
        return self._outbox.waiting(topic)

    def attended(self, topic: str) -> bool:
        """Whether the service is called, or asked for work and has time to answer still."""
        return topic in self._called or self._outbox.held(topic) > 0

    def close(self) -> None:
        """Make no more calls."""
        self._calling.stop()


def signing_secret(service: Service, tickets: Tickets, secret: Secret) -> str:
    """The secret under which requests to a service are signed: the one that it names, else one
    that this repository makes for it. Unavailable where the named one has no good value."""
    if service.webhook_secret is None:
        return tickets.signing_secret(str(service.pid))
    value = secret(service.webhook_secret)
    if value is None:
        raise Unavailable(
            f"{service.name} signs with the secret {service.webhook_secret!r}, which has no "
            "value; set it in the environment of the server."
        )
    try:
        return checked_secret(value)
    except Refused as error:
        raise Unavailable(f"The secret {service.webhook_secret!r} cannot sign: {error}") from error
