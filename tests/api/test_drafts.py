"""A draft is as unknown as a PID that nobody bears, at every door and in every word."""

from __future__ import annotations

from itertools import pairwise

import pytest

from fdo.identifiers import Pid
from fdo.lifecycle import Activate, Status, stamped
from tests.api.conftest import Browser, Repository
from tests.api.documents import a_specimen

NOBODY = Pid.parse("10.5072/AAA-AAA-AAA")
TAILS = (
    "", "/1", "/9", "?as-of=1", "?as-of=v7", "?format=bibtex", "?format=turtle", "/1/cite",
    "/1/linkset", "/1/proof", "/1/sealed", "/annotations/", "/cite", "/conformance", "/datacite",
    "/diff", "/diff?from=1&to=2", "/history", "/linkset", "/mas", "/record", "/result", "/schema",
    "/shapes", "/verbatim", "/versions", "/1/doi",
)  # fmt: skip
READ = (
    *(f"/{{pid}}{tail}" for tail in TAILS),
    "/api/annotations/{pid}",
    "/api/export?format=documents&source-system={pid}",
    "/api/handles/{pid}",
    "/api/log/proof/inclusion?pid={pid}&version=1",
    "/api/log/proof/inclusion?pid={pid}&version=7",
    "/api/mas/{pid}",
    "/similar?pid={pid}",
    "/api/media/{pid}",
    "/api/media/{pid}/file",
    "/timegate/{pid}",
    "/timemap/link/{pid}",
    "/timemap/link/{pid}/result",
    "/timemap/json/{pid}/result",
    "/unapi?id={pid}&format=ris",
)
HOLDER = "https://ror.org/0566bfb96"
VERBATIM = b'{"catalogNumber":"DH-1"}'


@pytest.fixture
def draft(repository: Repository) -> Pid:
    return repository.register("specimen", a_specimen(), Status.DRAFT, verbatim=VERBATIM)


def the_same(
    browser: Browser, draft: Pid, path: str, method: str = "GET", **options: object
) -> int:
    """The status that both have; all else but the PID is the same too."""
    said = []
    for pid in (draft, NOBODY):
        answer = browser.request(method, path.format(pid=pid), **options)
        headers = {k: v for k, v in answer.headers.items() if k not in ("date", "content-length")}
        said.append((answer.status_code, f"{headers} {answer.text}".replace(pid.suffix, "…")))
    for one, other in pairwise(said):
        assert one == other
    return said[0][0]


@pytest.mark.parametrize("accept", ["application/json", "text/html"])
def test_whatever_is_read_of_it(repository: Repository, draft: Pid, accept: str) -> None:
    browser = Browser(repository.app())
    for path in READ:
        status = the_same(browser, draft, path, headers={"accept": accept})
        assert status < 500, path


def test_its_source_record_is_for_curators_of_its_institution(
    repository: Repository, draft: Pid
) -> None:
    browser = Browser(repository.app())
    for role in ("agent", "curator"):
        text = repository.tokens.create(role, (role,), organisation=HOLDER)
        headers = {"authorization": f"Bearer {text}"}
        for tail in ("/verbatim", "/9/verbatim", "/verbatim?as-of=v7"):
            assert the_same(browser, draft, f"/{{pid}}{tail}", headers=headers) == 404
    text = repository.tokens.create("ours", ("curator",))
    answer = browser.get(f"/{draft}/verbatim", headers={"authorization": f"Bearer {text}"})
    assert answer.status_code == 200


def test_a_curator_of_another_institution_does_not_learn_of_it(
    repository: Repository, draft: Pid
) -> None:
    other = repository.register("specimen", a_specimen("DH-2", **{"ods:organisationID": HOLDER}))
    text = repository.tokens.create("theirs", ("curator",), organisation=HOLDER)
    headers = {"authorization": f"Bearer {text}"}
    browser = Browser(repository.app())
    for tail, more in (
        ("tombstone", {}),
        ("restore", {}),
        ("merge", {"into": str(other)}),
        ("split", {"parts": [str(other)]}),
    ):
        body = {"reason": "x", **more}
        path = f"/api/objects/{{pid}}/{tail}"
        assert the_same(browser, draft, path, "POST", headers=headers, json=body) == 404, tail


def test_who_writes_of_others_learns_nothing_of_it(repository: Repository, draft: Pid) -> None:
    text = repository.tokens.create("robot", ("agent",), organisation=HOLDER)
    headers = {"authorization": f"Bearer {text}"}
    browser = Browser(repository.app())
    assert the_same(browser, draft, "/{pid}/1/doi", "POST", headers=headers) == 404
    asked = {"data": {"type": "MasRequest", "attributes": {"mass": [{"masId": str(NOBODY)}]}}}
    assert the_same(browser, draft, "/{pid}/mas", "POST", headers=headers, json=asked) == 404


def test_what_was_a_draft_once_is_known_and_its_first_version_is_not_public(
    repository: Repository, draft: Pid
) -> None:
    document = stamped(a_specimen(), draft, 2, modified="2026-03-04T12:00:00.000Z")
    repository.do(Activate(document), draft)
    browser = Browser(repository.app())
    assert browser.get(f"/{draft}").status_code == 200
    first = browser.get(f"/{draft}/1")
    assert first.status_code == 404 and "Version 1" in first.json()["detail"]
