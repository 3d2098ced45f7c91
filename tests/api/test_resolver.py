"""Objects by PID: formats, versions, the past, and what is not public."""

from __future__ import annotations

import orjson
import pyoxigraph
import pytest

from api.negotiation import DOCUMENT_FORMATS, HTML, OBJECT_FORMATS, RDF_FORMATS
from fdo.documents import canonical
from fdo.lifecycle import Note, Register, Status
from fdo.representations.nquads import triples
from tests.api.conftest import BASE
from tests.api.documents import a_medium, a_source, a_specimen, a_stub

VERBATIM = orjson.dumps({"core": {"dwc:catalogNumber": "DH-1", "dwc:country": "Eesti"}})
REASON = "CC BY-NC 4.0, stated by the dataset, is not open."


@pytest.fixture
def oak(repository):
    """A specimen with two versions, of 1 and 2 March 2026, noon."""
    pid = repository.register("specimen", a_specimen(), verbatim=VERBATIM)
    repository.revise(pid, a_specimen(**{"ods:specimenName": "Quercus petraea (Matt.) Liebl."}))
    return pid


def test_a_document_goes_out_as_it_is_stored(repository, browse, oak):
    answer = browse().get(f"/{oak}")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json"
    assert answer.content == canonical(repository.objects.log.latest(oak).document)


@pytest.mark.parametrize("kind", [one for one in RDF_FORMATS if one.name != "jsonld"])
def test_every_rdf_format_holds_the_triples_of_the_mapper(repository, browse, oak, kind):
    for answer in (
        browse().get(f"/{oak}", accept=kind.media_type),
        browse().get(f"/{oak}?format={kind.name}"),
        browse().get(f"/{oak}?format={kind.extension}"),
    ):
        assert answer.headers["content-type"].encode() == kind.content_type
        wanted = "".join(triples(repository.objects.log.latest(oak).document))
        assert _graph(answer.content, kind.media_type) == _graph(
            wanted.encode(), "application/n-triples"
        )


def _graph(content: bytes, media_type: str) -> set[str]:
    syntax = pyoxigraph.RdfFormat.from_media_type(media_type)
    assert syntax is not None
    return {str(quad) for quad in pyoxigraph.parse(content, format=syntax)}


def test_json_ld_names_our_context_at_this_server(browse, oak):
    found = browse().get(f"/{oak}", accept="application/ld+json").json()
    assert found["@context"] == f"{BASE}/contexts/opends.jsonld"
    assert browse().get("/contexts/opends.jsonld").status_code == 200


@pytest.mark.parametrize("form", ["expanded", "flattened"])
def test_json_ld_comes_in_the_form_of_the_profile(repository, browse, oak, form):
    profile = f'application/ld+json;profile="http://www.w3.org/ns/json-ld#{form}"'
    answer = browse().get(f"/{oak}", accept=profile)
    assert answer.headers["content-type"] == profile
    assert "@context" not in answer.text
    wanted = "".join(triples(repository.objects.log.latest(oak).document))
    assert _graph(answer.content, "application/ld+json") == _graph(
        wanted.encode(), "application/n-triples"
    )


def test_what_has_a_handle_is_told_in_the_words_of_datacite_without_a_doi(repository, browse, oak):
    answer = browse().get(f"/{oak}/datacite")
    assert answer.json()["doi"] == str(oak)
    assert browse().get(f"/{oak}/datacite?format=xml").text.startswith("<?xml")
    source = repository.register("source-system", a_source())
    told = browse().get(f"/{source}/datacite").json()
    assert "doi" not in told
    assert told["alternateIdentifiers"] == [
        {"alternateIdentifier": str(source), "alternateIdentifierType": "Handle"}
    ]
    assert told["publisher"] == {"name": "Collectome"}  # no institution holds it


@pytest.mark.parametrize("shown", DOCUMENT_FORMATS, ids=lambda one: one.name)
def test_a_format_has_a_strong_validator_of_its_own(browse, oak, shown):
    etags = [browse().get(f"/{oak}?format={one.name}").headers["etag"] for one in DOCUMENT_FORMATS]
    assert len(set(etags)) == len(etags)
    answer = browse().get(f"/{oak}?format={shown.name}")
    assert not answer.headers["etag"].startswith("W/")
    again = browse().get(
        f"/{oak}?format={shown.name}", headers={"if-none-match": f'"x", {answer.headers["etag"]}'}
    )
    assert again.status_code == 304
    assert again.content == b""
    assert again.headers["etag"] == answer.headers["etag"]


def test_head_says_what_get_says_without_the_body(browse, oak):
    for path in (f"/{oak}", f"/{oak}/1?format=turtle", f"/{oak}/history"):
        got, headed = browse().get(path), browse().request("HEAD", path)
        assert headed.content == b""
        assert headed.headers == got.headers


def test_a_revision_changes_the_answer_and_its_validator(repository, browse, oak):
    browser = browse()
    before = browser.get(f"/{oak}")
    repository.revise(oak, a_specimen(**{"ods:specimenName": "Quercus cerris L."}))
    after = browser.get(f"/{oak}", headers={"if-none-match": before.headers["etag"]})
    assert after.status_code == 200
    assert after.json()["ods:specimenName"] == "Quercus cerris L."


def test_an_erasure_reaches_an_answer_that_was_kept_ready(repository, browse, oak):
    browser = browse()
    before = browser.get(f"/{oak}")
    event = repository.objects.log.latest(oak)
    redacted = canonical({**event.document, "ods:specimenName": "(erased)"})
    repository.objects.erase(oak, [event.position], redacted, by=event.agent)
    after = browser.get(f"/{oak}")
    assert after.json()["ods:specimenName"] == "(erased)"
    assert after.headers["etag"] != before.headers["etag"]
    assert "collectome-salt" not in after.headers


def test_the_salt_of_the_commitment_comes_with_the_document(repository, browse, oak):
    event = repository.objects.log.latest(oak)
    assert browse().get(f"/{oak}").headers["collectome-salt"] == event.salt.hex()


def test_links_lead_to_versions_formats_context_and_the_name(browse, oak):
    links = _links(browse().get(f"/{oak}/1"))
    assert links["cite-as"] == [oak.version_iri(1)]
    assert links["latest-version"] == [f"{BASE}/{oak}"]
    assert links["successor-version"] == [f"{BASE}/{oak}/2"]
    assert links["version-history"] == [f"{BASE}/{oak}/versions"]
    assert links["type"] == ["http://rs.dissco.eu/opends/terms/DigitalSpecimen"]
    assert f"{BASE}/contexts/opends.jsonld" in links["describedby"]
    assert f"{BASE}/contexts/opends.jsonld" in links["http://www.w3.org/ns/json-ld#context"]
    newest = _links(browse().get(f"/{oak}", accept="text/turtle"))
    assert newest["cite-as"] == [oak.iri]
    assert newest["predecessor-version"] == [f"{BASE}/{oak}/1"]
    assert "successor-version" not in newest


def test_every_link_to_this_server_resolves(browse, oak):
    for path in (f"/{oak}", f"/{oak}/1", f"/{oak}?format=html", f"/{oak}?as-of=v1"):
        answer = browse().get(path)
        for targets in _links(answer).values():
            for target in targets:
                # containers of annotations are made from a view, and asked in test_protocol.py
                if target.startswith(BASE) and not target.endswith("/annotations/"):
                    wanted = 302 if "/timegate/" in target else 200
                    assert browse().get(target).status_code == wanted, target


def test_alternates_of_a_version_are_of_that_version(browse, oak):
    for target in _links(browse().get(f"/{oak}/1"))["alternate"]:
        assert browse().get(target).headers["collectome-version"] == "1"


def _links(answer) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for link in answer.headers["link"].split(", <"):
        target, _, rest = link.lstrip("<").partition(">")
        for name in rest.partition('rel="')[2].partition('"')[0].split():
            found.setdefault(name, []).append(str(answer.url.join(target)))
    return found


def test_only_a_version_that_cannot_change_is_kept_by_caches_and_no_longer_than_a_day(browse, oak):
    kept = "public, max-age=86400"  # it may be erased
    assert browse().get(f"/{oak}/1").headers["cache-control"] == kept
    for path in (f"/{oak}", f"/{oak}/2", f"/{oak}/1?format=html", f"/{oak}?as-of=v1"):
        assert browse().get(path).headers["cache-control"] == "no-cache", path
    assert browse().get(f"/{oak}").headers["vary"] == "Accept"


def test_a_version_is_there_under_its_number_and_no_other(browse, oak):
    assert browse().get(f"/{oak}/1").json()["ods:version"] == 1
    assert browse().get(f"/{oak}/2").json()["ods:version"] == 2
    for number in ("0", "3", "01"):
        answer = browse().get(f"/{oak}/{number}")
        assert answer.status_code == 404
        assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize(
    ("moment", "version"),
    [
        ("1", 1),
        ("2", 2),
        ("v1", 1),
        ("v2", 2),
        ("2026-03-01", 1),
        ("2026-03-01T12:00:00Z", 1),
        ("2026-03-02T11:59:59.999999Z", 1),
        ("2026-03-02T12:00:00Z", 2),
        ("2026-03-02T14:00:00+02:00", 2),
        ("2026-03-02T13:59:59 02:00", 1),
    ],
)
def test_as_of_shows_what_the_repository_knew_then(repository, browse, oak, moment, version):
    repository.now += 10 * 86_400_000_000
    answer = browse().get(f"/{oak}", params={"as-of": moment})
    assert answer.json()["ods:version"] == version
    assert answer.headers["collectome-version"] == str(version)


@pytest.mark.parametrize(
    "moment", ["3", "2026-03-02", "2999-01-01T00:00:00Z", "yesterday", "2026-13-01", "v0", "-1"]
)
def test_as_of_refuses_the_future_and_what_is_no_moment(browse, oak, moment):
    answer = browse().get(f"/{oak}", params={"as-of": moment})
    assert answer.status_code == 400
    assert answer.json()["parameter"] == "as-of"


def test_before_its_first_event_an_object_is_not_found(browse, oak):
    for moment in ("0", "2026-02-28", "2026-03-01T11:59:59Z"):
        assert browse().get(f"/{oak}", params={"as-of": moment}).status_code == 404


def test_a_version_number_takes_no_as_of(browse, oak):
    assert browse().get(f"/{oak}/1?as-of=v1").status_code == 400


def test_unknown_parameters_are_named(browse, oak):
    answer = browse().get(f"/{oak}?as_of=v1")
    assert answer.status_code == 400
    assert answer.json()["parameter"] == "as_of"


def test_other_spellings_of_a_pid_lead_to_the_canonical_one(browse, oak):
    for path in (str(oak).lower(), f"{oak}/", f"{str(oak).lower()}/1"):
        answer = browse().get(f"/{path}?format=json")
        assert answer.status_code == 301
        assert answer.headers["location"].startswith(f"/{oak}")
        assert answer.headers["location"].endswith("?format=json")


def test_an_unknown_pid_is_not_found_and_says_so_in_one_form(browse):
    answer = browse().get("/10.5072/AAA-BBB-CCC")
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["type"] == f"{BASE}/problems/not-found"


def test_a_format_that_is_not_there_is_406_with_the_list(browse, oak):
    for answer in (browse().get(f"/{oak}", accept="image/png"), browse().get(f"/{oak}?format=xls")):
        assert answer.status_code == 406
        names = {one["mediaType"] for one in answer.json()["available"]}
        assert names == {one.media_type for one in OBJECT_FORMATS}


def test_writing_to_an_object_is_not_possible_by_its_address(browse, oak):
    for method in ("POST", "PUT", "PATCH", "DELETE"):
        answer = browse().request(method, f"/{oak}")
        assert answer.status_code == 405
        assert "GET" in answer.headers["allow"]
        assert answer.headers["content-type"] == "application/problem+json"
    assert browse().request("OPTIONS", f"/{oak}").status_code == 204


def test_scripts_of_other_origins_may_revalidate_and_read_the_salt(browse, oak):
    asked = browse().request("OPTIONS", f"/{oak}")
    assert {"If-None-Match", "If-Modified-Since"} <= {
        one.strip() for one in asked.headers["access-control-allow-headers"].split(",")
    }
    answer = browse().get(f"/{oak}")
    readable = answer.headers["access-control-expose-headers"].split(", ")
    assert {"ETag", "Collectome-Salt"} <= set(readable) and "collectome-salt" in answer.headers


# ── withdrawn, PID-only, draft ───────────────────────────────────────────────────────────


@pytest.mark.parametrize("shown", DOCUMENT_FORMATS, ids=lambda one: one.name)
def test_a_withdrawn_object_is_gone_and_still_shows_its_tombstone(repository, browse, oak, shown):
    heir = repository.register("specimen", a_specimen("DH-2"))
    repository.tombstone(oak, "Registered twice.", into=heir)
    answer = browse().get(f"/{oak}?format={shown.name}")
    assert answer.status_code == 410
    assert "Registered twice." in answer.text
    assert heir.suffix in answer.text
    assert browse().get(f"/{oak}/1?format={shown.name}").status_code == 200
    assert browse().get(f"/{oak}/record").json()["pidStatus"] == "TOMBSTONED"


def test_a_pid_only_object_says_why_and_shows_its_record(repository, browse, oak):
    repository.withhold(oak, REASON)
    for path in (f"/{oak}", f"/{oak}/1", f"/{oak}/3?format=turtle", f"/{oak}?as-of=v1"):
        answer = browse().get(path)
        assert answer.status_code == 403, path
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["reason"] == REASON
        assert "Quercus" not in answer.text
        assert browse().get(answer.json()["record"]).status_code == 200
    record = browse().get(f"/{oak}/record").json()
    assert record["gateReason"] == REASON
    assert browse().get(f"/{oak}/record?as-of=v1").status_code == 403
    page = browse().get(f"/{oak}", accept="text/html")
    assert page.status_code == 403
    assert REASON in page.text
    assert "gateReason" in page.text
    assert "Quercus" not in page.text


def test_a_released_object_keeps_its_pid_only_version_back(repository, browse):
    pid = repository.objects.reserve("specimen")
    repository.register("specimen", a_specimen())
    repository.do(Register(a_stub(pid, REASON), Status.PID_ONLY), pid)
    repository.release(pid, a_specimen("DH-9"))
    assert browse().get(f"/{pid}").status_code == 200
    assert browse().get(f"/{pid}/1").status_code == 403


def test_a_tombstone_publishes_nothing_that_was_withheld(repository, browse, oak):
    repository.withhold(oak, REASON)
    repository.tombstone(oak, "Lost.")
    for path in (f"/{oak}/1", f"/{oak}/1?format=html", f"/{oak}/1/", f"/{oak}?as-of=v1"):
        assert "Quercus" not in browse().get(path).text
    assert browse().get(f"/{oak}").status_code == 410
    page = browse().get(f"/{oak}", accept="text/html")
    assert page.status_code == 410
    assert "Lost." in page.text


def test_the_source_record_of_a_pid_only_object_is_for_its_curators(repository, browse, oak):
    repository.withhold(oak, REASON)
    path = f"/{oak}/verbatim?as-of=v1"
    assert browse().get(path).status_code == 403

    def ask(**token):
        text = repository.tokens.create(token.pop("name"), token.pop("roles"), **token)
        return browse().get(path, headers={"authorization": f"Bearer {text}"})

    assert ask(name="robot", roles=("agent",)).status_code == 403
    elsewhere = ask(name="other", roles=("curator",), organisation="https://ror.org/039zvsn29")
    assert elsewhere.status_code == 403
    assert ask(name="own", roles=("curator",)).json()["verbatim"] == orjson.loads(VERBATIM)
    assert browse().get(path, headers={"authorization": "Bearer fdo_wrong"}).status_code == 401


def test_a_draft_is_not_found(repository, browse):
    pid = repository.register("specimen", a_specimen(), Status.DRAFT)
    for tail in ("", "/1", "/history", "/versions", "/diff", "/record", "/verbatim"):
        for accept in ("application/json", "text/html"):
            assert browse().get(f"/{pid}{tail}", accept=accept).status_code == 404, tail


# ── what is said about an object ─────────────────────────────────────────────────────────


def test_versions_and_history_tell_who_did_what_and_when(repository, browse, oak):
    versions = browse().get(f"/{oak}/versions").json()
    assert [one["version"] for one in versions["versions"]] == [2, 1]
    assert versions["latest"] == 2
    first, second = browse().get(f"/{oak}/history").json()["events"]
    assert (first["position"], first["version"], first["what"]) == (1, 1, "Registered")
    assert (second["position"], second["version"], second["what"]) == (2, 2, "Revised")
    assert second["recordedAt"] == "2026-03-02T12:00:00.000000Z"
    assert second["agent"]["name"] == "Josiah Carberry"
    assert second["role"] == "Requestor"
    assert second["activity"].startswith("urn:uuid:")


def test_a_history_shows_no_salt_of_what_is_withheld(repository, browse, oak):
    assert all("salt" in one for one in browse().get(f"/{oak}/history").json()["events"])
    repository.withhold(oak, REASON)
    assert not any("salt" in one for one in browse().get(f"/{oak}/history").json()["events"])


def test_the_source_record_stays_retrievable_by_version(browse, oak):
    found = browse().get(f"/{oak}/verbatim?as-of=v1").json()
    assert found["verbatim"]["core"]["dwc:country"] == "Eesti"
    assert browse().get(f"/{oak}/verbatim").status_code == 404
    assert "Eesti" in browse().get(f"/{oak}/1", accept="text/html").text


def test_conformance_reports_shapes_and_mids(browse, oak):
    found = browse().get(f"/{oak}/conformance").json()
    assert found["version"] == 2
    assert isinstance(found["conforms"], bool)
    assert found["mids"]["level"] >= 0
    page = browse().get(f"/{oak}/conformance", accept="text/html")
    assert f"MIDS level {found['mids']['level']}" in page.text


@pytest.mark.parametrize("tail", ["versions", "history", "diff", "record", "conformance"])
def test_reports_are_json_or_a_page_and_nothing_that_they_do_not_know(browse, oak, tail):
    assert browse().get(f"/{oak}/{tail}", accept="text/html").text.startswith("<!doctype html>")
    assert browse().get(f"/{oak}/{tail}?format=rdfxml").status_code == 406
    assert browse().get(f"/{oak}/{tail}?colour=red").status_code == 400


# ── pages ────────────────────────────────────────────────────────────────────────────────


def test_a_page_shows_all_of_the_document_and_names_its_nodes(repository, browse, oak):
    page = browse().get(f"/{oak}", accept=HTML.media_type).text
    for text in ("Liis Tammoja", "Laelatu wooded meadow", "58.5839", "Fagaceae", "MIDS level"):
        assert text in page
    assert 'id="event-1-location"' in page
    assert 'id="identification-1-taxon-identification-1"' in page


def test_a_page_of_an_old_version_leads_to_the_new_one(browse, oak):
    for path in (f"/{oak}/1", f"/{oak}?as-of=2026-03-01"):
        page = browse().get(path, accept="text/html").text
        assert "there is a newer one" in page
        assert f'href="/{oak}"' in page
    assert "there is a newer one" not in browse().get(f"/{oak}/2", accept="text/html").text


def test_a_page_says_that_the_source_no_longer_shows_the_record(repository, browse, oak):
    source = repository.register("source-system", a_source())
    detail = {"harvest": 4, "not_seen": [str(oak)], "seen_again": []}
    repository.do(Note("HarvestCompleted", detail), source, "source-system")
    assert "Not seen in harvest 4" in browse().get(f"/{oak}", accept="text/html").text
    assert "HarvestCompleted" in browse().get(f"/{source}/history").text
    assert browse().get(f"/{source}", accept="text/html").status_code == 200


def test_media_and_specimens_lead_to_each_other(repository, browse, oak):
    picture = repository.register("media", a_medium(oak))
    page = browse().get(f"/{picture}", accept="text/html").text
    assert f'href="/{oak}"' in page
    assert "https://example.org/media/1.jpg" in page
    assert "<img" not in page  # no page asks another host for anything


def test_a_page_escapes_what_a_source_may_have_put_in(repository, browse):
    nasty = "</script><script>alert(1)</script>"
    pid = repository.register("specimen", a_specimen(**{"ods:specimenName": nasty}))
    page = browse().get(f"/{pid}", accept="text/html").text
    assert "<script>alert" not in page
