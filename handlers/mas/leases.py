"""How long an attempt may go without an answer: as its service says, else as its last jobs took.

Services written for DiSSCo say nothing of it, and take seconds or minutes. What nine of ten of the
last jobs stayed within, from the hand-over to the answer, is taken times four; until enough is
known, the default holds. Never beyond the time to live. The workers of our own queue say while
they work that they do, so for them it is what they were registered with.
"""

from __future__ import annotations

from math import ceil

from handlers.mas.services import Service
from handlers.mas.store import Store

LAST, ENOUGH = 50, 5
"""Jobs that are looked at, and how many there have to be."""
SHARE, TIMES, LEAST_S = 0.9, 4.0, 30.0


def lease_of(service: Service, store: Store) -> float:
    """Seconds for the next attempts of a service."""
    if service.lease_s is not None or service.queue == "nats":
        return service.lease
    took = sorted(store.took(str(service.pid), LAST))
    if len(took) < ENOUGH:
        return service.lease
    usual = took[ceil(SHARE * len(took)) - 1]
    return min(max(LEAST_S, TIMES * usual), service.ttl_s)
