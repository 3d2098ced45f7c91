"""Why a batch as a whole is not taken; what is wrong with single lines stands in its report."""

from __future__ import annotations

from fdo.errors import CollectomeError, Refused


class KeyReused(CollectomeError):
    """The Idempotency-Key came with another body before; what that body brought stands."""


def key_reused(key: str | None, batch: str, had: str) -> KeyReused:
    """The refusal of a body under a key that came with another one, which `had` something else."""
    return KeyReused(
        f"The Idempotency-Key {key!r} came before with another body, which {had}. Send that body "
        "again, or take another key.",
        batch=batch,
    )


class BatchBusy(Refused):
    """The batch is being worked on; `details["retry_after"]` in seconds."""


class Stopped(Exception):
    """Whoever carries out batches has to end; the batch goes on at the next start."""
