"""Queues for which nobody works: whoever waits until all is done would wait for ever.

Jobs that lie untaken do not lapse, so that a service which is down costs no attempts. A dispatcher
that ends when nothing is left has to know that nothing will come.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import suppress

from fdo.errors import CollectomeError
from handlers.mas.services import Service
from handlers.mas.transport import Attended, Transport

PATIENCE_S = 30.0
"""How long workers may be absent: one that is started again after a crash takes a while."""
LOOK_S = 0.5


class Absence:
    """Since when nobody works for which queue."""

    def __init__(self, patience_s: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._patience_s, self._clock = patience_s, clock
        self._since: dict[str, float] = {}
        self._looked = float("-inf")

    def of_all(self, busy: Sequence[tuple[Service, Transport | None]]) -> bool:
        """Whether nobody has come for any of these, which have jobs, for as long as one waits."""
        now = self._clock()
        if now - self._looked < LOOK_S:
            return False
        self._looked = now
        left = {str(service.pid) for service, transport in busy if _left(service, transport)}
        self._since = {pid: self._since.get(pid, now) for pid in left}
        waited = [pid for pid, since in self._since.items() if now - since >= self._patience_s]
        return bool(busy) and len(waited) == len(busy)


def _left(service: Service, transport: Transport | None) -> bool:
    """Whether jobs lie in the queue of a service and nobody is there to take them. A transport
    that cannot tell, or cannot be asked now, is given the benefit of the doubt."""
    if not isinstance(transport, Attended):
        return False
    with suppress(CollectomeError):
        return transport.waiting(service.topic) > 0 and not transport.attended(service.topic)
    return False
