"""One measured figure, with its target where it has one."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Result:
    """`value` in `unit`; `target` says what must hold, `holds` whether it does (None: an aim)."""

    suite: str
    what: str
    value: float
    unit: str
    target: str = ""
    holds: bool | None = None

    def as_json(self) -> dict[str, Any]:
        """JSON-ready."""
        return asdict(self)


def at_least(suite: str, what: str, ratio: float, least: float) -> Result:
    """A ratio that must reach a number."""
    return Result(suite, what, ratio, "ratio", f">= {least:g}", ratio >= least)


def table(results: list[Result]) -> str:
    """The results as aligned text, one a line."""
    rows = [("suite", "what", "value", "unit", "target", "")]
    for r in results:
        verdict = {True: "holds", False: "MISSED", None: ""}[r.holds]
        rows.append(
            (
                r.suite,
                r.what,
                f"{r.value:,.3g}" if r.value < 100 else f"{r.value:,.0f}",
                r.unit,
                r.target,
                verdict,
            )
        )
    widths = [max(len(row[i]) for row in rows) for i in range(6)]
    return "\n".join(
        "  ".join(
            cell.rjust(w) if i == 2 else cell.ljust(w)
            for i, (cell, w) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    )
