"""Any instant as a graph store: the ladder of checkpoints, and what is built from it.

async with instants.hold(Instant(42)) as held:
    store = Store.read_only(str(held.path))   # ordinary SPARQL on the state after event 42
"""

from handlers.instants.holding import Instants
from handlers.instants.model import (
    DeltaGraph,
    GraphTooLarge,
    Held,
    NamedState,
    Preparing,
    Progress,
    VersionGraph,
)

__all__ = [
    "DeltaGraph",
    "GraphTooLarge",
    "Held",
    "Instants",
    "NamedState",
    "Preparing",
    "Progress",
    "VersionGraph",
]
