"""Names that lead to objects: which prefixes a log knows, however many objects it holds."""

from __future__ import annotations

from pathlib import Path

from eventstore.naming import named, prefixes
from fdo.identifiers import Pid, suffix_of
from fdo.lifecycle import Register, stamped
from tests.eventstore.story import AT, BY, Objects, specimen


def test_an_empty_log_has_no_prefixes(tmp_path: Path) -> None:
    assert prefixes(Objects(tmp_path).objects.recorder) == []


def test_each_prefix_is_found_once_also_among_those_that_begin_alike(tmp_path: Path) -> None:
    objects = Objects(tmp_path).objects
    known = ["10.507", "10.5072", "10.5072.1", "10.50720", "10.5073", "20.5000.5072", "21.T11148"]
    for number, prefix in enumerate(known * 3):
        pid = Pid(prefix, suffix_of(34**8 + 34 * number))
        document = stamped(specimen(number), pid, 1, modified=AT)
        objects.handle(Register(document), pid=pid, kind="specimen", by=BY)
    assert sorted(prefixes(objects.recorder)) == known
    assert named(objects, pid) == pid


def test_a_name_that_leads_nowhere_stays_what_it_is(tmp_path: Path) -> None:
    objects = Objects(tmp_path).objects
    for name in (Pid("10.5072", "AAA-BBB-CCC"), Pid("20.5000.5072", "AAA-BBB-CCC")):
        assert named(objects, name) == name
