"""Sample collections as Markdown: each `## Section` holds one table.

>>> sections("## Places\\n| key | country |\\n|---|---|\\n| oslo | Norway |")["Places"]
[{'key': 'oslo', 'country': 'Norway'}]
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from pathlib import Path

Row = dict[str, str]

HARVESTS = Path(__file__).parent / "harvests"
DATASETS = ("herbarium", "zoology", "fossils", "minerals")


@dataclass(frozen=True)
class Collection:
    """One sample collection as its Markdown file states it, nothing interpreted yet."""

    key: str
    about: Row
    harvests: Row
    """Harvest date → time of day, UTC."""
    every: Row
    taxa: dict[str, Row]
    places: dict[str, Row]
    specimens: list[Row]
    media: list[Row]
    determinations: list[Row]
    measurements: list[Row]
    edits: list[Row]


@cache
def collection(key: str) -> Collection:
    """The sample collection of that name (one of `DATASETS`)."""
    found = sections((HARVESTS / f"{key}.md").read_text(encoding="utf-8"))
    return Collection(
        key=key,
        about=_pairs(found["Dataset"]),
        harvests=_pairs(found["Harvests"]),
        every=_pairs(found["Every record"]),
        taxa=_keyed(found["Taxa"]),
        places=_keyed(found["Places"]),
        specimens=found["Specimens"],
        media=found.get("Media", []),
        determinations=found.get("Determinations", []),
        measurements=found.get("Measurements", []),
        edits=found.get("Edits", []),
    )


@cache
def people() -> dict[str, Row]:
    """Collectors and determiners: key → name and id (which may be missing)."""
    text = (HARVESTS / "people.md").read_text(encoding="utf-8")
    return _keyed(sections(text.replace("# People", "## People"))["People"])


def sections(text: str) -> dict[str, list[Row]]:
    """Section title → rows of its table; empty cells are left out."""
    lines = text.splitlines()
    marks = [n for n, line in enumerate(lines) if line.startswith("## ")] + [len(lines)]
    found: dict[str, list[Row]] = {}
    for start, end in pairwise(marks):
        table = [_cells(line) for line in lines[start:end] if line.startswith("|")]
        if not table:
            continue
        header, rows = table[0], table[2:]
        for row in rows:
            if len(row) != len(header):
                raise ValueError(
                    f"{lines[start]}: {len(row)} cells under {len(header)} headers in {row}"
                )
        found[lines[start][3:].strip()] = [
            {term: cell for term, cell in zip(header, row, strict=True) if cell} for row in rows
        ]
    return found


def _cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip()[1:-1].split("|")]


def _pairs(rows: list[Row]) -> Row:
    """A two-column table as a mapping."""
    pairs = (tuple(row.values()) for row in rows)
    return {pair[0]: pair[1] for pair in pairs if len(pair) == 2}


def _keyed(rows: list[Row]) -> dict[str, Row]:
    return {row["key"]: {term: cell for term, cell in row.items() if term != "key"} for row in rows}
