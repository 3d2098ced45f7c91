"""Objects under prefixes of one's own: taken in, resolved, and known again."""

from __future__ import annotations

from pathlib import Path

import pytest

from api.app import create_app
from api.settings import read_settings
from fdo.identifiers import Pid
from handlers.definitions import ensure
from tests.api.conftest import Browser
from tests.handlers.harvest.collection import Collection, counts, image, row


@pytest.mark.parametrize("handle_prefix", ["20.5000.abc", "21.T11148"])
def test_what_is_taken_in_under_other_prefixes_resolves_and_is_known_again(
    handle_prefix: str, tmp_path: Path
) -> None:
    settings = read_settings(
        data=tmp_path / "data", doi_prefix="10.99999", handle_prefix=handle_prefix
    )
    herbarium = Collection(tmp_path)
    herbarium.objects.prefixes = settings.prefixes
    ensure(herbarium.objects)
    rows, media = [row(1), row(2)], [image(1, "a")]
    assert counts(herbarium.harvest(rows, media)) == {"new": 2}
    assert counts(herbarium.harvest(rows, media)) == {"unchanged": 2}
    browser = Browser(create_app(settings, herbarium.objects))
    heads = herbarium.log.heads(limit=1000)
    assert {head.pid.prefix for head in heads} == {"10.99999", handle_prefix.upper()}
    by_type = {head.type: head.pid for head in heads}
    assert by_type.keys() >= {"specimen", "media", "source-system", "data-mapping", "fdo-profile"}
    for pid in by_type.values():
        assert Pid.parse(str(pid)) == pid
        assert browser.get(f"/{pid}").status_code == 200, pid
        other_case = browser.get(f"/{str(pid).lower()}")
        assert other_case.status_code == 200 or other_case.headers["location"].endswith(f"/{pid}")
    herbarium.objects.close()
