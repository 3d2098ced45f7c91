"""Terms and objects as people name them in a table: `country`, `dwc:country`, a path; a PID, a
catalogue number.

>>> from fdo.annotation.paths import text
>>> text(path_of("decimalLatitude"))
"$['ods:hasEvents'][0]['ods:hasLocation']['ods:hasGeoreference']['dwc:decimalLatitude']"
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Final

from eventstore.log import Log
from fdo.annotation.paths import Path, parse
from fdo.errors import InvalidDocument, InvalidIdentifier
from fdo.identifiers import Pid
from handlers.harvest.mapping.terms import PLACES, Slot
from handlers.harvest.reading.names import header_key

_EVENT: Final[Path] = ("ods:hasEvents", 0)
_LOCATION: Final[Path] = (*_EVENT, "ods:hasLocation")
_IDENTIFICATION: Final[Path] = ("ods:hasIdentifications", 0)
_NODES: Final[Mapping[int, Path]] = {
    Slot.SPECIMEN: (),
    Slot.IDENTIFICATION: _IDENTIFICATION,
    Slot.TAXON: (*_IDENTIFICATION, "ods:hasTaxonIdentifications", 0),
    Slot.EVENT: _EVENT,
    Slot.LOCATION: _LOCATION,
    Slot.GEOREFERENCE: (*_LOCATION, "ods:hasGeoreference"),
    Slot.GEOLOGY: (*_LOCATION, "ods:hasGeologicalContext"),
}
"""Node → its path where the object has one of each, as most have."""

Look = Callable[[str], Iterable[str]]
"""Looks a number up in a view: PIDs (text) of the specimens that bear it."""


def path_of(term: str) -> Path:
    """The place that a term names: a path as it stands, a Darwin Core term in the first of the
    nodes that may bear it. InvalidDocument for one that is neither."""
    term = term.strip()
    if "[" in term or term.startswith("$"):
        return parse(term)
    key = header_key(term)
    place = PLACES.get(key) if key else None
    if place is None or place.slot not in _NODES:
        raise InvalidDocument(
            f"{term!r:.200} is no term with one place of its own; write its path, as in "
            "$['ods:hasEvents'][0]['ods:hasLocation']['dwc:country']."
        )
    return (*_NODES[place.slot], place.key)


class Numbers:
    """Objects by PID, physical id or catalogue number."""

    def __init__(self, log: Log, source: Pid | None = None, look: Look = lambda _: ()) -> None:
        """`source`: the source system whose local numbers are meant."""
        self._log, self._source, self._look = log, source, look

    def find(self, name: str) -> Pid:
        """The object of that name; InvalidDocument for none, or for several."""
        name = name.strip()
        try:
            return self._log.head(Pid.parse(name)).pid
        except InvalidIdentifier:
            pass
        keys = [f"specimen:{name}"]
        if self._source is not None:
            keys.append(f"specimen:{name}:{self._source.suffix}")
        held = {head.pid for head in self._log.claimed(keys).values()}
        found = held or {Pid.parse(pid) for pid in self._look(name) if self._ours(pid)}
        if len(found) == 1:
            return self._log.standing(found.pop())
        if not found:
            raise InvalidDocument(f"No specimen bears the number {name!r:.200}; give its PID.")
        named = ", ".join(map(str, sorted(found)[:5]))
        raise InvalidDocument(
            f"{len(found)} specimens bear the number {name!r:.200} ({named}); give the PID, or "
            "name the source system."
        )

    def _ours(self, pid: str) -> bool:
        if self._source is None:
            return True
        return self._log.head(Pid.parse(pid)).source == str(self._source)
