"""The JSON-LD context that openDS lacks, and a loader that opens nothing else.

The context is made from the term table. A property appears in it where its values are IRIs,
doubles or instants (JSON-LD type coercion) or where it holds an array; all others follow from
the prefixes. Two keys are the same word for every reader: those of the derived geometry.

>>> foreign = {"@context": "https://example.org/contexts/opends.jsonld", "dwc:country": "Malta"}
>>> expand(foreign)
[{'http://rs.tdwg.org/dwc/terms/country': [{'@value': 'Malta'}]}]
"""

from __future__ import annotations

from functools import cache
from typing import Any
from urllib.parse import urlsplit

from ontologies.prefixes import PREFIXES
from ontologies.terms import DOCUMENT_TERMS, TERMS, Kind

CONTEXT_NAME = "opends.jsonld"
"""Served at `{public_base}/contexts/opends.jsonld`."""

_COERCIONS = {Kind.DATETIME: "xsd:dateTime", Kind.DOUBLE: "xsd:double", Kind.IRI: "@id"}


class JsonLdRefused(Exception):
    """Foreign JSON-LD cannot be read; the message says why."""


class ContextRefused(JsonLdRefused):
    """A JSON-LD document asks for a context that this server does not keep."""


@cache
def context() -> dict[str, Any]:
    """The context itself, without the `@context` around it. Treat it as read-only.

    `geo:` is no prefix here, since it is a URI scheme (RFC 5870): coordinates stay intact.
    """
    words: dict[str, Any] = {"@version": 1.1}
    words |= {prefix: iri for prefix, iri in PREFIXES.items() if prefix != "geo"}
    for key, term in sorted(DOCUMENT_TERMS.items()):
        word: dict[str, str] = {}
        if coercion := _COERCIONS.get(term.kind):
            word["@type"] = coercion
        if term.kind is Kind.NODE and key.startswith("ods:") and key.endswith("s"):
            word["@container"] = "@set"
        if word:
            words[key] = {"@id": term.iri} | word
    words["Geometry"] = f"{PREFIXES['geo']}Geometry"
    words["hasGeometry"] = TERMS["geo:hasGeometry"].iri
    words["asWKT"] = {"@id": TERMS["geo:asWKT"].iri, "@type": f"{PREFIXES['geo']}wktLiteral"}
    return words


def context_document() -> dict[str, Any]:
    """The context as it is served: `{"@context": …}`."""
    return {"@context": context()}


CONTEXTS = {CONTEXT_NAME: context_document}
"""Every context this server keeps, by file name."""


def load(url: str, _options: Any = None) -> dict[str, Any]:
    """PyLD's document loader: our contexts under any base, and nothing else.

    Nothing is ever fetched: a submitted context could name a host inside our network.
    """
    name = urlsplit(url).path.rpartition("/contexts/")[2]
    if name not in CONTEXTS:
        raise ContextRefused(
            f"The context {url} is not kept here; inline it, or use contexts/{CONTEXT_NAME}."
        )
    return {
        "contentType": "application/ld+json",
        "contextUrl": None,
        "documentUrl": url,
        "document": CONTEXTS[name](),
    }


def expand(document: Any) -> list[Any]:
    """Foreign JSON-LD with every name written out (JSON-LD 1.1 API, expansion)."""
    expanded: list[Any] = _run("expand", document)
    return expanded


def flatten(document: Any) -> list[Any]:
    """JSON-LD as a flat list of nodes (JSON-LD 1.1 API, flattening)."""
    flattened: list[Any] = _run("flatten", document, None)
    return flattened


def compact(document: Any) -> dict[str, Any]:
    """Foreign JSON-LD with the keys of openDS (JSON-LD 1.1 API, compaction)."""
    compacted: dict[str, Any] = _run("compact", document, context())
    return compacted


def frame(document: Any, shape: dict[str, Any]) -> dict[str, Any]:
    """Foreign JSON-LD as a tree of the given shape (JSON-LD 1.1 Framing)."""
    framed: dict[str, Any] = _run("frame", document, shape)
    return framed


def to_nquads(document: Any) -> str:
    """The N-Quads of foreign JSON-LD (JSON-LD 1.1 API, toRdf)."""
    text: str = _run("to_rdf", document, format="application/n-quads")
    return text


def _run(algorithm: str, *arguments: Any, **options: Any) -> Any:
    """One algorithm of PyLD, which is slow to import and seldom needed: hence the late import."""
    from pyld import jsonld

    try:
        return getattr(jsonld, algorithm)(*arguments, {"documentLoader": load, **options})
    except (jsonld.JsonLdError, ValueError) as error:
        cause: BaseException | None = error
        while cause is not None:
            if isinstance(cause, ContextRefused):
                raise cause from error
            cause = getattr(cause, "cause", None) or cause.__cause__
        raise JsonLdRefused(f"This JSON-LD cannot be read: {error}") from error
