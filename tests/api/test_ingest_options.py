"""What a harvest is asked to do from the command line, and what the settings add to it."""

from __future__ import annotations

from datetime import UTC, datetime

from api.commands.ingest import options_of, under
from api.settings import Settings
from handlers.harvest.options import Options


def test_every_harvest_is_under_the_limits_and_profiles_of_the_settings() -> None:
    settings = Settings(reject_profiles=("media", "specimen"), ingest_files=7)
    found = under(settings, Options(source_system="Herbarium", dry_run=True))
    assert found.reject_shapes == {"media", "specimen"}
    assert (found.limits.max_files, found.source_system, found.dry_run) == (7, "Herbarium", True)


def test_a_harvest_that_goes_on_after_a_decision_is_too() -> None:
    asked = {
        "source_system": "Herbarium",
        "organisation": "https://ror.org/0566bfb96",
        "observed_at": "2026-03-01T12:00:00+00:00",
    }
    found = options_of(Settings(reject_profiles=("specimen",), ingest_files=7), asked)
    assert (found.reject_shapes, found.limits.max_files) == ({"specimen"}, 7)
    assert (found.source_system, found.organisation) == ("Herbarium", asked["organisation"])
    assert found.observed_at == datetime(2026, 3, 1, 12, tzinfo=UTC)
    assert found.mapping is None
    ours = {"@type": "ods:DataMapping"}
    assert options_of(Settings(), {**asked, "mapping": ours}).mapping == ours
    assert options_of(Settings(), {**asked, "observed_at": None}).observed_at is None
    assert found.holder is None
    ours = "https://ror.org/03z77qz90"
    assert options_of(Settings(), {**asked, "holder": ours}).holder == ours
