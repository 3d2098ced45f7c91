"""What a busy sender asks for: a number of seconds, or a date."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from handlers.retrying import asked_to_wait


@pytest.mark.parametrize(
    ("said", "seconds"),
    [("120", 120.0), (" 7 ", 7.0), ("Mon, 01 Jan 2001 00:00:00 GMT", 0.0), ("", None)]
    + [(word, None) for word in ("soon", "-3", "1.5", "²", "Mon, 99 Foo 2001")],
)
def test_seconds_of_a_retry_after(said: str, seconds: float | None) -> None:
    assert asked_to_wait(said) == seconds


def test_a_date_is_waited_for() -> None:
    at = datetime.now(UTC) + timedelta(seconds=90)
    assert 80 < (asked_to_wait(format_datetime(at, usegmt=True)) or 0) <= 90


def test_a_number_without_end_is_cut() -> None:
    assert asked_to_wait("9" * 5_000) == 999_999_999.0
