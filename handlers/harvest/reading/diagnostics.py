"""Every finding about a source has a name, a rule and a next step.

`CODES` is the table; nothing is reported that does not stand in it. Findings about rows are
counted in full and told in part: the first of a kind in a file one by one, the rest as one line
with their number, so that a million bad rows make no million objects. What keeps rows out is told
of many more rows than what was only read otherwise, since each of them waits to be repaired.

>>> findings = Findings()
>>> findings.note("core-id-null", file="occurrence.txt", line=7)
>>> findings.all()[0].rows
1
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from fdo.errors import SourceRefused
from handlers.harvest.reading.diagnostic_codes import CODES
from handlers.harvest.records import Diagnostic

TOLD = 20
"""How many findings of one code in one file are told one by one …"""
TOLD_ERRORS = 10_000
"""… and how many where they keep rows out (about 5 MB)."""


@dataclass(slots=True)
class Count:
    """The rows of one file: `rows_in == kept + reported` once the file is read."""

    rows_in: int = 0
    kept: int = 0
    reported: int = 0


def legible(name: str) -> str:
    """The name of a file as text that can be written: bytes that are not UTF-8 become `?`."""
    return name.encode("utf-8", "replace").decode()


def refusal(code: str, **words: Any) -> SourceRefused:
    """The error that refuses a whole source under a code of the table."""
    rule, words = CODES[code], _legible(words)
    message = f"{rule.says.format(**words)} {rule.next_step.format(**words)}"
    return SourceRefused(message, code=code, **words)


class Findings:
    """The findings of one reading, in the order in which they were made."""

    def __init__(self) -> None:
        self._told: list[Diagnostic] = []
        self._seen: dict[tuple[str, str], int] = {}
        self._untold: dict[tuple[str, str], int] = {}

    def note(
        self,
        code: str,
        *,
        file: str = "",
        line: int | None = None,
        offset: int | None = None,
        record: str | None = None,
        rows: int = 1,
        **words: Any,
    ) -> None:
        """Add one finding; `words` fill the sentences of the table."""
        file = legible(file)
        at = (code, file)
        rule = CODES[code]
        seen = self._seen.get(at, 0)
        self._seen[at] = seen + 1
        if seen >= (TOLD_ERRORS if rule.severity == "error" else TOLD):
            self._untold[at] = self._untold.get(at, 0) + rows
            return
        words = {"file": file, "line": line, "record": record, **_legible(words)}
        self._told.append(
            Diagnostic(
                code=code,
                severity=rule.severity,
                message=rule.says.format(**words),
                next_step=rule.next_step.format(**words),
                file=file,
                line=line,
                offset=offset,
                record=record,
                rows=rows,
            )
        )

    def all(self) -> list[Diagnostic]:
        """All findings; what was not told one by one follows as one line for each kind."""
        return [*self._told, *(self._rest(*at, rows) for at, rows in self._untold.items())]

    @staticmethod
    def _rest(code: str, file: str, rows: int) -> Diagnostic:
        rule = CODES[code]
        return Diagnostic(
            code=code,
            severity=rule.severity,
            message=f"{rows} further rows of {file}: the same as told above.",
            next_step="Repair the rows told above first; the rest is most often alike.",
            file=file,
            rows=rows,
        )


def _legible(words: dict[str, Any]) -> dict[str, Any]:
    return {key: legible(word) if isinstance(word, str) else word for key, word in words.items()}
