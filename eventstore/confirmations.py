"""What requests for DOIs and confirmations of the registration agency say, read in one place."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from fdo.identifiers import Pid

REQUESTED = "VersionDoiRequested"
"""The fact that somebody asked for the DOI of a version."""
CONFIRMED = "PidConfirmed"
"""The fact that the registration agency confirmed a state of a DOI."""
RESOLVING = ("registered", "findable")
"""States of a DOI (DataCite) in which it leads somewhere."""


def doi_said(detail: Mapping[str, Any]) -> Pid | None:
    """The DOI under which a request, or a confirmation, wants to have an object whose PID is a
    Handle; None where it says none."""
    prefix, _, rest = str(detail.get("doi") or "").partition("/")
    suffix = rest.partition("/")[0]
    return Pid(prefix, suffix) if prefix.startswith("10.") and suffix else None


def state_said(detail: Mapping[str, Any]) -> str | None:
    """The state that a confirmation gives the object's own DOI; None where it speaks of the DOI
    of one version."""
    state = None if detail.get("doi-version") else detail.get("state")
    return state if isinstance(state, str) else None


def versions_said(details: Iterable[Mapping[str, Any]]) -> frozenset[int]:
    """The versions that have a DOI of their own which resolves, by an object's confirmations in
    their order."""
    states = {detail.get("doi-version"): detail.get("state") for detail in details}
    return frozenset(
        version
        for version, state in states.items()
        if isinstance(version, int) and state in RESOLVING
    )
