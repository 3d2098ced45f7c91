"""Annotations for tests: as senders write them, and as they are stored."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from fdo.documents import Document
from fdo.representations.annotation.reading import read
from fdo.representations.annotation.words import CONTEXT, MOTIVATIONS

PID = "https://hdl.handle.net/20.5000.5072/ANN-ANN-001"
SPECIMEN = "https://doi.org/10.5072/AAA-BBB-CCC"
MEDIA = "https://doi.org/10.5072/AAA-BBB-CCD"
SPECIMEN_TYPE = "https://doi.org/21.T11148/894b1e6cad57e921764e"
MEDIA_TYPE = "https://doi.org/21.T11148/bbad8c4e101e8af01115"
COUNTRY = "$['ods:hasEvents'][0]['ods:hasLocation']['dwc:country']"
ME: Document = {
    "@type": "schema:Person",
    "schema:identifier": "https://orcid.org/0000-0002-1825-0097",
    "schema:name": "Josiah Carberry",
}
STAMPS: Document = {
    "@id": PID,
    "dcterms:identifier": PID,
    "ods:fdoType": "https://doi.org/21.T11148/cf458ca9ee1d44a5608f",
    "ods:status": "Active",
    "ods:version": 2,
    "dcterms:created": "2026-03-01T12:00:00.000Z",
    "dcterms:modified": "2026-03-02T12:00:00.000Z",
    "col:contentKey": "ab" * 32,
}


def stored(draft: Document) -> Document:
    """The draft as the repository completes it."""
    return {**draft, **STAMPS}


def drafted(data: Any, **how: Any) -> Document:
    """What was read, without what was put right."""
    found = read(data, default_creator=ME, **how).draft
    return {key: value for key, value in found.items() if key != "col:repaired"}


def w3c(**more: Any) -> dict[str, Any]:
    """A W3C annotation of a specimen."""
    return {
        "@context": CONTEXT,
        "type": "Annotation",
        "motivation": "commenting",
        "target": SPECIMEN,
        **more,
    }


SAMPLES: dict[str, dict[str, Any]] = {
    "comment": w3c(body={"type": "TextualBody", "value": "Nice", "format": "text/plain",
                         "language": "en", "textDirection": "ltr"}),
    "body value": w3c(bodyValue="A note"),
    "term edit": w3c(motivation="editing", body={"type": "TextualBody", "value": "Venezuela"},
                     target={"source": SPECIMEN, "selector": {"type": "ods:TermSelector",
                                                              "ods:term": COUNTRY}}),
    "region": w3c(target={"source": MEDIA, "selector": {
        "type": "FragmentSelector", "value": "xywh=percent:1,2,3,4.5",
        "conformsTo": "http://www.w3.org/TR/media-frags/"}}, motivation="highlighting"),
    "shape": w3c(target={"source": MEDIA, "selector": {
        "type": "SvgSelector",
        "value": "<svg xmlns='http://www.w3.org/2000/svg'><polygon points='1,2 30,4 5,60'/></svg>",
    }}, body=["https://example.org/a", {"id": "https://example.org/b", "type": "Image",
                                        "format": "image/jpeg"}]),
    "choice": w3c(body={"type": "Choice", "items": [
        {"type": "TextualBody", "value": "Anemone", "language": "la"}, "https://example.org/x",
        {"source": "https://example.org/page", "selector": {"type": "XPathSelector",
                                                            "value": "/html/body"}}]}),
    "quote": w3c(target={
        "source": "https://example.org/paper",
        "selector": {"type": "TextQuoteSelector", "exact": "holotype", "prefix": "the ",
                     "suffix": ".", "refinedBy": {"type": "TextPositionSelector", "start": 2,
                                                  "end": 5}},
        "state": {"type": "HttpRequestState", "value": "Accept: text/html"}}),
    "range": w3c(target={"source": SPECIMEN, "selector": {
        "type": "RangeSelector", "startSelector": {"type": "CssSelector", "value": "p"},
        "endSelector": {"type": "DataPositionSelector", "start": 0, "end": 9}}}),
    "past": w3c(target=[
        {"source": SPECIMEN, "state": {"type": "TimeState", "sourceDate": "2026-03-01T12:00:00Z",
                                       "cached": "https://example.org/copy"}},
        f"{SPECIMEN}/3", "https://example.org/else"], motivation=["linking", "oa:tagging"]),
    "everything": w3c(
        id="https://example.org/was", canonical="urn:uuid:0b0f1a0e-6d3c-4f7e-9a7e-000000000001",
        via=["https://example.org/a", "https://example.org/b"],
        rights="https://creativecommons.org/publicdomain/zero/1.0/", created="2026-01-01T00:00:00Z",
        creator=[{"id": "https://orcid.org/0000-0002-1825-0097", "type": "Person",
                  "name": "Josiah", "nickname": "jo", "homepage": "https://example.org/jo",
                  "email_sha1": "58bad08927902ff9307b621c54716dcc5083e339"},
                 {"type": "Organization", "name": "Herbarium"}],
        generator="https://doi.org/10.5072/AAA-AAA-AAA", accessibility=["highContrast"],
        audience={"id": "https://example.org/roles/teacher", "type": "schema:EducationalAudience",
                  "schema:name": "teachers"},
        stylesheet={"type": "CssStylesheet", "value": ".red { color: red }"},
        target={"source": MEDIA, "styleClass": "red", "scope": "https://example.org/exhibition",
                "renderedVia": {"id": "https://example.org/viewer", "type": "Software"},
                "purpose": "identifying"},
        body={"type": ["TextualBody", "Text"], "value": "x", "purpose": ["tagging", "ods:adding"],
              "creator": "https://orcid.org/0000-0002-1825-0098", "ods:score": 0.25,
              "dcterms:references": "https://example.org/why", "modified": "2026-01-02T00:00:00Z"},
        **{"ods:batchID": "0b0f1a0e-6d3c-4f7e-9a7e-000000000002", "ods:placeInBatch": 3,
           "ods:jobID": "20.5000.5072/JJJ-JJJ-JJJ", "col:modelSha256": "cd" * 32,
           "col:model": "https://hdl.handle.net/20.5000.5072/MMM-MMM-MMM",
           "col:softwareVersion": "1.2", "col:executionProvider": "CPU",
           "col:severity": "high"}),
}  # fmt: skip

# ── drawn at random ──────────────────────────────────────────────────────────────────────

words = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=12)
iris = st.integers(0, 99).map(lambda n: f"https://example.org/{n}")
objects = st.sampled_from([SPECIMEN, MEDIA, f"{SPECIMEN}/2"])
motivations = st.sampled_from([*sorted(MOTIVATIONS), "ods:adding", "ods:deleting"])
instants = st.datetimes().map(lambda t: f"{t:%Y-%m-%dT%H:%M:%S}Z".zfill(20))
numbers = st.decimals(0, 45, places=3, allow_nan=False).map(lambda n: f"{n.normalize():f}")
regions = st.tuples(st.sampled_from(["", "pixel:", "percent:"]), *[numbers] * 4).map(
    lambda r: f"xywh={r[0]}{','.join(r[1:])}"
)
simple_selectors = st.one_of(
    st.fixed_dictionaries({"type": st.just("FragmentSelector"), "value": regions}),
    st.fixed_dictionaries({"type": st.just("TextQuoteSelector"), "exact": words},
                          optional={"prefix": words, "suffix": words}),
    st.fixed_dictionaries({"type": st.just("TextPositionSelector"), "start": st.integers(0, 9),
                           "end": st.integers(0, 99)}),
    st.fixed_dictionaries({"type": st.just("CssSelector"), "value": words}),
)  # fmt: skip
path_selectors = st.one_of(
    st.just({"type": "ods:TermSelector", "ods:term": COUNTRY}),
    st.just({"type": "ods:ClassSelector", "ods:class": "$['ods:hasEvents'][1]"}),
)
selectors = st.one_of(
    path_selectors,
    simple_selectors,
    st.builds(lambda a, b: {**a, "refinedBy": b}, simple_selectors, simple_selectors),
    st.builds(lambda a, b: {"type": "RangeSelector", "startSelector": a, "endSelector": b},
              simple_selectors, simple_selectors),
)  # fmt: skip
states = st.one_of(
    st.builds(lambda when: {"type": "TimeState", "sourceDate": when}, instants),
    st.builds(lambda a, b: {"type": "TimeState", "sourceDateStart": a, "sourceDateEnd": b},
              instants, instants),
    st.builds(lambda text: {"type": "HttpRequestState", "value": text}, words),
)  # fmt: skip
targets = st.one_of(
    objects,
    iris,
    st.fixed_dictionaries(
        {"source": st.one_of(objects, iris)},
        optional={"selector": st.lists(selectors, min_size=1, max_size=2), "state": states,
                  "scope": iris, "purpose": st.sampled_from(sorted(MOTIVATIONS))},
    ),
    st.fixed_dictionaries({"id": iris}, optional={"type": st.just("Image"), "format": words}),
)  # fmt: skip
agents = st.one_of(
    iris,
    st.fixed_dictionaries({"name": words}, optional={"id": iris, "type": st.just("Software"),
                                                     "nickname": words, "homepage": iris}),
)  # fmt: skip
texts = st.fixed_dictionaries(
    {"value": words},
    optional={"type": st.just("TextualBody"), "format": st.sampled_from(["text/plain"]),
              "language": st.sampled_from(["en", "la"]), "purpose": motivations,
              "creator": agents, "ods:score": st.floats(0, 1), "created": instants},
)  # fmt: skip
bodies = st.one_of(
    iris,
    texts,
    st.fixed_dictionaries({"id": iris}, optional={"type": st.just("Video"), "rights": iris}),
    st.fixed_dictionaries({"source": iris, "selector": selectors}),
    st.builds(lambda items: {"type": "Choice", "items": items},
              st.lists(st.one_of(iris, texts), min_size=1, max_size=3)),
)  # fmt: skip


@st.composite
def any_annotation(draw: st.DrawFn) -> dict[str, Any]:
    """Any annotation of the W3C that can be held here."""
    optional = {
        "creator": st.lists(agents, min_size=1, max_size=2),
        "generator": agents,
        "via": st.lists(iris, min_size=1, max_size=2, unique=True),
        "canonical": iris,
        "rights": iris,
        "audience": st.builds(lambda name: {"schema:name": name}, words),
    }
    return w3c(
        motivation=draw(st.lists(motivations, min_size=1, max_size=2, unique=True)),
        target=draw(st.lists(targets, min_size=1, max_size=3)),
        body=draw(st.lists(bodies, max_size=3)),
        **draw(st.fixed_dictionaries({}, optional=optional)),
    )
