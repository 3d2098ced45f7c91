"""`collectome follow`: keep a mirror of a repository, or its graph in another SPARQL store."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Annotated, TypeVar

import typer

from api.console import DataOption, JsonOption, emit, err, out, settings_for, tell
from api.repository import Projection, Repository
from eventstore import mirroring
from fdo.errors import Refused
from fdo.wording import many
from handlers.following.asking import Source, patiently
from handlers.following.comparison import compare
from handlers.following.mirror import Mirroring, Step
from handlers.following.replica import Kept, Replica
from handlers.following.store import SparqlStore
from handlers.following.witness import Witness

S = TypeVar("S", Step, Kept)

ATTEMPTS = 6
"""With --once: how often a source that is away is asked."""


def follow(
    url: Annotated[
        str | None, typer.Argument(help="Public address of the repository to follow.")
    ] = None,
    once: Annotated[bool, typer.Option("--once", help="Catch up and end.")] = False,
    poll: Annotated[
        int, typer.Option(min=0, max=30, help="Seconds that a question may wait for news.")
    ] = 25,
    adopt: Annotated[
        bool, typer.Option("--adopt", help="Make a copy of the source's log its mirror.")
    ] = False,
    detach: Annotated[
        bool, typer.Option("--detach", help="End the mirroring: this repository records again.")
    ] = False,
    sparql: Annotated[
        str | None, typer.Option(help="Keep this SPARQL 1.1 store instead: its query address.")
    ] = None,
    update: Annotated[
        str | None, typer.Option(help="Its update address; default: the query address.")
    ] = None,
    graph: Annotated[
        str | None, typer.Option(help="IRI of the graph that takes the default graph's triples.")
    ] = None,
    auth_file: Annotated[
        Path | None, typer.Option(help="File with the store's authorization (user:password).")
    ] = None,
    verify: Annotated[
        bool, typer.Option("--verify", help="Compare the store with the source, triple by triple.")
    ] = False,
    data: DataOption = None,
    json: JsonOption = False,
) -> None:
    """Keep this repository the mirror of another one, or a SPARQL store in step with it.

    What arrives is checked before it is kept. Ctrl-C ends it; the next start goes on where it
    was. Runs beside `collectome serve` on the same folder.
    """
    if detach:
        _detach(data, json)
    elif url is None:
        raise Refused("Name the address of the repository to follow, or --detach.")
    elif sparql is None:
        if update or graph or auth_file or verify:
            raise Refused("--update, --graph, --auth-file and --verify go with --sparql.")
        _mirror(url, data, adopt=adopt, once=once, poll=poll, json=json)
    else:
        store = SparqlStore(
            sparql, update, graph=graph, authorization=_authorization(auth_file, data)
        )
        if verify:
            _verify(Source(url), store, json)
        else:
            _replica(Source(url), store, once=once, poll=poll, json=json)


def _mirror(url: str, data: Path | None, *, adopt: bool, once: bool, poll: int, json: bool) -> None:
    source, settings = Source(url), settings_for(data)
    repository = Repository(settings)
    with (
        closing(source),
        closing(repository),
        Mirroring(repository.objects, settings.data, source, adopt=adopt) as mirror,
        Projection(settings.data) as projection,
    ):
        witness = Witness(repository.objects, source)

        def told(step: Step) -> None:
            if step.position >= step.head:
                witness.look()
                projection.wait(step.position)

        taken = _steps(mirror.step, told, lambda s: _tell(s, url, json), once=once, poll=poll)
        if once:
            lacking = sum(step.lacking for step in taken)
            events = sum(step.events for step in taken)
            _tell(Step(taken[-1].position, taken[-1].head, events, lacking), url, json)


def _replica(source: Source, store: SparqlStore, *, once: bool, poll: int, json: bool) -> None:
    with closing(source), closing(store):
        replica = Replica(store, source)
        kept = _steps(
            replica.step,
            lambda _: None,
            lambda step: _tell_kept(step, store.query, json),
            once=once,
            poll=poll,
        )
        if once:
            events, triples = sum(k.events for k in kept), sum(k.triples for k in kept)
            _tell_kept(Kept(kept[-1].position, kept[-1].head, events, triples), store.query, json)


def _steps(
    step: Callable[[int], S],
    after: Callable[[S], None],
    tell: Callable[[S], None],
    *,
    once: bool,
    poll: int,
) -> list[S]:
    """Step for ever and tell each that brought something; with `once` until the source has no
    more, and what the steps were."""
    taken: list[S] = []
    caught_up = False
    try:
        while True:
            wait = poll if caught_up and not once else 0
            found = patiently(
                partial(step, wait),
                attempts=ATTEMPTS if once else None,
                tell=err.print,
            )
            caught_up = found.position >= found.head
            after(found)
            if once:
                taken.append(found)
                if caught_up:
                    return taken
            elif found.events:
                tell(found)
    except KeyboardInterrupt:
        err.print("Stopped; the next start goes on from here.")
        raise typer.Exit(0 if not once else 1) from None


def _verify(source: Source, store: SparqlStore, json: bool) -> None:
    with closing(source), closing(store):
        position, graphs = compare(store, source)
    equal = all(graph.equal for graph in graphs)
    if json:
        rows = [{**asdict(graph), "equal": graph.equal} for graph in graphs]
        emit({"position": position, "equal": equal, "graphs": rows})
    else:
        tell(
            f"{store.query} at event {position}",
            ["graph", "expected", "found", "missing", "extra"],
            [[g.graph, g.expected, g.found, g.missing, g.extra] for g in graphs],
        )
        for graph in graphs:
            for example in graph.examples:
                err.print(f"too much in {graph.graph}: {example}")
    if not equal:
        raise typer.Exit(1)


def _authorization(file: Path | None, data: Path | None) -> str | None:
    """The store's authorization, from a file or the settings; never from the command line, which
    every user of the machine can read."""
    if file is not None:
        return file.read_text().strip()
    secret = settings_for(data).store_authorization
    return None if secret is None else secret.get_secret_value()


def _tell_kept(kept: Kept, store: str, json: bool) -> None:
    if json:
        emit({"store": store, **asdict(kept)})
    else:
        out.print(
            f"{many(kept.events, 'event')} ({many(kept.triples, 'triple')} added or removed) "
            f"brought to {store}; at event {kept.position} of {kept.head}."
        )


def _tell(step: Step, source: str, json: bool) -> None:
    if json:
        emit(
            {
                "source": source,
                "events": step.events,
                "lacking": step.lacking,
                "position": step.position,
                "head": step.head,
            }
        )
        return
    kept_back = f", {step.lacking} of them without what is not public" if step.lacking else ""
    out.print(
        f"{many(step.events, 'event')} taken from {source}{kept_back}; at event {step.position} of "
        f"{step.head}, every hash holds."
    )


def _detach(data: Path | None, json: bool) -> None:
    repository = Repository(settings_for(data), must_exist=True)
    known = mirroring.detach(repository.objects.recorder)
    if known is None:
        raise Refused("This repository is no mirror; there is nothing to detach.")
    if json:
        emit({"detached": known.source, "position": repository.log.position()})
    else:
        out.print(
            f"No longer a mirror of {known.source}; this repository records events of its own "
            "behind the ones it took. Make sure that the source records no more, or the two logs "
            "go different ways under one name."
        )
    repository.close()
