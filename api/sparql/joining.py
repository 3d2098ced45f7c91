"""`SERVICE` to ourselves: taken out of a query, asked first, and joined as VALUES in its place.

    text, inner = taken_apart(query, is_ours)     # `text` holds no call to ourselves any more
    Question(text, tables=((inner[0].place, values_of(tsv, inner[0].call)),)).text

That is the same algebra (SPARQL 1.1 Federated Query §4). What cannot be joined so is refused with
the reason. A call to anybody else stays where it is, and the gate refuses it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from api.sparql.request import Asked, Wrong, understand
from handlers.queries.errors import ForbiddenQuery, QueryTooLarge, UnsupportedQuery
from handlers.queries.mentions import Call, mentions

MOST_ROWS: Final = 10_000
"""Rows of a SERVICE to ourselves."""
MOST_BYTES: Final = 8 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Inner:
    """One call to ourselves."""

    place: int
    """Where its answer belongs in the text that is left of the query."""
    call: Call
    asked: Asked
    """Its group as a query of its own, of the state that the parameters of its address name."""


def names_us(address: str, endpoint: str, host: str = "") -> bool:
    """Whether an address is that of the endpoint, by its public name or by the one that the
    client used (`host`)."""
    ours = urlsplit(endpoint)
    try:
        found = urlsplit(address.partition("?")[0])
    except ValueError:  # brackets that hold no IPv6 address
        return False
    return (
        found.scheme in ("http", "https")
        and found.path == ours.path
        and found.netloc.lower() in {name.lower() for name in (ours.netloc, host) if name}
    )


def taken_apart(query: str, is_ours: Callable[[str], bool]) -> tuple[str, tuple[Inner, ...]]:
    """The query without its calls to ourselves, and those calls in their order."""
    if "service" not in query.lower():
        return query, ()
    said = mentions(query)
    parts: list[str] = []
    inner: list[Inner] = []
    begin = 0
    for call in said.calls:
        if not is_ours(call.address):
            continue
        if call.hindrance:
            raise ForbiddenQuery(
                f"SERVICE <{call.address}> is answered here first and joined, but "
                f"{call.hindrance}. Write it into the outermost group, without SILENT."
            )
        parts.append(query[begin : call.begin])
        inner.append(Inner(sum(map(len, parts)), call, _asked(call, said.prologue, is_ours)))
        begin = call.end
    parts.append(query[begin:])
    return "".join(parts), tuple(inner)


def _asked(call: Call, prologue: str, is_ours: Callable[[str], bool]) -> Asked:
    asked = understand("GET", call.address.partition("?")[2].encode(), "", b"")
    if asked.query is not None or asked.update is not None:
        raise Wrong(400, "invalid-request", "The address of a SERVICE holds no query.")
    asked.query = f"{prologue}SELECT * WHERE {call.pattern} LIMIT {MOST_ROWS + 1}"
    if any(is_ours(each.address) for each in mentions(asked.query).calls):
        raise ForbiddenQuery("A SERVICE inside a SERVICE is refused; ask in two queries.")
    return asked


def values_of(tsv: bytes, call: Call) -> str:
    """Bindings in TSV (SPARQL 1.1 CSV and TSV §4: terms as in Turtle) as a block of VALUES."""
    if len(tsv) > MOST_BYTES:
        raise too_much(call)
    header, *rows = tsv.decode().split("\n")
    rows.pop()  # behind the last line break
    if len(rows) > MOST_ROWS:
        raise too_much(call)
    lines = []
    for row in rows:
        terms = row.split("\t") if header else []
        if any(term.startswith("_:") for term in terms):
            raise UnsupportedQuery(
                f"SERVICE <{call.address}> gives a blank node, which has no name to join by."
            )
        lines.append(f"({' '.join(term or 'UNDEF' for term in terms)})")
    return f" VALUES ({header.replace(chr(9), ' ')}) {{ {' '.join(lines)} }} "


def too_much(call: Call) -> QueryTooLarge:
    """The refusal of a call that gives more than can be joined."""
    return QueryTooLarge(
        f"SERVICE <{call.address}> gives more than {MOST_ROWS:,} rows; at most so many are joined. "
        "Narrow its group, or name the other instant as a graph: GRAPH <…/at/…>."
    )
