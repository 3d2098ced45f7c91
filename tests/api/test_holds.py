"""States that are held between queries give way to their compacted copies."""

from __future__ import annotations

import asyncio

import pytest

from api.sparql import holds as holding
from api.sparql.holds import Holds
from api.sparql.times import Plan, Times
from eventstore.instant import Instant
from handlers.instants.build import Builder
from handlers.instants.model import compacted
from handlers.stores import remove
from tests.handlers.instants.history import History, quads


def test_the_next_query_gets_the_compacted_copy_and_one_under_way_keeps_its_store(
    history: History, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(holding, "_LOOK_S", 0.0)
    instants, plan = history.instants(), Plan(Instant(3))
    swept = asyncio.Event()
    with instants.hold_now(plan.instant) as held:
        plain = held.path

    async def two() -> None:
        holds = Holds(instants, Times(history.objects, "https://host"), swept.set)
        async with holds.hold(plan, 0, "one") as first:
            assert first.path == plain
            assert holds.here(plan, 0) == first
            Builder(history.ladder()).compact(plain)
            assert holds.here(plan, 0) == first, "it was looked at just now"
            monkeypatch.setattr(holding, "_ASK_S", 0.0)
            assert holds.here(plan, 0) is None
            async with holds.hold(plan, 0, "two") as second:
                assert second.path == compacted(plain)
                assert holds.here(plan, 0) == second
            swept.clear()
            await swept.wait()
            assert not remove(plain), "the first query is at it still"
            assert quads(plain) == quads(second.path)
        swept.clear()
        await swept.wait()
        assert remove(plain)
        await holds.close()
        assert remove(second.path), "nothing is held any more"

    asyncio.run(two())
