"""What of a document is searched: its dates."""

from __future__ import annotations

import pytest

from fdo.mids import assess
from handlers.projections.search.rows import entry_of
from tests.handlers.projections.story import a_specimen, an_event


@pytest.mark.parametrize(
    ("date", "first", "last"),
    [
        ("2007-11-13", 20071113, 20071113),
        ("2007-11", 20071100, 20071131),
        ("2007", 20070000, 20071231),
        ("2007-11-13/2008-01-02", 20071113, 20080102),
        ("2007-11-13/15", 20071113, 20071115),
        ("2007-11-13/12-15", 20071113, 20071215),
        ("2007-11/12", 20071100, 20071231),
        ("2007-11-13T10:00/15T11:00", 20071113, 20071115),
        ("2007-11-13T10:00/15:30", 20071113, 20071113),
        ("2007-11-13T10/15", 20071113, 20071113),
        ("2007-11-13/12", 20071113, 20071113),
        ("2007-11-13/later", 20071113, 20071113),
        ("2007-11/15-16", 20071100, 20071131),
        ("2007/08", 20070000, 20071231),
    ],
)
def test_an_interval_is_all_its_days_and_its_end_may_be_shortened(date: str, first: int, last: int):
    """ISO 8601: what the end leaves out is that of the beginning."""
    document = a_specimen(1, ods_hasEvents=[an_event(date=date)])
    row = entry_of(document, assess(document)).row
    assert (row.date_from, row.date_to, row.year) == (first, last, first // 10000)
