"""The outline shows every value of a document, and names nodes as RDF does."""

from __future__ import annotations

from fdo.representations.nquads import triples
from fdo.representations.outline import Section, outline
from tests.api.documents import a_specimen

OAK = {"@id": "https://doi.org/10.5072/AAA-BBB-CCC", **a_specimen()}


def _walk(section: Section) -> list[Section]:
    return [section, *(inner for below in section.sections for inner in _walk(below))]


def _leaves(node: object) -> list[object]:
    if isinstance(node, dict):
        items = [value for key, value in node.items() if key not in ("@id", "@type")]
        return [leaf for value in items for leaf in _leaves(value)]
    if isinstance(node, list):
        return [leaf for value in node for leaf in _leaves(value)]
    return [node]


def test_sections_are_the_nodes_of_the_graph():
    subjects = {line.split(" ", 1)[0].strip("<>") for line in triples(OAK)}
    nodes = {subject.partition("#")[2] for subject in subjects if "geometry" not in subject}
    assert {section.fragment for section in _walk(outline(OAK))} == nodes


def test_every_value_is_shown_once():
    shown = [text for s in _walk(outline(OAK)) for row in s.rows for text in row.values]
    spoken = {True: "yes", False: "no"}
    wanted = [spoken[leaf] if isinstance(leaf, bool) else str(leaf) for leaf in _leaves(OAK)]
    assert sorted(shown) == sorted(wanted)


def test_a_term_that_nobody_knows_is_shown_under_its_key():
    (row,) = outline({"x:unknown": {"a": 1}}).rows
    assert (row.label, row.values) == ("x:unknown", ('{"a":1}',))
