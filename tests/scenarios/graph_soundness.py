"""What must hold of every graph: whose words, whose names, no nameless nodes (decision 0010)."""

from __future__ import annotations

import json
import re
from pathlib import Path

from pyoxigraph import Store

from ontologies.terms import CLASSES, TERMS

PID = re.compile(
    r"https://(?:doi\.org/10\.5072|hdl\.handle\.net/20\.5000\.5072)"
    r"/[0-9A-Z]{3}-[0-9A-Z]{3}-[0-9A-Z]{3}(?:#[a-z0-9-]+)?"
)
RECORDS = "urn:collectome:graph:records"
TYPE = "http://www.w3.org/1999/02/22-rdf-syntax-ns#type"


def checkpoint(data: Path) -> Store:
    """The newest checkpoint of a repository's graph."""
    folder = data / "projections" / "graph"
    notice = json.loads((folder / "current").read_bytes())
    return Store.read_only(str(folder / "checkpoints" / notice["checkpoint"]))


def assert_sound(data: Path) -> int:
    """Check every quad; the number of subjects in the default graph."""
    store = checkpoint(data)
    nameless = "{ ?s ?p ?o FILTER(isBlank(?s) || isBlank(?o)) }"
    assert not store.query(f"ASK {{ {nameless} UNION {{ GRAPH ?g {nameless} }} }}")
    everywhere = "{{ {0} }} UNION {{ GRAPH ?g {{ {0} }} }}"
    predicates = _distinct(store, f"SELECT DISTINCT ?p {{ {everywhere.format('?s ?p ?o')} }}")
    assert predicates - {term.iri for term in TERMS.values()} <= {TYPE}
    typed = everywhere.format(f"?s <{TYPE}> ?c")
    classes = _distinct(store, f"SELECT DISTINCT ?c {{ {typed} }}")
    assert classes <= {each.iri for each in CLASSES.values()}
    recorded = f"SELECT DISTINCT ?s {{ GRAPH <{RECORDS}> {{ ?s ?p ?o }} }}"
    assert all(PID.fullmatch(subject) for subject in _distinct(store, recorded))
    subjects = _distinct(store, "SELECT DISTINCT ?s WHERE { ?s ?p ?o }")
    strangers = [subject for subject in subjects if not PID.fullmatch(subject)]
    assert not strangers, f"no PID or part of one: {strangers[:5]}"
    return len(subjects)


def _distinct(store: Store, query: str) -> set[str]:
    return {row[0].value for row in store.query(query)}
