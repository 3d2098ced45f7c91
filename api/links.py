"""The Link header of an object: where its other forms, versions and names are (RFC 8288).

Version relations are those of RFC 5829; `cite-as` is the PID (RFC 8574); the context of the
openDS JSON is linked as JSON-LD 1.1 (6.1) asks. Links go to this server's public address;
names stay PIDs.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from api.negotiation import Format
from fdo.catalogue import OBJECT_TYPES
from ontologies.jsonld import CONTEXT_NAME
from ontologies.terms import iri

JSONLD_CONTEXT = "http://www.w3.org/ns/json-ld#context"


def link_header(
    base: str,
    pid: str,
    kind: str,
    *,
    pid_iri: str,
    version: int,
    latest: int,
    numbered: bool,
    sent: Format,
    formats: Sequence[Format],
) -> bytes:
    """All links of one answer: `numbered` for the address of a single version."""
    page = f"{base}/{pid}"
    shown = f"{page}/{version}" if numbered else page
    links = [
        f'<{pid_iri}>; rel="cite-as"',
        f'<{page}/versions>; rel="version-history"; type="application/json"',
        f'<{page}>; rel="latest-version"',
    ]
    if version > 1:
        links.append(f'<{page}/{version - 1}>; rel="predecessor-version"')
    if version < latest:
        links.append(f'<{page}/{version + 1}>; rel="successor-version"')
    links += _fixed(base, page, kind, sent.name)
    links += [
        f'<{shown}?format={one.name}>; rel="alternate"; type="{one.media_type}"'
        for one in formats
        if one is not sent
    ]
    return ", ".join(links).encode("latin-1")


@lru_cache(maxsize=256)
def _class(kind: str) -> str:
    return iri(OBJECT_TYPES[kind].rdf_type)


def _fixed(base: str, page: str, kind: str, sent: str) -> list[str]:
    links = [f'<{_class(kind)}>; rel="type"']
    if sent == "html":
        links.append('<https://schema.org/AboutPage>; rel="type"')
    if sent == "json":
        links.append(
            f'<{base}/contexts/{CONTEXT_NAME}>; rel="describedby {JSONLD_CONTEXT}"; '
            'type="application/ld+json"'
        )
    links.append(f'<{page}/record>; rel="describedby"; type="application/json"')
    return links
