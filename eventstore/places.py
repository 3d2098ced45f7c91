"""Where in the stream of an object something stands: found by halving, however long it is.

Version, position and recorded time of an object's events rise with their sequence, which has no
gap (decisions 0001 and 0002). So the index by object and sequence is searched as a sorted list is:
a history of a million events costs some twenty look-ups. A version stands at its own number or as
many places behind it as there are operational events; where there are none, nothing is searched.
The times at which sources observed do not rise so (decision 0003).

    rows(f"{A_VERSION} SELECT … FROM events WHERE object=?1 AND sequence={PLACE}", [pid, 42])
"""

from __future__ import annotations

from typing import Final

from eventstore.recorder import Recorder

_HALVING = """UNION ALL
    SELECT CASE WHEN e.version<wanted THEN e.sequence+1 ELSE low END,
      CASE WHEN e.version<wanted THEN high ELSE e.sequence END, wanted
    FROM place CROSS JOIN events e ON e.object=?1 AND e.sequence=(low+high)/2 WHERE low<high)"""
"""The first event with at least the version that is wanted lies from `low` to `high`."""

PLACE: Final = "(SELECT low FROM place WHERE low=high)"
"""The sequence of the event that made the version; NULL where there is none."""

A_VERSION: Final = f"""WITH RECURSIVE place(low, high, wanted) AS (
    SELECT ?2, ?2+sequence-version, ?2 FROM heads WHERE object=?1 {_HALVING}"""
"""?2 is the number of a version."""

VERSIONS: Final = f"""WITH RECURSIVE place(low, high, wanted) AS (
    SELECT value, value+sequence-version, value FROM heads CROSS JOIN json_each(?2)
    WHERE object=?1 {_HALVING}"""
"""?2 is a JSON array of numbers of versions; PLACE is to be asked with IN."""

IN_FORCE: Final = f"""WITH RECURSIVE newest(low, high) AS (
    SELECT CASE WHEN position<=?2 THEN sequence ELSE 0 END, sequence FROM heads WHERE object=?1
    UNION ALL
    SELECT CASE WHEN e.position<=?2 THEN e.sequence ELSE low END,
      CASE WHEN e.position<=?2 THEN high ELSE e.sequence-1 END
    FROM newest CROSS JOIN events e ON e.object=?1 AND e.sequence=(low+high+1)/2 WHERE low<high),
  place(low, high, wanted) AS (
    SELECT e.version, e.sequence, e.version FROM newest CROSS JOIN events e
    ON e.object=?1 AND e.sequence=low WHERE low=high {_HALVING}"""
"""?2 is a position, and PLACE_IN_FORCE that of the version in force there. From the last content of
the object on nothing is searched."""

_NEAR = 4
PLACE_IN_FORCE: Final = f"""coalesce((SELECT max(e.sequence) FROM newest CROSS JOIN events e
    ON e.object=?1 AND e.sequence BETWEEN low-{_NEAR - 1} AND low
    WHERE low=high AND e.bytes IS NOT NULL), {PLACE})"""
"""Few operational events follow most versions, so the last few are looked at first."""


def position_at(recorder: Recorder, recorded_at: int) -> int:
    """The last position recorded at or before a time (microseconds); 0 before the first."""
    rows = recorder.rows(
        "SELECT position FROM events WHERE recorded_at<=? "
        "ORDER BY recorded_at DESC, position DESC LIMIT 1",
        [recorded_at],
    )
    return int(rows[0][0]) if rows else 0
