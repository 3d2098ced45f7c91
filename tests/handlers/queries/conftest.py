"""A published graph and a pool on it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from handlers.queries.pool import QueryPool
from tests.handlers.queries.publisher import Publisher, people

Scenario = Callable[[QueryPool], Awaitable[Any]]


@pytest.fixture
def graph(tmp_path: Path) -> Publisher:
    """A thousand people and a position in the meta graph, published once."""
    publisher = Publisher(tmp_path)
    publisher.load(people(1000))
    publisher.load(
        "<urn:collectome:log> <urn:x:position> <urn:x:1> <urn:collectome:graph:meta> .\n"
        "<urn:x:a> <urn:x:status> <urn:x:b> <urn:collectome:graph:records> .\n"
    )
    publisher.publish()
    return publisher


@pytest.fixture
def with_pool(graph: Publisher) -> Callable[..., Any]:
    """Run a scenario on a pool with these limits and return what it returns."""

    def run(scenario: Scenario, **limits: Any) -> Any:
        async def living() -> Any:
            async with QueryPool(graph.folder, **limits) as pool:
                return await scenario(pool)

        return asyncio.run(living())

    return run
