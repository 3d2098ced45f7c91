"""Carries out batches that wait, one after the other, beside the server.

What waits stands in the file of the batches, so that it goes on after a restart where it was. A
batch is carried out in the name, and within the limits, of the token that asked for it, as they
are at that time; a token that was revoked meanwhile carries out nothing more.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

from fdo.errors import CollectomeError
from handlers.batches.desk import Desk
from handlers.batches.errors import BatchBusy, Stopped
from handlers.batches.quotas import QuotaSpent
from handlers.batches.recording import Speaker
from handlers.batches.store import Batch

POLL_S = 0.5
LOCAL = "@"
"""Begins the name of who asks at the command line, which carries out what it asks for itself."""


class Runner:
    """One thread that carries out what waits."""

    def __init__(self, desk: Desk, speaker_of: Callable[[str], Speaker]) -> None:
        self._desk, self._speaker_of = desk, speaker_of
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._work, name="batches", daemon=True)

    def start(self) -> None:
        """Begin with what waits."""
        self._thread.start()

    def stop(self) -> None:
        """End behind the section that is being recorded."""
        self._stopping.set()
        self._thread.join()

    def _work(self) -> None:
        while not self._stopping.wait(POLL_S):
            try:
                self.once()
            except Stopped:
                return

    def once(self) -> None:
        """Carry on every batch that waits, as far as it goes now."""
        for batch in self._desk.batches.at_work():
            if self._stopping.is_set():
                raise Stopped
            asked = batch.about.get("by", batch.owner)  # whoever asked last, of an undo too
            if not asked.startswith(LOCAL):
                self._carry_on(batch, asked)

    def _carry_on(self, batch: Batch, asked: str) -> None:
        desk, stopping = self._desk, self._stopping.is_set
        try:
            by = self._speaker_of(asked)
            if batch.state == "undoing":
                desk.undo(batch, by, batch.note, stopping)
            else:
                desk.carry_on(batch, by, stopping)
        except (BatchBusy, QuotaSpent):
            return  # its turn comes again
        except Stopped:
            raise
        except CollectomeError as wrong:
            desk.batches.move(batch.id, "failed", wrong.message, ended_at=desk.clock())
        except Exception:  # whatever is wrong with one batch, the next ones have their turn
            logging.getLogger("collectome").exception("batch %s", batch.id)
            why = "The server failed, and wrote why to its log; send the batch again."
            desk.batches.move(batch.id, "failed", why, ended_at=desk.clock())
