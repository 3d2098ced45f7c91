"""When to ask again somebody who is busy."""

from __future__ import annotations

from datetime import datetime
from email.utils import parsedate_to_datetime


def asked_to_wait(retry_after: str) -> float | None:
    """Seconds of a Retry-After header, which is a number or a date (RFC 9110, 10.2.3); None where
    it is neither, or not there."""
    said = retry_after.strip()
    if said.isascii() and said.isdigit():
        return float(said[:9])
    try:
        at = parsedate_to_datetime(said)
    except ValueError:
        return None
    return max(0.0, (at - datetime.now(at.tzinfo)).total_seconds())
