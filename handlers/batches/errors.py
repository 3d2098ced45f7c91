"""Why a batch as a whole is not taken; what is wrong with single lines stands in its report."""

from __future__ import annotations

from fdo.errors import CollectomeError, Refused


class KeyReused(CollectomeError):
    """The Idempotency-Key came with another body before; what that body brought stands."""


class BatchBusy(Refused):
    """The batch is being worked on; `details["retry_after"]` in seconds."""


class Stopped(Exception):
    """Whoever carries out batches has to end; the batch goes on at the next start."""
