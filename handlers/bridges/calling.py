"""Calls services at their endpoint, again and again while their jobs have time.

    200                             the jobs are answered
    202                             each is answered later, at the address that came with it
    408, 425, 429, 5xx, nobody      again after 1 s, 3 s, 9 s …, at least as asked (Retry-After);
                                    the attempt failed where its lease is over before
    anything else                   the service refuses the jobs: they are dead

A service has as many calls at a time as it has replicas, with as many jobs as its micro-batch. One
process calls: the dispatcher. What it was doing when it died is done again by the next.
"""

from __future__ import annotations

import asyncio
import logging
import random
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Sequence

import httpx

from handlers.bridges.outbox import Errand, Outbox
from handlers.bridges.posting import Answer, Desk, message_name, post, results
from handlers.mas.answers import Result, Taken
from handlers.mas.services import Service

LONGEST_S = 300.0
"""What one request may take, however long the lease is."""
FIRST_S, FACTOR, LAST_S = 1.0, 3.0, 600.0
_POLL_S = 0.1
_LEAST_S = 1.0
"""What a call is given at the least; another is planned only where the lease lasts so long."""
_TRIES = 3
_LOG = logging.getLogger("collectome")


class Calling:
    """Calls the services it was told of, in a thread, until it is stopped."""

    def __init__(
        self,
        outbox: Outbox,
        desk: Desk,
        take: Callable[[Sequence[Result]], list[Taken]],
        *,
        allow_private: bool,
    ) -> None:
        self._outbox = outbox
        self._desk = desk
        self._take = take
        self._allow_private = allow_private
        self._services: dict[str, tuple[Service, str]] = {}
        self._under_way: defaultdict[str, dict[asyncio.Task[None], Sequence[Errand]]]
        self._under_way = defaultdict(dict)
        self._stopping = threading.Event()
        self._thread = threading.Thread(
            target=lambda: asyncio.run(self._run()), name="http services", daemon=True
        )

    def start(self) -> Calling:
        """Begin to call."""
        self._thread.start()
        return self

    def stop(self) -> None:
        """End; calls that are under way are made again by whoever starts next."""
        self._stopping.set()
        if self._thread.ident is not None:
            self._thread.join()

    def serve(self, service: Service, secret: str) -> None:
        """Call this service from now on, under this secret."""
        self._services[str(service.pid)] = (service, secret)

    def forget(self, service: Service) -> None:
        """Call it no more: it asks for its work now."""
        self._services.pop(str(service.pid), None)

    def serves(self, service: str) -> bool:
        """Whether this service is called."""
        return service in self._services

    async def _run(self) -> None:
        limits = httpx.Limits(max_keepalive_connections=0)  # a connection belongs to one name
        async with httpx.AsyncClient(
            trust_env=False, follow_redirects=False, limits=limits
        ) as client:
            while not self._stopping.is_set():
                try:
                    for service, secret in list(self._services.values()):
                        await self._round(client, service, secret)
                except Exception:
                    _LOG.exception("http services: the outbox cannot be read")
                await asyncio.sleep(_POLL_S)
            left = [task for tasks in self._under_way.values() for task in tasks]
            for task in left:
                task.cancel()
            await asyncio.gather(*left, return_exceptions=True)

    async def _round(self, client: httpx.AsyncClient, service: Service, secret: str) -> None:
        """Begin as many calls of a service as there is room for."""
        calls = self._under_way[str(service.pid)]
        for task in [task for task in calls if task.done()]:
            del calls[task]
        room = service.replicas - len(calls)
        if room <= 0:
            return
        busy = {errand.job for errands in calls.values() for errand in errands}
        most = room * service.micro_batch
        found = await asyncio.to_thread(self._outbox.due, str(service.pid), most + len(busy))
        free = [errand for errand in found if errand.job not in busy][:most]
        for start in range(0, len(free), service.micro_batch):
            part = free[start : start + service.micro_batch]
            task = asyncio.create_task(self._call(client, service, secret, part))
            calls[task] = part

    async def _call(
        self, client: httpx.AsyncClient, service: Service, secret: str, errands: Sequence[Errand]
    ) -> None:
        now = time.time()
        try:
            answer = await post(
                client, str(service.endpoint), secret,
                [self._desk.order(errand, now) for errand in errands],
                name=message_name(errands), now=now,
                timeout_s=min(LONGEST_S, max(_LEAST_S, min(one.ends for one in errands) - now)),
                allow_private=self._allow_private,
            )  # fmt: skip
            await asyncio.to_thread(self._settle, errands, answer)
        except Exception:
            _LOG.exception("http services: a call of %s met a fault", service.name)
            wait = max(_wait(errand, 0.0) for errand in errands)
            await asyncio.to_thread(self._outbox.postponed, errands, wait, "a fault of ours")

    def _settle(self, errands: Sequence[Errand], answer: Answer) -> None:
        """Put down what a call met; an answer is brought to the log before it is put down."""
        if answer.later:
            self._outbox.taken(errands)
        elif answer.patient:
            self._postpone(errands, answer)
        else:
            self._record(results(errands, answer))

    def _postpone(self, errands: Sequence[Errand], answer: Answer) -> None:
        over = []
        for errand in errands:
            wait = _wait(errand, answer.wait_s)
            if time.time() + wait + _LEAST_S < errand.ends:
                self._outbox.postponed([errand], wait, answer.said)
            else:
                said = f"Called {errand.tries + 1} times; the last time {answer.said}."
                over.append(Result(errand.job, error=said))
        self._record(over)

    def _record(self, found: Sequence[Result]) -> None:
        for taken in self._brought(found) if found else ():
            if taken.outcome != "recorded":
                _LOG.info("http services: %s is %s: %s", taken.job, taken.outcome, taken.reason)
        self._outbox.answered([result.job for result in found])

    def _brought(self, found: Sequence[Result]) -> list[Taken]:
        """What the log made of results; asked again where it could not be written."""
        for _ in range(_TRIES - 1):
            try:
                return self._take(found)
            except Exception as fault:
                _LOG.warning("http services: results wait for the log: %s", fault)
                time.sleep(FIRST_S)
        return self._take(found)


def _wait(errand: Errand, asked: float) -> float:
    """Longer after each call that met nobody, never the same for all."""
    backoff = min(FIRST_S * FACTOR ** min(errand.tries, 20), LAST_S) * random.uniform(0.8, 1.2)  # noqa: S311 - no secret
    return max(backoff, min(asked, LAST_S))
