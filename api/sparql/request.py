"""What an HTTP request asks of the SPARQL endpoint (SPARQL 1.1 Protocol §2).

    GET  ?query=…                                      query
    POST application/x-www-form-urlencoded  query=…    query
    POST application/sparql-query                      query
    POST …urlencoded update=…, application/sparql-update   update (refused on public servers)

Beside the protocol: `as-of` and `observed-at` name the state that is asked, `min-position` waits
for a state, `format` (or `output`) is for clients that cannot send Accept. Some send it several
times, as a list, or with words of other servers: the first that is known here counts.

Everything that is not one of these is said in a `Wrong`, with the status the protocol gives.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qsl, unquote

from api.accepting import bounded
from handlers.queries.formats import GRAPHS, RESULTS, Format, by_name

if TYPE_CHECKING:
    from werkzeug.datastructures import MIMEAccept

FORM: Final = "application/x-www-form-urlencoded"
QUERY: Final = "application/sparql-query"
UPDATE: Final = "application/sparql-update"
TIMEMAP: Final = "application/link-format"
_MOST_FIELDS: Final = 512
_MOST_FORMATS: Final = 16
_MOST_DIGITS: Final = 18


class Wrong(Exception):
    """The request is not one of the protocol; becomes a problem of this status."""

    def __init__(self, status: int, slug: str, detail: str, **more: Any) -> None:
        super().__init__(detail)
        self.status, self.slug, self.detail, self.more = status, slug, detail, more


@dataclass(slots=True)
class Asked:
    """A request, understood: at most one of `query` and `update` is there."""

    query: str | None = None
    update: str | None = None
    default_graphs: list[str] = field(default_factory=list)
    named_graphs: list[str] = field(default_factory=list)
    using_graphs: list[str] = field(default_factory=list)
    using_named_graphs: list[str] = field(default_factory=list)
    formats: tuple[str, ...] = ()
    """What `format` and `output` name, in their order."""
    min_position: int | None = None
    as_of: str | None = None
    observed_at: str | None = None
    accept_datetime: str | None = None
    after: int = 0
    """Seconds since 1970: where a page of the TimeMap begins."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What forms the client takes: of bindings, of triples, and whether it wants a page."""

    results: Format | None
    graphs: Format | None
    page: bool
    timemap: bool = False


def understand(method: str, query_string: bytes, content_type: str, body: bytes) -> Asked:
    """The request as the protocol reads it."""
    asked = Asked()
    _take_fields(query_string, asked)
    if method != "POST":
        if asked.update is not None:
            raise Wrong(400, "invalid-request", "An update is sent by POST, never by GET.")
        return asked
    if asked.query is not None or asked.update is not None:
        raise Wrong(400, "invalid-request", "In a POST the query belongs into the body.")
    media_type, charset = _media_type(content_type)
    if charset not in ("", "utf-8", "utf8", "us-ascii"):
        raise Wrong(415, "unsupported-media-type", f"Send UTF-8, not {charset}.")
    if media_type == FORM:
        _take_fields(body, asked)
    elif media_type == QUERY:
        asked.query = _utf8(body)
    elif media_type == UPDATE:
        asked.update = _utf8(body)
    else:
        raise Wrong(
            415,
            "unsupported-media-type",
            f"A POST has one of the types {FORM}, {QUERY}; not {media_type or 'none'}.",
        )
    if asked.query is None and asked.update is None:
        raise Wrong(400, "invalid-request", "The request holds no query; send `query=…`.")
    return asked


def lone_query(query_string: bytes) -> str | None:
    """The query where the parameters hold nothing else; None too where they cannot be read."""
    return _lone(b"query=", query_string)


def as_of(query_string: bytes) -> tuple[bytes, str | None]:
    """What is left of a query string of two parameters, and the moment (`as-of`) that the other is;
    None where none of them is one."""
    said, _, also = query_string.partition(b"&")
    if said.startswith(b"as-of="):
        said, also = also, said
    return said, _lone(b"as-of=", also) or None


def _lone(name: bytes, query_string: bytes) -> str | None:
    if not query_string.startswith(name) or b"&" in query_string:
        return None
    try:
        return unquoted(query_string[len(name) :].decode("utf-8"))
    except UnicodeDecodeError:
        return None


def _take_fields(raw: bytes, asked: Asked) -> None:
    if not raw:
        return
    if (query := lone_query(raw)) is not None:  # most requests
        asked.query = query
        return
    try:
        fields = parse_qsl(
            raw.decode("utf-8"),
            keep_blank_values=True,
            errors="strict",
            max_num_fields=_MOST_FIELDS,
        )
    except UnicodeDecodeError:
        raise Wrong(400, "invalid-request", "The parameters are not UTF-8.") from None
    except ValueError as error:
        raise Wrong(400, "invalid-request", f"The parameters cannot be read: {error}.") from None
    for name, value in fields:
        match name:
            case "query" | "update":
                if asked.query is not None or asked.update is not None:
                    raise Wrong(400, "invalid-request", "One query at a time.")
                setattr(asked, name, value)
            case "default-graph-uri":
                asked.default_graphs.append(_graph_name(name, value))
            case "named-graph-uri":
                asked.named_graphs.append(_graph_name(name, value))
            case "using-graph-uri":
                asked.using_graphs.append(value)
            case "using-named-graph-uri":
                asked.using_named_graphs.append(value)
            case "format" | "output":
                named = filter(None, map(str.strip, value.split(",", _MOST_FORMATS)))
                asked.formats = (*asked.formats, *named)[:_MOST_FORMATS]
            case "min-position":
                asked.min_position = _whole_number(name, value)
            case "as-of":
                asked.as_of = _once(name, asked.as_of, value)
            case "observed-at":
                asked.observed_at = _once(name, asked.observed_at, value)
            case "after":
                asked.after = _whole_number(name, value)
            case _:
                pass  # clients add fields of their own (SPARQLWrapper: results, output)


def unquoted(text: str) -> str:
    """As `unquote_plus`, which looks at a query escape by escape: the commonest go first, each
    at one stroke. No escape overlaps another, but for what a per cent sign's own may begin."""
    text = text.replace("+", " ")
    for escape, sign in _COMMON_ESCAPES:
        text = text.replace(escape, sign)
    return unquote(text, errors="strict") if "%" in text else text


_COMMON_ESCAPES: Final = tuple((f"%{ord(sign):02X}", sign) for sign in ' <>:/{}?#;,*"()\n')


def _whole_number(name: str, value: str) -> int:
    if not value.isascii() or not value.isdigit() or len(value) > _MOST_DIGITS:
        raise Wrong(400, "invalid-parameter", f"{name} is a whole number, not {value[:40]!r}.")
    return int(value)


def _once(name: str, before: str | None, value: str) -> str | None:
    """A moment; an empty field of a form names none."""
    if before is not None and value and before != value:
        raise Wrong(400, "invalid-parameter", f"{name} is given twice; name one moment.")
    return value or before


def _graph_name(name: str, value: str) -> str:
    if ":" not in value:
        raise Wrong(400, "invalid-parameter", f"{name} names a graph by its IRI, not {value!r}.")
    return value


def _media_type(content_type: str) -> tuple[str, str]:
    media_type, _, rest = content_type.partition(";")
    charset = ""
    for parameter in rest.split(";"):
        name, _, value = parameter.partition("=")
        if name.strip().lower() == "charset":
            charset = value.strip().strip('"').lower()
    return media_type.strip().lower(), charset


def _utf8(body: bytes) -> str:
    try:
        return body.decode("utf-8")
    except UnicodeDecodeError:
        raise Wrong(400, "invalid-request", "The body is not UTF-8.") from None


def wanted(accept: str, asked: tuple[str, ...] = ()) -> Wanted:
    """The forms to answer in: the first known `format`, then Accept, else JSON and Turtle. A format
    that is not known is refused, unless Accept names a form of answers that there is."""
    known = next(filter(None, map(_by_name, asked)), None)
    if known is not None:
        return known
    accept = bounded(accept)
    by_accept = _by_accept(accept)
    if asked and (by_accept.page or not _names_a_form(accept)):
        names = ", ".join(form.name for form in (*RESULTS, *GRAPHS))
        detail = f"There is no format {asked[0][:100]!r}; there is {names}."
        raise Wrong(406, "not-acceptable", detail)
    return by_accept


def _by_name(asked: str) -> Wanted | None:
    if asked.lower() in ("html", "text/html"):
        return Wanted(None, None, page=True)
    if asked.lower() in ("timemap", TIMEMAP):
        return Wanted(None, None, page=False, timemap=True)
    results, graphs = by_name(asked, RESULTS), by_name(asked, GRAPHS)
    return Wanted(results, graphs, page=False) if results or graphs else None


def _names_a_form(accept: str) -> bool:
    """Whether Accept names a form of answers, and not only anything."""
    named = {entry.partition(";")[0].strip().lower() for entry in accept.split(",")}
    return any(named.intersection(form.media_types) for form in (*RESULTS, *GRAPHS))


@lru_cache(maxsize=1024)
def _by_accept(accept: str) -> Wanted:
    from werkzeug.datastructures import MIMEAccept  # dear to load; a command accepts nothing
    from werkzeug.http import parse_accept_header

    entries = [
        (name.partition(";")[0].strip(), quality)
        for name, quality in parse_accept_header(accept, MIMEAccept)
    ]
    if not entries:
        return Wanted(RESULTS[0], GRAPHS[0], page=False)
    client = MIMEAccept(entries)
    named = [name for name, quality in entries if quality > 0]
    if entries[0][0] == TIMEMAP:
        return Wanted(None, None, page=False, timemap=True)
    page = any(name in ("text/html", "application/xhtml+xml") for name in named) and (
        client.quality("text/html") >= max(quality for _, quality in entries)
    )
    return Wanted(_best(client, RESULTS), _best(client, GRAPHS), page)


def _best(client: MIMEAccept, among: tuple[Format, ...]) -> Format | None:
    types = [media_type for form in among for media_type in form.media_types]
    found = client.best_match(types)
    return next((form for form in among if found in form.media_types), None) if found else None
