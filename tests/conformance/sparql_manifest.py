"""Reads W3C SPARQL manifests into plain tests, so that each entry is a test of ours by name."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from urllib.parse import unquote, urlsplit

from rdflib import RDF, Graph, Namespace, URIRef
from rdflib.collection import Collection
from rdflib.term import Node

MF = Namespace("http://www.w3.org/2001/sw/DataAccess/tests/test-manifest#")
QT = Namespace("http://www.w3.org/2001/sw/DataAccess/tests/test-query#")
UT = Namespace("http://www.w3.org/2009/sparql/tests/test-update#")
HT = Namespace("http://www.w3.org/2011/http#")
CNT = Namespace("http://www.w3.org/2011/content#")
RDFS = Namespace("http://www.w3.org/2000/01/rdf-schema#")
SUITE = Path(__file__).resolve().parents[3] / "shared/data/conformance/sparql11"


@dataclass(frozen=True, slots=True)
class Exchange:
    """One HTTP request and what must come back."""

    method: str
    path: str
    headers: tuple[tuple[str, str], ...]
    body: bytes | None
    statuses: tuple[str, ...]
    boolean: bool | None
    form: str | None


@dataclass(frozen=True, slots=True)
class ProtocolTest:
    """A sequence of requests on given named graphs."""

    name: str
    exchanges: tuple[Exchange, ...]
    graphs: dict[str, list[Path]] = field(hash=False)


@dataclass(frozen=True, slots=True)
class QueryTest:
    """A query, the files it is put to, and the file with the answer."""

    name: str
    kind: str
    query: Path
    default: tuple[Path, ...] = ()
    named: tuple[Path, ...] = ()
    result: Path | None = None


@lru_cache(maxsize=32)
def _read(group: str) -> Graph:
    manifest = SUITE / group / "manifest.ttl"
    return Graph().parse(manifest, publicID=manifest.as_uri())


def _entries(graph: Graph) -> list[Node]:
    return [each for head in graph.objects(None, MF.entries) for each in Collection(graph, head)]


def query_tests(group: str) -> list[QueryTest]:
    """The query and syntax tests of a group; none where the suite is absent."""
    if not (SUITE / group / "manifest.ttl").is_file():
        return []
    graph = _read(group)
    tests = []
    for entry in _entries(graph):
        action = graph.value(entry, MF.action)
        query = graph.value(action, QT.query) or action
        result = graph.value(entry, MF.result)
        tests.append(
            QueryTest(
                f"{group}/{str(entry).rpartition('#')[2]}",
                str(graph.value(entry, RDF.type)).rpartition("#")[2],
                _path(query),
                tuple(_path(each) for each in graph.objects(action, QT.data)),
                tuple(_path(each) for each in graph.objects(action, QT.graphData)),
                _path(result) if result is not None else None,
            )
        )
    return tests


def protocol_tests() -> list[ProtocolTest]:
    """The protocol tests; none where the suite is absent."""
    if not (SUITE / "protocol" / "manifest.ttl").is_file():
        return []
    graph = _read("protocol")
    tests = []
    for entry in _entries(graph):
        action = graph.value(entry, MF.action)
        loaded: dict[str, list[Path]] = {}
        for given in graph.objects(entry, UT.graphData):
            name = str(graph.value(given, RDFS.label))
            loaded.setdefault(name, []).append(_path(graph.value(given, UT.graph)))
        requests = graph.value(action, HT.requests)
        exchanges = tuple(_exchange(graph, each) for each in Collection(graph, requests))
        tests.append(ProtocolTest(str(entry).rpartition("#")[2], exchanges, loaded))
    return tests


def _exchange(graph: Graph, request: Node) -> Exchange:
    body, response = graph.value(request, HT.body), graph.value(request, HT.resp)
    headers = graph.value(request, HT.headers)
    text = graph.value(body, CNT.chars) if body is not None else None
    encoding = graph.value(body, CNT.characterEncoding) if body is not None else None
    boolean = graph.value(response, MF.expectedBoolean)
    form = graph.value(response, MF.expectedFormat)
    return Exchange(
        str(graph.value(request, HT.methodName)),
        str(graph.value(request, HT.absolutePath)),
        tuple(
            (str(graph.value(each, HT.fieldName)), str(graph.value(each, HT.fieldValue)))
            for each in (Collection(graph, headers) if headers is not None else ())
        ),
        str(text).encode(str(encoding)) if text is not None else None,
        tuple(
            str(s).rpartition("StatusCode")[2] for s in graph.objects(response, MF.expectedStatus)
        ),
        None if boolean is None else bool(boolean.toPython()),
        str(form) if form is not None else None,
    )


def _path(node: Node | None) -> Path:
    assert isinstance(node, URIRef)
    return Path(unquote(urlsplit(str(node)).path))
