"""A version is cited by a stranger, its source is harvested again with changes, and years later
the DOI, the question as of that day and the hash still agree; so says a script that needs nothing
of ours."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from pathlib import Path

import httpx

from tests.scenarios.program import HOLDER, Server, collectome, specimens, until
from tests.scenarios.registrar import Double

COUNTRY = (
    "PREFIX dwc: <http://rs.tdwg.org/dwc/terms/> PREFIX ods: <http://rs.dissco.eu/opends/terms/> "
    "SELECT ?country WHERE {{ <https://doi.org/{doi}> "
    "ods:hasEvents/ods:hasLocation/dwc:country ?country }}"
)


def countries(server: Server, doi: str, **when: str) -> list[str]:
    answer = server.client.get(
        "/sparql",
        params={"query": COUNTRY.format(doi=doi), **when},
        headers={"accept": "text/csv"},
    )
    assert answer.status_code == 200, answer.text
    return answer.text.split()[1:]


def checked(folder: Path, *more: str) -> subprocess.CompletedProcess[str]:
    """The stand-alone script on the kept files, by a Python without packages."""
    line = [sys.executable, "-I", "-S", "verify_citation.py", "proof.json", "document.sealed"]
    return subprocess.run(
        [*line, *more], cwd=folder, capture_output=True, text=True, check=False, timeout=60
    )


def test_what_was_cited_is_what_is_found_after_the_source_has_changed(
    tmp_path: Path, double: Double
) -> None:
    data, kept, table = tmp_path / "data", tmp_path / "kept", tmp_path / "plants.csv"
    kept.mkdir()
    specimens(table, 1, 2, 3, country="Norway")
    assert collectome("ingest", table, HOLDER, "--json", data=data).code == 0
    with Server("serve", data, **double.settings) as server:
        until(lambda: len(double.findable()) == 3)
        doi = min(double.findable())
        world = httpx.Client(base_url=double.url, follow_redirects=True)  # doi.org, to the test

        # A stranger follows the DOI, takes the citation of the version in force, keeps its proof.
        words = {"accept": "text/x-bibliography; style=collectome"}
        citation = world.get(f"/{doi}", headers=words).text.strip()
        assert f"https://doi.org/{doi}/1 (" in citation and "hash://sha256/" in citation
        moment = citation.rpartition("(")[2].partition(")")[0]
        then = server.client.get(f"/{doi}/1").content
        for name, address in {
            "document.sealed": f"/{doi}/1/sealed",
            "proof.json": f"/{doi}/1/proof",
            "verify_citation.py": "/verify_citation.py",
            "checkpoint.txt": "/checkpoint",
        }.items():
            (kept / name).write_bytes(server.client.get(address).raise_for_status().content)
        key = server.client.get("/api/log/keys").json()["keys"][0]["vkey"]
        assert countries(server, doi) == ["Norway"]

        # To cite exactly this version by a DOI, somebody asks for one; no other version gets any.
        asked = server.client.post(f"/{doi}/1/doi", headers=server.writing)
        assert asked.status_code in (200, 202), asked.text
        until(lambda: f"{doi}/1" in double.findable())
        assert len(double.findable()) == 4
        assert world.get(f"/{doi}/1", headers={"accept": "application/json"}).content == then

        # The source is harvested again, with another country for all of them.
        specimens(table, 1, 2, 3, country="Sweden")
        assert collectome("ingest", table, HOLDER, "--json", data=data).code == 0
        until(lambda: countries(server, doi) == ["Sweden"])
        newer = world.get(f"/{doi}", headers={"accept": "application/json"})
        assert newer.headers["collectome-version"] == "2" and newer.content != then

        # The old DOI, the old moment and the hash still agree.
        old = world.get(f"/{doi}/1", headers={"accept": "application/json"})
        assert old.content == then
        assert server.client.get(f"/{doi}", params={"as-of": moment}).content == then
        assert countries(server, doi, **{"as-of": moment}) == ["Norway"]
        sealed = (kept / "document.sealed").read_bytes()
        assert sealed[32:] == then
        assert citation.endswith("hash://sha256/" + hashlib.sha256(sealed).hexdigest())
        assert server.client.get(f"/{doi}/1/sealed").content == sealed
        again = world.get(f"/{doi}/1", headers=words).text.strip()
        assert again.partition(" hash://")[0].endswith(f"({moment})")
        assert again.rpartition("hash://")[2] == citation.rpartition("hash://")[2]

        # The DOIs tell of each other.
        as_json = {"accept": "application/vnd.datacite.datacite+json"}
        whole, part = (world.get(f"/{name}", headers=as_json).json() for name in (doi, f"{doi}/1"))
        related = [
            {one["relationType"]: one["relatedIdentifier"].upper() for one in each}
            for each in (whole["relatedIdentifiers"], part["relatedIdentifiers"])
        ]
        assert related[0]["HasVersion"] == f"{doi}/1" and related[1]["IsVersionOf"] == doi
        assert part["version"] == "1"
    # The server is gone; what was kept is enough.
    good = checked(kept, key, citation)
    assert good.returncode == 0 and good.stdout.startswith("VERIFIED"), good
    assert "NOT CHECKED" not in good.stdout
    (kept / "document.sealed").write_bytes(sealed.replace(b"Norway", b"Sweden"))
    bad = checked(kept, key, citation)
    assert bad.returncode == 1 and bad.stderr.startswith("NOT VERIFIED"), bad
    line = ["verify", f"--checkpoint={kept / 'checkpoint.txt'}", f"--key={key}", "--json"]
    assert collectome(*line, data=data).said["sound"] is True
