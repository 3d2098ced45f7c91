"""Identifiers: parsed at the door, trusted inside.

>>> pid = Pid.parse("https://doi.org/10.5072/abc-def-123")
>>> str(pid), pid.iri
('10.5072/ABC-DEF-123', 'https://doi.org/10.5072/ABC-DEF-123')
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from fdo.errors import InvalidIdentifier

Scheme = Literal["doi", "handle"]
PhysicalIdType = Literal["Resolvable", "Global", "Local"]

SUFFIX_ALPHABET = "ABCDEFGHJKLMNPQRSTUVWXYZ0123456789"
"""Letters without I and O, and digits: 34 characters, 34^9 suffixes."""

PROXIES: dict[Scheme, str] = {"doi": "https://doi.org/", "handle": "https://hdl.handle.net/"}

_PID = re.compile(
    r"^(?:(?:https?://(?:dx\.)?(?P<doi>doi\.org)/)|(?:https?://(?P<handle>hdl\.handle\.net)/)"
    r"|(?P<scheme>doi:|hdl:))?(?P<prefix>[0-9]{2}(?:\.[0-9A-Za-z]+)+)/"
    r"(?P<suffix>[0-9A-Za-z]{3}-[0-9A-Za-z]{3}-[0-9A-Za-z]{3})$"
)
_ROR = re.compile(r"^(?:https?://)?(?:www\.)?ror\.org/(0[0-9a-hj-km-np-tv-z]{6}[0-9]{2})/?$")
_WIKIDATA = re.compile(
    r"^(?:(?:https?://)?(?:www\.)?wikidata\.org/(?:wiki|entity)/)?(Q[1-9][0-9]*)/?$"
)


@dataclass(frozen=True, slots=True, order=True)
class Pid:
    """A persistent identifier: `10.5072/ABC-DEF-123`, upper case, DOI or Handle by its prefix."""

    prefix: str
    suffix: str

    @property
    def scheme(self) -> Scheme:
        """DOI prefixes begin with `10.`; every other prefix is a Handle's (ISO 26324, 4.2)."""
        return "doi" if self.prefix.startswith("10.") else "handle"

    @property
    def iri(self) -> str:
        """The name of the object in RDF; it never holds this server's address."""
        return f"{PROXIES[self.scheme]}{self.prefix}/{self.suffix}"

    def version_iri(self, version: int) -> str:
        """The name of one version of the object."""
        return f"{self.iri}/{version}"

    def __str__(self) -> str:
        return f"{self.prefix}/{self.suffix}"

    @classmethod
    def parse(cls, text: str) -> Pid:
        """Read a PID as `prefix/suffix`, `doi:…`, `hdl:…` or proxy IRI, in any case."""
        found = _PID.match(text.strip())
        if not found:
            raise InvalidIdentifier(
                f"{text!r} is not a PID: expected nine characters, as in 10.5072/ABC-DEF-123, "
                "with or without https://doi.org/ or https://hdl.handle.net/ before it."
            )
        return cls(found["prefix"].upper(), found["suffix"].upper())


SUFFIXES = len(SUFFIX_ALPHABET) ** 9
"""How many suffixes there are."""


def suffix_of(number: int) -> str:
    """The suffix of a number below `SUFFIXES`: nine characters in groups of three."""
    drawn = ""
    for _ in range(9):
        number, digit = divmod(number, len(SUFFIX_ALPHABET))
        drawn += SUFFIX_ALPHABET[digit]
    return f"{drawn[:3]}-{drawn[3:6]}-{drawn[6:]}"


def organisation(text: str) -> str | None:
    """The canonical IRI of a ROR or Wikidata id, or None (openDS `ods:organisationID`)."""
    text = text.strip()
    if found := _ROR.match(text.lower()):
        return f"https://ror.org/{found[1]}"
    if found := _WIKIDATA.match(text):
        return f"https://www.wikidata.org/wiki/{found[1]}"
    return None


_URN_UUID = re.compile(
    r"^(?:urn:uuid:)?[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$", re.I
)


def physical_id_type(text: str) -> PhysicalIdType:
    """Resolvable: an HTTP(S) address; Global: a UUID, ARK, DOI, Handle, IGSN or LSID; else
    Local, as are triplets (`urn:catalog:…`), whose parts no registry keeps unique."""
    low = text.lower()
    if low.startswith(("http://", "https://")):
        return "Resolvable"
    if low.startswith(("urn:lsid:", "ark:", "doi:", "hdl:", "igsn:")) or _URN_UUID.match(text):
        return "Global"
    return "Local"


def normalised_physical_id(text: str, kind: PhysicalIdType, source_system: Pid) -> str:
    """The id by which a specimen is claimed: itself, or for a Local one `id:source-suffix`."""
    text = text.strip()
    return f"{text}:{source_system.suffix}" if kind == "Local" else text
