"""From the text of a cell to the value that openDS wants, or None where it does not fit.

What does not fit stays in the verbatim record and is reported; it is never bent into shape.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache
from math import isfinite

Convert = Callable[[str], float | int | bool | None]

EXACT = 2**53 - 1
"""The largest whole number that everybody reads as it is written (RFC 7493, 2.2)."""

_PLAIN = r"[!$&'()*+,\-./0-9:;=?@A-Z_a-z~]"
_URI_TEXT = rf"{_PLAIN}*(?:%[0-9A-Fa-f]{{2}}{_PLAIN}*)*"
_NAME = r"[!$&'()*+,\-.0-9;=A-Z_a-z~]*(?:%[0-9A-Fa-f]{2}[!$&'()*+,\-.0-9;=A-Z_a-z~]*)*"
_AUTHORITY = rf"//(?:{_NAME}(?::{_NAME})*@)?{_NAME}(?::[0-9]{{0,5}})?(?=[/?#]|$)"
_ABSOLUTE = re.compile(
    rf"^[A-Za-z][A-Za-z0-9+.-]*:(?=.)(?:{_AUTHORITY}|(?!//)){_URI_TEXT}(?:#{_URI_TEXT})?$"
)
_WEB = re.compile(r"^https?://[^\s/]+", re.I)
_SPLIT = re.compile(r"\s*[|;\n]\s*")
_ORCID = re.compile(r"^(?:https?://)?(?:orcid\.org/)?(\d{4}-\d{4}-\d{4}-\d{3}[\dX])/?$", re.I)
_WORDS_OF_BODIES = re.compile(
    r"\b(?:museum|mus[ée]e|museo|universit\w*|institut\w*|survey|society|soci[ée]t[ée]|herbarium"
    r"|expedition|academy|department|agency|ministry|laborator\w*|station)\b",
    re.I,
)

LOCAL = ("Locally unique identifier", "LocallyUniqueStable")
_PERSISTENT = "GloballyUniqueStablePersistentResolvable"
_RESOLVABLE = "GloballyUniqueStableResolvable"
_GLOBAL = "GloballyUniqueStable"
_KINDS_OF_IDENTIFIER = {
    "doi": ("DOI", _PERSISTENT),
    "handle": ("Handle", _PERSISTENT),
    "ark": ("ARK", _PERSISTENT),
    "igsn": ("IGSN", _PERSISTENT),
    "purl": ("PURL", _PERSISTENT),
    "w3id": ("w3id", _PERSISTENT),
    "registry": ("URL", _PERSISTENT),
    "url": ("URL", _RESOLVABLE),
    "lsid": ("LSID", _GLOBAL),
    "uuid": ("UUID", _GLOBAL),
    "urn": ("URN", _GLOBAL),
}
_IDENTIFIER = re.compile(
    r"(?P<doi>https?://(?:dx\.)?doi\.org/|doi:)|(?P<handle>https?://hdl\.handle\.net/|hdl:)"
    r"|(?P<ark>(?:https?://[^/]+/)?ark:)|(?P<igsn>(?:https?://)?igsn(?:\.org/|:))"
    r"|(?P<purl>https?://(?:\w+\.)?purl\.)|(?P<w3id>https?://w3id\.org/)"
    r"|(?P<registry>https?://(?:orcid|ror|isni)\.org/)|(?P<url>https?://)|(?P<lsid>urn:lsid:)"
    r"|(?P<uuid>(?:urn:uuid:)?[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$|urn:uuid:)"
    r"|(?P<urn>urn:[a-z0-9][a-z0-9-]+:)",
    re.I,
)


def number(minimum: float | None = None, maximum: float | None = None) -> Convert:
    """A converter to a finite number between the bounds, both included."""

    def convert(text: str) -> float | None:
        try:
            value = float(text)
        except ValueError:
            return None
        if not isfinite(value) or "_" in text:
            return None
        if (minimum is not None and value < minimum) or (maximum is not None and value > maximum):
            return None
        return value

    return convert


def integer(minimum: int = -EXACT, maximum: int = EXACT) -> Convert:
    """A converter to a whole number between the bounds, both included; `1959.0` is one."""
    as_number = number(minimum, maximum)

    def convert(text: str) -> int | None:
        value = as_number(text)
        return int(value) if value is not None and value == int(value) else None

    return convert


def is_absolute(text: str) -> bool:
    """Whether the text is an absolute URI (RFC 3986) and may stand where a URI must."""
    return _ABSOLUTE.match(text) is not None


def is_web_address(text: str) -> bool:
    """Whether the text is an `http` or `https` address without white space."""
    return _WEB.match(text) is not None and " " not in text


@lru_cache(maxsize=8192)
def split(text: str) -> tuple[str, ...]:
    """The parts of a list that is written with `|`, `;` or line ends, in order."""
    return tuple(part for part in _SPLIT.split(text.strip()) if part)


@lru_cache(maxsize=8192)
def split_texts(text: str) -> tuple[str, ...]:
    """The parts of a list of texts, such as citations: at `|` only, since all else may stand in
    one of them."""
    return tuple(part for part in map(str.strip, text.split("|")) if part)


@lru_cache(maxsize=8192)
def split_names(text: str) -> tuple[str, ...]:
    """The names of a list of people.

    Parted at `|`, `;` and a free-standing `&`. Never at a comma: in "Smith, J." and in
    "García López, Juan Carlos" it parts the name, not the people, and a wrong cut makes two
    persons of one for ever.
    """
    return tuple(name for part in split(text) for name in re.split(r"\s+&\s+", part) if name)


@lru_cache(maxsize=8192)
def split_addresses(text: str) -> tuple[str, ...]:
    """Parts of a list of addresses: at `|`; at `;`, `,` or spaces where each part is an address."""
    parts: list[str] = []
    for part in (piece.strip() for piece in text.split("|")):
        finer = [piece for piece in re.split(r"[;,\s]+(?=https?://)|[;,]+$", part) if piece]
        parts.extend(finer if all(map(is_web_address, finer)) else [part])
    return tuple(part for part in parts if part)


@lru_cache(maxsize=8192)
def person_ids(text: str) -> tuple[str, ...]:
    """Identifiers of people, one each; a bare ORCID becomes its address."""
    parts = [part for piece in split(text) for part in re.split(r"[,\s]+", piece) if part]
    return tuple(
        f"https://orcid.org/{found[1].upper()}" if (found := _ORCID.match(part)) else part
        for part in parts
    )


@lru_cache(maxsize=8192)
def kind_of_agent(name: str) -> str:
    """`schema:Organization` for the name of a body, else `schema:Person`."""
    return "schema:Organization" if _WORDS_OF_BODIES.search(name) else "schema:Person"


def kind_of_identifier(text: str) -> tuple[str, str]:
    """The openDS `dcterms:type` and `ods:gupriLevel` of an identifier."""
    if ":" not in text and "-" not in text:
        return LOCAL
    found = _IDENTIFIER.match(text)
    return _KINDS_OF_IDENTIFIER[found.lastgroup] if found and found.lastgroup else LOCAL


_TYPE = re.compile(r"typ(?:e|us|i|en|oid)\b|typ(?:e|us)(?=[A-Z(])|types\b")
_TYPE_WORD = re.compile(
    r"(?:holo|para|syn|lecto|paralecto|neo|iso|allo|topo|epi|co|hypo|genero|ortho|ergato|plasto)"
    r"[a-z]*typ",
    re.I,
)
_NO_TYPE = re.compile(r"\b(?:not?|non|none|nicht|geen|pas)[\s-]*(?:an?\s+)?(?:\w+\s)?typ", re.I)


@lru_cache(maxsize=4096)
def marks_a_type(status: str) -> bool:
    """Whether a `dwc:typeStatus` says that the object is a type; "figured" does not."""
    if _NO_TYPE.search(status):
        return False
    return bool(_TYPE_WORD.search(status) or _TYPE.search(status) or status.lower() == "type")
