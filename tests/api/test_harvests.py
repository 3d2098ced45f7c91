"""Decisions about paused harvests over HTTP: who may make them."""

from __future__ import annotations

import orjson
import pytest

from api.app import create_app
from api.harvests import harvests_router
from api.ingest_jobs import Jobs
from api.settings import Settings
from fdo.identifiers import Pid
from tests.api.conftest import BASE, Browser, Repository
from tests.api.test_ingest import OURS, THEIRS, held_by

NAME = "AAA-AAA-AAA-2"


def a_pause(repository: Repository, source: Pid) -> None:
    """A harvest of a dataset that waits for a decision, with its archive."""
    folder = repository.folder / "workspace" / "identity"
    (folder / NAME).mkdir(parents=True)
    (folder / NAME / "plants.csv").write_text("catalogNumber\n")
    options = {
        "source_system": "Plants", "organisation": None, "mapping": None, "observed_at": None,
    }  # fmt: skip
    pause = {
        "harvest": NAME, "source_system": str(source), "name": "Plants", "number": 2,
        "sha256": "0", "archive": "plants.csv", "paused_at": "2026-03-01T12:00:00.000000Z",
        "counts": {}, "proposals": [], "options": options,
    }  # fmt: skip
    (folder / f"{NAME}.json").write_bytes(orjson.dumps(pause))


@pytest.mark.parametrize("held", [THEIRS, None])
@pytest.mark.parametrize("decision", ["approve", "reject", "as-new"])
def test_a_token_for_one_institution_decides_nothing_of_another(
    repository: Repository, decision: str, held: str | None
) -> None:
    a_pause(repository, held_by(repository, "Plants", held))
    before = repository.objects.log.position()
    answer = asked(repository, decision)
    assert answer.status_code == 403
    assert repository.objects.log.position() == before
    assert not list(repository.folder.glob("jobs/*"))


def test_what_it_decides_of_its_own_is_taken_in_within_its_limit(repository: Repository) -> None:
    a_pause(repository, held_by(repository, "Plants", OURS))
    answer = asked(repository, "as-new")
    assert (answer.status_code, answer.json()["state"]) == (200, "as-new")
    told = answer.json()["job"]["options"]
    assert (told["holder"], told["source_system"]) == (OURS, "Plants")


def asked(repository: Repository, decision: str):
    """The decision of a curator of ours."""
    settings = Settings(data=repository.folder, public_base=BASE)
    router = harvests_router(repository.objects, repository.folder / "workspace", Jobs(settings))
    app = create_app(settings, repository.objects, tokens=repository.tokens, routers=[router])
    token = repository.tokens.create("ann", ("curator",), organisation=OURS)
    return Browser(app).request(
        "POST",
        f"/api/harvests/{NAME}/identity",
        headers={"authorization": f"Bearer {token}"},
        json={"decision": decision},
    )
