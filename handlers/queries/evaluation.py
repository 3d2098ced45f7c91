"""Starting a query on a store and the dataset that it speaks of."""

from __future__ import annotations

from collections.abc import Sequence

from pyoxigraph import (
    BlankNode,
    DefaultGraph,
    NamedNode,
    QueryBoolean,
    QuerySolutions,
    QueryTriples,
    Store,
)

from handlers.queries.checkpoint import META_GRAPH
from handlers.queries.frames import EVERY_GRAPH, THE_STORE

Result = QuerySolutions | QueryTriples | QueryBoolean


def evaluate(
    store: Store,
    visible: list[NamedNode | BlankNode],
    query: str,
    *,
    default_graphs: Sequence[str] = (),
    named_graphs: Sequence[str] = (),
    own_dataset: bool = False,
    base_iri: str | None = None,
) -> Result:
    """The query on its dataset: that of the request, else its own (`own_dataset`: it has FROM),
    else the default graph of the store and its `visible` named graphs.

    SPARQL 1.1 Protocol §2.1.4: a dataset in the request wins over FROM in the query. The graph of
    the projection's position is in no dataset, also by name (decision 0010).
    """
    if own_dataset and not (default_graphs or named_graphs):
        from handlers.queries.mentions import mentions  # few queries name graphs of their own

        said = mentions(query)
        if META_GRAPH not in (*said.default, *said.named):
            return store.query(query, base_iri=base_iri)
        default_graphs, named_graphs = said.default, said.named
    if default_graphs or named_graphs:
        return store.query(
            query,
            base_iri=base_iri,
            default_graph=[
                DefaultGraph() if iri == THE_STORE else NamedNode(iri)
                for iri in default_graphs
                if iri != META_GRAPH
            ],
            named_graphs=visible
            if EVERY_GRAPH in named_graphs
            else [NamedNode(iri) for iri in named_graphs if iri != META_GRAPH],
        )
    return store.query(query, base_iri=base_iri, default_graph=DefaultGraph(), named_graphs=visible)
