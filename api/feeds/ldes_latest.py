"""Snapshots: the newest version of each object as of an event, to begin a copy with.

A snapshot is an event stream of its own (`ldes:versionAmount 1`). Its position stands in its
address, so that it has the same members whenever it is read; it is paged by PID, each page leading
to the next. A member that is withheld later shows its record only, so caches check its pages from
time to time. Whoever has read it goes on with the full stream, from its time
(`ldes-client --after`).
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from api.feeds.hypermedia import (
    LDES,
    about,
    following_lines,
    iri,
    node_lines,
    number,
    root_lines,
    stream_lines,
)
from api.feeds.ldes_formats import CHECKED, Node
from api.feeds.ldes_members import Member, standing
from api.feeds.ldes_nodes import Tree
from eventstore.envelope import Recorded
from eventstore.log import Head, Log
from fdo.errors import Erased, NotFound
from fdo.identifiers import Pid
from fdo.lifecycle import Status
from fdo.representations.lexical import XSD
from handlers.projections.members import PAGE
from ontologies.prefixes import PREFIXES
from ontologies.terms import TERMS

READ = 1000
"""Objects looked up at a time; in a sparse stream most of them are not of it."""


class Snapshot:
    """One stream as of one event; NotFound for an event that the log has not reached."""

    def __init__(self, tree: Tree, position: int, log: Log) -> None:
        if not 1 <= position <= log.position():
            raise NotFound(
                f"There is no snapshot as of event {position}: the log is at event "
                f"{log.position()}. /ldes/{tree.name}/latest leads to one of now."
            )
        self._tree, self._position, self._log = tree, position, log
        self.root = f"{tree.root}/latest/{position}"
        self.stream = f"{self.root}#stream"

    def page(self, after: Pid | None) -> Node:
        """The page that begins behind a PID; the first is the root and describes the snapshot."""
        address = self.root if after is None else self._address(after)
        members, gaps, last = self._read("" if after is None else str(after))
        if gaps:
            raise Erased(
                f"Something on this page was erased after event {self._position}. Take a newer "
                f"snapshot: {self._tree.root}/latest.",
                address=f"{self._tree.root}/latest",
                gaps=gaps,
            )
        lines = self._described() if after is None else []
        lines += node_lines(address, self.stream, immutable=False)
        if last is not None:
            lines += following_lines(address, self._address(last))
        return Node(
            address,
            self._title,
            lines,
            members=members,
            cache=CHECKED,
            stream=self.stream,
            links={"start": self.root} | ({"next": self._address(last)} if last else {}),
        )

    @property
    def _title(self) -> str:
        return f"{self._tree.title}: newest versions as of event {self._position}"

    def _address(self, after: Pid) -> str:
        return f"{self.root}?after={after}"

    def _described(self) -> list[str]:
        at = self._log.recorded_at(self._position)
        comment = (
            "The newest version of each object as of the event whose position is given; tombstones "
            "are members too. Go on with the full stream from that position."
        )
        policy = [(f"{LDES}versionAmount", number(1))]
        return [
            *stream_lines(self.stream, self.root, self._title, comment),
            *root_lines(self.root, policy),
            *about(self.stream, (
                (f"{PREFIXES['prov']}wasDerivedFrom", iri(self._tree.stream)),
                (TERMS["col:position"].iri, number(self._position)),
                (f"{PREFIXES['prov']}generatedAtTime", f'"{at}"^^<{XSD}dateTime>'),
            )),
        ]  # fmt: skip

    def _read(self, after: str) -> tuple[list[Member], list[int], Pid | None]:
        """Members and gaps behind a PID, and the last PID of the page where more follow.

        Only objects that were public then count, so that a page ends where it ended before,
        whatever was registered since.
        """
        found = list(islice(self._contents(after), PAGE + 1))
        members: list[Member] = []
        gaps: list[int] = []
        for content in found[:PAGE]:
            member = standing(content, self._position, self._log)
            if member is not None:
                members.append(member)
            else:
                gaps.append(content.position)
        return members, gaps, found[PAGE - 1].pid if len(found) > PAGE else None

    def _contents(self, after: str) -> Iterator[Recorded]:
        """The version of each object in force at the position, in order of PID."""
        while heads := self._log.heads(after, READ):
            held = [head for head in heads if self._holds(head)]
            newest = self._log.events_at(h.position for h in held if h.position <= self._position)
            for head in held:
                content = newest.get(head.position) or self._then(head.pid)
                if content is not None and content.status is not Status.DRAFT:
                    yield content
            after = str(heads[-1].pid)

    def _then(self, pid: Pid) -> Recorded | None:
        try:
            return self._log.at(pid, self._position)
        except NotFound:
            return None

    def _holds(self, head: Head) -> bool:
        kind, _, rest = self._tree.name.partition("/")
        if kind == "type":
            return head.type == rest
        return kind == "all" or rest in (head.source, str(head.pid))
