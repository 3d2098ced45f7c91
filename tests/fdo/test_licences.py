"""Licences: what is told from the texts that providers write, and what the gate lets pass."""

from __future__ import annotations

import pytest

from fdo.licences import gate, linked, parse, speaks_of_own

BY = "https://creativecommons.org/licenses/by/4.0/"

SPELLINGS = {
    "CC0": "CC0-1.0",
    "CC0 1.0": "CC0-1.0",
    "CC0_1_0": "CC0-1.0",
    "cc-zero": "CC0-1.0",
    "http://creativecommons.org/publicdomain/zero/1.0/legalcode": "CC0-1.0",
    "https://creativecommons.org/publicdomain/zero/1.0/deed.nl": "CC0-1.0",
    "Creative Commons Zero (CC0)": "CC0-1.0",
    "Public Domain (CC0 1.0)": "CC0-1.0",
    "public domain": "LicenseRef-PDM-1.0",
    "https://creativecommons.org/publicdomain/mark/1.0/": "LicenseRef-PDM-1.0",
    "http://creativecommons.org/licenses/publicdomain/": "LicenseRef-PDM-1.0",
    "CC-BY": "CC-BY",
    "CC BY 4.0": "CC-BY-4.0",
    "CC_BY_4_0": "CC-BY-4.0",
    "CC-BY-4.0": "CC-BY-4.0",
    "cc by v3": "CC-BY-3.0",
    "Creative Commons Attribution 4.0 International": "CC-BY-4.0",
    "Creative Commons Attribution (CC-BY) 4.0 License": "CC-BY-4.0",
    "https://creativecommons.org/licenses/by/4.0/": "CC-BY-4.0",
    "http://creativecommons.org/licenses/by/4.0": "CC-BY-4.0",
    "http://creativecommons.org/licenses/by/4.0/legalcode": "CC-BY-4.0",
    "http://creativecommons.org/licenses/by/3.0/": "CC-BY-3.0",
    "https://creativecommons.org/licenses/by/1.0/": "CC-BY-1.0",
    "https://creativecommons.org/licenses/by/2.5/au/": "CC-BY-2.5-AU",
    "http://creativecommons.org/licenses/by/3.0/de/legalcode": "CC-BY-3.0-DE",
    "https://creativecommons.org/licenses/by/4.0/deed.fr": "CC-BY-4.0",
    "This work is licensed under http://creativecommons.org/licenses/by/4.0/.": "CC-BY-4.0",
    "http://creativecommons.org/licenses/by-sa/4.0/": "CC-BY-SA-4.0",
    "http://creativecommons.org/licenses/by-nc-sa/3.0/us/": "CC-BY-NC-SA-3.0-US",
    "https://creativecommons.org/licenses/by-nc-nd/4.0/legalcode": "CC-BY-NC-ND-4.0",
    "CC BY-NC 4.0": "CC-BY-NC-4.0",
    "CC_BY_NC_4_0": "CC-BY-NC-4.0",
    "CC BY-SA 3.0": "CC-BY-SA-3.0",
    "Creative Commons Attribution-NonCommercial-NoDerivatives 4.0": "CC-BY-NC-ND-4.0",
    "Creative Commons Attribution Share Alike 4.0": "CC-BY-SA-4.0",
    "Creative Commons Attribution Non Commercial (CC-BY-NC) 4.0 License": "CC-BY-NC-4.0",
    "All rights reserved": "LicenseRef-InC",
    "ODbL": "ODbL-1.0",
    "https://opendatacommons.org/licenses/by/1-0/": "ODC-By-1.0",
    "PDDL 1.0": "PDDL-1.0",
    "Open Data Commons Public Domain Dedication and License (PDDL)": "PDDL-1.0",
    "https://opendatacommons.org/licenses/pddl/1-0/": "PDDL-1.0",
    "Creative Commons Zero": "CC0-1.0",
    "http://spdx.org/licenses/CC0-1.0.html": "CC0-1.0",
    "https://spdx.org/licenses/CC-BY-3.0-DE.json": "CC-BY-3.0-DE",
    "https://creativecommons.org/licenses/by/4.0/?ref=chooser-v1": "CC-BY-4.0",
    "CC BY 4.0 (http://creativecommons.org/licenses/by/4.0/)": "CC-BY-4.0",
    "CC BY 4": "CC-BY-4.0",
    "CC BY 4.0 DE": "CC-BY-4.0",
    "CC-BY-SA 2.1 JP": "CC-BY-SA-2.1-JP",
    "Creative Commons Attribution 3.0 Germany License": "CC-BY-3.0-DE",
    "Creative Commons Attribution 3.0 Unported": "CC-BY-3.0",
    "CC BY (Namensnennung)": "CC-BY",
    "This work is licensed under a Creative Commons Attribution (CC-BY) 4.0 License.": "CC-BY-4.0",
    "To the extent possible under law, the publisher has waived all rights to these data and has "
    "dedicated them to the Public Domain (CC0 1.0). Users may copy, modify, distribute and use the "
    "work, including for commercial purposes, without restriction.": "CC0-1.0",
    "© 2019 J. Doe, all rights reserved": "LicenseRef-InC",
}


@pytest.mark.parametrize(("text", "spdx"), SPELLINGS.items())
def test_every_spelling_in_use_names_its_licence(text: str, spdx: str) -> None:
    licence = parse(text)
    assert licence is not None and licence.spdx == spdx


@pytest.mark.parametrize(
    "text", ["", "see website", "unspecified", "© Museum", "not in the public domain", "by request"]
)
def test_a_text_that_names_no_licence_is_never_guessed(text: str) -> None:
    assert parse(text) is None


@pytest.mark.parametrize(
    "text",
    [
        "CC BY, no commercial use",
        "CC-BY 4.0 - commercial use prohibited",
        "CC BY 4.0, not for commercial purposes",
        "CC BY (nicht kommerziell)",
        "CC BY, Keine Bearbeitung",
        "CC BY 3.0 no modifications",
        "CC BY 4.0?",
        "CC BY 4.0 or CC BY-NC 4.0",
        "CC0, images excluded",
        "Creative Commons Attribution - uso no comercial",
        "https://creativecommons.org/licenses/by/4.0/ except for images",
        "PDDL unless stated otherwise",
        "Public domain status unknown",
        "may be in the public domain",
        "public domain?",
    ],
)
def test_a_word_beside_a_licence_that_may_forbid_holds_the_object_back(text: str) -> None:
    assert parse(text) is None
    assert not gate(text, "CC0").passes


@pytest.mark.parametrize(
    ("text", "spdx"),
    [
        ("CC BY-NC 4.0, http://creativecommons.org/licenses/by/4.0/", "CC-BY-NC-4.0"),
        ("CC0 / ODbL", "ODbL-1.0"),
        ("CC BY 3.0, CC BY 4.0", "CC-BY"),
    ],
)
def test_of_two_licences_in_one_text_the_stricter_counts(text: str, spdx: str) -> None:
    licence = parse(text)
    assert licence is not None and licence.spdx == spdx


def test_a_reason_tells_whether_it_speaks_of_the_object_s_own_licence() -> None:
    for own in ("CC BY-NC", "ask the curator"):
        assert speaks_of_own(gate(own, "CC0").reason)
        assert not speaks_of_own(gate(None, own).reason)
    assert not speaks_of_own(gate(None, None).reason)


@pytest.mark.parametrize("text", list(SPELLINGS))
def test_the_address_of_a_licence_names_the_same_licence(text: str) -> None:
    licence = parse(text)
    assert licence is not None and parse(licence.iri) == licence


def test_the_gate_lets_cc0_cc_by_of_any_version_and_public_domain_pass_and_nothing_else() -> None:
    for text, spdx in SPELLINGS.items():
        is_by = spdx == "CC-BY" or (spdx.startswith("CC-BY-") and spdx[6].isdigit())
        expected = is_by or spdx in {"CC0-1.0", "LicenseRef-PDM-1.0", "PDDL-1.0"}
        assert gate(text, None).passes is expected, text


def test_a_record_without_licence_inherits_that_of_its_dataset() -> None:
    verdict = gate(None, "CC-BY")
    assert verdict.passes and verdict.inherited
    assert verdict.licence == "https://creativecommons.org/licenses/by/"


def test_the_own_licence_counts_before_that_of_the_dataset() -> None:
    verdict = gate("CC BY-SA 4.0", "CC0")
    assert not verdict.passes and not verdict.inherited
    assert "CC BY-SA 4.0" in verdict.reason


def test_an_unknown_own_licence_does_not_fall_back_on_the_dataset() -> None:
    verdict = gate("ask the curator", "CC0")
    assert not verdict.passes and verdict.licence == "ask the curator"
    assert "ask the curator" in verdict.reason


def test_no_licence_anywhere_keeps_the_document_back() -> None:
    assert gate(" ", None).reason == "Neither the record nor its dataset states a licence."


@pytest.mark.parametrize(
    "words",
    [
        "CC BY 4.0, images excluded",
        "Attribution, except for the photographs",
        "for non-commercial use",
        "The data. Images are CC BY-NC",
        "Photographs: all rights reserved",
        "Bilder ausgenommen",
        "à l'exception des images",
        "Only metadata",
    ],
)
def test_words_beside_a_link_that_limit_its_licence_keep_the_document_back(words: str) -> None:
    for address in (BY, "https://opendatacommons.org/licenses/pddl/1-0/"):
        assert not gate(None, linked(address, words)).passes


@pytest.mark.parametrize(
    "words",
    [
        "",
        "This work is licensed under a Creative Commons Attribution (CC-BY) 4.0 License .",
        "To the extent possible under law, the publisher has waived all rights to these data. "
        "Users may copy, modify, distribute and use the work, including for commercial purposes, "
        "without restriction.",
        f"See {BY}. Please cite the museum.",
    ],
)
def test_other_words_beside_a_link_change_nothing(words: str) -> None:
    assert linked(BY, words) == BY


def test_a_link_to_a_stricter_licence_is_not_softened_by_its_words() -> None:
    strict = "https://creativecommons.org/licenses/by-nc/4.0/"
    assert linked(strict, "Attribution, non-commercial") == strict
