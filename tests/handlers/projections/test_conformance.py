"""Reports per object and counts per shape and dataset: current, and equal to plain counts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from eventstore.follower import Projection
from eventstore.patches import conformance
from fdo.documents import canonical
from fdo.errors import NotFound, Unavailable
from fdo.lifecycle import Status
from handlers.projections.conformance import Conformance, ConformanceReader
from shacl.validate import SHAPE, Report, Result
from tests.handlers.projections.contract import ProjectionContract
from tests.handlers.projections.story import (
    AGENT,
    OTHER_SOURCE,
    SOURCE,
    Repository,
    a_place,
    a_specimen,
    a_story,
    an_event,
)


class TestConformance(ProjectionContract):
    """The contract of all projections."""

    def open(self, folder: Path) -> Projection:
        return Conformance(folder / "view.sqlite")

    def seen(self, projection: Projection, folder: Path) -> Any:
        reader = ConformanceReader(folder / "view.sqlite")
        counts = reader.counts()
        said = {shape: reader.objects(shape) for shape in {each.shape for each in counts}}
        pids = {pid for found in said.values() for _, pid in found}
        seen = counts, reader.datasets(), said, {pid: reader.report(pid) for pid in sorted(pids)}
        reader.close()
        return seen


@pytest.fixture
def told(tmp_path: Path) -> Repository:
    repository = Repository(tmp_path / "log")
    repository.source()
    return repository


@pytest.fixture
def view(tmp_path: Path) -> Iterator[Conformance]:
    projection = Conformance(tmp_path / "view" / "view.sqlite")
    yield projection
    projection.close()


def read(view: Conformance, told: Repository, tmp_path: Path) -> ConformanceReader:
    """The reader of a view brought to the head of the log."""
    view.apply(told.events(), told.log)
    return ConformanceReader(tmp_path / "view" / "view.sqlite")


def test_an_object_has_the_report_of_its_current_version(
    told: Repository, view: Conformance, tmp_path: Path
):
    told.register(1, a_specimen(1, ods_hasEvents=[an_event(place=a_place(123, 6))]))
    reader = read(view, told, tmp_path)
    stated = reader.report("10.5072/AAA-BBB-001")
    assert (stated.version, stated.conforms) == (1, False)
    (result,) = [each for each in stated.results if each.severity == "Violation"]
    assert result.shape == SHAPE + "georeference-latitude"
    told.revise(1, a_specimen(1, ods_hasEvents=[an_event(place=a_place(12, 6))]))
    stated = read(view, told, tmp_path).report("10.5072/AAA-BBB-001")
    assert (stated.version, stated.conforms) == (2, True)
    assert reader.objects(SHAPE + "georeference-latitude") == []
    reader.close()


def test_what_is_not_public_has_no_report(told: Repository, view: Conformance, tmp_path: Path):
    told.register(1, a_specimen(1))
    told.register(2, a_specimen(2))
    told.draft(3, a_specimen(3))
    told.tombstone(1)
    told.withhold(2)
    reader = read(view, told, tmp_path)
    for number in (1, 2, 3):
        with pytest.raises(NotFound, match="no conformance report"):
            reader.report(str(told.pid(number)))
    assert reader.counts() == [] and reader.datasets() == []
    reader.close()


EDITS: list[dict[str, Any]] = [
    {},
    {"ods_hasEvents": [an_event(place=a_place(123, 6))]},
    {"ods_hasEvents": [an_event(place=a_place(124, 6))]},
    {"ods_hasEvents": [an_event(date="1066-10-14")]},
    {"dcterms_license": None},
    {"ods_sourceSystemID": OTHER_SOURCE.iri},
    {"ods_topicDiscipline": "Zoology"},
]
ERASE, WITHHOLD = len(EDITS), len(EDITS) + 1


@given(st.lists(st.tuples(st.integers(1, 2), st.integers(0, WITHHOLD), st.booleans()), max_size=12))
@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
def test_what_goes_on_from_version_to_version_is_what_is_said_of_each(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[int, int, bool]]
):
    folder = tmp_path_factory.mktemp("told")
    told = Repository(folder / "log")
    told.source()
    view = Conformance(folder / "view" / "view.sqlite")
    for number in (1, 2):
        told.register(number, a_specimen(number, **EDITS[number]))
    for step, (number, deed, read_now) in enumerate(steps):
        pid = told.pid(number)
        newest = told.log.latest(pid)
        if deed == WITHHOLD:
            if newest.status is Status.ACTIVE:
                told.withhold(number)
        elif deed == ERASE:
            event = told.log.version(pid, max(1, newest.version - step % 2))
            if event.status is Status.ACTIVE and event.salt:
                redacted = {**event.document, "ods:hasEvents": [an_event()]}
                told.objects.erase(pid, [event.position], canonical(redacted), AGENT)
        elif newest.status is Status.ACTIVE:
            told.revise(number, a_specimen(number, dwc_disposition=str(step), **EDITS[deed]))
        if read_now:
            view.apply(told.events(), told.log)
    view.apply(told.events(), told.log)
    for head in told.log.heads():
        event = told.log.latest(head.pid)
        if event.type == "specimen" and event.status is Status.ACTIVE:
            row = view.connection.execute(
                "SELECT position, version, conforms, results, d.source FROM objects "
                "JOIN datasets d ON d.id=dataset WHERE pid=?", (str(head.pid),)
            ).fetchone()  # fmt: skip
            report = conformance(event)
            assert report is not None
            results = tuple(Result(**each) for each in orjson.loads(row["results"] or b"[]"))
            assert Report(bool(row["conforms"]), results) == report
            assert (row["position"], row["version"]) == (event.position, event.version)
            assert row["source"] == event.document["ods:sourceSystemID"]
    anew = Conformance(folder / "anew" / "view.sqlite")
    anew.apply(told.events(), told.log)
    for spoken in (
        "SELECT s.shape, d.source, f.object, f.results FROM findings f "
        "JOIN shapes s ON s.id=f.shape "
        "JOIN datasets d ON d.id=f.dataset",
        "SELECT pid, position, version, conforms, results FROM objects",
    ):
        first, second = ({tuple(row) for row in v.connection.execute(spoken)} for v in (view, anew))
        assert first == second
    view.close()
    anew.close()


def test_counts_per_shape_and_dataset_equal_plain_counts(view: Conformance, tmp_path: Path):
    told = a_story(tmp_path / "log")
    told.register(21, a_specimen(21, ods_sourceSystemID=OTHER_SOURCE.iri, dcterms_license=None))
    told.register(22, a_specimen(22, ods_sourceSystemID=OTHER_SOURCE.iri, ods_hasEvents=None))
    plain: Counter[tuple[str, str]] = Counter()
    objects: Counter[tuple[str, str]] = Counter()
    for head in told.log.heads():
        event = told.log.latest(head.pid)
        if event.status is Status.ACTIVE and event.type in ("specimen", "media"):
            report = conformance(event)
            assert report is not None
            source = event.document["ods:sourceSystemID"]
            objects[source, event.type] += 1
            plain.update({(source, result.shape) for result in report.results})
    reader = read(view, told, tmp_path)
    assert {(c.source, c.shape): c.objects for c in reader.counts()} == dict(plain)
    assert {(d.source, d.type): d.objects for d in reader.datasets()} == dict(objects)
    assert {c.shape for c in reader.counts(SOURCE.iri)} == {s for o, s in plain if o == SOURCE.iri}
    for count in reader.counts():
        assert len(reader.objects(count.shape, count.source)) == count.objects
    reader.close()


def test_the_list_behind_a_count_is_read_in_pages(
    told: Repository, view: Conformance, tmp_path: Path
):
    for number in range(1, 8):
        told.register(number, a_specimen(number, dcterms_license=None))
    reader = read(view, told, tmp_path)
    found: list[str] = []
    after = 0
    while page := reader.objects(SHAPE + "specimen-licence", after=after, limit=3):
        found += [pid for _, pid in page]
        after = page[-1][0]
    assert found == [str(told.pid(number)) for number in range(1, 8)]
    reader.close()


def test_an_erased_value_is_quoted_no_more(told: Repository, view: Conformance, tmp_path: Path):
    position = told.register(1, a_specimen(1, ods_hasEvents=[an_event(date="1066-10-14")]))
    reader = read(view, told, tmp_path)
    assert any(r.value == "1066-10-14" for r in reader.report(str(told.pid(1))).results)
    redacted = {**told.log.event(position).document, "ods:hasEvents": [an_event()]}
    told.objects.erase(told.pid(1), [position], canonical(redacted), AGENT)
    reader = read(view, told, tmp_path)
    assert not any(r.severity == "Warning" for r in reader.report(str(told.pid(1))).results)
    reader.close()


@pytest.mark.parametrize("moved", [False, True], ids=["in the log", "in the file"])
def test_an_erased_value_leaves_the_files(
    told: Repository, view: Conformance, tmp_path: Path, moved: bool
) -> None:
    """Also that of a version which another one had followed before."""
    for number, date in ((1, "1066-10-14"), (2, "1067-11-15")):
        told.register(number, a_specimen(number, ods_hasEvents=[an_event(date=date)]))
    read(view, told, tmp_path).close()
    told.revise(1, a_specimen(1))
    read(view, told, tmp_path).close()
    if moved:
        view.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    assert b"1067-11-15" in files(tmp_path)
    for number in (1, 2):
        event = told.log.version(told.pid(number), 1)
        redacted = {**event.document, "ods:hasEvents": [an_event()]}
        told.objects.erase(told.pid(number), [event.position], canonical(redacted), AGENT)
    read(view, told, tmp_path).close()
    assert b"1066-10-14" not in files(tmp_path) and b"1067-11-15" not in files(tmp_path)


def files(folder: Path) -> bytes:
    """All that the files of the view hold, the write-ahead log included."""
    return b"".join(path.read_bytes() for path in (folder / "view").iterdir())


def test_a_view_that_is_not_there_yet_is_said_to_be_unavailable(tmp_path: Path):
    with pytest.raises(Unavailable):
        ConformanceReader(tmp_path / "none.sqlite").counts()
