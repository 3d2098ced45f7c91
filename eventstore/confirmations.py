"""What a confirmation of the registration agency says: `PidConfirmed`, read in one place."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

CONFIRMED = "PidConfirmed"
"""The fact that the registration agency confirmed a state of a DOI."""
RESOLVING = ("registered", "findable")
"""States of a DOI (DataCite) in which it leads somewhere."""


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
