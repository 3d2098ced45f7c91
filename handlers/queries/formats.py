"""What an answer may look like: one row per form, best first.

Bindings and booleans follow SPARQL 1.1 Query Results (JSON, XML, CSV and TSV); triples follow
the RDF 1.1 syntaxes. The first media type of a row is the one sent; the others are accepted.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Format:
    """One form of an answer: its short name, its media types, its name in the engine."""

    name: str
    media_types: tuple[str, ...]
    engine: str
    profile: str
    """IRI of the form in the W3C list of unique URIs for file formats."""

    @property
    def content_type(self) -> str:
        """What the Content-Type header says; text forms state their charset."""
        first = self.media_types[0]
        if self.name == "tsv":
            return f"{first}; charset=utf-8"
        if self.name == "csv":  # RFC 4180 §3, and SPARQL 1.1 CSV/TSV §3.1
            return f"{first}; charset=utf-8; header=present"
        return first


_W3C = "http://www.w3.org/ns/formats/"

RESULTS: tuple[Format, ...] = (
    Format(
        "json",
        ("application/sparql-results+json", "application/json", "text/json"),
        "JSON",
        _W3C + "SPARQL_Results_JSON",
    ),
    Format(
        "xml",
        ("application/sparql-results+xml", "application/xml", "text/xml"),
        "XML",
        _W3C + "SPARQL_Results_XML",
    ),
    Format("csv", ("text/csv",), "CSV", _W3C + "SPARQL_Results_CSV"),
    Format("tsv", ("text/tab-separated-values",), "TSV", _W3C + "SPARQL_Results_TSV"),
)

GRAPHS: tuple[Format, ...] = (
    Format("turtle", ("text/turtle", "application/x-turtle"), "TURTLE", _W3C + "Turtle"),
    Format("ntriples", ("application/n-triples", "text/plain"), "N_TRIPLES", _W3C + "N-Triples"),
    Format("jsonld", ("application/ld+json", "application/json"), "JSON_LD", _W3C + "JSON-LD"),
    Format("rdfxml", ("application/rdf+xml", "application/xml"), "RDF_XML", _W3C + "RDF_XML"),
    Format("nquads", ("application/n-quads", "text/x-nquads"), "N_QUADS", _W3C + "N-Quads"),
    Format("trig", ("application/trig", "application/x-trig"), "TRIG", _W3C + "TriG"),
)


def by_name(name: str, among: tuple[Format, ...]) -> Format | None:
    """The form with this short name (`csv`), file ending (`ttl`) or media type, whose `+` may have
    arrived as a space."""
    plain = name.strip().lower().replace(" ", "+")
    wanted = _ENDINGS.get(plain, plain)
    if among is GRAPHS:  # clients ask for "json" or "xml" before they know what comes
        wanted = {"json": "jsonld", "xml": "rdfxml"}.get(wanted, wanted)
    return next((f for f in among if f.name == wanted or wanted in f.media_types), None)


_ENDINGS = {
    "json-ld": "jsonld",
    "n-quads": "nquads",
    "n-triples": "ntriples",
    "n3": "turtle",  # which every reader of N3 reads
    "nq": "nquads",
    "nt": "ntriples",
    "rdf": "rdfxml",
    "rdf+xml": "rdfxml",
    "srj": "json",
    "srx": "xml",
    "ttl": "turtle",
}
