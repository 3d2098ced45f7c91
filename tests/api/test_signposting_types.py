"""FAIR Signposting of every type of object, as the client reads header, page and linkset."""

from __future__ import annotations

import pytest
from signposting.htmllinks import HTML, _parse_html
from signposting.signpost import AbsoluteURI

from fdo.catalogue import OBJECT_TYPES
from tests.api.conftest import BASE
from tests.api.test_signposting import JSON_SET, SERVICE, TEXT_SET, of, of_header, of_linkset, told
from tests.fdo.representations.sampled import one_of_each


@pytest.fixture
def objects(repository):
    """One object of each type."""
    return {kind: repository.register(kind, draft) for kind, draft in one_of_each().items()}


def test_the_client_reads_the_same_in_header_page_and_linkset_of_every_type(objects, browse):
    browser = browse()
    assert {*objects} == {*OBJECT_TYPES}
    for kind, pid in objects.items():
        for path, cited in ((f"/{pid}", pid.iri), (f"/{pid}/1", pid.version_iri(1))):
            page = browser.get(path, accept="text/html")
            assert page.status_code == 200, kind
            here = AbsoluteURI(str(page.url))
            whole = told(_parse_html(HTML(page.text, "text/html", here, here)))
            header = of_header(page)
            assert told(header) == whole, kind
            assert of(header, "cite-as") == [cited]
            assert {"type", "describedby", "linkset"} <= {rel for rel, *_ in whole}, kind
            (linkset,) = {target for rel, target, _ in whole if rel == "linkset"}
            for form in (JSON_SET, TEXT_SET):
                found = of_linkset(browser.get(linkset, accept=form), path)
                assert told(found) == whole, (kind, form)


@pytest.mark.parametrize(
    "kind", ["annotation", "fdo-profile", "machine-annotation-service", "ml-model"]
)
def test_every_target_of_it_is_there_with_the_type_that_was_said(objects, browse, kind):
    browser = browse()
    path = f"/{objects[kind]}"
    signs = told(of_header(browser.get(path, accept="text/html")))
    here = [one for one in signs if one[1].startswith(BASE) and one[0] != SERVICE]
    assert len(here) > 5
    for rel, target, form in here:
        answer = browser.get(target, accept=form or None)
        assert answer.status_code == 200, (rel, target)
        said = answer.headers["content-type"].partition(";")[0]
        assert said == (form.partition(";")[0] or "application/json"), target
        if rel == "describedby":
            assert f"{BASE}{path}" in of(of_header(answer), "describes"), target
