"""Tickets open one attempt of one job."""

from __future__ import annotations

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from handlers.bridges.tickets import FILE, Tickets
from handlers.webhooks.signing import checked_secret

TICKETS = Tickets(b"a key")


def test_the_key_is_made_once_for_its_owner_alone(tmp_path: Path) -> None:
    first, again = Tickets.of(tmp_path), Tickets.of(tmp_path)
    assert first.issued("j", 1) == again.issued("j", 1)
    assert (tmp_path / FILE).stat().st_mode & 0o777 == 0o600
    assert [file.name for file in tmp_path.iterdir()] == [FILE]
    assert first.issued("j", 1) != TICKETS.issued("j", 1)


def test_requests_to_each_service_have_a_secret_of_their_own() -> None:
    one, other = TICKETS.signing_secret("a"), TICKETS.signing_secret("b")
    assert checked_secret(one) == TICKETS.signing_secret("a") != checked_secret(other)


@given(st.text(max_size=90))
def test_no_other_text_is_a_ticket(text: str) -> None:
    assert TICKETS.attempt(text, "job") is None


@given(st.integers(1, 99_999), st.integers(1, 99_999))
def test_a_ticket_cannot_be_made_one_of_another_attempt_or_job(one: int, other: int) -> None:
    ticket = TICKETS.issued("job", one)
    assert TICKETS.attempt(ticket, "job") == one
    assert TICKETS.attempt(ticket, "jobs") is None
    forged = ticket.replace(f"mas_{one}_", f"mas_{other}_")
    assert TICKETS.attempt(forged, "job") == (one if one == other else None)
