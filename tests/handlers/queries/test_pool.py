"""How queries run, wait, end and are ended."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import Callable
from typing import Any

import orjson
import pytest

from fdo.errors import Unavailable
from handlers.queries.answer import Copy, Question
from handlers.queries.errors import Busy, MalformedQuery, NotOffered, QueryStopped, QueryTooLarge
from handlers.queries.exchange import Exchange
from handlers.queries.formats import GRAPHS, RESULTS, by_name
from handlers.queries.gate import Limits
from handlers.queries.pool import QueryPool
from tests.handlers.queries.publisher import Publisher, people

NAME = "SELECT ?name { <http://example.org/person/7> <http://xmlns.com/foaf/0.1/name> ?name }"
COUNT = "SELECT (COUNT(*) AS ?n) { ?s ?p ?o }"
RUNAWAY = "SELECT (COUNT(*) AS ?n) { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i . ?j ?k ?l }"
BIG = "SELECT * { ?s ?p ?o . ?a <http://xmlns.com/foaf/0.1/age> 5 }"
"""33,000 rows, some megabytes: more than fits into the buffers between worker and reader."""


async def ask(pool: QueryPool, query: str, **more: Any) -> bytes:
    async with pool.run(Question(query, **more)) as answer:
        return await answer.read()


async def until(seen: Callable[[], bool]) -> None:
    """Return when it is seen."""
    async with asyncio.timeout(20):
        while not seen():
            await asyncio.sleep(0.01)


async def number(pool: QueryPool, query: str = COUNT, **more: Any) -> int:
    found = orjson.loads(await ask(pool, query, **more))
    return int(found["results"]["bindings"][0]["n"]["value"])


def test_an_answer_tells_its_kind_its_format_and_the_state_it_speaks_of(with_pool: Any) -> None:
    async def scenario(pool: QueryPool) -> None:
        async with pool.run(Question(NAME)) as answer:
            assert (answer.kind, answer.position) == ("bindings", 1)
            assert answer.content_type == "application/sparql-results+json"
            assert answer.recorded_at.endswith("Z")
            assert b'"Person 7"' in await answer.read()

    with_pool(scenario)


@pytest.mark.parametrize("form", RESULTS, ids=lambda form: form.name)
def test_bindings_come_in_every_results_format(with_pool: Any, form: Any) -> None:
    assert b"Person 7" in with_pool(lambda pool: ask(pool, NAME, results=form))


@pytest.mark.parametrize("form", GRAPHS, ids=lambda form: form.name)
def test_triples_come_in_every_rdf_syntax(with_pool: Any, form: Any) -> None:
    construct = "CONSTRUCT WHERE { <http://example.org/person/7> ?p ?o }"
    assert b"Person 7" in with_pool(lambda pool: ask(pool, construct, graphs=form))


def test_triples_are_not_offered_as_a_table(with_pool: Any) -> None:
    csv = by_name("csv", RESULTS)
    with pytest.raises(NotOffered) as refusal:
        with_pool(lambda pool: ask(pool, "CONSTRUCT WHERE { ?s ?p ?o }", results=csv, graphs=None))
    assert "text/turtle" in refusal.value.offered


def test_a_malformed_query_is_answered_with_the_place_of_the_error(with_pool: Any) -> None:
    with pytest.raises(MalformedQuery) as refusal:
        with_pool(lambda pool: ask(pool, "SELECT *\n{ ?s ?p"))
    assert refusal.value.details["line"] == 2


def test_the_position_graph_is_not_part_of_the_dataset(with_pool: Any) -> None:
    graphs = "SELECT (COUNT(DISTINCT ?g) AS ?n) { GRAPH ?g { ?s ?p ?o } }"
    assert with_pool(lambda pool: number(pool, graphs)) == 1


@pytest.mark.parametrize(
    "text",
    [
        "SELECT (COUNT(*) AS ?n) FROM <urn:collectome:graph:meta> { ?s ?p ?o }",
        "SELECT (COUNT(*) AS ?n) FROM <urn:collectome:graph:met\\u0061> { ?s ?p ?o }",
        "BASE <urn:collectome:graph:meta> SELECT (COUNT(*) AS ?n) FROM <> { ?s ?p ?o }",
        "PREFIX m: <urn:collectome:graph:> SELECT (COUNT(*) AS ?n) FROM NAMED m:meta "
        "{ GRAPH ?g { ?s ?p ?o } }",
    ],
)
def test_the_position_graph_is_left_out_also_where_it_is_named(with_pool: Any, text: str) -> None:
    assert with_pool(lambda pool: number(pool, text)) == 0


def test_the_position_graph_is_left_out_of_a_dataset_that_holds_others(with_pool: Any) -> None:
    meta, records = "urn:collectome:graph:meta", "urn:collectome:graph:records"
    both = COUNT.replace("{", f"FROM <{meta}> FROM <{records}> {{")
    assert with_pool(lambda pool: number(pool, both)) == 1
    graphs = "SELECT (COUNT(*) AS ?n) { GRAPH ?g { ?s ?p ?o } }"
    assert with_pool(lambda pool: number(pool, default_graphs=(meta,))) == 0
    assert with_pool(lambda pool: number(pool, default_graphs=(meta, records))) == 1
    assert with_pool(lambda pool: number(pool, graphs, named_graphs=(meta, records))) == 1


def test_the_dataset_of_the_request_wins_over_from(with_pool: Any) -> None:
    query = "SELECT (COUNT(*) AS ?n) FROM <urn:nothing:here> { ?s ?p ?o }"
    records = ("urn:collectome:graph:records",)
    assert with_pool(lambda pool: number(pool, query)) == 0
    assert with_pool(lambda pool: number(pool, query, default_graphs=records)) == 1
    assert with_pool(lambda pool: number(pool, COUNT, named_graphs=records)) == 0


def test_a_graph_name_that_is_no_iri_is_the_asker_s_mistake(with_pool: Any) -> None:
    with pytest.raises(MalformedQuery):
        with_pool(lambda pool: ask(pool, COUNT, default_graphs=("no iri",)))
    with pytest.raises(QueryTooLarge):
        with_pool(
            lambda pool: ask(pool, COUNT, default_graphs=("urn:a", "urn:b")),
            limits=Limits(graphs=1),
        )


def test_what_is_published_is_seen_by_the_next_query(with_pool: Any, graph: Publisher) -> None:
    async def scenario(pool: QueryPool) -> None:
        assert await number(pool) == 3000
        graph.load(people(10, first=1000))
        assert await number(pool) == 3000
        position = graph.publish()
        for _ in range(6):  # every worker, whichever answers
            async with pool.run(Question(COUNT)) as answer:
                assert (answer.position, b'"3030"' in await answer.read()) == (position, True)

    with_pool(scenario)


def test_a_question_can_wait_for_a_position(with_pool: Any, graph: Publisher) -> None:
    async def scenario(pool: QueryPool) -> None:
        graph.load(people(10, first=1000))
        waiting = asyncio.create_task(number(pool, min_position=2))
        await asyncio.sleep(0.1)
        assert not waiting.done()
        graph.publish()
        assert await waiting == 3030
        with pytest.raises(Unavailable, match="position 2, not yet to 9"):
            await ask(pool, COUNT, min_position=9)

    with_pool(scenario, timeout_s=1.0)


def test_few_may_wait_for_a_position_and_one_client_has_half_of_the_places(with_pool: Any) -> None:
    async def scenario(pool: QueryPool) -> None:
        waiting = [
            asyncio.create_task(ask(pool, COUNT, min_position=2, client=client))
            for client in ("a", "a", "b")
        ]
        await asyncio.sleep(0)
        with pytest.raises(Busy, match="3 queries, 2 of them yours"):
            await ask(pool, COUNT, min_position=2, client="a")
        waiting.append(asyncio.create_task(ask(pool, COUNT, min_position=2, client="b")))
        await asyncio.sleep(0)
        with pytest.raises(Busy) as refusal:
            await ask(pool, COUNT, min_position=2, client="c")
        assert refusal.value.details["retry_after"] >= 1
        assert await number(pool, min_position=1, client="c") == 3000, "what is there is there"
        for task in waiting:
            task.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)
        assert not pool._reaching

    with_pool(scenario, queue_limit=4)


def test_before_anything_is_published_the_answer_is_later(tmp_path: Any) -> None:
    async def scenario() -> None:
        async with QueryPool(tmp_path) as pool:
            with pytest.raises(Unavailable, match="No graph was published yet"):
                await ask(pool, COUNT)

    asyncio.run(scenario())


def test_a_killed_runaway_query_leaves_its_neighbours_unhurt(with_pool: Any) -> None:
    async def scenario(pool: QueryPool) -> None:
        runaway = asyncio.create_task(ask(pool, RUNAWAY))
        answered, slowest = 0, 0.0
        while not runaway.done():
            began = time.monotonic()
            assert await number(pool) == 3000
            slowest = max(slowest, time.monotonic() - began)
            answered += 1
        with pytest.raises(QueryStopped, match=r"longer than 0\.7 seconds") as stop:
            await runaway
        assert stop.value.reason == "deadline"
        assert answered > 5
        assert slowest < 0.7
        assert pool.standing.stopped == {"deadline": 1}
        assert await number(pool) == 3000

    with_pool(scenario, timeout_s=0.7)


def test_the_deadline_covers_parsing_and_planning(with_pool: Any) -> None:
    slow_to_plan = "SELECT * {" + "?s ?p ?o." * 3000 + "}"

    async def scenario(pool: QueryPool) -> float:
        began = time.monotonic()
        with pytest.raises(QueryStopped, match="longer than"):
            await ask(pool, slow_to_plan)
        return time.monotonic() - began

    assert with_pool(scenario, timeout_s=0.5) < 2


@pytest.mark.parametrize(
    "chain",
    [
        "SELECT * { ?s ?p ?o FILTER(?o = 1" + "||?o=1" * 3000 + ") } LIMIT 1",
        "SELECT * { ?s ?p ?o FILTER(" + "!" * 60000 + "?o) } LIMIT 1",
        "SELECT * {" + "".join(f"BIND(1 AS ?x{i})" for i in range(3000)) + "} LIMIT 1",
    ],
    ids=["alternatives", "negations", "bindings"],
)
def test_long_flat_chains_do_not_crash_the_engine(with_pool: Any, chain: str) -> None:
    assert b"bindings" in with_pool(lambda pool: ask(pool, chain), timeout_s=20)


def test_a_memory_bomb_is_stopped_and_named(with_pool: Any) -> None:
    bomb = "SELECT * { ?s ?p ?o . ?a ?b ?c } ORDER BY ?o ?c"
    with pytest.raises(QueryStopped, match="more than 200 MB") as stop:
        with_pool(lambda pool: ask(pool, bomb), memory_mb=200, timeout_s=30)
    assert stop.value.reason == "memory"


def test_a_worker_that_dies_is_replaced_and_its_query_says_so(with_pool: Any) -> None:
    async def scenario(pool: QueryPool) -> None:
        asking = asyncio.create_task(ask(pool, RUNAWAY))
        await until(lambda: bool(pool._busy))
        (busy,) = pool._busy
        os.kill(busy.pid, signal.SIGSEGV)
        with pytest.raises(QueryStopped, match="made the engine stop") as stop:
            await asking
        assert stop.value.reason == "crash"
        assert await number(pool) == 3000
        await until(lambda: len(pool._all) == 3)

    with_pool(scenario)


def test_who_leaves_early_frees_the_worker(with_pool: Any) -> None:
    async def scenario(pool: QueryPool) -> None:
        async with pool.run(Question(BIG)) as answer:
            async for _ in answer:
                break
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.2):
                await ask(pool, RUNAWAY)
        assert await number(pool) == 3000

    with_pool(scenario, workers=1)


@pytest.mark.parametrize("spool_mb", [0, 64], ids=["in the worker", "on disk"])
def test_a_slow_reader_uses_neither_memory_nor_the_query_s_time(
    with_pool: Any, spool_mb: int
) -> None:
    async def scenario(pool: QueryPool) -> None:
        size, most = 0, 0
        async with pool.run(Question(BIG)) as answer:
            async for chunk in answer:
                size += len(chunk)
                most = max(most, answer._exchange._buffered)
                if size < 600_000:
                    await asyncio.sleep(0.2)  # together longer than the time limit
        assert size > 4_000_000
        assert most < 1_000_000

    with_pool(scenario, timeout_s=1.0, spool_mb=spool_mb)


def test_who_does_not_fetch_an_answer_keeps_no_worker(with_pool: Any) -> None:
    async def scenario(pool: QueryPool) -> None:
        async with (
            pool.run(Question(BIG, client="a")) as one,
            pool.run(Question(BIG, client="b")) as two,
        ):
            await until(lambda: not pool._busy)
            assert pool.spool.used > 4_000_000
            assert b"Person 7" in await ask(pool, NAME, client="c")
            for answer in (one, two):
                assert orjson.loads(await answer.read())["results"]["bindings"]
        assert pool.spool.used == 0
        async with pool.run(Question(BIG)):
            await until(lambda: not pool._busy)
        assert pool.spool.used == 0, "who leaves gives the room back"

    with_pool(scenario, workers=2)


def test_a_worker_that_stands_still_is_taken_from_a_slow_reader_by_who_waits(
    with_pool: Any,
) -> None:
    async def scenario(pool: QueryPool) -> None:
        slow = Question(BIG, client="a")
        async with pool.run(slow) as answer:
            await until(lambda: any(e.still_seconds > 0.6 for e in exchanges(pool)))
            assert b"Person 7" in await ask(pool, NAME, client="b")
            with pytest.raises(QueryStopped, match="others waited") as stop:
                await answer.read()
        assert stop.value.reason == "delivery"
        running = pool.run(slow)
        async with running as answer:
            await asyncio.sleep(0.8)
            assert len(await answer.read()) > 4_000_000, "nobody waited"
        assert running.worker_seconds > 0.8, "it is charged"

    with_pool(scenario, workers=1, timeout_s=2.0, spool_mb=0)


def exchanges(pool: QueryPool) -> list[Exchange]:
    return [link.exchange for link in pool._busy if link.exchange is not None]


def test_an_answer_that_is_never_fetched_is_cut_and_says_so(with_pool: Any) -> None:
    async def scenario(pool: QueryPool) -> None:
        async with pool.run(Question(BIG)) as answer:
            await asyncio.sleep(0.8)
            with pytest.raises(QueryStopped) as stop:
                await answer.read()
        assert stop.value.reason == "delivery"

    with_pool(scenario, delivery_s=0.5, spool_mb=0)


def test_a_cut_answer_raises_instead_of_ending(with_pool: Any) -> None:
    rows_then_nothing = (
        "SELECT * { { ?s <http://xmlns.com/foaf/0.1/name> ?o . "
        "?t <http://xmlns.com/foaf/0.1/age> 3 }"
        " UNION { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i FILTER(?a = ?i && ?c = ?g) } }"
    )

    async def scenario(pool: QueryPool) -> None:
        got = b""
        async with pool.run(Question(rows_then_nothing)) as answer:
            with pytest.raises(QueryStopped):
                async for chunk in answer:
                    got += chunk
        assert len(got) > 100_000
        with pytest.raises(orjson.JSONDecodeError):
            orjson.loads(got)

    with_pool(scenario, timeout_s=1.0)


def test_who_finds_the_line_full_is_told_to_come_back(with_pool: Any) -> None:
    async def scenario(pool: QueryPool) -> None:
        running = [asyncio.create_task(ask(pool, RUNAWAY)) for _ in range(2)]
        await until(lambda: len(pool._busy) == len(pool._waiting) == 1)
        with pytest.raises(Busy) as refusal:
            await ask(pool, NAME)
        assert refusal.value.details["retry_after"] >= 1
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
        assert b"Person 7" in await ask(pool, NAME)

    with_pool(scenario, workers=1, queue_limit=1)


def test_queries_wait_in_line_and_all_are_answered(with_pool: Any) -> None:
    async def scenario(pool: QueryPool) -> None:
        answers = await asyncio.gather(*(number(pool) for _ in range(40)))
        assert answers == [3000] * 40

    with_pool(scenario, workers=2)


def test_a_preview_ends_after_its_rows_and_says_that_there_are_more(with_pool: Any) -> None:
    shown = orjson.loads(with_pool(lambda pool: ask(pool, "SELECT * { ?s ?p ?o }", rows=10)))
    assert (len(shown["rows"]), shown["more"]) == (10, True)
    shown = orjson.loads(with_pool(lambda pool: ask(pool, NAME, rows=10)))
    assert (len(shown["rows"]), shown["more"]) == (1, False)


def test_no_worker_outlives_the_pool(with_pool: Any) -> None:
    async def scenario(pool: QueryPool) -> list[int]:
        await number(pool)
        return [link.pid for link in pool._all]

    for pid in with_pool(scenario):
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)


def test_one_client_s_slow_queries_leave_half_of_the_workers_to_others(with_pool: Any) -> None:
    async def scenario(pool: QueryPool) -> None:
        flood = [asyncio.create_task(ask(pool, RUNAWAY, client="a")) for _ in range(4)]
        await asyncio.sleep(0.1)
        began = time.monotonic()
        for _ in range(20):
            assert b"Person 7" in await ask(pool, NAME, client="b")
        assert time.monotonic() - began < 10  # half of what a slow one may take
        with pytest.raises(Busy, match="3 of your queries wait"):
            await ask(pool, NAME, client="a")
        for task in flood:
            task.cancel()
        await asyncio.gather(*flood, return_exceptions=True)
        assert b"Person 7" in await ask(pool, NAME, client="a")

    with_pool(scenario, workers=2, queue_limit=6, timeout_s=20)


def test_who_holds_fewest_workers_is_served_first(with_pool: Any) -> None:
    served = []

    async def one(pool: QueryPool, client: str) -> None:
        await ask(pool, BIG, client=client)
        served.append(client)

    async def scenario(pool: QueryPool) -> None:
        many = [asyncio.create_task(one(pool, "a")) for _ in range(6)]
        await asyncio.sleep(0)
        few = [asyncio.create_task(one(pool, "b")) for _ in range(2)]
        await asyncio.gather(*many, *few)

    with_pool(scenario, workers=4)
    assert served.index("b") < 4


def test_a_query_may_be_put_to_another_copy(with_pool: Any, tmp_path: Any) -> None:
    other = Publisher(tmp_path / "other").load(people(10))
    other.publish()
    path = other.folder / "checkpoints" / "000001"

    async def scenario(pool: QueryPool) -> None:
        for _ in range(3):
            async with pool.run(Question(COUNT), Copy(path, 77, "then")) as answer:
                assert b'"30"' in await answer.read()
                assert (answer.position, answer.recorded_at) == (77, "then")
        assert await number(pool) == 3000
        path.rename(path.with_name("gone"))
        with pytest.raises(QueryStopped):
            async with pool.run(Question(COUNT), Copy(path, 77, "then")):
                pass

    with_pool(scenario)


def test_tables_are_put_into_the_text_at_their_places() -> None:
    question = Question("SELECT * { A B }", tables=((11, "<1>"), (13, "<2>")))
    assert question.text == "SELECT * { <1>A <2>B }"
