"""Who may answer for a job over HTTP: whoever was given its ticket.

A ticket is bound to one attempt of one job by HMAC-SHA256 under a key of this repository; nobody
can guess one, and the ticket of one job is of no use for another.

>>> tickets = Tickets(b"key")
>>> text = tickets.issued("20.5000.5072/ABC-DEF-123", 2)
>>> tickets.attempt(text, "20.5000.5072/ABC-DEF-123")
2
>>> tickets.attempt(text, "20.5000.5072/ABC-DEF-124") is None
True
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
import secrets
from pathlib import Path

from handlers.webhooks.signing import PREFIX

FILE = "mas.key"
_MOST_DIGITS = 6


class Tickets:
    """Tickets under one key."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    @classmethod
    def of(cls, folder: Path) -> Tickets:
        """Tickets of a data folder; its key is made when first wanted, for its owner to read."""
        path = folder / FILE
        if not path.exists():
            draft = path.with_suffix(f".{secrets.token_hex(4)}")
            with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as to:
                to.write(secrets.token_bytes(32))
                to.flush()
                os.fsync(to.fileno())
            try:
                os.link(draft, path)  # whoever is first makes the key, others take it
            except FileExistsError:
                pass
            finally:
                draft.unlink()
        return cls(path.read_bytes())

    def issued(self, job: str, attempt: int) -> str:
        """The ticket of one attempt."""
        return f"mas_{attempt}_{self._seal(job, attempt)}"

    def attempt(self, ticket: str, job: str) -> int | None:
        """The attempt for which a ticket of this job was given; None: it is no ticket of it."""
        mark, _, rest = ticket.partition("_")
        number, _, seal = rest.partition("_")
        if mark != "mas" or not (number.isascii() and number.isdigit()):
            return None
        if len(number) > _MOST_DIGITS or not seal.isascii():
            return None
        attempt = int(number)
        return attempt if hmac.compare_digest(seal, self._seal(job, attempt)) else None

    def signing_secret(self, service: str) -> str:
        """A secret for the requests to one service, the same whenever it is asked for."""
        made = hmac.new(self._key, f"requests to {service}".encode(), hashlib.sha256).digest()
        return PREFIX + base64.b64encode(made).decode()

    def _seal(self, job: str, attempt: int) -> str:
        return hmac.new(self._key, f"{job} {attempt}".encode(), hashlib.sha256).hexdigest()
