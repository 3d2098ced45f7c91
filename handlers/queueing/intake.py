"""Where answers of workers arrive: many small requests, few transactions.

A worker sends the answers of a micro-batch in one request on `mas.results` and acknowledges its
jobs to the broker when the reply says that they are durable. What arrives while one transaction is
on its way goes into the next, so the log is asked to be durable as seldom as it can be.

That a job runs (`mas.started`) is told only of jobs that run for a while: a fact about a job that
ended before anybody could have looked would cost more than it says.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Protocol

import orjson
from nats.aio.client import Client
from nats.aio.msg import Msg

from handlers.mas.results import Result, Taken
from handlers.queueing.streams import RESULTS, STARTED

MOST = 256
"""Results in one transaction."""
LINGER_S = 0.002
"""How long the first waits for others that are just behind it."""
RUNNING_S = 0.5
"""Jobs that are answered within this time are never said to be running."""

log = logging.getLogger(__name__)


class Taking(Protocol):
    """What takes results: `handlers.mas.results`."""

    def started(self, jobs: Sequence[str]) -> None:
        """These jobs run."""

    def take(self, results: Sequence[Result]) -> list[Taken]:
        """Record them in one transaction."""


@dataclass(frozen=True, slots=True)
class _Arrived:
    message: Msg
    results: list[Result]


class Intake:
    """Serves one connection; begin anew with the next one."""

    def __init__(self, results: Taking) -> None:
        self._results = results
        self._arrived = asyncio.Queue[_Arrived]()
        self._running = dict[str, float]()
        self._one = ThreadPoolExecutor(1, thread_name_prefix="intake")

    async def serve(self, connection: Client) -> None:
        """Take what arrives until cancelled."""
        await connection.subscribe(RESULTS, "dispatcher", cb=self._answer)
        await connection.subscribe(STARTED, "dispatcher", cb=self._begin)
        try:
            await asyncio.gather(self._take(), self._tell())
        finally:
            self._one.shutdown(wait=True)

    async def take(self, results: Sequence[Result]) -> list[Taken]:
        """Record results beside those of workers."""
        return await asyncio.get_running_loop().run_in_executor(
            self._one, self._results.take, results
        )

    async def _answer(self, message: Msg) -> None:
        try:
            results = [_result(said) for said in orjson.loads(message.data)["results"]]
        except (ValueError, TypeError, KeyError) as error:
            await _reply(message, {"error": f"these are no results: {error!r}", "final": True})
            return
        self._arrived.put_nowait(_Arrived(message, results))

    async def _begin(self, message: Msg) -> None:
        with contextlib.suppress(ValueError, TypeError, KeyError):
            now = time.monotonic()
            self._running.update(dict.fromkeys(map(str, orjson.loads(message.data)["jobs"]), now))

    async def _take(self) -> None:
        while True:
            section = [await self._arrived.get()]
            await asyncio.sleep(LINGER_S)
            number = len(section[0].results)
            while number < MOST and not self._arrived.empty():
                section.append(self._arrived.get_nowait())
                number += len(section[-1].results)
            try:
                await self._together(section)
            except Exception:
                await self._one_by_one(section)

    async def _together(self, section: Sequence[_Arrived]) -> None:
        results = [result for arrived in section for result in arrived.results]
        taken = iter(await self.take(results))
        for result in results:
            self._running.pop(result.job, None)
        for arrived in section:
            said = [next(taken) for _ in arrived.results]
            await _reply(arrived.message, {"taken": said})

    async def _one_by_one(self, section: Sequence[_Arrived]) -> None:
        """What cannot be taken must not keep back what can."""
        for arrived in section:
            said: list[Taken | Mapping[str, Any]] = []
            for result in arrived.results:
                try:
                    said += await self.take([result])
                except Exception as error:
                    log.warning("the answer to %s could not be recorded", result.job, exc_info=True)
                    said.append({"job": result.job, "error": str(error) or repr(error)})
            await _reply(arrived.message, {"taken": said})

    async def _tell(self) -> None:
        while True:
            await asyncio.sleep(RUNNING_S / 2)
            before = time.monotonic() - RUNNING_S
            jobs = [job for job, since in self._running.items() if since <= before]
            for job in jobs:
                del self._running[job]
            if jobs:
                await self._say_running(jobs)

    async def _say_running(self, jobs: Sequence[str]) -> None:
        loop = asyncio.get_running_loop()
        try:
            await loop.run_in_executor(self._one, self._results.started, jobs)
        except Exception:
            log.warning("that %d jobs run could not be recorded", len(jobs), exc_info=True)


def _result(said: Mapping[str, Any]) -> Result:
    return Result(
        job=str(said["job"]),
        annotations=list(said.get("annotations") or ()),
        batch=list(said.get("batch") or ()),
        batch_id=said.get("batchId"),
        error=said.get("error"),
        final=bool(said.get("final")),
        meta=dict(said.get("meta") or {}),
    )


async def _reply(message: Msg, said: Mapping[str, Any]) -> None:
    with contextlib.suppress(Exception):  # whoever does not hear it asks again
        await message.respond(orjson.dumps(said))
