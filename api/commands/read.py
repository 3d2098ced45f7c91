"""Commands that ask: sparql, search."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from pyoxigraph import (
    QueryBoolean,
    QueryResultsFormat,
    QuerySolutions,
    RdfFormat,
    Store,
    serialize,
)

from api.commands.instants import AsOfOption, ObservedOption, state_store, tell_state
from api.console import DataOption, JsonOption, emit, out, settings_for, tell
from api.repository import Repository
from api.sparql.joining import Inner, names_us, taken_apart, values_of
from api.sparql.request import Asked, Wrong
from api.sparql.times import Times
from eventstore.instant import Instant
from fdo.errors import Refused, Unavailable
from fdo.wording import many
from handlers.queries.answer import Question
from handlers.queries.checkpoint import visible
from handlers.queries.errors import ForbiddenQuery, MalformedQuery, UnsupportedQuery
from handlers.queries.evaluation import Result, evaluate
from handlers.queries.gate import Admitted, admit
from handlers.queries.mentions import mentions

Tables = tuple[tuple[int, str], ...]
"""Blocks of VALUES and their places in a query (see `Question`)."""


class ResultFormat(StrEnum):
    """Formats of SPARQL answers."""

    TABLE = "table"
    JSON = "json"
    XML = "xml"
    CSV = "csv"
    TSV = "tsv"
    TURTLE = "turtle"
    NTRIPLES = "ntriples"


def sparql(
    query: Annotated[str, typer.Argument(help="A query, or the name of a file that holds one.")],
    format: Annotated[ResultFormat, typer.Option(help="Form of the answer.")] = ResultFormat.TABLE,
    as_of: AsOfOption = None,
    observed_at: ObservedOption = None,
    data: DataOption = None,
    json: JsonOption = False,
) -> None:
    """Ask the graph, now or at an instant; beside a running server too.

    Standard error says which state answered, and how to ask it again.
    """
    repository = Repository(settings_for(data), must_exist=True)
    graph = _Graph(repository, json)
    text, tables = graph.joined(_query_text(query))
    asked = Asked(query=text, as_of=as_of, observed_at=observed_at)
    with graph.answer(asked, tables) as (answer, instant):
        _tell(answer, ResultFormat.JSON if json else format)
    tell_state(repository, instant, json)


@dataclass(frozen=True, slots=True)
class _Graph:
    """The graph of a repository, asked in this process: the same gate, states and calls to
    ourselves as over HTTP."""

    repository: Repository
    json: bool

    @contextmanager
    def answer(self, asked: Asked, tables: Tables = ()) -> Iterator[tuple[Result, Instant]]:
        """The answer and the instant that it is of; read it before the end."""
        assert asked.query is not None
        own_dataset = self._admitted(asked.query).own_dataset
        newest, published = self.repository.checkpoint()
        times = Times(self.repository.objects, self.repository.settings.base)
        plan = times.plan(asked, lambda: published)
        with ExitStack() as held:
            path = newest
            if plan is not None:
                state = state_store(self.repository, plan.instant, plan.graphs, self.json)
                path = held.enter_context(state)
            store = Store.read_only(str(path))
            held.enter_context(_refusals_of_the_engine())
            answer = evaluate(
                store,
                visible(store),
                Question(asked.query, tables=tables).text,
                default_graphs=plan.default_graphs if plan else asked.default_graphs,
                named_graphs=plan.named_graphs if plan else asked.named_graphs,
                own_dataset=own_dataset,
            )
            yield answer, plan.instant if plan else Instant(published)

    def joined(self, query: str) -> tuple[str, Tables]:
        """The query without its calls to ourselves, and their answers."""
        try:
            text, inner = taken_apart(query, lambda each: names_us(each, self._endpoint))
        except Wrong as wrong:
            raise Refused(wrong.detail) from wrong
        return text, tuple([(each.place, self._table(each)) for each in inner])

    def _table(self, inner: Inner) -> str:
        self._refuse_unread(inner.asked.min_position or 0)
        with self.answer(inner.asked) as (rows, _):
            assert isinstance(rows, QuerySolutions)  # a SELECT
            found = rows.serialize(format=QueryResultsFormat.TSV) or b""
        return values_of(found, inner.call)

    def _refuse_unread(self, position: int) -> None:
        _, published = self.repository.checkpoint()
        if published < position:
            raise Unavailable(
                f"The graph has come to position {published}, not yet to {position}; try again."
            )

    def _admitted(self, query: str) -> Admitted:
        try:
            return admit(query)
        except ForbiddenQuery as refusal:
            if not mentions(query).calls:
                raise
            raise ForbiddenQuery(
                f"{refusal.message} Calls to this repository are answered at <{self._endpoint}> "
                "(the setting public_base, else host and port)."
            ) from refusal

    @property
    def _endpoint(self) -> str:
        return f"{self.repository.settings.base}/sparql"


@contextmanager
def _refusals_of_the_engine() -> Iterator[None]:
    """What the engine cannot answer, in a sentence; it may find that out row by row."""
    try:
        yield
    except UnicodeError:
        raise  # of the terminal
    except (SyntaxError, ValueError) as wrong:  # a graph name that is no IRI
        raise MalformedQuery(f"The query is not SPARQL 1.1: {wrong}.") from wrong
    except MemoryError as wrong:
        raise Unavailable("The answer needs more memory than there is; narrow it.") from wrong
    except RuntimeError as wrong:
        raise UnsupportedQuery(f"The engine cannot answer this: {wrong}") from wrong


def _tell(answer: Result, format: ResultFormat) -> None:
    if isinstance(answer, QuerySolutions):
        _tell_rows(answer, format)
    elif isinstance(answer, QueryBoolean):
        out.print("yes" if answer else "no") if format is ResultFormat.TABLE else (
            sys.stdout.buffer.write(answer.serialize(format=_results(format)) or b"")
        )
    else:
        serialize(answer, sys.stdout.buffer, format=_graph_format(format))


def _query_text(query: str) -> str:
    """The query itself: every query has a brace or a space, a file's name has no brace."""
    if "{" in query or len(query) > 4096:
        return query
    file = Path(query)
    if _is_there(file):
        return _content(file)
    if " " not in query.strip():
        raise Refused(f"{query!r} is neither a query nor the name of a file.")
    return query


def _is_there(file: Path) -> bool:
    with suppress(OSError):  # too long for a name
        return file.is_file()
    return False


def _content(file: Path) -> str:
    try:
        return file.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as wrong:
        raise Refused(f"{file} is no text in UTF-8 ({wrong.reason}), so it is no query.") from wrong


def _graph_format(format: ResultFormat) -> RdfFormat:
    known = {
        ResultFormat.TABLE: RdfFormat.TURTLE,
        ResultFormat.TURTLE: RdfFormat.TURTLE,
        ResultFormat.NTRIPLES: RdfFormat.N_TRIPLES,
        ResultFormat.JSON: RdfFormat.JSON_LD,
        ResultFormat.XML: RdfFormat.RDF_XML,
    }
    if format not in known:
        raise Refused(f"Triples cannot be written as {format.value}; use {', '.join(known)}.")
    return known[format]


def _results(format: ResultFormat) -> QueryResultsFormat:
    found = QueryResultsFormat.from_extension(
        {"json": "srj", "xml": "srx"}.get(format.value, format.value)
    )
    if found is None:
        raise Refused(f"A table of results cannot be written as {format.value}; use csv or json.")
    return found


def _tell_rows(answer: QuerySolutions, format: ResultFormat) -> None:
    if format is not ResultFormat.TABLE:
        answer.serialize(sys.stdout.buffer, format=_results(format))
        return
    names = [variable.value for variable in answer.variables]
    rows = [[getattr(value, "value", value) for value in row] for row in answer]
    tell(many(len(rows), "row"), names, rows)


def search(
    text: Annotated[str, typer.Argument(help="Words to look for; * at the end of a word.")] = "",
    filters: Annotated[
        list[str] | None, typer.Option("--filter", help="facet=value, as in country=Norway.")
    ] = None,
    limit: Annotated[int, typer.Option(min=1, max=1000)] = 20,
    cursor: Annotated[str | None, typer.Option(help="Where the page before ended.")] = None,
    as_of: Annotated[
        str | None, typer.Option(help="As it was at an event number, a day or an instant.")
    ] = None,
    observed_at: Annotated[
        str | None, typer.Option(help="Only what sources had shown by a day or an instant.")
    ] = None,
    data: DataOption = None,
    json: JsonOption = False,
) -> None:
    """Find specimens by words and facets, now or as it was."""
    from api.moments import instant_of
    from handlers.projections.search.query import SearchQuery
    from handlers.projections.search.reader import Search

    repository = Repository(settings_for(data), must_exist=True)
    wanted: dict[str, list[str]] = {"q": [text]} if text else {}
    for pair in filters or []:
        name, equals, value = pair.partition("=")
        if not equals:
            raise Refused(f"--filter {pair!r} lacks its value; write it as country=Norway.")
        wanted.setdefault(name, []).append(value)
    reader = Search(repository.data / "projections" / "search" / "view.sqlite")
    if cursor and (as_of or observed_at):
        raise Refused("A cursor keeps its own moment; leave --as-of and --observed-at out.")
    at = instant_of(as_of, observed_at, repository.objects)
    page = reader.find(SearchQuery.parse(wanted), cursor, limit, at.position, at.observed)
    if json:
        emit(asdict(page))
        return
    many = f"{page.total}" if page.exact else f"more than {page.total}"
    tell(
        f"{many} specimen{'' if many == '1' else 's'}",
        ["pid", "name", "country", "collected", "physical id"],
        [[h.pid, h.name, h.country, h.collected, h.physical_id] for h in page.hits],
    )
    if page.next_cursor:
        out.print(f"more: --cursor {page.next_cursor}")
