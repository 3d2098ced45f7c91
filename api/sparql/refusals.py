"""With which status and under which slug the endpoint and its page refuse a query."""

from __future__ import annotations

from api.rates import TooManyRequests
from api.refusals import TooLarge, UnknownParameter
from fdo.errors import CollectomeError, NotFound, Unavailable
from handlers import instants
from handlers.queries.errors import (
    ForbiddenQuery,
    MalformedQuery,
    NotOffered,
    QueryStopped,
    QueryTooLarge,
    UnsupportedQuery,
)


def status_of(error: CollectomeError) -> tuple[int, str]:
    """Status and slug of a refusal."""
    match error:
        case MalformedQuery():
            return 400, "malformed-query"
        case UnsupportedQuery():
            return 400, "query-unsupported"
        case UnknownParameter():
            return 400, "invalid-parameter"
        case QueryTooLarge() | TooLarge() | instants.GraphTooLarge():
            return 413, "query-too-large"
        case ForbiddenQuery():
            return 403, "query-refused"
        case NotFound():
            return 404, "not-found"
        case NotOffered():
            return 406, "not-acceptable"
        case TooManyRequests():
            return 429, "too-many-requests"
        case QueryStopped(reason="deadline"):
            return 504, "query-stopped"
        case QueryStopped():
            return 503, "query-stopped"
        case instants.Preparing():
            return 503, "preparing"
        case Unavailable():
            return 503, "unavailable"
        case _:
            return 500, "internal-error"
