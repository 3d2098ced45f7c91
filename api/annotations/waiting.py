"""Which proposals about an object wait for a decision, as the view of annotations knows it.

The log decides whether they do; the view only finds them. What it has not read yet, or where there
is none yet, is left where it is (`handlers.annotations.waiting`).
"""

from __future__ import annotations

from collections.abc import Sequence

from fdo.errors import Unavailable
from fdo.identifiers import Pid
from handlers.annotations.waiting import Waiting
from handlers.projections.annotations import AnnotationQuery, Annotations

MOST = 1_000
"""Proposals that go on with their object, the oldest first; all are one transaction."""


def waiting_in(view: Annotations | None) -> Waiting:
    """What finds them in a view; None: there is no view, and nothing is found."""

    def found(pid: Pid) -> Sequence[str]:
        if view is None:
            return ()
        asked = {"target": [str(pid)], "state": ["pending"], "sort": ["oldest"]}
        try:
            pids, _ = view.pids(AnnotationQuery.parse(asked), MOST)
        except Unavailable:  # it is being made
            return ()
        return pids

    return found
