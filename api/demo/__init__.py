"""The sample that a fresh installation shows: four invented collections and their history.

`harvests/*.md` hold the specimens as tables for people; `tables` reads them, `source` plays their
history, `archives` writes each harvest as a Darwin Core archive.
"""

from __future__ import annotations

from pathlib import Path

from fdo.agent import Agent

LOG = Path(__file__).parent / "log.jsonl.gz"
"""The recorded history of the sample collections."""

CURATOR = Agent("https://orcid.org/0000-0002-1825-0097", "Josiah Carberry", "schema:Person")
"""Who decides in the sample: the person that ORCID made up for examples."""
