"""What a confirmation of the registration agency says: `PidConfirmed`, read in one place."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

CONFIRMED = "PidConfirmed"
"""The fact that the registration agency confirmed a state of a DOI."""


def state_said(detail: Mapping[str, Any]) -> str | None:
    """The state that a confirmation gives the object's own DOI; None where it speaks of the DOI
    of one version."""
    state = None if detail.get("doi-version") else detail.get("state")
    return state if isinstance(state, str) else None
