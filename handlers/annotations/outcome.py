"""What became of an annotation that was proposed, or of one about which a person decided."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from fdo.annotation.rules import Breach
from fdo.errors import AlreadyRegistered, InvalidDocument
from fdo.identifiers import Pid

What = Literal[
    "created", "revised", "unchanged", "duplicate", "refused",
    "accepted", "rejected", "withdrawn", "superseded", "settled",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one annotation; `errors` names what is wrong with a refused one."""

    what: What
    pid: Pid | None = None
    """Of the annotation; of a duplicate, the one that says the same already."""
    version: int = 0
    position: int = 0
    errors: tuple[Breach, ...] = ()

    @property
    def good(self) -> bool:
        """Whether it stands in the log as it was sent, now or before."""
        return self.what != "refused"

    def required(self) -> Outcome:
        """Itself, where it was recorded; AlreadyRegistered for a duplicate, InvalidDocument for
        a refused one."""
        if self.what == "duplicate":
            raise AlreadyRegistered(
                f"{self.pid} says the same of the same, by the same agent; revise that annotation "
                "instead.",
                pid=str(self.pid),
            )
        if self.what == "refused":
            told = "; ".join(sentence.rstrip(".") for _, sentence in self.errors[:3])
            raise InvalidDocument(f"The annotation cannot be recorded: {told}.", self.errors)
        return self


@dataclass(frozen=True, slots=True)
class Decision:
    """What a decision about an annotation recorded."""

    what: What
    pid: Pid
    version: int
    """Of the annotation, after the decision."""
    position: int
    """Of the annotation's event; 0 where nothing was recorded."""
    target: Pid | None = None
    target_version: int | None = None
    """The version of the target that the decision made; None where it made none."""
    again: tuple[Pid, ...] = ()
    """Annotations that hold, or wait, again because of it."""

    @property
    def outcome(self) -> Outcome:
        """The same in the form of a list of many."""
        return Outcome(self.what, self.pid, self.version, self.position)
