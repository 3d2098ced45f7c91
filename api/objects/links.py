"""The links that every object of a type has: other forms, versions, names, times (RFC 8288).

Version relations are those of RFC 5829; `cite-as` is the PID (RFC 8574), of a version its own
name; `describedby`, `type` and `linkset` are signposts (FAIR Signposting, level 1); the context
of the openDS JSON is linked as JSON-LD 1.1 (6.1) asks. What only this object has (its licence,
its people, its media) is added by `api.objects.signposting`.

Targets on this server are relative references (RFC 8288, 3.1): the header goes out with every
document, and servers look at each of its bytes. TimeGate and TimeMap (RFC 7089) alone are
absolute, since Memento clients take them as they are. Names stay PIDs.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal
from urllib.parse import urlsplit

from api.negotiation import (
    ANNOTATION_FORMATS,
    CITATION_FORMATS,
    DOCUMENT_FORMATS,
    HTML,
    JSON,
    Format,
)
from fdo.catalogue import OBJECT_TYPES
from ontologies.jsonld import CONTEXT_NAME
from ontologies.terms import iri

_ANNOTATION_SERVICE = "http://www.w3.org/ns/oa#annotationService"
JSONLD_CONTEXT = "http://www.w3.org/ns/json-ld#context"
LINKSET_FORMATS: tuple[Format, ...] = (
    Format("json", "application/linkset+json", "json", "Linkset, JSON"),
    Format("text", "application/linkset", "txt", "Linkset, text"),
)
"""How the links of an object can be had as a document of their own (RFC 9264)."""

Face = Literal["landing", "metadata", "record"]
"""What an answer is of its object: the object's own address; metadata at an address with
`?format=`; or a page of which only the FDO record is public."""


_PATH, _THIS, _BEFORE, _AFTER = "\0", "\1", "\2", "\3"
"""What patterns leave open: the path of the object; the number of the version, of the one before
and of the one after. No address holds these signs, and putting text in their place is the
cheapest way there is: a header is made in a microsecond."""


@dataclass(frozen=True, slots=True)
class Link:
    """One link from an object: where to, by which relations, and the media type there."""

    target: str
    rel: str
    type: str = ""

    def __str__(self) -> str:
        return f'<{self.target}>; rel="{self.rel}"' + (f'; type="{self.type}"' if self.type else "")


def link_header(
    base: str,
    pid_iri: str,
    kind: str,
    sent: Format,
    *,
    version: int,
    latest: int,
    past: bool,
    face: Face = "landing",
) -> str:
    """The standing links as the value of a Link header; `base` is the public address.

    `past`: what is shown is not the current document at its own address, so it is cited as
    that version, and its other formats are those of the version.
    """
    at = pid_iri.index("/", 8)
    template = _template(base, pid_iri[:at], kind, sent, face, past, version > 1, version < latest)
    return _filled(template, pid_iri[at:], version)


def standing_links(
    base: str,
    pid_iri: str,
    kind: str,
    sent: Format,
    *,
    version: int,
    latest: int,
    past: bool,
    face: Face = "landing",
) -> list[Link]:
    """What `link_header` says, as links."""
    at = pid_iri.index("/", 8)
    return [
        Link(_filled(one.target, pid_iri[at:], version), one.rel, one.type)
        for one in _patterns(
            base, pid_iri[:at], kind, sent, face, past, version > 1, version < latest
        )
    ]


def joined(links: Iterable[Link]) -> str:
    """Links as the value of one header."""
    return ", ".join(map(str, links))


@lru_cache(maxsize=16)
def root(base: str) -> str:
    """The path of the public address, mostly empty."""
    return urlsplit(base).path


def _filled(pattern: str, path: str, version: int) -> str:
    return (
        pattern.replace(_PATH, path)
        .replace(_THIS, str(version))
        .replace(_BEFORE, str(version - 1))
        .replace(_AFTER, str(version + 1))
    )


@lru_cache(maxsize=1024)
def _template(*of: Any) -> str:
    """The header of `_patterns`."""
    return joined(_patterns(*of))


def _patterns(
    base: str,
    proxy: str,
    kind: str,
    sent: Format,
    face: Face,
    past: bool,
    older: bool,
    newer: bool,
) -> list[Link]:
    """The links that all objects of a type have in a format; `older`, `newer`: whether there are
    versions before and after the one shown."""
    page = root(base) + _PATH
    shown = f"{page}/{_THIS}" if past else page
    record = f"{page}/record" + (f"?as-of=v{_THIS}" if past else "")
    found = [
        Link(proxy + _PATH + (f"/{_THIS}" if past else ""), "cite-as"),
        Link(f"{page}/versions", "version-history", JSON.media_type),
        Link(page, "latest-version"),
        Link(record, "describedby", JSON.media_type),
        Link(f"{base}/timegate{_PATH}", "timegate"),
        Link(f"{base}/timemap/link{_PATH}", "timemap", "application/link-format"),
        *(Link(f"{shown}/linkset", "linkset", one.media_type) for one in LINKSET_FORMATS),
        *_types(base, kind, sent, face),
        *_formats(shown, kind, sent, face),
        *(_citations(shown) if sent is HTML else ()),
        *(_annotating(page) if sent is HTML and face != "record" else ()),
    ]
    if older:
        found.append(Link(f"{page}/{_BEFORE}", "predecessor-version"))
    if newer:
        found.append(Link(f"{page}/{_AFTER}", "successor-version"))
    return found


def _types(base: str, kind: str, sent: Format, face: Face) -> list[Link]:
    """What it is; schema.org's AboutPage tells the page from the thing that it is about."""
    found = [Link(iri(OBJECT_TYPES[kind].rdf_type), "type")]
    if sent is HTML:
        found.append(Link("https://schema.org/AboutPage", "type"))
    if kind == "annotation":
        found.append(Link("http://www.w3.org/ns/ldp#Resource", "type"))
    if sent is JSON and face != "record":
        context = f"{root(base)}/contexts/{CONTEXT_NAME}"
        found.append(Link(context, f"describedby {JSONLD_CONTEXT}", "application/ld+json"))
    return found


def _formats(shown: str, kind: str, sent: Format, face: Face) -> list[Link]:
    """Other forms. At the object's own address they describe it; one of them leads back."""
    if face == "record":
        return []
    landing = face == "landing"
    found = []
    more = ANNOTATION_FORMATS if kind == "annotation" else ()
    for one in (*DOCUMENT_FORMATS, *more):
        rels = [] if one is sent else ["alternate"]
        if landing and one is not HTML:
            rels.append("describedby")
        if rels:
            kind_of_file = one.media_type.partition(";")[0]
            found.append(Link(f"{shown}?format={one.name}", " ".join(rels), kind_of_file))
    return found if landing else [*found, Link(shown, "describes", HTML.media_type)]


def _annotating(page: str) -> list[Link]:
    """Where annotations of the object are, and where new ones are sent (Web Annotation Protocol,
    5.4)."""
    return [Link(f"{page}/annotations/", _ANNOTATION_SERVICE, "application/ld+json")]


def _citations(shown: str) -> list[Link]:
    """Citations and metadata for those who keep references: from the page and in the linkset
    only, since who asks for the document has better. A record is cited too."""
    return [
        Link(f"{shown}?format={one.name}", "describedby", one.media_type)
        for one in CITATION_FORMATS
    ]
