"""The sample that a fresh installation shows: four invented collections and their history.

`harvests/*.md` hold the specimens as tables for people; `tables` reads them, `source` plays their
history, `archives` writes each harvest as a Darwin Core archive.
"""

from __future__ import annotations

from pathlib import Path

LOG = Path(__file__).parent / "log.jsonl.gz"
"""The recorded history of the sample collections."""
