"""What became of one line, and of all: the report of a batch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

Became = Literal["created", "duplicate", "refused", "revised", "unchanged", "withdrawn"]
COUNTED: Final[tuple[Became, ...]] = (
    "created", "duplicate", "refused", "revised", "unchanged", "withdrawn",
)  # fmt: skip
NEXT_STEP: Final = "Correct the line and send it in a new batch; the others are recorded."


@dataclass(frozen=True, slots=True)
class LineOutcome:
    """What became of one line."""

    line: int
    outcome: Became
    pid: str | None = None
    version: int | None = None
    errors: tuple[tuple[str, str], ...] = ()
    """(JSON pointer, sentence) of what is wrong with it."""
    repaired: tuple[str, ...] = ()
    """What was understood in spite of its form."""

    @property
    def row(self) -> list[Any]:
        """As it is kept."""
        return [self.line, self.outcome, self.pid, self.version, self.errors, self.repaired]

    @classmethod
    def of(cls, row: Sequence[Any]) -> LineOutcome:
        """As it was kept."""
        errors = tuple((pointer, sentence) for pointer, sentence in row[4])
        return cls(row[0], row[1], row[2], row[3], errors, tuple(row[5]))

    @property
    def told(self) -> dict[str, Any]:
        """For whoever sent it."""
        found: dict[str, Any] = {"line": self.line, "outcome": self.outcome}
        if self.pid is not None:
            found |= {"pid": self.pid, "version": self.version}
        if self.errors:
            found["errors"] = [
                {"pointer": pointer, "detail": sentence} for pointer, sentence in self.errors
            ]
        if self.outcome == "refused":
            found["nextStep"] = NEXT_STEP
        if self.repaired:
            found["repaired"] = list(self.repaired)
        return found
