"""What an erasure took while a service had it, or had said something of it.

A service may answer still, and its answer may quote what is gone: nothing of it is recorded.
Erasures are looked for from the event on that scheduled the oldest job asked about, and only once.
"""

from __future__ import annotations

from collections.abc import Collection

from eventstore.log import Log
from fdo.identifiers import Pid
from handlers.mas.store import Row, Store

TOLD = "What the service was asked about was erased; its answers are not recorded."


class Erased:
    """The erasures that concern jobs."""

    def __init__(self, log: Log) -> None:
        self._log = log
        self._since = self._upto = 0
        self._pids = set[str]()

    def of(self, rows: Collection[Row]) -> set[str]:
        """The jobs whose payload an erasure took since they were scheduled."""
        self._look(min((row.position for row in rows), default=0))
        return {row.id for row in rows if self._took(row)} if self._pids else set()

    def _look(self, since: int) -> None:
        if not self._upto:
            self._since = self._upto = since
        elif since < self._since:  # farther than asked for, so that few such looks are needed
            self._since = self._upto = since // 2
        now = self._log.position()
        for position, _ in self._log.erasures(self._upto):
            self._pids.add(self._log.event(position).pid_text)
        self._upto = now

    def _took(self, row: Row) -> bool:
        if row.annotation in self._pids:
            return True
        if row.target not in self._pids:
            return False
        return not self._log.version(Pid.parse(row.target), row.version).salt


def is_to_be_forgotten(log: Log, store: Store, after: int) -> bool:
    """Whether something was erased behind `after` at which dispatch has not looked: what services
    said of it is to be forgotten, also where none works any more."""
    return store.there and bool(log.erasures(max(after, store.scanned())))
