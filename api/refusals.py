"""What the interface itself refuses, whoever asks: over HTTP, DOIP or at the command line.

The words of the domain are in `fdo.errors`. `api.problems` says what each is over HTTP; nothing
here needs the web framework, so that commands which refuse the same need not load it.
"""

from __future__ import annotations

from fdo.errors import CollectomeError


class UnknownParameter(CollectomeError):
    """A query parameter that the resource does not know, or a value that it cannot have."""


class NotAcceptable(CollectomeError):
    """None of the formats asked for is there; `available` lists those that are."""


class TooLarge(CollectomeError):
    """The body of the request is larger than the settings allow."""


class PreconditionRequired(CollectomeError):
    """The request changes an object and does not say which version it saw (RFC 6585, 3)."""
