"""Counts equal plain counts over the source, now and at every position of the past."""

from __future__ import annotations

import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from eventstore.envelope import Recorded
from fdo.lifecycle import Status
from fdo.mids import assess
from handlers.projections.search import Search, SearchIndex, SearchQuery
from tests.handlers.projections.story import (
    Repository,
    a_medium,
    a_specimen,
    an_event,
    an_identification,
)

COUNTED = ("discipline", "country", "organisation", "source", "mids", "type_status", "year",
           "kingdom", "licence")  # fmt: skip

_steps = st.lists(
    st.tuples(
        st.sampled_from(["put", "put", "put", "tombstone", "withhold"]),
        st.integers(1, 4),
        st.sampled_from(["Botany", "Zoology", None]),
        st.sampled_from(["LU", "BE", None]),
        st.sampled_from(["1907-06-12", "1950/1951"]),
        st.sampled_from(["holotype", None]),
        st.booleans(),
    ),
    max_size=14,
)


def _draft(number: int, step: tuple[Any, ...]) -> dict[str, Any]:
    _, _, discipline, country, date, type_status, licensed = step
    event = an_event(date=date)
    if country is None:
        del event["ods:hasLocation"]["dwc:countryCode"]
    else:
        event["ods:hasLocation"]["dwc:countryCode"] = country
    more = {"dwc_typeStatus": type_status} if type_status else {}
    kingdom = "Animalia" if discipline == "Zoology" else "Plantae"
    return a_specimen(
        number,
        ods_topicDiscipline=discipline,
        ods_hasEvents=[event],
        ods_hasIdentifications=[an_identification(kingdom=kingdom, **more)],
        **({} if licensed else {"dcterms_license": None}),
    )


def _plain(folded: dict[str, Recorded]) -> dict[str, dict[str, int]]:
    """Each fact counted by hand over the documents of active specimens."""
    found: dict[str, Counter[str]] = {facet: Counter() for facet in COUNTED}
    for event in folded.values():
        if event.status is not Status.ACTIVE:
            continue
        document = event.document
        place = document["ods:hasEvents"][0]["ods:hasLocation"]
        identification = document["ods:hasIdentifications"][0]
        values = {
            "discipline": document.get("ods:topicDiscipline", ""),
            "country": place.get("dwc:countryCode", ""),
            "organisation": document["ods:organisationID"],
            "source": document["ods:sourceSystemID"],
            "mids": str(assess(document).level),
            "type_status": identification.get("dwc:typeStatus", ""),
            "year": document["ods:hasEvents"][0]["dwc:eventDate"][:4],
            "kingdom": identification["ods:hasTaxonIdentifications"][0]["dwc:kingdom"],
            "licence": document.get("dcterms:license", ""),
        }
        for facet, value in values.items():
            found[facet][value] += 1
    return {facet: dict(counts) for facet, counts in found.items()}


@given(steps=_steps, size=st.integers(1, 6))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_at_every_position_counts_equal_a_recount_of_the_fold(
    steps: list[tuple[Any, ...]], size: int
):
    with tempfile.TemporaryDirectory() as folder:
        told = Repository(Path(folder) / "log")
        told.source()
        told.register(90, a_medium(90), "media")
        for step in steps:
            told.lead(step[0], step[1], _draft(step[1], step))
        index = SearchIndex(Path(folder) / "view.sqlite")
        search = Search(Path(folder) / "view.sqlite")
        events = told.events()
        for start in range(0, len(events), size):
            index.apply(events[start : start + size], told.log)
        folded: dict[str, Recorded] = {}
        expected: dict[int, dict[str, dict[str, int]]] = {0: _plain(folded)}
        for event in events:
            if event.type == "specimen" and not event.operational:
                folded[event.pid_text] = event
            expected[event.position] = _plain(folded)
        for position, plain in expected.items():
            for facet in COUNTED:
                buckets = search.counts(facet, as_of=position)
                assert {b.value: b.count for b in buckets} == plain[facet], (position, facet)
        positions = list(expected)
        for facet in COUNTED:
            series = search.series(facet, positions)
            for i, position in enumerate(positions):
                now = {value: counts[i] for value, counts in series.items() if counts[i]}
                assert now == expected[position][facet]
        index.close()
        search.close()
        told.objects.close()


def test_counts_and_series_can_be_restricted_by_a_query(tmp_path: Path):
    told = Repository(tmp_path / "log")
    told.source()
    first = told.register(1, a_specimen(1))
    told.register(2, a_specimen(2, ods_topicDiscipline="Zoology"))
    second = told.register(3, a_specimen(3, ods_hasEvents=[an_event("BE")]))
    told.tombstone(1)
    index = SearchIndex(tmp_path / "view.sqlite")
    index.apply(told.events(), told.log)
    search = Search(tmp_path / "view.sqlite")
    botany = SearchQuery.parse({"discipline": ["Botany"]})
    assert [(b.value, b.count) for b in search.counts("country", botany)] == [("BE", 1)]
    positions = [second, 0, first, told.log.position()]
    assert search.series("country", positions, botany) == {"LU": [1, 0, 1, 0], "BE": [1, 0, 0, 1]}
    words = SearchQuery.parse({"q": ["bellis"]})
    assert search.series("discipline", [second], words) == {"Botany": [2], "Zoology": [1]}
    index.close()
    search.close()
