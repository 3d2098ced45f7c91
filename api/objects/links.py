"""The Link header of an object: where its other forms, versions and names are (RFC 8288).

Version relations are those of RFC 5829; `cite-as` is the PID (RFC 8574); the context of the
openDS JSON is linked as JSON-LD 1.1 (6.1) asks. Targets on this server are relative references
(RFC 8288, 3.1): the header goes out with every document, and servers look at each of its bytes.
TimeGate and TimeMap (RFC 7089) alone are absolute, since Memento clients take them as they are.
Names stay PIDs.
"""

from __future__ import annotations

from functools import lru_cache
from urllib.parse import urlsplit

from api.negotiation import DOCUMENT_FORMATS, Format
from fdo.catalogue import OBJECT_TYPES
from ontologies.jsonld import CONTEXT_NAME
from ontologies.terms import iri

JSONLD_CONTEXT = "http://www.w3.org/ns/json-ld#context"


def link_header(
    base: str, pid_iri: str, kind: str, sent: Format, *, version: int, latest: int, past: bool
) -> bytes:
    """The links that original and mementos share; `base` is the public address.

    `past`: what is shown is not the current document at its own address, so other formats are
    those of the version.
    """
    path = pid_iri[pid_iri.index("/", 8) :]
    page = _root(base) + path
    shown = f"{page}/{version}" if past else ""
    links = _template(base, kind, sent) % (
        pid_iri, page, page, page, path, path, *(shown,) * _others(sent)
    )  # fmt: skip
    if version > 1:
        links += f', <{page}/{version - 1}>; rel="predecessor-version"'
    if version < latest:
        links += f', <{page}/{version + 1}>; rel="successor-version"'
    return links.encode("latin-1")


@lru_cache(maxsize=64)
def _others(sent: Format) -> int:
    return sum(one is not sent for one in DOCUMENT_FORMATS)


@lru_cache(maxsize=16)
def _root(base: str) -> str:
    """The path of the public address, mostly empty."""
    return urlsplit(base).path


@lru_cache(maxsize=256)
def _template(base: str, kind: str, sent: Format) -> str:
    """The links that all objects of a type have in a format; addresses are still to come."""
    links = [
        '<%s>; rel="cite-as"',
        '<%s/versions>; rel="version-history"; type="application/json"',
        '<%s>; rel="latest-version"',
        '<%s/record>; rel="describedby"; type="application/json"',
        f'<{_plain(base)}/timegate%s>; rel="timegate"',
        f'<{_plain(base)}/timemap/link%s>; rel="timemap"; type="application/link-format"',
    ]
    links += [
        f'<%s?format={one.name}>; rel="alternate"; type="{one.media_type}"'
        for one in DOCUMENT_FORMATS
        if one is not sent
    ]
    links.append(f'<{_plain(iri(OBJECT_TYPES[kind].rdf_type))}>; rel="type"')
    if sent.name == "html":
        links.append('<https://schema.org/AboutPage>; rel="type"')
    if sent.name == "json":
        links.append(
            f'<{_plain(_root(base))}/contexts/{CONTEXT_NAME}>; rel="describedby {JSONLD_CONTEXT}"; '
            'type="application/ld+json"'
        )
    return ", ".join(links)


def _plain(text: str) -> str:
    return text.replace("%", "%%")
