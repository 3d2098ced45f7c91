"""The model of the sample, what it learned from, and how it was measured: twice.

    training set ─▶ model ─▶ service ─▶ proposals ─▶ decisions of a curator
                      └▶ evaluation on places that were held back
                      └▶ evaluation by the repository: the share that curators accepted

As all of the sample they are invented: no such weights exist, and so no SHA-256 names them.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from api.demo import CURATOR
from eventstore.application import DigitalObjects
from eventstore.follower import follow_once
from fdo.identifiers import Pid
from handlers.learning import Learning
from handlers.projections.annotations import Annotations, AnnotationsIndex

_CC0 = "https://creativecommons.org/publicdomain/zero/1.0/"
TRAINING_SET: dict[str, Any] = {
    "@type": "schema:Dataset",
    "schema:name": "Places of the sample collections, April 2026",
    "schema:description": "Continent, country, province and the line in which a cataloguer joined "
    "them, of the specimens that the sample held at the end of April 2026. Invented.",
    "schema:license": _CC0,
    "col:objectCount": 96,
}
HELD_BACK: dict[str, Any] = {
    "@type": "schema:Dataset",
    "schema:name": "Places of the sample collections, held back",
    "schema:description": "Places that the model did not see while it learned. Invented.",
    "schema:license": _CC0,
    "col:objectCount": 24,
}
MODEL: dict[str, Any] = {
    "@type": "fair4ml:MLModel",
    "schema:name": "Higher geography, order of places",
    "schema:description": "Chooses which of the places that a record states stand in one line, and "
    "in which order. Invented for the sample.",
    "schema:license": _CC0,
    "schema:softwareVersion": "1.2",
    "fair4ml:mlTask": ["sequence ranking"],
    "fair4ml:modelCategory": ["decision tree"],
    "fair4ml:intendedUse": "Proposals of dwc:higherGeography, to be looked over by a curator.",
    "fair4ml:modelRisksBiasLimitations": "Knows the provinces of today; places under a former "
    "name come out wrong. Most of what it learned from lies in Europe.",
}
EVALUATION: dict[str, Any] = {
    "@type": "fair4ml:MLModelEvaluation",
    "schema:name": "Places held back",
    "schema:description": "Lines that were the same as those of the cataloguer, sign by sign.",
    "col:metric": "exact matches",
    "col:measured": 0.875,
    "col:objectCount": 24,
}


def model_of(objects: DigitalObjects) -> Pid:
    """The model of the sample, registered with its training set and its evaluation."""
    hands = Learning(objects, CURATOR)
    learned, held = (hands.register(form).pid.iri for form in (TRAINING_SET, HELD_BACK))
    model = hands.register(MODEL | {"fair4ml:trainedOn": [learned]}).pid
    hands.register(EVALUATION | {"col:model": model.iri, "fair4ml:evaluatedOn": [held]})
    return model


def measure(objects: DigitalObjects, model: Pid) -> None:
    """Record what curators made of the model's suggestions so far, as `mas evaluate` does."""
    with tempfile.TemporaryDirectory() as scratch:
        place = Path(scratch) / "annotations.sqlite"
        index = AnnotationsIndex(place)
        while follow_once(objects.log, [index]):
            pass
        index.close()
        view = Annotations(place)
        Learning(objects, CURATOR).evaluate(model, view)
        view.close()
