"""The endpoint describes itself: SPARQL 1.1 Service Description, VoID, and example queries.

Read at /sparql (without a query, as RDF), /.well-known/void and /sparql/examples. Editors ask
for the same by SPARQL at the endpoint itself: which classes have which properties
(`void:propertyPartition`), which prefixes (`sh:namespace`), which examples
(`sh:SPARQLExecutable`). These triples are about the service and not in the collection's graph,
so such a query is put to the description instead; see `instead_of_graph`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from pyoxigraph import Literal, RdfFormat, Triple, parse, serialize

from api.sparql.statistics import Counts, Statistics
from api.triples import linked, typed, valued, worded
from handlers.exports import Form
from handlers.queries.formats import GRAPHS, RESULTS, Format
from handlers.queries.pool import QueryPool
from ontologies.catalogues import term
from ontologies.prefixes import PREFIXES

_SD: Final = "http://www.w3.org/ns/sparql-service-description#"
_VOID: Final = "http://rdfs.org/ns/void#"
_VOID_EXT: Final = "http://ldf.fi/void-ext#"
_SH: Final = "http://www.w3.org/ns/shacl#"
ABOUT_SERVICE: Final = (_VOID, _SH)
"""Namespaces of which one is named in a query that may be about the service."""
_SCHEMA: Final = "https://schema.org/"
_RDFS: Final = PREFIXES["rdfs"]
_HERE: Final = "https://this.example"
"""Stands in the examples for the server's address."""
_FOLDER: Final = Path(__file__).resolve().parents[1] / "examples"
_NAMED_GRAPHS: Final = {
    "urn:collectome:graph:records": "FDO records, MIDS level and conformance of each object",
    "urn:collectome:graph:provenance": "which activity made which version, by whom and when",
}
_DUMPS: Final = (Form.NQUADS, Form.NTRIPLES)
"""The exports that are RDF."""
_SHOWN: Final = {
    **PREFIXES,
    "sd": _SD,
    "void": _VOID,
    "void-ext": _VOID_EXT,
    "sh": _SH,
    "schema": _SCHEMA,
}
_SAYS_SO: Final = re.compile(
    r":(?:propertyPartition|classPartition|SPARQLExecutable|SPARQLSelectExecutable|namespace)\b"
    r"|[#](?:propertyPartition|classPartition|SPARQLExecutable|namespace)>"
)
_OF_TIME: Final = (
    "Parameters as-of (an event number, a day, an RFC 3339 instant) and observed-at name the state "
    "that is asked; Accept-Datetime does too (RFC 7089). States are also names in FROM, FROM NAMED "
    "and GRAPH: …/at/42, …/delta/40/42/added, …/delta/40/42/removed, and an object's version by "
    "its IRI. SERVICE to this endpoint itself, in the outermost group, is answered first and "
    "joined; any other is refused."
)
_OF_LIMITS: Final = (
    "A query may take {pool.timeout_s:g} seconds, {pool.memory_mb} MB, {pool.limits.characters} "
    "characters and brackets {pool.limits.depth} deep. One client may use so much engine time and "
    "make so many errors a minute as the header RateLimit-Policy says; then it is answered 429 "
    "with Retry-After."
)
_OF_AGE: Final = (
    "Queries are put to the newest published copy of the graph, which follows the log within "
    "seconds of an event, and about twice a minute through a large harvest. Each answer names its "
    "event (Collectome-Position) and time (Collectome-Recorded-At). Who has written and wants to "
    "read it sends min-position=N: the answer then waits for event N, or is 503 with Retry-After."
)

Triples = list[Triple]


@dataclass(frozen=True, slots=True)
class Example:
    """A query that shows what can be asked."""

    name: str
    comment: str
    query: str
    triples: Triples


class Description:
    """What the service says of itself."""

    def __init__(self, pool: QueryPool, public_base: str, examples: Path | None = None) -> None:
        self._pool, self._base = pool, public_base
        self.endpoint = f"{public_base}/sparql"
        self.statistics = Statistics(pool)
        self.examples = _read_examples(examples or _FOLDER, public_base)
        self._prefixes = list(_prefix_triples(self.endpoint))

    async def document(self, wait: float) -> Triples:
        """Service description with the statistics of the newest counted state, if any yet."""
        counts = await self.statistics.counts(wait)
        return [*self._service(), *(_void(self.endpoint, counts) if counts else ())]

    def example(self, name: str) -> Triples | None:
        """One example by name, all of them by "", or `None` where there is no such example."""
        chosen = [each for each in self.examples if name in ("", each.name)]
        if not chosen:
            return None
        return [*self._prefixes, *(triple for each in chosen for triple in each.triples)]

    def is_asked(self, query: str) -> bool:
        """Whether the query asks about the service."""
        return any(name in query for name in ABOUT_SERVICE) and _SAYS_SO.search(query) is not None

    async def instead_of_graph(self, query: str) -> str | None:
        """The description as N-Triples, if the query asks about the service; else `None`."""
        if not self.is_asked(query):
            return None
        triples = [*await self.document(wait=10.0), *(self.example("") or ())]
        return (serialize(triples, format=RdfFormat.N_TRIPLES) or b"").decode()

    def serialize(self, triples: Triples, form: Format) -> bytes:
        """The triples in an RDF syntax, with the usual prefixes."""
        return serialize(triples, format=getattr(RdfFormat, form.engine), prefixes=_SHOWN) or b""

    def _service(self) -> Iterator[Triple]:
        """SPARQL 1.1 Service Description §3; every node has a name."""
        service = self.endpoint
        yield typed(service, _SD + "Service")
        yield linked(service, _SD + "endpoint", service)
        yield linked(service, _SD + "supportedLanguage", _SD + "SPARQL11Query")
        for form in (*RESULTS, *GRAPHS):
            yield linked(service, _SD + "resultFormat", form.profile)
        dataset, default = f"{service}#dataset", f"{service}#default-graph"
        yield linked(service, _SD + "defaultDataset", dataset)
        yield typed(dataset, _SD + "Dataset")
        yield typed(dataset, _VOID + "Dataset")
        yield linked(dataset, _VOID + "sparqlEndpoint", service)
        for written in _DUMPS:
            dump = f"{self._base}/api/export?format={written}"
            yield linked(dataset, term("void:dataDump"), dump)
        yield worded(dataset, _RDFS + "label", "The current objects of this repository", "en")
        yield linked(dataset, _RDFS + "seeAlso", f"{self._base}/catalogue")
        yield linked(dataset, _SD + "defaultGraph", default)
        yield typed(default, _SD + "Graph")
        for name, meaning in _NAMED_GRAPHS.items():
            node = f"{service}#graph-{name.rpartition(':')[2]}"
            yield linked(dataset, _SD + "namedGraph", node)
            yield typed(node, _SD + "NamedGraph")
            yield linked(node, _SD + "name", name)
            yield linked(node, _SD + "graph", f"{node}-content")
            yield typed(f"{node}-content", _SD + "Graph")
            yield worded(node, _RDFS + "label", meaning, "en")
        for example in self.examples:
            yield linked(service, _RDFS + "seeAlso", f"{service}/examples/{example.name}")
        for about, text in ((service, _OF_TIME), (service, _OF_LIMITS), (dataset, _OF_AGE)):
            yield worded(about, _RDFS + "comment", text.format(pool=self._pool), "en")


def _void(endpoint: str, counts: Counts) -> Iterator[Triple]:
    """VoID §4.2 to 4.6: totals, datasets, class and property partitions, and the state they
    speak of."""
    for node in (f"{endpoint}#dataset", f"{endpoint}#default-graph"):
        yield valued(node, _VOID + "triples", counts.triples)
        yield valued(node, _VOID + "classes", len(counts.classes))
        yield valued(node, _VOID + "properties", len(counts.properties))
        yield valued(node, PREFIXES["col"] + "position", counts.position)
    if counts.recorded_at:
        modified = PREFIXES["dcterms"] + "modified"
        yield valued(f"{endpoint}#dataset", modified, counts.recorded_at, "dateTime")
    for source, entities in counts.datasets.items():
        yield linked(f"{endpoint}#dataset", _VOID + "subset", source)
        yield typed(source, _VOID + "Dataset")
        yield valued(source, _VOID + "entities", entities)
    graph = f"{endpoint}#default-graph"
    for at, (iri, number) in enumerate(counts.properties.items(), 1):
        node = f"{endpoint}#property-{at}"
        yield linked(graph, _VOID + "propertyPartition", node)
        yield linked(node, _VOID + "property", iri)
        yield valued(node, _VOID + "triples", number)
    nodes = {iri: f"{endpoint}#class-{at}" for at, iri in enumerate(counts.classes, 1)}
    for iri, node in nodes.items():
        yield linked(graph, _VOID + "classPartition", node)
        yield linked(node, _VOID + "class", iri)
        yield valued(node, _VOID + "entities", counts.classes[iri])
        yield from _members(node, iri, counts)


def _members(node: str, iri: str, counts: Counts) -> Iterator[Triple]:
    """Which properties the members of a class bear; read off a sample, so without numbers."""
    named: dict[str, str] = {}
    for at, pattern in enumerate(counts.patterns.get(iri, ()), 1):
        if pattern.property not in named:
            named[pattern.property] = f"{node}-property-{len(named) + 1}"
            yield linked(node, _VOID + "propertyPartition", named[pattern.property])
            yield linked(named[pattern.property], _VOID + "property", pattern.property)
        inside = f"{named[pattern.property]}-object-{at}"
        if pattern.object_class is not None:
            yield linked(named[pattern.property], _VOID + "classPartition", inside)
            yield linked(inside, _VOID + "class", pattern.object_class)
        elif pattern.datatype is not None:
            yield linked(named[pattern.property], _VOID_EXT + "datatypePartition", inside)
            yield linked(inside, _VOID_EXT + "datatype", pattern.datatype)


def _prefix_triples(endpoint: str) -> Iterator[Triple]:
    """SHACL §5.2.1: the prefixes, as editors ask for them."""
    owner = f"{endpoint}/examples"
    for prefix, namespace in sorted(PREFIXES.items()):
        node = f"{owner}#prefix-{prefix}"
        yield linked(owner, _SH + "declare", node)
        yield worded(node, _SH + "prefix", prefix)
        yield valued(node, _SH + "namespace", namespace, "anyURI")


def _read_examples(folder: Path, public_base: str) -> tuple[Example, ...]:
    """The examples of a folder, in the order of the numbers of its files; relative IRIs and the
    names of states get the server's address here."""
    found = []
    for file in sorted(folder.glob("*.ttl"), key=lambda file: int(file.stem.partition("-")[0])):
        text = file.read_text("utf-8").replace(_HERE, public_base)
        read = parse(text, format=RdfFormat.TURTLE, base_iri=f"{public_base}/")
        triples = [quad.triple for quad in read]
        said = {t.predicate.value: t.object.value for t in triples if isinstance(t.object, Literal)}
        query = next(
            said[_SH + form] for form in ("select", "construct", "ask") if _SH + form in said
        )
        name = file.stem.partition("-")[2]
        found.append(Example(name, said[_RDFS + "comment"], query.strip() + "\n", triples))
    return tuple(found)


def shipped_query(name: str) -> str:
    """The query of one of the examples that ship, for pages that lead to it."""
    return next(each.query for each in _read_examples(_FOLDER, _HERE) if each.name == name)
