"""Memento (RFC 7089) for the result of a saved query: what it asked then, of what was known then.

    /20.5000.5072/ABC-DEF-123/result            the original: 303 to its answer now
    /timegate/20.5000.5072/ABC-DEF-123/result   Accept-Datetime → 302 to a memento
    /timemap/link/20.5000.5072/ABC-DEF-123/result
    /timemap/json/20.5000.5072/ABC-DEF-123/result
    /20.5000.5072/ABC-DEF-123/result?as-of=42   a memento: 303 to the answer of that state

The result changes with whatever is recorded, from the registration of the query to its withdrawal;
so it has a memento for each second of the log between.
"""

from __future__ import annotations

from dataclasses import dataclass

from api.objects.exchange import Headers, http_date
from api.objects.memento import LINK_FORMAT, original_of
from api.objects.seconds import (
    LATEST,
    Original,
    around,
    at_second,
    second_of,
    timemap,
    timemap_json,
)
from eventstore.log import Log
from fdo.errors import NotFound
from fdo.identifiers import Pid
from fdo.lifecycle import Status

KIND = "saved-query"
TAIL = "/result"


@dataclass(frozen=True, slots=True)
class Results:
    """The results of the saved queries of one log, as Memento knows them."""

    log: Log
    base: str

    def named(self, uri: str) -> Pid | None:
        """The saved query of whose result a URI is the original; None for another original."""
        text = uri.strip().removesuffix("/")
        if not text.endswith(TAIL):
            return None
        return original_of(text.removesuffix(TAIL), self.base)

    def gate(self, pid: Pid, second: int | None) -> tuple[str, list[str]]:
        """Where a TimeGate leads for a second (the newest without one), and its links."""
        original = self._original(pid)
        position = at_second(original, LATEST if second is None else second, self.log)
        links = [_itself(original), _map(original), *around(original, position, self.log)]
        return original.memento(position), links

    def timemap(self, pid: Pid, after: int) -> bytes:
        """One page of the TimeMap in link format, from a second on."""
        return timemap(self._original(pid), after, self.log)

    def timemap_json(self, pid: Pid, after: int) -> bytes:
        """The same page as JSON."""
        here = f"{self.base}/timemap/json/{pid}{TAIL}"
        return timemap_json(self._original(pid), here, after, self.log)

    def headers(self, pid: Pid, position: int | None, *, neighbours: bool = True) -> Headers:
        """What the result says of its past; `position` where it is that of an earlier state."""
        original = self._original(pid)
        links = [f'<{original.timegate}>; rel="timegate"', _map(original)]
        said: Headers = []
        if position is not None:
            links.insert(0, _itself(original))
            if neighbours and position >= original.first:
                links += around(original, position, self.log)
            if at := self.log.recorded_at(position):
                said.append((b"memento-datetime", http_date(second_of(at))))
        return [*said, (b"link", ", ".join(links).encode())]

    def _original(self, pid: Pid) -> Original:
        head = self.log.known(pid)
        if head.type != KIND:
            raise NotFound(f"{pid} is a {head.type}; only saved queries have a result.")
        gone = head.status is Status.TOMBSTONE
        return Original(
            f"{self.base}/{pid}{TAIL}",
            f"{self.base}/timegate/{pid}{TAIL}",
            f"{self.base}/timemap/link/{pid}{TAIL}",
            first=self.log.version(pid, 1).position,
            last=head.position - 1 if gone else None,
        )


def _itself(original: Original) -> str:
    return f'<{original.address}>; rel="original"'


def _map(original: Original) -> str:
    return f'<{original.timemap}>; rel="timemap"; type="{LINK_FORMAT}"'
