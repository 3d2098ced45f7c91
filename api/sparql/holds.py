"""States of other times, kept in their places between the queries that are put to them.

To hold a store takes longer than to answer a look-up (files are read, locked and marked as
used), so a store that was just asked stays held for a while: few at a time, and none from before
an erasure (decision 0004).
"""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Final

from api.sparql.times import Plan, Times
from handlers.instants import Held, Instants
from handlers.queries.errors import Busy

MOST_WAITING: Final = 4
"""States that are in line or made ready for one client at the same time."""
MOST_KEPT: Final = 8
REST_S: Final = 20.0
_LOOK_S: Final = 5.0
_ASK_S: Final = 1.0

_Key = tuple[int, Plan]


@dataclass(slots=True)
class _Kept:
    """A store that is held: by how many queries, and when the last one ended."""

    held: Held
    stack: AsyncExitStack
    users: int = 0
    used: float = 0.0
    asked: float = 0.0
    """When a faster store of this state was last looked for."""


class Holds:
    """Holds states for queries. `let_go` is told when stores may have left their places."""

    def __init__(self, instants: Instants, times: Times, let_go: Callable[[], None]) -> None:
        self._instants, self._times, self._let_go = instants, times, let_go
        self._kept: OrderedDict[_Key, _Kept] = OrderedDict()
        self._left: list[_Kept] = []
        self._making = instants.in_line_for
        self._sweeper: asyncio.Task[None] | None = None

    def here(self, plan: Plan, erasures: int) -> Held | None:
        """The store of a plan if it is held already: it stays until the caller next awaits. None
        too where a faster one stands beside it, which `hold` takes."""
        kept = self._still_best((erasures, plan))
        if kept is None:
            return None
        kept.used = time.monotonic()
        return kept.held

    @asynccontextmanager
    async def hold(self, plan: Plan, erasures: int, client: str) -> AsyncIterator[Held]:
        """The store of a plan, as of the newest erasure; Preparing while it is made."""
        key = (erasures, plan)
        kept = self._still_best(key) or await self._taken(key, client)
        self._kept.move_to_end(key)
        kept.users += 1
        try:
            yield kept.held
        finally:
            kept.users -= 1
            kept.used = time.monotonic()

    async def close(self) -> None:
        """Let go of everything."""
        if self._sweeper is not None:
            self._sweeper.cancel()
        for kept in (*self._kept.values(), *self._left):
            await kept.stack.aclose()
        self._kept.clear()
        self._left.clear()

    def _still_best(self, key: _Key) -> _Kept | None:
        """What is held of a state, unless a faster store of it stands there by now: then that is
        held next, and this one is left to the queries that are at it."""
        kept, now = self._kept.get(key), time.monotonic()
        if kept is None or now - kept.asked < _ASK_S:
            return kept
        kept.asked = now
        if self._instants.asked_again(kept.held):
            return kept
        self._left.append(self._kept.pop(key))
        return None

    async def _taken(self, key: _Key, client: str) -> _Kept:
        graphs, instant = key[1].graphs, self._instants.plain(key[1].instant)
        self._admit(client, self._instants.key(instant, graphs))
        stack = AsyncExitStack()
        held = await stack.enter_async_context(self._instants.hold(instant, graphs))
        known = self._kept.get(key)
        if known is not None:  # another query was quicker
            await stack.aclose()
            return known
        self._kept[key] = kept = _Kept(held, stack, used=time.monotonic())
        if self._sweeper is None or self._sweeper.done():
            self._sweeper = asyncio.get_running_loop().create_task(self._sweep())
        return kept

    def _admit(self, client: str, state: str) -> None:
        """Count a state that a client asks for until it is made, also when nobody waits for it
        any more: who goes away and asks for the next ones would fill the line of all."""
        for name, states in list(self._making.items()):
            states.intersection_update([each for each in states if self._instants.in_line(each)])
            if not states:
                del self._making[name]
        making = self._making.setdefault(client, set())
        if len(making) >= MOST_WAITING and state not in making:
            raise Busy(
                f"{MOST_WAITING} states of other times are being made ready for you already; ask "
                "again when they are.",
                retry_after=2,
            )
        making.add(state)

    async def _sweep(self) -> None:
        while self._kept or self._left:
            await asyncio.sleep(_LOOK_S)
            newest, now = self._times.erasures(), time.monotonic()
            for at, (key, kept) in enumerate(reversed(tuple(self._kept.items()))):
                old = key[0] != newest or at >= MOST_KEPT or now - kept.used > REST_S
                if old and not kept.users:
                    self._left.append(self._kept.pop(key))
            for kept in [kept for kept in self._left if not kept.users]:
                self._left.remove(kept)
                await kept.stack.aclose()
            self._let_go()
