"""What is cited: one version of one object, with all that a reference to it says.

>>> Cited(Pid("10.5072", "ABC-DEF-123"), "specimen", 3, {"ods:specimenName": "Abies\\nalba"},
...       recorded_at="2026-03-01T12:00:00.000000Z", address="https://r.example/x/3",
...       repository="R").title
'Abies alba'
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from fdo.documents import Document
from fdo.identifiers import PROXIES, Pid
from fdo.licences import Licence
from fdo.representations import credit
from fdo.representations.citation.genres import RECORD, Genre, genre
from fdo.representations.credit import Party

_BREAKS = re.compile(r"[\s\x00-\x1f\x7f-\x9f\u2028\u2029]+")
_UNSEEN = re.compile(
    "[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff\ufffe\uffff\ud800-\udfff]"
)
"""Signs that turn the direction of writing, so that a text could show another version than it
names; and code points that are no characters."""


@dataclass(frozen=True)
class Cited:
    """One version of one object, and where it is."""

    pid: Pid
    kind: str
    version: int
    document: Document
    """The document of the version; where only the PID is public, what its FDO record says."""
    recorded_at: str
    """RFC 3339: when the repository recorded the version."""
    address: str
    """Where this server shows the version."""
    repository: str
    """The name of this repository, which publishes what no institution holds."""
    proof: str | None = None
    """The citation that can be checked; None where the version was erased or is not public."""
    minted: bool = False
    """Whether the version has a DOI of its own."""
    pid_only: bool = False
    """Whether only the FDO record is public."""
    registered: Pid | None = None
    """The DOI of an object whose PID is a Handle, as that of a dataset for which somebody asked."""
    on_request: bool = False
    """Whether the version may get a DOI of its own."""

    @property
    def name(self) -> Pid:
        """The name to cite the object by: its DOI where it has one, else its Handle."""
        return self.registered or self.pid

    @property
    def doi(self) -> str | None:
        """The DOI to cite: that of the version if there is one, else the object's."""
        if self.name.scheme != "doi":
            return None
        return f"{self.name}/{self.version}" if self.minted else str(self.name)

    @property
    def iri(self) -> str:
        """The name of the version."""
        return self.pid.version_iri(self.version)

    @property
    def url(self) -> str:
        """Where the version is found: by its DOI if it has one, else at this server."""
        return f"{PROXIES['doi']}{self.doi}" if self.minted else self.address

    @cached_property
    def genre(self) -> Genre:
        """What kind of thing it is."""
        return RECORD if self.pid_only else genre(self.kind, self.document)

    @cached_property
    def title(self) -> str:
        """Its title, in one line."""
        if self.pid_only:
            known_as = credit.said(self.document, "ods:normalisedPhysicalSpecimenID")
            return one_line(f"FDO record of {known_as or self.pid}")
        return one_line(credit.title(self.document, self.pid)) or str(self.pid)

    @cached_property
    def publisher(self) -> Party:
        """Who publishes it: the institution that holds it, else this repository."""
        return _clean(credit.publishers(self.document, self.repository)[0])

    @cached_property
    def creators(self) -> Sequence[Party]:
        """Who is credited, each once; never nobody."""
        found = [] if self.pid_only else credit.creators(self.document)
        return [clean for one in found if (clean := _clean(one)).name] or [self.publisher]

    @cached_property
    def licence(self) -> Licence | None:
        """The object's own licence."""
        found = credit.rights(self.document)
        return found and Licence(found.spdx, one_line(found.iri), one_line(found.name))

    @cached_property
    def withdrawn(self) -> tuple[str, str] | None:
        """Day and statement, where the version is a tombstone."""
        ended = credit.withdrawn(self.document)
        return (one_line(ended[0][:10]), one_line(ended[1])) if ended else None

    @property
    def status(self) -> str | None:
        """What a reader must know before anything else: that it was withdrawn."""
        return f"withdrawn {self.withdrawn[0]}" if self.withdrawn else None

    @property
    def date(self) -> tuple[int, int, int]:
        """Year, month and day on which the version was recorded."""
        year, month, day = self.recorded_at[:10].split("-")
        return int(year), int(month), int(day)

    @cached_property
    def collected(self) -> list[str]:
        """Dates of collecting."""
        return [] if self.pid_only else [one_line(date) for date in credit.collected(self.document)]

    @cached_property
    def identifiers(self) -> list[tuple[str, str]]:
        """Names that the holder gave the thing: (kind, value)."""
        if self.pid_only:
            return []
        found = credit.identifiers(self.document)
        return [(one_line(kind), one_line(value)) for kind, value in found]

    @cached_property
    def subjects(self) -> list[str]:
        """What it is about, in a few words."""
        terms = ("ods:topicDiscipline", "ods:topicDomain", "ods:topicCategory")
        found = [] if self.pid_only else [credit.said(self.document, term) for term in terms]
        return credit.once(one_line(subject) for subject in found if subject)

    @property
    def note(self) -> str:
        """Version, state and proof in one line, for formats that have no place of their own."""
        parts = (f"Version {self.version}, recorded {self.recorded_at}", self.status, self.proof)
        return ". ".join(part for part in parts if part)


def one_line(text: str) -> str:
    """The text as one line that shows what it says: no breaks, no control characters, no signs
    that turn the direction of writing."""
    if text.isascii() and text.isprintable() and "  " not in text:  # as most are
        return text.strip()
    return _BREAKS.sub(" ", _UNSEEN.sub("", text)).strip()


def _clean(party: Party) -> Party:
    return Party(one_line(party.name), party.personal, party.iri)
