"""What was erased in a SQLite file, and still lies in its write-ahead log.

An erasure overwrites bytes in the file; the log beside it holds them until it is emptied, which
whoever reads meanwhile prevents. A mark beside the file says that this is due, before the erasure
is committed, so that neither a long reader nor a kill leaves them there for good.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, Final, Protocol

_PATIENCE_MS: Final = 200
"""How long readers are waited for, and writers with us: who waits comes back later."""


class _Runs(Protocol):
    """A cursor of SQLite, or of the library around it, outside a transaction."""

    def execute(self, statement: str, /) -> Any: ...

    def fetchone(self) -> Any: ...


class Purge:
    """Whether the write-ahead log of a file must be emptied, and its emptying."""

    def __init__(self, path: Path) -> None:
        self._mark = path.with_name(f"{path.name}.purge")

    @property
    def due(self) -> bool:
        """Whether bytes may be left that were erased."""
        return self._mark.exists()

    def demand(self) -> None:
        """Note, durably, that bytes are about to be erased."""
        with self._mark.open("w") as mark:
            os.fsync(mark.fileno())
        folder = os.open(self._mark.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

    def carry_out(self, run: _Runs) -> bool:
        """Empty the log, unless somebody reads: False, it stays due."""
        run.execute("PRAGMA busy_timeout")
        (patience,) = run.fetchone()
        run.execute(f"PRAGMA busy_timeout={_PATIENCE_MS}")
        try:
            run.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            (busy, _, _) = run.fetchone()
        finally:
            run.execute(f"PRAGMA busy_timeout={patience}")
        if not busy:
            self._mark.unlink(missing_ok=True)
        return not busy
