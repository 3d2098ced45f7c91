"""Which events are asked for: one filter for every feed, read from the same parameters.

    type=specimen  what=Revised,Tombstoned  source-system=20.5000.5072/…  agent=https://orcid.org/…
    pid=10.5072/…  term=dwc:country  query=country%3DEE

Several values of one parameter, repeated or separated by commas, mean any of them; different
parameters mean all of them.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from urllib.parse import parse_qs

from api.refusals import UnknownParameter
from eventstore.codec import TOPICS
from eventstore.outlines import Outline
from fdo.catalogue import OBJECT_TYPES
from fdo.identifiers import Pid
from handlers.projections.search import SearchQuery

MOST_VALUES = 100
"""Values that one parameter takes."""

WHATS = sorted({what for _, what in TOPICS.values()})
"""What can happen to an object, as the names of facts say it."""

FILTERS: dict[str, str] = {
    "type": f"Types of object: {', '.join(OBJECT_TYPES)}.",
    "what": f"What happened: {', '.join(WHATS)}.",
    "source-system": "PID of a source system: its own events, and those of what came from it.",
    "agent": "IRI of whoever did it.",
    "pid": "PID of an object.",
    "term": "Only versions that changed this term of the document, as `dwc:country`.",
    "query": "Only objects that match this search now: parameters of /api/search, URL-encoded.",
}
"""Parameter → what it means, in the order in which pages show them."""


@dataclass(frozen=True, slots=True)
class Filter:
    """Which events are asked for; what is empty or None asks for all."""

    types: frozenset[str] = frozenset()
    whats: frozenset[str] = frozenset()
    sources: frozenset[str] = frozenset()
    agents: frozenset[str] = frozenset()
    pids: frozenset[str] = frozenset()
    term: str | None = None
    query: str | None = None

    @classmethod
    def parse(cls, given: Iterable[tuple[str, str]]) -> Filter:
        """The filter of these parameters; UnknownParameter names the one that is wrong."""
        values: dict[str, list[str]] = {}
        for name, value in given:
            if name not in FILTERS:
                raise UnknownParameter(
                    f"There is no filter {name!r}; there are {', '.join(FILTERS)}.", parameter=name
                )
            values.setdefault(name, []).append(value)
        return cls(
            _among("type", values, OBJECT_TYPES),
            _among("what", values, WHATS),
            _pids("source-system", values),
            frozenset(_split("agent", values)),
            _pids("pid", values),
            _one("term", values),
            _search(_one("query", values)),
        )

    @property
    def everything(self) -> bool:
        """Whether no event is left out."""
        return self == Filter()

    @property
    def pairs(self) -> list[tuple[str, str]]:
        """The parameters that say this filter, in a fixed order."""
        sets = (self.types, self.whats, self.sources, self.agents, self.pids)
        pairs = [
            (name, ",".join(sorted(values)))
            for name, values in zip(FILTERS, sets, strict=False)
            if values
        ]
        for name, value in (("term", self.term), ("query", self.query)):
            if value is not None:
                pairs.append((name, value))
        return pairs

    def takes(self, outline: Outline) -> bool:
        """Whether the envelope passes, as far as it alone can say: source systems, terms and
        searches need more (see `api.feeds.choosing`)."""
        return (
            (not self.types or outline.type in self.types)
            and (not self.whats or outline.what in self.whats)
            and (not self.agents or outline.agent in self.agents)
            and (not self.pids or outline.pid in self.pids)
        )


def _split(name: str, values: dict[str, list[str]]) -> list[str]:
    parts = [part.strip() for value in values.get(name, ()) for part in value.split(",")]
    found = [part for part in parts if part]
    if len(found) > MOST_VALUES:
        raise UnknownParameter(
            f"{name} takes at most {MOST_VALUES} values, not {len(found)}.", parameter=name
        )
    return found


def _among(name: str, values: dict[str, list[str]], known: Collection[str]) -> frozenset[str]:
    found = _split(name, values)
    for value in found:
        if value not in known:
            raise UnknownParameter(
                f"{name}={value!r} is none of {', '.join(known)}.", parameter=name
            )
    return frozenset(found)


def _pids(name: str, values: dict[str, list[str]]) -> frozenset[str]:
    return frozenset(str(Pid.parse(value)) for value in _split(name, values))


def _one(name: str, values: dict[str, list[str]]) -> str | None:
    given = [value for value in values.get(name, ()) if value]
    if len(given) > 1:
        raise UnknownParameter(f"{name} is given twice; it takes one value.", parameter=name)
    return given[0] if given else None


def _search(text: str | None) -> str | None:
    """The text of a search, once it is known to be one."""
    if text is not None:
        SearchQuery.parse(parse_qs(text, keep_blank_values=True))
    return text
