"""Random SPARQL over the few words that random histories speak."""

from __future__ import annotations

from hypothesis import strategies as st

from eventstore.patches import PROVENANCE, RECORDS
from tests.eventstore.story import pid

DWC = "http://rs.tdwg.org/dwc/terms/"
ODS = "http://rs.dissco.eu/opends/terms/"
PROV = "http://www.w3.org/ns/prov#"
TYPE = "http://www.w3.org/1999/02/22-rdf-syntax-ns#type"
LEADS = {
    "specimen": [
        (TYPE, "class"), (f"{ODS}specimenName", "word"), (f"{DWC}sex", "word"),
        (f"{DWC}lifeStage", "word"), (f"{ODS}hasEvents", "event"), (f"{ODS}version", "number"),
        ("urn:collectome:vocab:pidStatus", "word"),
    ],
    "event": [
        (f"{DWC}year", "number"), (f"{ODS}hasLocation", "place"), (f"{ODS}hasAgents", "agent"),
        (TYPE, "class"),
    ],
    "place": [(f"{DWC}country", "word"), (f"{DWC}locality", "word")],
    "agent": [("http://schema.org/name", "word"), (TYPE, "class")],
    "version": [
        (f"{PROV}wasRevisionOf", "version"), (f"{PROV}specializationOf", "specimen"),
        (f"{PROV}wasGeneratedBy", "activity"),
    ],
    "activity": [(TYPE, "class"), (f"{PROV}endedAtTime", "word")],
}  # fmt: skip
"""What leads from where to what; a word, a number or a class leads nowhere."""
WORDS = sorted({f"<{word}>" for leads in LEADS.values() for word, _ in leads} | {"<urn:none>"})
THINGS = [f"<{pid(number).iri}>" for number in (1, 2, 3)]
VALUES = {
    "word": ['"Estonia"', '"Abies"', '"a"', '"ä\\n"'],
    "number": ["1801", "2"],
    "class": [f"<{ODS}DigitalSpecimen>", "?same"],
}
ALL_VALUES = [value for values in VALUES.values() for value in values if value[0] != "?"]
VARIABLES = ["?a", "?b", "?c", "?d"]

words = st.sampled_from(WORDS)
variables = st.sampled_from(["?a", "?b", "?b", "?c", "?d"])


conditions = st.one_of(
    variables.map(lambda v: f"BOUND({v})"),
    variables.map(lambda v: f"ISLITERAL({v})"),
    st.tuples(variables, st.sampled_from(["=", "!=", "<", ">="]), st.sampled_from(ALL_VALUES)).map(
        " ".join
    ),
    st.tuples(variables, variables).map(lambda p: f"STR({p[0]}) < STR({p[1]})"),
    variables.map(lambda v: f"REGEX(STR({v}), '^[AE].*a')"),
    variables.map(lambda v: f"CONTAINS(STR({v}), 'st')"),
    st.tuples(variables, words).map(lambda p: f"NOT EXISTS {{ {p[0]} {p[1]} ?hidden }}"),
    st.tuples(variables, words).map(lambda p: f"EXISTS {{ ?hidden {p[1]} {p[0]} }}"),
    variables.map(lambda v: f"{v} IN ({', '.join(ALL_VALUES)})"),
)


@st.composite
def steps(draw: st.DrawFn, word: str) -> str:
    """A predicate or a path, which often leads where the predicate does."""
    iri = f"<{word}>"
    return draw(
        st.one_of(
            st.just(iri),
            st.just(iri),
            st.just("?p"),
            words.map(lambda other: f"({iri}|{other})"),
            st.sampled_from([f"({iri}+)", f"({iri}*)", f"({iri}?)", f"(!^{iri})"]),
            words.map(lambda other: f"(!({other}|<urn:none>))"),
            words.map(lambda other: f"(^{other}/{other}/{iri})"),
        )
    )


@st.composite
def triples(draw: st.DrawFn, starts: tuple[str, ...] = ("specimen", "specimen", "event")) -> str:
    """One to three patterns, each tied to the one before, so that none multiplies the others."""
    start = kind = draw(st.sampled_from(starts))
    at = "?a" if kind != "specimen" else draw(st.sampled_from(["?a"] * 4 + THINGS[:2]))
    first, found = at, []
    for after in VARIABLES[1 : draw(st.integers(2, 4))]:
        word, leads_to = draw(st.sampled_from(LEADS[kind]))
        end = draw(st.sampled_from([after] * 8 + VALUES.get(leads_to, [])))
        found.append(f"{at} {draw(steps(word))} {end} .")
        at, kind = (end, leads_to) if leads_to in LEADS else (first, start)
    return " ".join(found)


@st.composite
def graphs(draw: st.DrawFn) -> str:
    """Patterns of a named graph, or of any."""
    name, starts = draw(
        st.sampled_from(
            [
                (f"<{PROVENANCE}>", ("version", "activity")),
                ("?g", ("version", "specimen")),
                (f"<{RECORDS}>", ("specimen",)),
                ("<urn:none>", ("specimen",)),
            ]
        )
    )
    return f"GRAPH {name} {{ {draw(triples(starts))} }}"


def grown(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """What can be made of patterns."""
    tied = triples()
    return st.one_of(
        inner,
        inner,
        st.tuples(tied, inner).map(lambda p: f"{p[0]} OPTIONAL {{ {p[1]} }}"),
        st.tuples(inner, inner).map(lambda p: f"{{ {p[0]} }} UNION {{ {p[1]} }}"),
        st.tuples(inner, conditions).map(lambda p: f"{p[0]} FILTER({p[1]})"),
        st.tuples(tied, inner).map(lambda p: f"{p[0]} MINUS {{ {p[1]} }}"),
        graphs(),
        st.tuples(tied, graphs()).map(" ".join),
        st.tuples(tied, variables).map(lambda p: f"{p[0]} BIND(STRLEN(STR({p[1]})) AS ?long)"),
        tied.map(lambda p: f"VALUES ?a {{ {' '.join(THINGS[:2])} }} {p}"),
        inner.map(lambda p: f"{{ SELECT ?a (COUNT(*) AS ?times) {{ {p} }} GROUP BY ?a }}"),
    )


patterns = st.recursive(triples(), grown, max_leaves=3)
heads = st.sampled_from(
    [
        "SELECT *",
        "SELECT DISTINCT ?a ?b",
        "SELECT (COUNT(*) AS ?n) (MIN(STR(?b)) AS ?least)",
        "SELECT (COUNT(DISTINCT ?a) AS ?n) (MAX(?b) AS ?most) (SUM(?b) AS ?sum)",
        "CONSTRUCT { ?a <urn:has> ?b . ?c <urn:is> ?d } WHERE",
        "ASK",
        f"SELECT * FROM <{RECORDS}> FROM NAMED <{PROVENANCE}>",
    ]
)
ends = st.sampled_from(
    [
        "",
        "ORDER BY STR(?a) STR(?b)",
        "GROUP",
    ]
)


@st.composite
def questions(draw: st.DrawFn) -> str:
    """A query of any form whose rows, sorted, are determined by the graph alone."""
    where = draw(patterns)
    head, end = draw(heads), draw(ends)
    if end == "GROUP":
        count = "SELECT ?b (COUNT(DISTINCT ?a) AS ?n) (COUNT(*) AS ?all)"
        return f"{count} {{ {where} }} GROUP BY ?b HAVING (COUNT(*) > 0)"
    return f"{head} {{ {where} }} {'' if head == 'ASK' else end}"
