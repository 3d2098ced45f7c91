"""Points held against the map: what is wrong is told, a slip of the pen is proposed, and of what
is right nothing is said."""

from __future__ import annotations

import zipfile
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fdo.documents import Document
from handlers.services.coordinates import Coordinates, Map, the_map
from handlers.services.runtime import inside
from tests.handlers.services.drawn import about, selector, stored, value

GEOREFERENCE = "$['ods:hasEvents'][0]['ods:hasLocation']['ods:hasGeoreference']"


@pytest.fixture(scope="module")
def known() -> Map:
    return the_map()


@pytest.fixture(scope="module")
def service() -> Coordinates:
    return Coordinates()


def place(latitude: Any, longitude: Any, country: str | None = None, **said: Any) -> Any:
    """The work of a specimen from there."""
    location = {
        "@type": "ods:Location",
        **({"dwc:country": country} if country else {}),
        **said,
        "ods:hasGeoreference": {
            "@type": "ods:Georeference",
            "dwc:decimalLatitude": latitude,
            "dwc:decimalLongitude": longitude,
        },
    }
    return about(**{"ods:hasEvents": [{"@type": "ods:Event", "ods:hasLocation": location}]})


def told(service: Coordinates, work: Any) -> list[Document]:
    return stored(service.annotate([work])[0], work.object)


@pytest.mark.parametrize(
    "work",
    [
        place(46.02, 7.75, "Switzerland"),
        place(46.02, 7.75, **{"dwc:countryCode": "CH"}),
        place(-33.9, 18.4, "South Africa"),  # on the shore
        place(47.59, 7.6, "Germany"),  # less than ten kilometres over the border
        place(43.2, 8.5, "Italy"),  # in Italian waters
        place(-29.5, 28.2, "Lesotho"),  # inside another country
        place(52.5, 13.4),
        place(46.02, 7.75, "Helvetia"),  # a country that is not known
        place(30, -40, **{"dwc:minimumDepthInMeters": 800}),
        place(4.9, -52.3, "France"),  # overseas
        about(),
    ],
)
def test_nothing_is_said_of_what_can_be(service: Coordinates, work: Any) -> None:
    assert told(service, work) == []


@pytest.mark.parametrize(
    ("latitude", "longitude", "country", "term", "right"),
    [
        (46.02, -7.75, "Switzerland", "dwc:decimalLongitude", 7.75),
        (33.9, 18.9, "South Africa", "dwc:decimalLatitude", -33.9),
        (-23.5, 46.6, "Brazil", "dwc:decimalLongitude", -46.6),
    ],
)
def test_a_turned_sign_is_proposed(
    service: Coordinates,
    latitude: float,
    longitude: float,
    country: str,
    term: str,
    right: float,
) -> None:
    (found,) = told(service, place(latitude, longitude, country))
    assert found["oa:motivatedBy"] == ["oa:editing"]
    assert selector(found)["ods:term"] == f"{GEOREFERENCE}['{term}']"
    assert value(found) == right
    reason = found["oa:hasBody"][1]
    assert "sign of" in reason["rdf:value"] and reason["oa:hasPurpose"] == ["oa:commenting"]


def test_swapped_coordinates_are_proposed_in_one_change(service: Coordinates) -> None:
    (found,) = told(service, place(13.5, 47.5, "Austria"))
    assert selector(found)["ods:class"] == GEOREFERENCE
    assert value(found) == {
        "@type": "ods:Georeference",
        "dwc:decimalLatitude": 47.5,
        "dwc:decimalLongitude": 13.5,
    }


@pytest.mark.parametrize(
    ("work", "words"),
    [
        (place(0, 0), "Both coordinates are 0"),
        (place(47.5, 113.5, "Austria"), "in Mongolia"),
        (place(12, 48.0, "Austria"), "in the sea"),
        (place(30, -40, **{"dwc:minimumElevationInMeters": 800}), "elevation of 800 m"),
        (place(30, -40, **{"dwc:stateProvince": "Valais"}), "names a province"),
        (place(46, 7.75, **{"dwc:maximumElevationInMeters": 14_800}), "No land lies at 14800 m"),
    ],
)
def test_what_cannot_be_and_has_no_one_cause_is_remarked_on(
    service: Coordinates, work: Any, words: str
) -> None:
    (found,) = told(service, work)
    assert found["oa:motivatedBy"] == ["oa:commenting"] and words in value(found)
    assert found["col:severity"] in ("high", "medium", "low")


def test_a_stated_uncertainty_widens_the_border(known: Map) -> None:
    location = {"dwc:country": "Germany"}
    point = {"dwc:decimalLatitude": 47.2, "dwc:decimalLongitude": 8.2}
    assert known.findings(location, point)
    assert not known.findings(location, {**point, "dwc:coordinateUncertaintyInMeters": 50_000})


def test_a_point_that_no_globe_has_is_repaired_or_told_of(known: Map) -> None:
    """No document of ours holds such a point; a document that others sent may."""
    point = {"dwc:decimalLatitude": 120.0, "dwc:decimalLongitude": 30.0}
    (found,) = known.findings({"dwc:country": "China"}, point)
    assert found.proposed == {"dwc:decimalLatitude": 30.0, "dwc:decimalLongitude": 120.0}
    (lost,) = known.findings({"dwc:country": "Peru"}, point)
    assert lost.proposed is None and lost.test == "VALIDATION_DECIMALLATITUDE_INRANGE"


@settings(max_examples=300, deadline=None)
@given(
    st.floats(-95, 95) | st.sampled_from([0, 90, -90]),
    st.floats(-190, 190) | st.sampled_from([0, 180, -180]),
    st.sampled_from(["CH", "Fiji", "Russia", "Antarctica", "nowhere", ""]),
)
def test_what_is_proposed_lies_in_the_country(
    known: Map, latitude: float, longitude: float, country: str
) -> None:
    point = {"dwc:decimalLatitude": latitude, "dwc:decimalLongitude": longitude}
    for found in known.findings({"dwc:country": country}, point):
        assert found.told.endswith(".")
        if found.proposed:
            assert not known.findings({"dwc:country": country}, {**point, **found.proposed})


def test_the_mask_is_that_of_its_package(known: Map) -> None:
    """Some rows of its grid, cell by cell; the package's own reader would hold a gigabyte."""
    file = inside("global_land_mask", "globe_combined_mask_compressed.npz")
    grid = np.load(file)
    latitudes, longitudes = grid["lat"], grid["lon"]
    chosen = np.random.default_rng(7).choice(len(latitudes), 25, replace=False)
    mask = known._mask
    columns = range(0, len(longitudes), 97)
    with zipfile.ZipFile(file) as archive, archive.open("mask.npy") as rows:
        rows.read(128)  # the header of the format
        for number in range(len(latitudes)):
            row = rows.read(len(longitudes))
            if number not in chosen:
                continue
            up = float(latitudes[number]) - 0.004  # inside the cell, whose upper edge this is
            ours = [mask.is_sea(up, float(longitudes[at]) + 0.004) for at in columns]
            assert ours == [bool(row[at]) for at in columns]


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ("Switzerland", "CH"), ("CH", "CH"), ("CHE", "CH"), ("Côte d'Ivoire", "CI"),
        ("cote d ivoire", "CI"), ("Norway", "NO"), ("United States", "US"), ("Viet Nam", "VN"),
        ("Schweiz", None), ("", None),
    ],
)  # fmt: skip
def test_countries_are_known_by_code_and_english_name(
    known: Map, said: str, code: str | None
) -> None:
    assert known._countries.code(None, said) == code
