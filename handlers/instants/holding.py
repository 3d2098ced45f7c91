"""Holding an instant: find its store or have it built, and keep it in place meanwhile.

Builds go on in processes of their own, a few at a time, each instant once however many ask.
Who asked and has no patience left gets `Preparing` and asks again; the build goes on.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import sys
import time
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import orjson

from eventstore.instant import Instant
from eventstore.log import Log
from fdo.errors import CollectomeError, NotFound, Refused, Unavailable
from handlers import stores
from handlers.instants.build import Builder, progress_of
from handlers.instants.compaction import Compaction
from handlers.instants.ladder import Ladder
from handlers.instants.model import (
    GraphTooLarge,
    Held,
    NamedState,
    Preparing,
    Progress,
    Watch,
    compacted,
    key_of,
)
from handlers.instants.orders import asked

ROOT = Path(__file__).resolve().parents[2]
BUDGET_MB = 4096
BUILDERS = 2
"""Instants that are built at the same time."""
WAITING = 32
"""Builds that may be under way or wait; more are refused until some are done."""
REMEMBER_S = 60.0
"""How long a refusal is repeated without trying again."""
_POLL_S = 0.05
_REFUSALS: dict[str, type[CollectomeError]] = {
    kind.__name__: kind for kind in (NotFound, Refused, GraphTooLarge)
}
"""What a builder may refuse, by the name that it tells."""
_KEY = re.compile(r"[0-9a-z-]{1,120}\Z")
_ANSWER_LIMIT = 1 << 20


class Instants:
    """The instants of one data folder. One event loop uses `hold`; `hold_now` needs none."""

    def __init__(
        self, data: Path, log: Log, *, budget_mb: int = BUDGET_MB, patience_s: float = 5.0
    ) -> None:
        self._data, self._log = data, log
        self._budget, self._patience = budget_mb << 20, patience_s
        self._ladder = Ladder(data, log)
        self._tasks: dict[str, asyncio.Task[CollectomeError | None]] = {}
        self._refused: dict[str, tuple[float, CollectomeError]] = {}
        self._slots = asyncio.Semaphore(BUILDERS)
        self._whole: set[Path] = set()
        self._idle: list[Process] = []
        self._running: set[Process] = set()
        self.in_line_for: dict[str, set[str]] = {}
        """Client → the states that it asked for and that are not made yet, whichever door it asked
        at; kept by those who ask on behalf of clients."""
        self._compaction = Compaction(self._ladder, self._budget, self._made_compact)

    @asynccontextmanager
    async def hold(
        self, instant: Instant, graphs: Sequence[NamedState] = ()
    ) -> AsyncIterator[Held]:
        """The store of an instant with these named graphs, in place until the end.

        Preparing when it is not ready in time; GraphTooLarge when a graph is over its limit.
        """
        held, lock = self._found(instant, graphs) or await self._awaited(instant, graphs)
        try:
            self._compaction.asked(held.path)
            yield held
        finally:
            os.close(lock)

    @contextmanager
    def hold_now(
        self,
        instant: Instant,
        graphs: Sequence[NamedState] = (),
        watch: Watch = lambda _: None,
    ) -> Iterator[Held]:
        """As `hold`, in this process and for as long as it takes."""
        while (found := self._found(instant, graphs)) is None:
            try:
                Builder(self._ladder).build(instant, graphs, watch)
            except BlockingIOError:
                watch(progress_of(self._ladder.instants, self.key(instant, graphs)) or 0.0)
                time.sleep(_POLL_S)
        held, lock = found
        try:
            self._ladder.evict(self._budget)
            yield held
        finally:
            os.close(lock)

    def asked_again(self, held: Held) -> bool:
        """Another question is put to a state that is held; False when it should be held anew,
        since a compacted copy stands beside it by now."""
        stores.used(held.path)
        self._compaction.asked(held.path)
        return not self._ladder.outdone(held.path)

    def key(self, instant: Instant, graphs: Sequence[NamedState] = ()) -> str:
        """The name under which this is built and kept."""
        return key_of(instant, graphs, self._ladder.erasure())

    def plain(self, instant: Instant) -> Instant:
        """The same state without a bound by observed time that leaves nothing out, so that those
        who ask on behalf of others keep one store of it."""
        return self._ladder.deltas.plain(instant)

    def preparing(self, key: str) -> Progress | None:
        """How far a build is; None when nobody works on it (it is done, or was never asked)."""
        if not _KEY.match(key):
            return None
        share = progress_of(self._ladder.instants, key)
        if share is None and key in self._tasks:
            share = 0.0
        return None if share is None else Progress(key, share)

    def in_line(self, key: str) -> bool:
        """Whether this process has it built now or next."""
        return key in self._tasks

    async def close(self) -> None:
        """End the builders; what they had not finished is begun anew by whoever asks next."""
        await self._compaction.close()
        for task in list(self._tasks.values()):
            task.cancel()
        await asyncio.gather(*self._tasks.values(), return_exceptions=True)
        for process in list(self._running):
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()

    # ── finding ──────────────────────────────────────────────────────────────────────────

    def _found(self, instant: Instant, graphs: Sequence[NamedState]) -> tuple[Held, int] | None:
        place = self._ladder.instants / self.key(instant, graphs)
        candidates = [stores.read_kept(path) for path in (compacted(place), place)]
        if not graphs and instant.observed is None:
            candidates += self._ladder.exactly(instant.position)
        for kept in candidates:
            lock = stores.use(kept) if kept is not None else None
            if kept is None or lock is None:
                continue
            if self._opens(kept) and self._ladder.valid(kept):
                return Held(kept.path, instant, kept.recorded_at), lock
            os.close(lock)
            self._ladder.discard(kept)
        return None

    def _opens(self, kept: stores.Kept) -> bool:
        """Whether the store is whole; looked at once by this process."""
        if kept.path not in self._whole and stores.opens(kept.path):
            self._whole.add(kept.path)
        return kept.path in self._whole

    async def _awaited(self, instant: Instant, graphs: Sequence[NamedState]) -> tuple[Held, int]:
        key = self.key(instant, graphs)
        known = self._refused.get(key)
        if known is not None and time.monotonic() - known[0] < REMEMBER_S:
            raise known[1]
        task = self._tasks.get(key)
        if task is None:
            if len(self._tasks) >= WAITING:
                raise Unavailable("Many instants are being made ready; ask again.", retry_after=5)
            task = asyncio.create_task(self._built(key, instant, graphs), name=f"instant {key}")
            self._tasks[key] = task
            task.add_done_callback(lambda _: self._tasks.pop(key, None))
        done, _ = await asyncio.wait({task}, timeout=self._patience)
        if not done:
            raise Preparing(key, progress_of(self._ladder.instants, key) or 0.0)
        refusal = task.result()
        if refusal is not None:
            raise refusal
        found = self._found(instant, graphs)
        if found is None:  # erased or evicted between the two lines
            raise Preparing(key, 0.0)
        return found

    # ── building ─────────────────────────────────────────────────────────────────────────

    async def _built(
        self, key: str, instant: Instant, graphs: Sequence[NamedState]
    ) -> CollectomeError | None:
        """Have it built; the refusal, if it cannot be."""
        async with self._slots:
            while True:
                match await self._told(asked(instant, graphs)):
                    case ["built"]:
                        await asyncio.to_thread(self._ladder.evict, self._budget, key)
                        return None
                    case ["elsewhere"]:
                        await asyncio.sleep(_POLL_S)
                    case ["refused", str(kind), str(message), dict(details)]:
                        refusal = _REFUSALS.get(kind, Unavailable)
                        return self._remember(key, refusal(message, **details))
                    case answer:
                        return Unavailable(f"The state at this instant was not made: {answer}")

    def _remember(self, key: str, refusal: CollectomeError) -> CollectomeError:
        while len(self._refused) >= WAITING:
            del self._refused[next(iter(self._refused))]
        self._refused[key] = (time.monotonic(), refusal)
        return refusal

    async def _told(self, line: bytes) -> list[object]:
        """The answer of a builder; one that died is replaced once."""
        for _ in range(2):
            process = self._awake() or await self._started()
            try:
                assert process.stdin is not None and process.stdout is not None
                process.stdin.write(line + b"\n")
                await process.stdin.drain()
                answer = await process.stdout.readline()
            except (BrokenPipeError, ConnectionResetError, RuntimeError):
                answer = b""  # it ended just now; uvloop says so by a RuntimeError
            except asyncio.CancelledError:
                process.kill()
                raise
            if answer:
                self._idle.append(process)
                found: list[object] = orjson.loads(answer)
                return found
            await process.wait()
            self._running.discard(process)
        return ["failed", "the builder ended early"]

    async def _made_compact(self, source: Path) -> list[object]:
        """The answer of a process of its own to the path of a store that it compacts."""
        process = await self._started("--compact")
        try:
            assert process.stdin is not None and process.stdout is not None
            process.stdin.write(orjson.dumps(str(source.resolve())) + b"\n")
            process.stdin.close()
            answer = await process.stdout.readline()
        except asyncio.CancelledError:
            process.kill()
            raise
        await process.wait()
        self._running.discard(process)
        found: list[object] = orjson.loads(answer or b'["failed", "its process ended early"]')
        return found

    def _awake(self) -> Process | None:
        """A builder that waits for work; those that ended meanwhile are forgotten."""
        while self._idle:
            process = self._idle.pop()
            if process.returncode is None and process.stdin and not process.stdin.is_closing():
                return process
            self._running.discard(process)
        return None

    async def _started(self, *flags: str) -> Process:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-Wignore::RuntimeWarning:runpy",  # that this room has imported the module already
            "-m",
            "handlers.instants.build",
            str(self._data.resolve()),
            *flags,
            cwd=ROOT,
            stdin=PIPE,
            stdout=PIPE,
            limit=_ANSWER_LIMIT,
        )
        self._running.add(process)
        return process
