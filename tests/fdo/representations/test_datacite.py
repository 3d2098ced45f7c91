"""DataCite metadata: by the rules of the library, and by DataCite's own XSD 4.7."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest
from datacite import schema45
from lxml import etree

from api.demo import LOG
from fdo.representations.datacite import metadata


def documents(kind: str) -> Iterator[dict[str, Any]]:
    """The public documents of a type in the sample log."""
    with gzip.open(LOG) as lines:
        for line in map(orjson.loads, lines):
            meta = line.get("meta", {})
            public = meta.get("status") in ("active", "tombstone")
            if public and meta["type"] == kind and line["document"]:
                yield line["document"]


@pytest.mark.parametrize("kind", ["specimen", "media"])
def test_every_sample_is_valid_by_the_library(kind: str):
    for document in documents(kind):
        schema45.validator.validate(metadata(document))


@pytest.mark.parametrize("kind", ["specimen", "media"])
def test_every_sample_is_valid_by_the_schema_of_datacite(kind: str, shared_data: Path):
    xsd = etree.XMLSchema(etree.parse(shared_data / "datacite-4.7" / "metadata.xsd"))
    for document in documents(kind):
        xml = schema45.tostring(metadata(document))
        assert xsd.validate(etree.fromstring(xml.encode())), xsd.error_log


def test_collectors_are_credited_with_their_identifiers():
    told = [metadata(document) for document in documents("specimen")]
    schemes = {
        name["nameIdentifierScheme"]
        for each in told
        for person in each["creators"]
        for name in person.get("nameIdentifiers", ())
    }
    assert {"ORCID", "Wikidata"} <= schemes
    assert all(each["types"]["resourceTypeGeneral"] == "PhysicalObject" for each in told)


def test_a_tombstone_says_when_it_was_withdrawn():
    gone = next(d for d in documents("specimen") if d["ods:status"] == "Tombstone")
    assert "Withdrawn" in {date["dateType"] for date in metadata(gone)["dates"]}
