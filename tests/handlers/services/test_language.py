"""The language of a text is told where it can be, and otherwise not."""

from __future__ import annotations

import pytest

from handlers.services.language import Language, weights
from handlers.services.runtime import sha256_of
from tests.handlers.services.drawn import about, selector, stored, value

TEXTS = {
    "de": "Schattige Felsen am Bach oberhalb des Dorfes, auf Kalk, im lichten Buchenwald",
    "fr": "Prairie humide au bord du lac, près du village, en compagnie de plusieurs orchidées",
    "en": "Shady rocks near the stream, on limestone, above the village and below the road",
    "es": "Bosque de encinas en la ladera norte del cerro, cerca del arroyo y del camino viejo",
    "la": "In pratis humidis ad ripas fluvii prope pagum, inter frutices et saxa rariuscula",
}


@pytest.fixture(scope="module")
def service() -> Language:
    made = Language()
    made.load()
    return made


@pytest.mark.parametrize("code", TEXTS)
def test_a_sentence_is_told(service: Language, code: str) -> None:
    found = service.language(TEXTS[code])
    assert found is not None and found[0] == code and found[1] >= 0.9


@pytest.mark.parametrize(
    "text",
    ["", "Zermatt", "Abies alba Mill.", "1650 m, 12.VII.1987", "46.02 N 7.75 E 1650 m Meier 4711",
     "Valais Zermatt Meier Abies alba Picea abies Larix decidua 4711 1987 VII", "\0" * 400],
)  # fmt: skip
def test_of_what_is_short_or_no_sentence_nothing_is_said(service: Language, text: str) -> None:
    assert service.language(text) is None


def test_it_is_said_of_the_very_term(service: Language) -> None:
    location = {"@type": "ods:Location", "dwc:locality": TEXTS["fr"], "dwc:country": "France"}
    event = {"@type": "ods:Event", "dwc:habitat": TEXTS["de"], "ods:hasLocation": location}
    work = about(**{"dwc:verbatimLabel": TEXTS["en"], "ods:hasEvents": [event]})
    (answer,) = service.annotate([work])
    found = {selector(one)["ods:term"]: value(one) for one in stored(answer, work.object)}
    assert found == {
        "$['dwc:verbatimLabel']": {"dcterms:language": "en"},
        "$['ods:hasEvents'][0]['dwc:habitat']": {"dcterms:language": "de"},
        "$['ods:hasEvents'][0]['ods:hasLocation']['dwc:locality']": {"dcterms:language": "fr"},
    }
    assert answer.meta["modelSha256"] == sha256_of(weights())
