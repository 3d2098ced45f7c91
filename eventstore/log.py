"""Reading the log: by position, by object, by version, by time.

Everything here is a look-up in an index; nothing is folded, because facts are fat.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import Any

import orjson

from eventstore.confirmations import (
    CONFIRMED,
    REQUESTED,
    RESOLVING,
    doi_said,
    state_said,
    versions_said,
)
from eventstore.envelope import Recorded, iso
from eventstore.places import A_VERSION, IN_FORCE, PLACE, PLACE_IN_FORCE, position_at
from eventstore.recorder import SELECT, Recorder, behind
from fdo.catalogue import OBJECT_TYPES
from fdo.errors import NotFound
from fdo.identifiers import Pid
from fdo.lifecycle import Status


@dataclass(frozen=True, slots=True)
class Head:
    """Where an object stands: its last fact in short."""

    pid: Pid
    type: str
    sequence: int
    version: int
    position: int
    """Of the last event that holds a document."""
    observed_at: int
    status: Status
    issue: int
    source: str | None
    fingerprint: bytes | None


class Log:
    """The log of one repository, for reading; safe to share between threads."""

    def __init__(self, recorder: Recorder) -> None:
        self._recorder = recorder

    @property
    def id(self) -> str:
        """The UUID of the log; it stays once there is an event."""
        return self._recorder.log_id

    # ── by position ──────────────────────────────────────────────────────────────────────

    def position(self) -> int:
        """The newest position; 0 for an empty log."""
        (row,) = self._recorder.rows("SELECT coalesce(max(position), 0) FROM events")
        return int(row[0])

    def read(self, after: int, limit: int, upto: int | None = None) -> list[Recorded]:
        """Events in order of position, beginning behind `after`."""
        return [self._recorded(row) for row in self._recorder.rows(*behind(after, limit, upto))]

    def section(self, after: int, limit: int, upto: int | None = None) -> list[Recorded]:
        """As `read`, for those who go through the whole log: where documents are so large that
        many would not fit into memory, it ends sooner, but not before the first."""
        return [self._recorded(row) for row in self._recorder.section(after, limit, upto)]

    def event(self, position: int) -> Recorded:
        """The event at a position; NotFound where there is none (gaps are legal)."""
        for row in self._recorder.rows(f"{SELECT} WHERE position=?", [position]):
            return self._recorded(row)
        raise NotFound(f"The log has no event {position}.")

    def last(self, upto: int) -> Recorded | None:
        """The newest event at or before a position; None before the first."""
        rows = self._recorder.rows(
            f"{SELECT} WHERE position<=? ORDER BY position DESC LIMIT 1", [upto]
        )
        return self._recorded(rows[0]) if rows else None

    def position_at(self, recorded_at: int) -> int:
        """The last position recorded at or before a time (microseconds); 0 before the first."""
        return position_at(self._recorder, recorded_at)

    def recorded_at(self, position: int) -> str | None:
        """RFC 3339 time of the newest event at or before a position; None before the first."""
        rows = self._recorder.rows(
            "SELECT recorded_at FROM events WHERE position<=? ORDER BY position DESC LIMIT 1",
            [position],
        )
        return iso(rows[0][0]) if rows else None

    def seconds(self, after: int, limit: int) -> list[tuple[int, int]]:
        """(second since 1970, last position recorded in it), of the seconds from `after` on in
        which something was recorded, in order. One look-up in the index each."""
        rows = self._recorder.rows(
            "WITH RECURSIVE found(at) AS ("
            " SELECT min(recorded_at) FROM events WHERE recorded_at>=? UNION ALL"
            " SELECT (SELECT min(recorded_at) FROM events"
            "         WHERE recorded_at>=(found.at/1000000+1)*1000000)"
            " FROM found WHERE found.at IS NOT NULL LIMIT ?)"
            "SELECT at/1000000, (SELECT position FROM events"
            " WHERE recorded_at<(at/1000000+1)*1000000 ORDER BY recorded_at DESC, position DESC"
            " LIMIT 1) FROM found WHERE at IS NOT NULL",
            [after * 1_000_000, limit],
        )
        return [(int(second), int(position)) for second, position in rows]

    def seconds_before(self, before: int, limit: int) -> list[int]:
        """The last seconds (since 1970) before one in which there are events, newest first."""
        rows = self._recorder.rows(
            "WITH RECURSIVE found(at) AS ("
            " SELECT max(recorded_at) FROM events WHERE recorded_at<? UNION ALL"
            " SELECT (SELECT max(recorded_at) FROM events"
            "         WHERE recorded_at<found.at/1000000*1000000)"
            " FROM found WHERE found.at IS NOT NULL LIMIT ?)"
            "SELECT at/1000000 FROM found WHERE at IS NOT NULL",
            [before * 1_000_000, limit],
        )
        return [int(row[0]) for row in rows]

    def erasures(self, after: int = 0) -> list[tuple[int, int]]:
        """(position, first position erased) of the erasures behind `after`, in order."""
        rows = self._recorder.rows(
            "SELECT position, meta FROM events WHERE position>? AND topic LIKE '%Erased.v%' "
            "ORDER BY position",
            [after],
        )
        details = [(int(row[0]), orjson.loads(row[1])["detail"]) for row in rows]
        return [
            (position, min([*detail["positions"], *detail.get("verbatims", ())]))
            for position, detail in details
        ]

    # ── by object ────────────────────────────────────────────────────────────────────────

    def head(self, pid: Pid) -> Head:
        """Where an object stands; NotFound for an unknown PID."""
        for row in self._recorder.rows("SELECT * FROM heads WHERE object=?", [str(pid)]):
            return _head(row)
        raise unknown(pid)

    def known(self, pid: Pid) -> Head:
        """Where an object stands of which everybody may know; a draft is as unknown as none."""
        head = self.head(pid)
        if head.status is Status.DRAFT:
            raise unknown(pid)
        return head

    def heads_of(self, pids: Iterable[str]) -> list[Head]:
        """Heads of the objects with these PIDs (text); unknown ones are left out."""
        found: list[Head] = []
        wanted = list(pids)
        for start in range(0, len(wanted), 500):
            part = wanted[start : start + 500]
            rows = self._recorder.rows(
                f"SELECT * FROM heads WHERE object IN ({','.join('?' * len(part))})", part
            )
            found += [_head(row) for row in rows]
        return found

    def newest_of(self, pids: Sequence[str]) -> int:
        """The position of the newest version among a few objects; 0 where none is known."""
        marks = ",".join("?" * len(pids))
        (row,) = self._recorder.rows(
            f"SELECT coalesce(max(position), 0) FROM heads WHERE object IN ({marks})", pids
        )
        return int(row[0])

    def heads(self, after: str = "", limit: int = 1000) -> list[Head]:
        """Heads in order of PID, beginning behind `after`."""
        rows = self._recorder.rows(
            "SELECT * FROM heads WHERE object>? ORDER BY object LIMIT ?", [after, limit]
        )
        return [_head(row) for row in rows]

    def latest(self, pid: Pid) -> Recorded:
        """The event that made the current version; NotFound for an unknown PID."""
        rows = self._recorder.rows(
            f"{SELECT} WHERE position=(SELECT position FROM heads WHERE object=?)", [str(pid)]
        )
        if not rows:
            raise unknown(pid)
        return self._recorded(rows[0])

    def standing(self, pid: Pid) -> Pid:
        """The object that stands for this one now: the successor of a merged one, else itself.
        A merged object keeps its claims, so that it can be restored."""
        event, passed = self.latest(pid), set[Pid]()
        while event.what == "Merged" and event.pid not in passed:  # a copied log may hold a circle
            passed.add(event.pid)
            event = self.latest(Pid.parse(event.detail["successor"]))
        return event.pid

    def version(self, pid: Pid, number: int) -> Recorded:
        """The event that made a version; NotFound names the versions there are."""
        rows = self._recorder.rows(
            f"{A_VERSION} {SELECT} WHERE object=?1 AND sequence={PLACE} AND version=?2 "
            "AND bytes IS NOT NULL",
            [str(pid), number],
        )
        if not rows:
            last = self.head(pid).version
            raise NotFound(
                f"{pid} has no version {number}; its versions are 1 to {last}.", versions=last
            )
        return self._recorded(rows[0])

    def at(self, pid: Pid, position: int, observed: int | None = None) -> Recorded:
        """The event that made the version in force at a position, of what was observed by a
        time (microseconds); NotFound before the first."""
        rows = self._recorder.rows(
            f"{IN_FORCE} {SELECT} WHERE object=?1 AND sequence<={PLACE_IN_FORCE} "
            "AND bytes IS NOT NULL AND (?3 IS NULL OR observed_at<=?3) "
            "ORDER BY sequence DESC LIMIT 1",
            [str(pid), position, observed],
        )
        if not rows:
            self.head(pid)
            by = "" if observed is None else f" of what was observed by {iso(observed)}"
            raise NotFound(f"{pid} did not exist at event {position}{by}.")
        return self._recorded(rows[0])

    def history(self, pid: Pid) -> list[Recorded]:
        """All events of an object, oldest first; NotFound for an unknown PID."""
        rows = self._recorder.rows(f"{SELECT} WHERE object=? ORDER BY sequence", [str(pid)])
        if not rows:
            raise unknown(pid)
        return [self._recorded(row) for row in rows]

    def life(self, pid: Pid) -> list[Recorded]:
        """The events of an object that are about itself, oldest first: all but the jobs of a
        service, of which there may be very many. NotFound for an unknown PID."""
        rows = self._recorder.rows(
            f"{SELECT} WHERE object=? AND topic NOT LIKE '%Jobs%.v%' ORDER BY sequence",
            [str(pid)],
        )
        if not rows:
            raise unknown(pid)
        return [self._recorded(row) for row in rows]

    def stream(self, pid: Pid, after: int, limit: int) -> list[Recorded]:
        """Events of an object behind a sequence, oldest first."""
        rows = self._recorder.rows(
            f"{SELECT} WHERE object=? AND sequence>? ORDER BY sequence LIMIT ?",
            [str(pid), after, limit],
        )
        return [self._recorded(row) for row in rows]

    def source_of(self, pid: Pid, upto: int) -> str | None:
        """The dataset (PID) that told of an object last, by an event up to a position; None where
        none had. Looks no further back than that event."""
        if self.head(pid).source is None:
            return None
        newest_first = (
            "SELECT meta FROM events WHERE object=? AND position<=? ORDER BY sequence DESC",
            (str(pid), upto),
        )
        with closing(self._recorder.reader().execute(*newest_first)) as rows:
            said = (orjson.loads(row[0]).get("source") for row in rows)
            return next((source for source in said if source), None)

    def previous(self, events: Sequence[Recorded]) -> dict[int, Recorded]:
        """For each event that is not an object's first content: the content event before it.

        Read once an event object: several projections ask for it, and read its document.
        """
        found: dict[int, Recorded] = {}
        for event in events:
            if event.version > 1 and not event.operational:
                before = event.memo.get("before")
                if before is None:
                    before = event.memo["before"] = self.version(event.pid, event.version - 1)
                found[event.position] = before
        return found

    def confirmed(self, pid: Pid) -> str | None:
        """The state that the registration agency last confirmed of the object's own DOI."""
        said = (state_said(detail) for detail in reversed(self._confirmations(pid)))
        return next((state for state in said if state), None)

    def doi(self, pid: Pid) -> Pid | None:
        """The DOI of an object: its PID, or that under which somebody asked to cite one whose PID
        is a Handle; None where nobody did. Whether it resolves is what `confirmed` says."""
        if pid.scheme == "doi":
            return pid
        kinds = [head.type for head in self.heads_of([str(pid)])]
        if not kinds or not OBJECT_TYPES[kinds[0]].doi_on_request:
            return None
        rows = self._recorder.rows(
            "SELECT meta FROM events WHERE object=? AND topic LIKE ? ORDER BY sequence LIMIT 1",
            [str(pid), f"%{REQUESTED}.v%"],
        )
        said = [doi_said(orjson.loads(row[0]).get("detail", {})) for row in rows]
        return said[0] if said else None

    def resolving(self, pid: Pid) -> Pid | None:
        """The DOI of an object, once the registration agency confirmed that it leads somewhere; of
        one whose PID is a DOI that at any time."""
        doi = self.doi(pid)
        return doi if doi == pid or self.confirmed(pid) in RESOLVING else None

    def minted(self, pid: Pid) -> frozenset[int]:
        """The versions of an object that have a DOI of their own which resolves."""
        return versions_said(self._confirmations(pid))

    def _confirmations(self, pid: Pid) -> list[dict[str, Any]]:
        """What the registration agency confirmed of an object's DOIs, oldest first."""
        rows = self._recorder.rows(
            "SELECT meta FROM events WHERE object=? AND topic LIKE ? ORDER BY sequence",
            [str(pid), f"%{CONFIRMED}.v%"],
        )
        return [orjson.loads(row[0]).get("detail", {}) for row in rows]

    def withheld(self, head: Head) -> bool:
        """Whether an object's documents are kept back now (decision 0013).

        A tombstone does not publish what was PID-only before it.
        """
        if head.status is Status.TOMBSTONE and head.version > 1:
            return self.version(head.pid, head.version - 1).status is Status.PID_ONLY
        return head.status is Status.PID_ONLY

    @contextmanager
    def still(self) -> Iterator[None]:
        """This thread reads the log as it is now until the end, whatever others append."""
        reader = self._recorder.reader()
        if reader.in_transaction:
            yield
            return
        reader.execute("BEGIN")
        try:
            yield
        finally:
            reader.execute("ROLLBACK")

    # ── by claim and source ──────────────────────────────────────────────────────────────

    def claimed(self, keys: Iterable[str]) -> dict[str, Head]:
        """Claim key → head of the object that holds it; unclaimed keys are left out."""
        found: dict[str, Head] = {}
        wanted = list(keys)
        for start in range(0, len(wanted), 500):
            part = wanted[start : start + 500]
            rows = self._recorder.rows(
                "SELECT c.key, h.* FROM claims c JOIN heads h ON h.object=c.object "
                f"WHERE c.key IN ({','.join('?' * len(part))})",
                part,
            )
            found.update((row["key"], _head(row)) for row in rows)
        return found

    def events_at(self, positions: Iterable[int]) -> dict[int, Recorded]:
        """The events at these positions."""
        found: dict[int, Recorded] = {}
        wanted = list(positions)
        for start in range(0, len(wanted), 500):
            part = wanted[start : start + 500]
            for row in self._recorder.rows(
                f"{SELECT} WHERE position IN ({','.join('?' * len(part))})", part
            ):
                event = self._recorded(row)
                found[event.position] = event
        return found

    def of_source(self, source: Pid, kind: str) -> Iterator[str]:
        """PIDs (text) of the objects of a type that came from a source system."""
        rows = self._recorder.reader().execute(
            "SELECT object FROM heads WHERE source=? AND type=? AND status<>'tombstone'",
            [str(source), kind],
        )
        return (str(row[0]) for row in rows)

    def of_no_source(self, kind: str) -> list[str]:
        """PIDs (text) of the objects of a type that came from no source system, in their order:
        those that people and programs register, erased ones too."""
        rows = self._recorder.rows(
            "SELECT object FROM heads WHERE source IS NULL AND type=? ORDER BY object", [kind]
        )
        return [str(row[0]) for row in rows]

    def claims(self) -> Iterator[tuple[str, str]]:
        """All (claim key, PID text) pairs, in order of key."""
        for row in self._recorder.reader().execute("SELECT key, object FROM claims ORDER BY key"):
            yield str(row[0]), str(row[1])

    def claims_under(self, prefix: str) -> list[tuple[str, str]]:
        """The (claim key, PID text) pairs whose key begins so, in order of key."""
        return [
            (str(row[0]), str(row[1]))
            for row in self._recorder.rows(
                "SELECT key, object FROM claims WHERE key>=? AND key<? ORDER BY key",
                [prefix, prefix + "\U0010ffff"],
            )
        ]

    def unseen(self, source: Pid) -> dict[str, int]:
        """PIDs that the source no longer shows → the harvest that first missed them."""
        rows = self._recorder.rows(
            "SELECT object, harvest FROM unseen WHERE source=?", [str(source)]
        )
        return {str(row[0]): int(row[1]) for row in rows}

    def unseen_since(self, pid: Pid) -> int | None:
        """The harvest that first missed this object, or None when its source shows it."""
        rows = self._recorder.rows("SELECT harvest FROM unseen WHERE object=?", [str(pid)])
        return int(rows[0][0]) if rows else None

    def lacking(self, after: int = 0, upto: int | None = None) -> set[int]:
        """Positions of a mirror whose bytes were not public at its source when it took them."""
        rows = self._recorder.rows(
            "SELECT position FROM lacking WHERE position>? AND (? IS NULL OR position<=?)",
            [after, upto, upto],
        )
        return {int(row[0]) for row in rows}

    def counts(self) -> dict[str, dict[str, int]]:
        """Object type → status → number of objects."""
        found: dict[str, dict[str, int]] = {}
        for kind, status, number in self._recorder.rows(
            "SELECT type, status, count(*) FROM heads GROUP BY type, status ORDER BY type, status"
        ):
            found.setdefault(kind, {})[status] = number
        return found

    def changed(self) -> int:
        """A number that changes when another connection committed; cheap to ask."""
        (row,) = self._recorder.rows("PRAGMA data_version")
        return int(row[0])

    def _recorded(self, row: sqlite3.Row) -> Recorded:
        return Recorded(
            row[0],
            row[1],
            row[2],
            row[3],
            row[4],
            row[5],
            row[6],
            row[7],
            row[8],
            orjson.loads(row[9]),
            row[10],
            row[11],
            self.id,
        )


def unknown(pid: Pid) -> NotFound:
    """What is said of a PID that nobody bears, and in the same words of what nobody may know of."""
    return NotFound(f"No object bears the PID {pid}.", pid=str(pid))


def _head(row: sqlite3.Row) -> Head:
    prefix, _, suffix = row["object"].partition("/")
    return Head(
        Pid(prefix, suffix),
        row["type"],
        row["sequence"],
        row["version"],
        row["position"],
        row["observed_at"],
        Status(row["status"]),
        row["issue"],
        row["source"],
        row["fingerprint"],
    )
