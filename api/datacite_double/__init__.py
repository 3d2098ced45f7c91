"""A double of DataCite: the same states, codes, limits and quirks, on this machine, with memory.

    client ── /dois …          REST API (JSON:API, Basic authentication)      rest.py
    reader ── /{doi}, /ra/…    what doi.org does with a DOI                   resolving.py
    reader ── /api/handles/…   what the Handle proxy says of it               resolving.py
    tester ── /__journal, /__faults   who asked what, and what shall go wrong  app.py

It is for development, demonstrations and tests; nothing that it registers is known to the world.
Behaviour is that of DataCite's service (github.com/datacite/lupo), errors included.
"""

from __future__ import annotations

from api.datacite_double.faults import Fault, Plan, Rule
from api.datacite_double.limits import Limits
from api.datacite_double.rest import Account
from api.datacite_double.server import DoubleServer

__all__ = ["Account", "DoubleServer", "Fault", "Limits", "Plan", "Rule"]
