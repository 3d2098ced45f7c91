"""Where links on a page go: objects of this repository to their page here, all else where it is.

    Addresses(log)("https://doi.org/10.5072/ABC-DEF-123#event-1")  gives
    /10.5072/ABC-DEF-123#event-1, or the IRI itself where no such object is in the log

The log says which objects are ours, not the prefix: a mirror holds objects of other prefixes,
and other repositories mint names of the same shape.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from eventstore.log import Log
from fdo.errors import InvalidIdentifier
from fdo.identifiers import Pid
from fdo.lifecycle import Status

_VERSION = re.compile(r"[1-9]\d{0,8}", re.ASCII)


class Addresses:
    """The addresses of one page; what the log said is asked once a page."""

    def __init__(self, log: Log | None) -> None:
        """Without a log nothing here is known to be an object."""
        self._log = log
        self._ours: dict[Pid, bool] = {}

    def __call__(self, iri: str, moment: str = "") -> str | None:
        """Where a link to this IRI goes: objects, their parts and their versions to their page
        here (objects as they were at `moment`, a query string), web addresses as they are."""
        name, sign, fragment = iri.partition("#")
        pid, number = split(name)
        if pid is None or not self._is_ours(pid):
            return iri if iri.startswith(("https://", "http://")) else None
        return f"/{pid}/{number}{sign}{fragment}" if number else f"/{pid}{moment}{sign}{fragment}"

    def learn(self, iris: Iterable[str]) -> None:
        """Ask the log of many at once."""
        found = {pid for iri in iris if (pid := split(iri.partition("#")[0])[0])}
        new = {str(pid): pid for pid in found - self._ours.keys()}
        if self._log is not None and new:
            heads = self._log.heads_of(sorted(new))
            shown = {head.pid for head in heads if head.status is not Status.DRAFT}
            self._ours |= {pid: pid in shown for pid in new.values()}

    def _is_ours(self, pid: Pid) -> bool:
        if pid not in self._ours:
            self.learn([pid.iri])
        return self._ours.get(pid, False)


def split(name: str) -> tuple[Pid | None, str]:
    """The object that a name names, and the number of the version or nothing."""
    whole, _, number = name.rpartition("/")
    if _VERSION.fullmatch(number) and (pid := _pid(whole)):
        return pid, number
    return _pid(name), ""


def _pid(text: str) -> Pid | None:
    try:
        return Pid.parse(text)
    except InvalidIdentifier:
        return None
