"""Keep the sample PIDs of the pages in step with the sample log: `python docs/sample_pids.py`.

The pages name three objects of the demo: an orchid whose determination was revised, a specimen
that was withdrawn, and one whose licence keeps its document back. Recording the sample log anew
may give them other PIDs; this script finds them by what they are, and puts the new PIDs in the
place of the old ones, which `sample_pids.json` remembers.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
LOG = ROOT / "api" / "demo" / "log.jsonl.gz"
KEPT = HERE / "sample_pids.json"

ORCHID = "https://example.org/herbarium/DH-000102"
BACK = "https://example.org/herbarium/DH-000129"


def events() -> Iterator[dict[str, Any]]:
    """The events of the sample log, as it is written."""
    with gzip.open(LOG, "rt", encoding="utf-8") as lines:
        for line in lines:
            event = json.loads(line)
            if "topic" in event:
                yield event


def samples() -> dict[str, str]:
    """What each sample is → its PID in the sample log."""
    found: dict[str, str] = {}
    for event in events():
        said = (event["document"] or {}).get("ods:physicalSpecimenID")
        if said == ORCHID:
            found["revised"] = event["object"]
        if said == BACK:
            found["pid-only"] = event["object"]
        if event["topic"].startswith("SpecimenTombstoned"):
            found["withdrawn"] = event["object"]
    return found


def pages() -> list[Path]:
    """The pages that may name samples."""
    return [ROOT / "README.md", *sorted(HERE.rglob("*.md"))]


def main() -> None:
    """Replace what is out of date."""
    now = samples()
    before: dict[str, str] = json.loads(KEPT.read_text(encoding="utf-8"))
    for page in pages():
        text = fresh = page.read_text(encoding="utf-8")
        for what, pid in before.items():
            fresh = fresh.replace(pid, now[what])
        if fresh != text:
            page.write_text(fresh, encoding="utf-8")
    KEPT.write_text(json.dumps(now, indent=2, sort_keys=True) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
