"""A throw-away store that takes updates, behind the same application as the public one.

The W3C suites load data and send updates; the public application refuses those, so the suites
run on this one (decision 0016). Everything but the update itself is the application's own.
"""

from __future__ import annotations

import asyncio
import re
import threading
from pathlib import Path

from pyoxigraph import DefaultGraph, NamedNode, RdfFormat

from fdo.errors import CollectomeError
from handlers.queries.errors import MalformedQuery
from tests.handlers.queries.publisher import Publisher

_OWN_DATASET = re.compile(r"\b(?:USING|WITH)\b(?=\s*(?:NAMED\s*)?<)", re.IGNORECASE)
_SYNTAXES = {
    ".nt": RdfFormat.N_TRIPLES,
    ".rdf": RdfFormat.RDF_XML,
    ".ttl": RdfFormat.TURTLE,
}


class Writable(Publisher):
    """Takes updates and publishes after each; `base_iri` resolves what is relative in them."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.base_iri = "http://endpoint.example/sparql/"
        self._lock = threading.Lock()
        self._held: object = None
        self.publish()

    async def update(self, text: str, using: list[str], using_named: list[str]) -> None:
        """Carry the update out on the dataset of the request (SPARQL 1.1 Protocol §2.2.3)."""
        if (using or using_named) and _OWN_DATASET.search(text):
            raise MalformedQuery("The dataset is given both in the request and in the update.")
        clauses = [f"USING <{iri}>" for iri in using]
        clauses += [f"USING NAMED <{iri}>" for iri in using_named]
        dataset = " ".join(clauses)
        text = re.sub(r"\bWHERE\b", f"{dataset} WHERE", text) if clauses else text
        await asyncio.to_thread(self._carry_out, text)

    def replace(self, default: list[Path], named: dict[str, list[Path]], base: str) -> None:
        """Hold these files and nothing else, and publish that, unless they are there already."""
        wanted = (default, named, base)
        with self._lock:
            if wanted == self._held:
                return
            self._held = wanted
            self.store.clear()
            graphs: list[tuple[DefaultGraph | NamedNode, Path]]
            graphs = [(DefaultGraph(), file) for file in default]
            graphs += [(NamedNode(iri), file) for iri, files in named.items() for file in files]
            for graph, file in graphs:
                syntax = _SYNTAXES[file.suffix]
                iri = base + file.name
                self.store.load(path=str(file), format=syntax, base_iri=iri, to_graph=graph)
            self.publish()

    def _carry_out(self, text: str) -> None:
        with self._lock:
            self._held = None
            try:
                self.store.update(text, base_iri=self.base_iri)
            except SyntaxError as error:
                raise MalformedQuery(str(error)) from None
            except (OSError, RuntimeError, ValueError) as error:
                raise CollectomeError(str(error)) from None
            self.publish()
