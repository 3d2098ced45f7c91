"""The signposting client against the real server: what it reads in header, page and linkset
agrees, and every target on this server is there with the type that was said."""

from __future__ import annotations

import warnings

import httpx
import pytest
from signposting import find_signposting_html, find_signposting_http, find_signposting_linkset

from tests.scenarios.program import Server

pytestmark = pytest.mark.slow

ONE_OF_EACH = """
PREFIX ods: <http://rs.dissco.eu/opends/terms/>
SELECT ?class (SAMPLE(?one) AS ?object) WHERE {
  VALUES ?class { ods:DigitalSpecimen ods:DigitalMedia ods:SourceSystem ods:DataMapping }
  ?one a ?class .
} GROUP BY ?class
"""


def _paths(demo: Server) -> list[str]:
    found = ["/" + "/".join(row["object"].split("/")[3:]) for row in demo.rows(ONE_OF_EACH)]
    assert len(found) == 4
    return [*found, *(f"{path}/1" for path in found)]


def _told(signposting) -> set[tuple[str, str, str]]:
    # the client reads relations of pages in small letters: they are equal (RFC 8288, 2.1.2)
    return {(str(one.rel).lower(), str(one.target), str(one.type or "")) for one in signposting}


def test_the_client_reads_the_same_in_header_page_and_linkset(demo: Server):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for path in _paths(demo):
            address = demo.base + path
            page = find_signposting_html(address)
            (linkset,) = {str(one.target) for one in page.linksets}
            for kind in ("application/linkset+json", "application/linkset"):
                whole = find_signposting_linkset(linkset, kind).for_context(address)
                assert _told(whole) == _told(page), (path, kind)
            header = find_signposting_http(address)
            assert header.citeAs is not None
            assert header.citeAs.target.startswith(("https://doi.org/", "https://hdl.handle.net/"))
            context = ("describedby", f"{demo.base}/contexts/opends.jsonld", "application/ld+json")
            ours = {one for one in _told(header) if not one[0].startswith("http")} - {context}
            assert ours <= _told(page)
            assert {"type", "describedby", "linkset"} <= {rel for rel, *_ in ours}


def test_every_target_here_is_there_with_its_type(demo: Server):
    seen: set[tuple[str, str]] = set()
    for path in _paths(demo):
        for rel, target, kind in _told(find_signposting_html(demo.base + path)):
            if not target.startswith(demo.base):
                assert httpx.URL(target).scheme in ("http", "https")
            elif (target, kind) not in seen:
                seen.add((target, kind))
                headers = {"accept": kind} if kind else {}
                answer = demo.client.get(target, headers=headers)
                assert answer.status_code == 200, (rel, target)
                said = answer.headers["content-type"].partition(";")[0]
                assert said == (kind or said), (rel, target)
    assert len(seen) > 60
