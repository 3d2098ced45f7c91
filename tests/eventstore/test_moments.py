"""A day has two ends, an instant is one; what is neither is refused."""

from __future__ import annotations

import pytest

from eventstore.moments import first_and_last

MIDNIGHT = 1_772_323_200_000_000
"""2026-03-01T00:00:00Z"""


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        ("2026-03-01", 0, 86_400_000_000 - 1),
        ("2026-03-01T00:00:00Z", 0, 0),
        ("2026-03-01t00:00:01.5z", 1_500_000, 1_500_000),
        ("2026-03-01 02:00:00+02:00", 0, 0),
        ("2026-03-01T02:00:00 02:00", 0, 0),
        ("2026-02-28T23:00:00.000000999-01:00", 0, 0),
    ],
)
def test_moments_are_read(text: str, first: int, last: int) -> None:
    assert first_and_last(text) == (MIDNIGHT + first, MIDNIGHT + last)


@pytest.mark.parametrize(
    "text",
    [
        "", "42", "2026-3-1", "2026-02-30", "2026-03-01T12:00:00", "2026-03-01T25:00:00Z",
        "2026-03-01T12:00:00+99:99", "0001-01-01T00:00:00+14:00", "9999-12-31", "٢٠٢٦-٠٣-٠١",
        "2026-03-01\n",
    ],
)  # fmt: skip
def test_what_is_no_moment_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        first_and_last(text)
