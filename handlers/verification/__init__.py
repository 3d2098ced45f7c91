"""Does everything agree? The log with itself and with what was signed of it, and the projections
with the log."""

from handlers.verification.faults import Fault, Watch
from handlers.verification.log import verify_log
from handlers.verification.projections import graph_digests, table_digests, verify_projections

__all__ = [
    "Fault",
    "Watch",
    "graph_digests",
    "table_digests",
    "verify_log",
    "verify_projections",
]
