"""The Web Annotation model as one table: each key of the W3C, our key, and the values under it.

Reading and writing are both driven by it, so what is read is what can be written. A key of ours
that the W3C has no name for stands in its face under its CURIE. Facts from the Web Annotation
Data Model and Vocabulary (W3C Recommendations, 23 February 2017).
"""

from __future__ import annotations

from typing import Any, Literal, NamedTuple

from ontologies.prefixes import PREFIXES
from ontologies.terms import TERMS, Kind

CONTEXT = "http://www.w3.org/ns/anno.jsonld"
PROFILE = CONTEXT
"""Media type parameter of the W3C face: `application/ld+json; profile="…"`."""
MEDIA_FRAGMENTS = "http://www.w3.org/TR/media-frags/"
"""What a region of an image conforms to."""
JSON_TYPE = "application/json"
TEXT_TYPE = "text/plain"

Part = Literal["annotation", "resource", "selector", "state", "style", "agent", "audience"]
"""The kinds of nodes that an annotation is made of."""
Count = Literal["one", "many", "some"]
"""One value; always a list; a bare value or a list of several."""


class Word(NamedTuple):
    """One key: the W3C's, ours, what its values are, and how many there may be."""

    name: str
    key: str
    kind: str
    amount: Count = "one"


_MADE = (
    Word("created", "dcterms:created", "instant"),
    Word("modified", "dcterms:modified", "instant"),
    Word("generated", "dcterms:issued", "instant"),
    Word("creator", "dcterms:creator", "agent", "many"),
    Word("generator", "as:generator", "agent", "many"),
    Word("audience", "schema:audience", "audience", "many"),
    Word("rights", "dcterms:rights", "iri", "some"),
    Word("canonical", "oa:canonical", "iri"),
    Word("via", "oa:via", "iri", "some"),
    Word("accessibility", "schema:accessibilityFeature", "text", "many"),
)
_NAMED = (Word("id", "@id", "iri"), Word("type", "@type", "type", "some"))

_TABLE: dict[Part, tuple[Word, ...]] = {
    "annotation": (
        Word("type", "@type", "type", "some"),
        Word("motivation", "oa:motivatedBy", "motivation", "many"),
        Word("target", "oa:hasTarget", "resource", "many"),
        Word("body", "oa:hasBody", "resource", "many"),
        Word("bodyValue", "oa:bodyValue", "value"),
        Word("stylesheet", "oa:styledBy", "style", "many"),
        *_MADE,
        Word("ods:jobID", "ods:jobID", "name"),
        Word("ods:batchID", "ods:batchID", "uuid"),
        Word("ods:placeInBatch", "ods:placeInBatch", "integer"),
        Word("col:model", "col:model", "name"),
        Word("col:modelSha256", "col:modelSha256", "hash"),
        Word("col:softwareVersion", "col:softwareVersion", "text"),
        Word("col:executionProvider", "col:executionProvider", "text"),
        Word("col:severity", "col:severity", "severity"),
        Word("col:supersedes", "col:supersedes", "name"),
    ),
    "resource": (
        Word("id", "@id", "name"),
        Word("type", "@type", "type", "some"),
        Word("value", "rdf:value", "value"),
        Word("items", "as:items", "resource", "many"),
        Word("source", "oa:hasSource", "name"),
        Word("purpose", "oa:hasPurpose", "motivation", "many"),
        Word("selector", "oa:hasSelector", "selector", "many"),
        Word("state", "oa:hasState", "state", "many"),
        Word("scope", "oa:hasScope", "iri", "some"),
        Word("styleClass", "oa:styleClass", "text", "many"),
        Word("renderedVia", "oa:renderedVia", "resource", "many"),
        Word("format", "dcterms:format", "text", "many"),
        Word("language", "dcterms:language", "text", "many"),
        Word("processingLanguage", "oa:processingLanguage", "text"),
        Word("textDirection", "oa:textDirection", "direction"),
        Word("conformsTo", "dcterms:conformsTo", "iri"),
        Word("dcterms:references", "dcterms:references", "reference"),
        Word("ods:score", "ods:score", "fraction"),
        Word("ods:fdoType", "ods:fdoType", "iri"),
        *_MADE,
    ),
    "selector": (
        *_NAMED,
        Word("value", "rdf:value", "value"),
        Word("conformsTo", "dcterms:conformsTo", "iri"),
        Word("exact", "oa:exact", "value"),
        Word("prefix", "oa:prefix", "value"),
        Word("suffix", "oa:suffix", "value"),
        Word("start", "oa:start", "count"),
        Word("end", "oa:end", "count"),
        Word("startSelector", "oa:hasStartSelector", "selector"),
        Word("endSelector", "oa:hasEndSelector", "selector"),
        Word("refinedBy", "oa:refinedBy", "selector", "many"),
        Word("ods:term", "ods:term", "path"),
        Word("ods:class", "ods:class", "path"),
    ),
    "state": (
        *_NAMED,
        Word("value", "rdf:value", "value"),
        Word("sourceDate", "oa:sourceDate", "instant"),
        Word("sourceDateStart", "oa:sourceDateStart", "instant"),
        Word("sourceDateEnd", "oa:sourceDateEnd", "instant"),
        Word("cached", "oa:cachedSource", "iri", "many"),
        Word("refinedBy", "oa:refinedBy", "selector", "many"),
    ),
    "style": (*_NAMED, Word("value", "rdf:value", "value")),
    "agent": (
        Word("id", "schema:identifier", "iri"),
        Word("type", "@type", "type"),
        Word("name", "schema:name", "text"),
        Word("nickname", "foaf:nick", "text"),
        Word("email_sha1", "foaf:mbox_sha1sum", "text"),
        Word("homepage", "foaf:homepage", "iri"),
        Word("schema:url", "schema:url", "text"),
        Word("ods:hasRoles", "ods:hasRoles", "nodes"),
        Word("ods:hasIdentifiers", "ods:hasIdentifiers", "nodes"),
    ),
    "audience": (
        *_NAMED,
        Word("schema:name", "schema:name", "text"),
        Word("schema:description", "schema:description", "text"),
    ),
}

BY_KEY: dict[Part, dict[str, Word]] = {
    part: {word.key: word for word in words} for part, words in _TABLE.items()
}
BY_NAME: dict[Part, dict[str, Word]] = {
    part: {word.name: word for word in words} | BY_KEY[part] for part, words in _TABLE.items()
}
"""By the W3C's key and by ours: a document of ours can be sent back as it came."""

MANAGED = frozenset(
    {
        "col:contentKey",
        "col:decisionReason",
        "col:overlayState",
        "col:repaired",
        "col:sourceValue",
        "created",
        "dcterms:created",
        "dcterms:identifier",
        "dcterms:issued",
        "dcterms:modified",
        "generated",
        "modified",
        "ods:fdoType",
        "ods:hasAggregateRating",
        "ods:hasMergingStateChangedBy",
        "ods:hasTombstoneMetadata",
        "ods:mergingDecisionStatus",
        "ods:mergingStateChangeDate",
        "ods:status",
        "ods:version",
    }
)
"""What only the repository says of an annotation; what is sent of it is not taken over."""

MOTIVATIONS = frozenset(
    {
        "assessing",
        "bookmarking",
        "classifying",
        "commenting",
        "describing",
        "editing",
        "highlighting",
        "identifying",
        "linking",
        "moderating",
        "questioning",
        "replying",
        "tagging",
    }
)
"""Of the Web Annotation Vocabulary; in the W3C face without prefix."""

DIRECTIONS = ("ltr", "rtl", "auto")

SHAPED = (
    "FragmentSelector",
    "CssSelector",
    "XPathSelector",
    "TextQuoteSelector",
    "TextPositionSelector",
    "DataPositionSelector",
    "SvgSelector",
    "RangeSelector",
)
"""The selectors of the W3C."""

_OF_OA = (
    *("Annotation", "Choice", "HttpRequestState", "SpecificResource", "TextualBody", "TimeState"),
    *SHAPED,
)
TYPES: dict[str, str] = {
    **{name: f"oa:{name}" for name in _OF_OA},
    "CssStylesheet": "oa:CssStyle",
    "Dataset": "dctypes:Dataset",
    "Image": "dctypes:StillImage",
    "Text": "dctypes:Text",
    "Video": "dctypes:MovingImage",
    "Person": "schema:Person",
    "Organization": "schema:Organization",
    "Software": "schema:SoftwareApplication",
}
"""W3C's name of a class → ours. Agents are described by schema.org here, as in openDS."""
NAMES = {key: name for name, key in TYPES.items()}
ALIASES: dict[str, str] = {
    "Audience": "schema:Audience",
    "Audio": "dctypes:Sound",
    "Sound": "dctypes:Sound",
    "as:Application": "schema:SoftwareApplication",
    "foaf:Organization": "schema:Organization",
    "foaf:Person": "schema:Person",
    "ods:Annotation": "oa:Annotation",
    "schema:SoftwareAgent": "schema:SoftwareApplication",
}
"""Other words for classes: the Recommendation says Sound, its context Audio; the rest are met."""

_COERCED = {Kind.IRI: "@id", Kind.DATETIME: "xsd:dateTime", Kind.DOUBLE: "xsd:double"}


def _own_context() -> dict[str, Any]:
    """What the W3C's context lacks: our prefixes, and what the values under our keys are."""
    words: dict[str, Any] = {name: PREFIXES[name] for name in ("col", "dwc", "ods", "prov")}
    own = {word.name for part in _TABLE.values() for word in part} | MANAGED
    theirs = {word.key for part in _TABLE.values() for word in part if word.key != word.name}
    for name in sorted(name for name in own - theirs if ":" in name):
        term = TERMS[name]
        if coercion := _COERCED.get(term.kind):
            words[name] = {"@id": term.iri, "@type": coercion}
    return words


OWN_CONTEXT = _own_context()
"""The second context of the W3C face."""
