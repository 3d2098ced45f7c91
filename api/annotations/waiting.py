"""Which proposals about an object wait for a decision, as the view of annotations knows it.

The log decides whether they do; the view only finds them. What it has not read yet is looked for in
the log itself, behind where the view is. Where there is no view yet, nothing is found (see
`handlers.annotations.waiting`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from eventstore.log import Log
from fdo.annotation.life import source_of
from fdo.errors import Unavailable
from fdo.identifiers import Pid
from handlers.annotations.waiting import Waiting
from handlers.projections.annotations import AnnotationQuery, Annotations

MOST = 1_000
"""Proposals that go on with their object, the oldest first; all are one transaction."""
UNREAD = 5_000
"""Events behind the view that are looked at: what is read in the time that a merge may take."""
_SECTION = 500


def waiting_in(view: Annotations | None, log: Log) -> Waiting:
    """What finds them in a view and in the log behind it; None: there is no view, and nothing is
    found."""

    def found(pid: Pid) -> Sequence[str]:
        if view is None:
            return ()
        asked = {"target": [str(pid)], "state": ["pending"], "sort": ["oldest"]}
        try:
            read = view.position()
            pids, _ = view.pids(AnnotationQuery.parse(asked), MOST)
        except Unavailable:  # it is being made
            return ()
        return list(dict.fromkeys([*pids, *_unread(log, read, pid)]))[:MOST]

    return found


def _unread(log: Log, after: int, target: Pid) -> Iterator[str]:
    """Annotations of an object among the events that a view has not read."""
    for start in range(after, after + UNREAD, _SECTION):
        events = log.read(start, _SECTION)
        for event in events:
            if event.type != "annotation" or event.operational:
                continue
            source = source_of(next(iter(event.document.get("oa:hasTarget", ())), None))
            if source is not None and source.pid == target:
                yield event.pid_text
        if len(events) < _SECTION:
            return
