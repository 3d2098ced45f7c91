"""Which states and graphs a SPARQL request speaks of.

    /sparql?as-of=42                       everything is as it was after event 42
    FROM <https://host/at/42>              the same, said in the query
    GRAPH <https://host/at/40>             the default graph of another instant, beside it
    GRAPH <https://host/delta/40/42/added> the triples that came (net) from event 40 to event 42
    GRAPH <https://doi.org/…/2>            the document of one version of an object, also by the
                                           address of its page, https://host/10.5072/…/2

`at` takes what `as-of` takes (an event, a day, an instant), the bounds of `delta` too. Such a
name means the same in every request. It is known under any base of this server: the public
address, and every http(s) address whose path is exactly this. What is said of the dataset in the
request wins over the query (SPARQL 1.1 Protocol §2.1.4), and FROM NAMED says which graphs there
are (SPARQL 1.1 Query §13.2); without it the constants after GRAPH are part of the dataset, and a
single FROM with an instant is that whole state, its named graphs with it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final, Literal
from urllib.parse import unquote

from api.moments import observed_at, position_as_of
from api.refusals import UnknownParameter
from api.sparql.request import Asked
from eventstore.application import DigitalObjects
from eventstore.instant import Instant
from fdo.errors import InvalidIdentifier
from fdo.identifiers import Pid
from handlers.instants import DeltaGraph, NamedState, VersionGraph
from handlers.queries.errors import QueryTooLarge
from handlers.queries.frames import EVERY_GRAPH, THE_STORE
from handlers.queries.mentions import Mentions, mentions

State = Instant | DeltaGraph | VersionGraph
MOST_STATES: Final = 16
"""Graphs of other times in one query; each is made ready for it."""

_MERGED: Final = "urn:collectome:graph:merged"
"""Several states as one default graph. They are loaded under one name, since a merge is a set
(SPARQL 1.1 Query §13.2.1) and the engine gives a triple of two graphs twice."""

_MAY_NAME: Final = re.compile("FROM|GRAPH", re.IGNORECASE)
_HOST: Final = re.compile(r"https?://[^/?#]+(/[^?#]*)\Z", re.IGNORECASE)
_AT: Final = re.compile(r"/at/([^/]+)\Z")
_DELTA: Final = re.compile(r"/delta/([^/]+)/([^/]+)/(added|removed)\Z")
_MOMENT: Final = re.compile(r"\d{1,18}\Z|\d{4}-\d\d-\d\d(?:[Tt ].*)?\Z", re.ASCII)
_EVENT: Final = re.compile(r"\d{1,18}\Z", re.ASCII)
_VERSION: Final = re.compile(r"(.+)/([1-9]\d{0,8})\Z", re.ASCII)


@dataclass(frozen=True, slots=True)
class Plan:
    """A state other than the newest published one, and what of it is the dataset."""

    instant: Instant
    graphs: tuple[NamedState, ...] = ()
    default_graphs: tuple[str, ...] = ()
    named_graphs: tuple[str, ...] = ()
    said: bool = True
    """Whether an instant was named; else the newest state with further graphs."""


class Times:
    """Reads the times in requests. `published` tells the newest position that the graph shows; it
    is asked only where that matters."""

    def __init__(self, objects: DigitalObjects, public_base: str) -> None:
        self._objects = objects
        self._base = public_base
        self._erased = self._seen = 0
        self._said = (-1, 0)

    def erasures(self) -> int:
        """The position of the newest erasure, 0 before the first: answers about the past are
        the same again while this stays (decision 0029)."""
        log = self._objects.log
        head = log.position()
        if head != self._seen:
            for position, _ in log.erasures(self._erased):
                self._erased = max(self._erased, position)
            self._seen = head
        return self._erased

    def erasures_of(self, position: int) -> int:
        """The same, as it stood when the newest published state, of this position, was first
        asked: one look for all its answers."""
        if self._said[0] != position:
            self._said = (position, self.erasures())
        return self._said[1]

    def plan(self, asked: Asked, published: Callable[[], int]) -> Plan | None:
        """What is asked of the past, or None where it is the newest state and nothing more."""
        assert asked.query is not None
        said = mentions(asked.query) if _MAY_NAME.search(asked.query) else Mentions()
        wanted = _Dataset(asked, said)
        states = {iri: state for iri in wanted.names if (state := self.state(iri)) is not None}
        instant = self.instant(asked, published)
        base, instant = _base_of(wanted.default, states, instant, asked)
        if instant is None and not states:
            return None
        at = instant or Instant(published())
        named = [*wanted.named, *(iri for iri in wanted.beside if iri in states)]
        graphs = [NamedState(iri, states[iri]) for iri in dict.fromkeys(named) if iri in states]
        default = list(wanted.default)
        if default == [base]:
            default = [THE_STORE]
            named = named if wanted.named else [EVERY_GRAPH]
        elif merged := [iri for iri in default if iri in states]:
            graphs += [NamedState(_MERGED, states[iri]) for iri in merged]
            default = [_MERGED, *(iri for iri in default if iri not in states)]
        _refuse_many(graphs)
        if not (wanted.explicit or (wanted.own and states)):
            default = named = []
        return Plan(at, tuple(graphs), tuple(default), tuple(named), said=instant is not None)

    def whole(self, moment: str) -> Plan:
        """The plan for a query of this moment (`as-of`) that names no graphs."""
        return Plan(Instant(self._position(moment)))

    def instant(self, asked: Asked, published: Callable[[], int]) -> Instant | None:
        """The instant that the parameters or Accept-Datetime name; None for the newest."""
        observed = None
        if asked.observed_at:
            observed = observed_at(asked.observed_at, self._objects)
        if asked.as_of:
            return Instant(self._position(asked.as_of), observed)
        if asked.accept_datetime is not None:
            return Instant(self._position_of_memento(asked.accept_datetime), observed)
        return None if observed is None else Instant(published(), observed)

    def state(self, iri: str) -> State | None:
        """The state that an IRI names; None for the name of anything else."""
        own = iri.startswith(f"{self._base}/")
        found = _HOST.match(iri)
        path = iri.removeprefix(self._base) if own else found[1] if found else ""
        if at := _AT.match(path):
            (moment,) = _moments(at.groups(), own)
            return None if moment is None else Instant(self._position(moment))
        if delta := _DELTA.match(path):
            start, end = _moments(delta.groups()[:2], own)
            if start is None or end is None:
                return None
            side: Literal["added", "removed"] = "added" if delta[3] == "added" else "removed"
            return self._delta(iri, start, end, side)
        for name in (iri, path[1:]):
            if version := _VERSION.match(name):
                try:
                    return self._version(Pid.parse(version[1]), int(version[2]))
                except InvalidIdentifier:
                    continue
        return None

    def _version(self, pid: Pid, number: int) -> VersionGraph:
        self._objects.log.version(pid, number)  # NotFound names the versions that there are
        return VersionGraph(pid, number)

    def _delta(
        self, iri: str, start: str, end: str, side: Literal["added", "removed"]
    ) -> DeltaGraph:
        first, last = self._position(start), self._position(end)
        if first > last:
            raise UnknownParameter(
                f"<{iri}> runs backwards, from event {first} to event {last}: name the earlier "
                "moment first, and take `removed` for `added`.",
                parameter="delta",
            )
        return DeltaGraph(first, last, side)

    def _position(self, moment: str) -> int:
        if _EVENT.match(moment) and int(moment) <= self._seen:
            return int(moment)  # surely past: the log need not be asked
        return position_as_of(moment, self._objects)

    def _position_of_memento(self, text: str) -> int:
        """RFC 7089 §4.5.3: the last state whose time, cut to seconds, is not after the one
        asked for; before the first the first, after the last the last."""
        from api.objects.memento import accept_datetime  # brings in the web

        second = accept_datetime(text)
        position = self._objects.log.position_at(second * 1_000_000 + 999_999)
        return max(position, 1) if self._objects.log.position() else 0


class _Dataset:
    """The names in a request: the dataset it describes, and the graphs it uses beside."""

    def __init__(self, asked: Asked, said: Mentions) -> None:
        self.explicit = bool(asked.default_graphs or asked.named_graphs)
        self.own = not self.explicit and bool(said.default or said.named)
        self.default: tuple[str, ...] = (
            tuple(dict.fromkeys(asked.default_graphs)) if self.explicit else said.default
        )
        self.named: tuple[str, ...] = (
            tuple(dict.fromkeys(asked.named_graphs)) if self.explicit else said.named
        )
        self.beside = () if self.named else said.graphs
        self.names = tuple(dict.fromkeys((*self.default, *self.named, *self.beside)))


def _base_of(
    default: Iterable[str], states: dict[str, State], instant: Instant | None, asked: Asked
) -> tuple[str | None, Instant | None]:
    """The one instant among the default graphs, which is then that of the request."""
    whole = {iri: states[iri] for iri in default if isinstance(states.get(iri), Instant)}
    if len(whole) != 1:
        return None, instant
    ((iri, state),) = whole.items()
    assert isinstance(state, Instant)
    if asked.observed_at:
        raise UnknownParameter(
            f"observed-at does not go with FROM <{iri}>, which names a state by the recorded "
            "clock alone; leave FROM out and say both as parameters, as-of and observed-at.",
            parameter="observed-at",
        )
    return iri, state


def _refuse_many(graphs: list[NamedState]) -> None:
    if len(graphs) > MOST_STATES:
        raise QueryTooLarge(
            f"The query names {len(graphs)} states of other times; at most {MOST_STATES} are "
            "taken. Ask in several queries."
        )


def _moments(texts: Iterable[str], own: bool) -> list[str | None]:
    """The moments in a name; under another address than ours, None for what looks like none."""
    found = [unquote(text) for text in texts]
    return [text if own or _MOMENT.match(text) else None for text in found]
