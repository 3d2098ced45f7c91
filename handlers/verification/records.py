"""Does each FDO record keep the version of its profile that its envelope names?

Judged is what was issued, by the rules of then: a profile that asks for more today makes no old
record wrong. What was erased, and what a mirror was never given, is not judged.
"""

from __future__ import annotations

from collections.abc import Iterator

from eventstore.envelope import Recorded
from eventstore.log import Log
from eventstore.profiles import Profiles
from eventstore.records import record_of
from handlers.verification.faults import Fault


class Records:
    """The check of all records, one event after the other."""

    def __init__(self, log: Log) -> None:
        self._profiles = Profiles(log)

    def faults(self, event: Recorded, where: str) -> Iterator[Fault]:
        """What the record that this event issued breaks; its bytes are here."""
        profile = event.meta.get("profile")
        if profile is None or not event.salt:
            return
        for broken in self._profiles.faults(record_of(event, [event])):
            yield Fault(where, f"its FDO record breaks its profile {profile}: {broken}")
