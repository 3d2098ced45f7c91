"""An export as the server hands it on: the bytes of a process, taken as fast as they are sent."""

from __future__ import annotations

import asyncio
import contextlib
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from fdo.errors import Unavailable
from handlers.exports.contents import Export
from handlers.exports.writing import asked

ROOT = Path(__file__).resolve().parents[2]
PIECE = 1 << 16
"""Bytes that are handed on at a time; the pipe and this process hold a few of them at most."""


@asynccontextmanager
async def written(
    data: Path, export: Export, store: Path | None, *, packed: bool = False
) -> AsyncIterator[AsyncGenerator[bytes, None]]:
    """The pieces of an export; its process ends with the context, whole or not.

    The iterator raises Unavailable where the process ended before the export did.
    """
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "handlers.exports.writing",
        str(data.resolve()),
        asked(export, store, packed=packed),
        cwd=ROOT,
        stdin=DEVNULL,
        stdout=PIPE,
        limit=PIECE,
    )
    try:
        yield _pieces(process)
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.communicate()  # an end that waits behind unread bytes is never told


async def _pieces(process: Process) -> AsyncGenerator[bytes, None]:
    assert process.stdout is not None
    while piece := await process.stdout.read(PIECE):
        yield piece
    if await process.wait():
        raise Unavailable("The export ended before its last line; take it again.", retry_after=5)
