"""Links on pages: objects of this log lead to their page here, all else where it is."""

from __future__ import annotations

import pytest

from api.objects.addresses import Addresses
from fdo.lifecycle import Status
from tests.api.documents import a_source, a_specimen


@pytest.mark.parametrize(
    ("of", "moment", "target"),
    [
        ("{oak}", "", "/{pid}"),
        ("{oak}", "?as-of=4", "/{pid}?as-of=4"),
        ("{oak}/2", "?as-of=4", "/{pid}/2"),
        ("{oak}#event-1", "", "/{pid}#event-1"),
        ("{oak}#event-1", "?as-of=4", "/{pid}?as-of=4#event-1"),
        ("https://example.org/page/2#part", "?as-of=4", "https://example.org/page/2#part"),
        ("https://doi.org/10.1234/ABC-DEF-123", "", "https://doi.org/10.1234/ABC-DEF-123"),
        ("https://doi.org/10.5072/ABC-DEF-123/2", "", "https://doi.org/10.5072/ABC-DEF-123/2"),
        ("10.1234/ABC-DEF-123", "", None),
        ("javascript:alert(1)", "", None),
        ("urn:uuid:0", "", None),
    ],
)
def test_only_what_the_log_holds_leads_to_a_page_here(repository, of, moment, target):
    oak = repository.register("specimen", a_specimen())
    addresses = Addresses(repository.objects.log)
    found = addresses(of.format(oak=oak.iri), moment)
    assert found == (target and target.format(pid=oak))


def test_handles_of_the_log_are_ours_too(repository):
    source = repository.register("source-system", a_source())
    assert Addresses(repository.objects.log)(source.iri) == f"/{source}"


def test_a_draft_has_no_page_to_lead_to(repository):
    pid = repository.register("specimen", a_specimen(), Status.DRAFT)
    assert Addresses(repository.objects.log)(pid.iri) == pid.iri


def test_many_are_learned_at_once(repository):
    oak = repository.register("specimen", a_specimen())
    addresses = Addresses(repository.objects.log)
    addresses.learn([f"{oak.iri}#{number}" for number in range(2_000)] + ["no IRI", ""])
    assert addresses(f"{oak.iri}/1") == f"/{oak}/1"


def test_without_a_log_nothing_is_ours():
    iri = "https://doi.org/10.5072/ABC-DEF-123"
    assert Addresses(None)(iri) == iri
