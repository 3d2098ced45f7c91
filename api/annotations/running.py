"""What runs beside the server for batches: the one who carries them out, and who asks for them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from api.annotations.batches import Ask
from api.annotations.speaking import desk_of, speaker_of
from api.security import Tokens
from api.settings import Settings
from eventstore.application import DigitalObjects
from handlers.batches.runner import Runner
from handlers.queries.answer import Question
from handlers.queries.pool import QueryPool


@asynccontextmanager
async def batches_beside(
    settings: Settings, objects: DigitalObjects, tokens: Tokens
) -> AsyncIterator[None]:
    """Batches that wait are carried out until the end of the block."""
    runner = Runner(desk_of(objects, settings), lambda name: speaker_of(name, tokens, objects))
    runner.start()
    try:
        yield
    finally:
        await asyncio.to_thread(runner.stop)


def asking(pool: QueryPool) -> Ask:
    """Puts the queries of batches to the workers that answer SPARQL, within their limits."""

    async def ask(query: str) -> bytes:
        async with pool.run(Question(query, graphs=None, client="batches")) as answer:
            return await answer.read()

    return ask
