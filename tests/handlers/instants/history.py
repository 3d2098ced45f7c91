"""Random histories with two clocks, and the state at an instant said without any ladder."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from hypothesis import strategies as st
from pyoxigraph import RdfFormat, Store

from eventstore.follower import follow_once
from eventstore.instant import Instant
from eventstore.patches import META
from fdo.errors import CollectomeError
from fdo.lifecycle import Command, Revise
from handlers.instants import Instants
from handlers.instants.ladder import Ladder
from handlers.instants.rungs import Policy, Rungs
from handlers.projections.deltas import Deltas
from handlers.projections.graph import Graph
from tests.eventstore.story import Objects, pid
from tests.eventstore.test_patches import DEEDS, carried_out, contents, fold

Step = tuple[int, str, dict[str, Any], int | None]

LAST = 2_000_000
"""Later than any clock of a history."""

histories = st.lists(
    st.tuples(
        st.integers(1, 3),
        st.sampled_from([*DEEDS, "revise", "revise"]),
        contents(),
        st.none() | st.integers(1, 6),
    ),
    min_size=1,
    max_size=14,
)
bounds = st.tuples(st.integers(0, 14), st.none() | st.integers(0, 7) | st.just(LAST))


class History(Objects):
    """A log, its graph and its deltas, in the layout of a data folder."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.deltas = Deltas(folder / "projections" / "deltas" / "view.sqlite")
        self.graph = Graph(folder / "projections" / "graph")
        self._observed: int | None = None

    def do(self, number: int, command: Command, **more: Any) -> Any:
        if isinstance(command, Revise):  # what sources say comes with a time of theirs
            more.setdefault("observed_at", self._observed)
        return super().do(number, command, **more)

    def tell(self, steps: list[Step]) -> None:
        """Carry out steps where the lifecycle allows them."""
        for number, deed, content, observed in steps:
            self._observed = observed
            if deed == "register" and observed:
                try:
                    self.register(number, "Abies", observed_at=observed)
                except CollectomeError:
                    continue
            else:
                carried_out(self, number, deed, content)

    def project(self) -> None:
        """Bring the views to the head and publish."""
        while follow_once(self.log, [self.deltas, self.graph]):
            pass
        self.graph.flush()
        self.graph.publish(self.log)

    def ladder(self) -> Ladder:
        return Ladder(self.folder, self.log)

    def instants(self, **more: Any) -> Instants:
        """With the patience to wait for a builder that other tests keep from its work."""
        return Instants(self.folder, self.log, **{"patience_s": 60.0, **more})

    def rungs(self, *, share: int = 1, **policy: int) -> Rungs:
        """Rungs of which most are light, small as the histories are."""
        graph = self.folder / "projections" / "graph"
        return Rungs(graph, Policy(**policy), self.ladder(), share=share)

    def close(self) -> None:
        self.deltas.close()
        self.graph.close()
        self.objects.close()

    def truth(self, instant: Instant) -> set[str]:
        """The quads of an instant by folding the events inside its bounds."""
        bound = instant.observed
        inside = [
            event
            for event in self.log.read(0, 100_000, instant.position)
            if bound is None or event.observed_at <= bound
        ]
        store = Store()
        store.load("".join(fold(inside)).encode(), format=RdfFormat.N_QUADS)
        return _quads(store)


def quads(path: Path) -> set[str]:
    """All quads of a store on disk but those of its own position."""
    return _quads(Store.read_only(str(path)))


def _quads(store: Store) -> set[str]:
    return {str(quad) for quad in store if str(quad.graph_name) != f"<{META}>"}


__all__ = ["History", "bounds", "histories", "pid", "quads"]
