"""Commands of the feeds: changes, and webhooks list, add, remove, deliveries, retry."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer

from api.console import DataOption, JsonOption, emit, out, settings_for, tell
from api.moments import SINCE, UNTIL
from api.repository import Repository
from handlers.webhooks.store import Subscription, Webhooks

if TYPE_CHECKING:
    from api.feeds.asking import Asked

NameArgument = Annotated[str, typer.Argument(help="Name of the webhook, as `list` shows it.")]
OWNER = "command-line"


class ChangesFormat(StrEnum):
    """Forms of a list of changes."""

    TABLE = "table"
    JSONL = "jsonl"
    CSV = "csv"
    RDF_PATCH = "rdf-patch"


def changes(
    since: Annotated[str, typer.Option(help=SINCE)] = "",
    until: Annotated[str, typer.Option(help=UNTIL)] = "",
    type: Annotated[str, typer.Option(help="Types of object, with commas.")] = "",
    what: Annotated[str, typer.Option(help="What happened, as Revised; with commas.")] = "",
    source_system: Annotated[str, typer.Option(help="PID of a source system.")] = "",
    agent: Annotated[str, typer.Option(help="IRI of whoever did it.")] = "",
    pid: Annotated[str, typer.Option(help="PID of an object.")] = "",
    term: Annotated[str, typer.Option(help="Only what changed this term, as dwc:country.")] = "",
    query: Annotated[str, typer.Option(help="Only objects that this search finds now.")] = "",
    limit: Annotated[int, typer.Option(min=0, help="Events to show; 0 for all.")] = 100,
    documents: Annotated[bool, typer.Option(help="With documents (JSON Lines).")] = False,
    format: Annotated[ChangesFormat, typer.Option(help="Form.")] = ChangesFormat.TABLE,
    data: DataOption = None,
    json: JsonOption = False,
) -> None:
    """Every public change, in the order in which it was recorded; as /changes tells it."""
    from api.feeds.asking import asked

    repository = Repository(settings_for(data), must_exist=True)
    filters = {
        "type": type, "what": what, "source-system": source_system, "agent": agent, "pid": pid,
        "term": term, "query": query,
    }  # fmt: skip
    given = {"since": since, "until": until, "documents": "yes" if documents else "no", **filters}
    wanted = asked([pair for pair in given.items() if pair[1]], repository.objects)
    kept = ChangesFormat.JSONL if json else format
    unbroken = kept is ChangesFormat.RDF_PATCH and wanted.wanted.everything
    positions = _positions(repository, wanted, limit, drafts=unbroken)
    _print(repository, positions, kept, documents, unbroken)


def _positions(repository: Repository, wanted: Asked, limit: int, *, drafts: bool) -> Iterator[int]:
    """The events that are asked for, page after page."""
    from api.feeds.choosing import Choosing
    from api.views import Views
    from handlers.projections.search import Search
    from handlers.projections.terms import TermsReader

    folder = repository.data / "projections"
    views = Views(
        search=Search(folder / "search" / "view.sqlite"),
        terms=TermsReader(folder / "terms" / "view.sqlite"),
    )
    choosing = Choosing(repository.objects, views)
    after: int | None = wanted.since
    left = limit or repository.log.position()
    while after is not None and left > 0:
        page = choosing.page(wanted.wanted, after, wanted.until, min(left, 10_000), drafts=drafts)
        yield from page.positions
        left -= len(page.positions)
        after = page.next


def _print(
    repository: Repository,
    positions: Iterator[int],
    kept: ChangesFormat,
    documents: bool,
    unbroken: bool,
) -> None:
    from api.feeds.formats import json_lines, rdf_patches, table
    from api.feeds.reading import read
    from api.feeds.rows import row
    from eventstore.outlines import Outlines

    chosen = list(positions)
    base = repository.settings.base
    events = (
        shown for shown in read(repository.log, chosen) if unbroken or shown.disclosure != "nothing"
    )
    if kept is ChangesFormat.TABLE:
        rows = [row(shown, base) for shown in events]
        tell(
            "Changes",
            ["event", "object", "version", "what", "recorded", "by", "changed"],
            [
                [
                    one["position"], one["pid"], one["version"], one["what"], one["recordedAt"],
                    one["agent"]["name"],
                    ", ".join(term.rpartition("/")[2] for term in one.get("changed", ())),
                ]
                for one in rows
            ],
        )  # fmt: skip
        return
    if kept is ChangesFormat.JSONL:
        parts = json_lines(events, base, documents)
    elif kept is ChangesFormat.CSV:
        parts = table(events, base)
    else:
        outlines = Outlines(repository.objects.recorder)
        parts = rdf_patches(events, outlines.before(chosen[0]) if unbroken and chosen else None)
    for part in parts:
        sys.stdout.buffer.write(part)


def webhooks_list(data: DataOption = None, json: JsonOption = False) -> None:
    """Who is told of changes, and how far each has got."""
    store = _store(data)
    rows = [_described(one) for one in store.all()]
    if json:
        emit(rows)
        return
    tell(
        "Webhooks",
        ["name", "address", "filters", "event", "state", "owner", "note"],
        [
            [
                one["id"], one["url"], " ".join(f"{n}={v}" for n, v in one["filters"].items()),
                one["cursor"], one["state"], one["owner"], one["note"],
            ]
            for one in rows
        ],
    )  # fmt: skip


def webhooks_add(
    url: Annotated[str, typer.Argument(help="http(s) address to which messages are sent.")],
    filter: Annotated[
        list[str] | None, typer.Option("--filter", help="A filter of /changes: type=specimen.")
    ] = None,
    since: Annotated[str | None, typer.Option(help=SINCE)] = None,
    documents: Annotated[bool, typer.Option(help="Send documents too, where public.")] = False,
    data: DataOption = None,
    json: JsonOption = False,
) -> None:
    """Subscribe an address to changes; its secret is shown once. A running server sends."""
    from api.feeds.webhooks import Wanted, subscription
    from fdo.errors import Refused

    repository = Repository(settings_for(data), must_exist=True)
    pairs = [one.partition("=") for one in filter or ()]
    if any(not sign for _, sign, _ in pairs):
        raise Refused("A filter is NAME=VALUE, as --filter type=specimen.")
    wanted = Wanted(
        url=url, filters={name: value for name, _, value in pairs}, since=since,
        documents=documents, secret=None,
    )  # fmt: skip
    allowed = repository.settings.webhooks_allow_private
    made = subscription(wanted, OWNER, repository.objects, allowed)
    Webhooks(repository.data).add(made)
    if json:
        emit({**_described(made), "secret": made.secret})
    else:
        out.print(f"{made.id} is told of what comes after event {made.cursor}.")
        out.print(f"Its secret, shown only now: {made.secret}")


def webhooks_remove(name: NameArgument, data: DataOption = None, json: JsonOption = False) -> None:
    """End a subscription."""
    _store(data).remove(name)
    if json:
        emit({"removed": name})
    else:
        out.print(f"{name} is removed.")


def webhooks_deliveries(
    name: NameArgument, data: DataOption = None, json: JsonOption = False
) -> None:
    """The newest messages of a subscription, and what became of them."""
    from api.feeds.webhooks import delivery

    store = _store(data)
    store.get(name)
    rows = [delivery(message).model_dump() for message in store.messages(name)]
    if json:
        emit(rows)
        return
    tell(
        f"Messages to {name}",
        ["message", "events", "state", "attempts", "due", "last answer"],
        [
            [one["id"], f"{one['after']}–{one['upto']}", one["state"], one["attempts"],
             one["due"] if one["state"] == "pending" else "", one["answer"]]
            for one in rows
        ],
    )  # fmt: skip


def webhooks_retry(name: NameArgument, data: DataOption = None, json: JsonOption = False) -> None:
    """Send dead letters again, and enable the subscription."""
    letters = _store(data).retry(name, time.time())
    if json:
        emit({"retried": name, "letters": letters})
    else:
        out.print(f"{name} is active; {letters} dead letters are sent again.")


def _store(data: Any) -> Webhooks:
    return Webhooks(Repository(settings_for(data), must_exist=True).data)


def _described(one: Subscription) -> dict[str, Any]:
    from api.feeds.webhooks import described

    found: dict[str, Any] = described(one).model_dump()
    return found
