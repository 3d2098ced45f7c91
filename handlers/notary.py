"""Signs the tree of the log: at intervals beside a server, and behind a command that wrote to it.

Several servers and commands over one folder do no harm: a checkpoint of a size is made once, by
whoever comes first. A mirror has its tree and signs nothing.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from eventstore.application import DigitalObjects
from eventstore.checkpoints import Checkpoints
from eventstore.envelope import to_moment
from eventstore.mirroring import origin
from fdo.errors import CollectomeError


class Notary:
    """Makes a checkpoint every `every_s` seconds in which the log grew."""

    def __init__(self, objects: DigitalObjects, checkpoints: Checkpoints, every_s: float) -> None:
        self._objects, self._checkpoints, self._every_s = objects, checkpoints, every_s
        self._told = ""

    def sign(self) -> None:
        """Sign what is new; a refusal is logged once, since it stays until a person acts."""
        if origin(self._objects.recorder) is not None:
            self._checkpoints.tree.grow()
            return
        try:
            if self._objects.log.position():
                self._checkpoints.make()
            self._told = ""
        except CollectomeError as refusal:
            if refusal.message != self._told:
                logging.getLogger("collectome").error("No checkpoint: %s", refusal.message)
            self._told = refusal.message

    def sign_if_due(self) -> None:
        """Sign behind a command that wrote, unless that was done within the interval, as a server
        does. What goes wrong is logged: what was written stands."""
        try:
            if not self._signed_lately():
                self.sign()
        except Exception:
            logging.getLogger("collectome").exception("No checkpoint could be made")

    def _signed_lately(self) -> bool:
        last = self._checkpoints.latest()
        if last is None or last.signed_at is None:
            return False
        age = to_moment(self._objects.clock()) - last.signed_at
        return age.total_seconds() < self._every_s

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Sign at intervals until the end, and once more then."""
        task = asyncio.create_task(self._run())
        try:
            yield
        finally:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
            await asyncio.to_thread(self.sign)

    async def _run(self) -> None:
        while True:
            try:
                await asyncio.to_thread(self.sign)
            except Exception:
                logging.getLogger("collectome").exception("No checkpoint could be made")
            await asyncio.sleep(self._every_s)
