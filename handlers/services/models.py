"""The models of the shipped services as digital objects, in terms of FAIR4ML 0.1.

A model is known by the SHA-256 of its weights, computed from the installed file: the same weights
are registered once, whichever service or release of a package brings them. What their makers did
not publish (training sets, emissions) is left out, not guessed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from eventstore.application import DigitalObjects
from eventstore.envelope import opends_time, to_moment
from fdo.agent import Agent
from fdo.catalogue import OBJECT_TYPES
from fdo.documents import Document
from fdo.errors import InvalidDocument
from fdo.identifiers import Pid
from fdo.lifecycle import Register, stamped
from handlers.services.about import LICENSE
from handlers.services.options import Model, Options
from handlers.services.runtime import release, sha256_of
from ontologies.schemas import explain

KIND = "ml-model"
_BSD = "https://spdx.org/licenses/BSD-3-Clause"
_ONNX = "application/onnx"
_PADDLE = ("PaddleOCR (PaddlePaddle)", "https://github.com/PaddlePaddle/PaddleOCR")
_LANGID = ("M. Lui, A. Barbaresi", "https://github.com/adbar/py3langid")
_OURS = ("Collectome", "")
_UNKNOWN = ("Not stated", "")


@dataclass(frozen=True, slots=True)
class Card:
    """What is told of one model."""

    name: str
    told: str
    sha256: str
    version: str
    license: str
    maker: tuple[str, str]
    """Name, and where the model comes from."""
    task: str
    category: str
    use: str
    limits: str
    format: str = ""

    def document(self) -> Document:
        """The model as a document, without what the repository says of it."""
        known = OBJECT_TYPES[KIND]
        name, origin = self.maker
        told: Document = {
            "@type": known.rdf_type,
            "ods:status": "Active",
            "schema:name": self.name,
            "schema:description": self.told,
            "schema:license": self.license,
            "schema:codeRepository": origin,
            "schema:softwareVersion": self.version,
            "dcterms:format": self.format,
            "dcterms:creator": {"@type": "schema:Organization", "schema:name": name},
            "fair4ml:mlTask": [self.task],
            "fair4ml:modelCategory": [self.category],
            "fair4ml:intendedUse": self.use,
            "fair4ml:modelRisksBiasLimitations": self.limits,
            "col:sha256": self.sha256,
        }
        return {key: value for key, value in told.items() if value}


def cards(service: str, options: Options) -> list[Card]:
    """The models of a service, the one that its annotations name first; [] where it has none."""
    if service in options.classifiers:
        return [_configured(service, options.classifiers[service])]
    match service:
        case "label-ocr":
            return _of_ocr()
        case "language":
            return [_of_language()]
        case "image-embedding":
            return [_of_embedding(options.embedding[0])]
    return []


def registered(objects: DigitalObjects, found: Sequence[Card], by: Agent) -> list[Pid]:
    """The PIDs of these models, in order; those that are not known yet are registered."""
    keys = [f"{KIND}:{card.sha256}" for card in found]
    known = objects.log.claimed(keys)
    return [
        known[key].pid if key in known else _register(objects, card, by)
        for key, card in zip(keys, found, strict=True)
    ]


def _register(objects: DigitalObjects, card: Card, by: Agent) -> Pid:
    pid = objects.reserve(KIND)
    now = opends_time(to_moment(objects.clock()))
    document = stamped(card.document(), pid, 1, modified=now, created=now)
    if wrong := explain(KIND, document):
        told = "; ".join(f"{at}: {said.rstrip('.')}" for at, said in wrong[:3])
        raise InvalidDocument(f"{card.name} is not described as a model should be: {told}.", wrong)
    objects.handle(Register(document), pid=pid, kind=KIND, by=by)
    return pid


def _of_ocr() -> list[Card]:
    from handlers.services.text_lines import weights

    recogniser, detector, turner = weights()
    return [
        _paddle(
            recogniser,
            "PP-OCRv6 small, recognition of lines",
            "Reads an image of one line of printed text.",
            "optical character recognition",
            "Does not read handwriting reliably; its scores do not tell wrong readings from right "
            "ones. Latin and Chinese letters, and Japanese.",
        ),
        _paddle(
            detector,
            "PP-OCRv6 small, detection of lines",
            "Finds lines of text in an image.",
            "text detection",
            "Misses handwriting, and print smaller than about ten pixels.",
        ),
        _paddle(
            turner,
            "PP-OCR mobile 2.0, direction of lines",
            "Tells whether a line of text stands on its head.",
            "image classification",
            "Lines of few letters are taken for upright.",
        ),
    ]


def _paddle(file: Path, name: str, told: str, task: str, limits: str) -> Card:
    return Card(
        name=name,
        told=told,
        sha256=sha256_of(file),
        version=f"{file.name}, {release('rapidocr')}",
        license=LICENSE,
        maker=_PADDLE,
        task=task,
        category="convolutional neural network",
        use="Transcription of printed labels of natural-history specimens, to be looked over.",
        limits=limits,
        format=_ONNX,
    )


def _of_language() -> Card:
    from handlers.services.language import weights

    return Card(
        name="py3langid model of languages",
        told="Tells the language of a text.",
        sha256=sha256_of(weights()),
        version=release("py3langid"),
        license=_BSD,
        maker=_LANGID,
        task="language identification",
        category="naive Bayes classifier",
        use="The language of labels and notes, where the text is long enough.",
        limits="Takes every text for one in a language that it knows; short texts and lists of "
        "names mislead it.",
        format="application/x-xz",
    )


def _of_embedding(model: Path | None) -> Card:
    from handlers.similarity.descriptor import NAME, SHA256

    if model is not None:
        return Card(
            name=model.name,
            told="Describes an image by a vector, as configured in embedding_model.",
            sha256=sha256_of(model),
            version="",
            license="",
            maker=_UNKNOWN,
            task="image feature extraction",
            category="ONNX model",
            use="Finding similar images.",
            limits="Whoever configured it did not say.",
            format=_ONNX,
        )
    return Card(
        name=NAME,
        told="Describes an image by its colours, edges and texture. It was not trained and has no "
        "weights: the SHA-256 is that of its name and release.",
        sha256=SHA256,
        version=NAME,
        license=LICENSE,
        maker=_OURS,
        task="image feature extraction",
        category="hand-made descriptor",
        use="Finding copies, crops and images of the same make-up.",
        limits="Tells no species apart.",
    )


def _configured(service: str, model: Model) -> Card:
    return Card(
        name=f"{service} ({model.file.name})",
        told=model.about,
        sha256=model.sha256.lower(),
        version=model.version,
        license=model.license,
        maker=_UNKNOWN,
        task="image classification",
        category="ONNX model",
        use=model.intended_use,
        limits=model.cannot,
        format=_ONNX,
    )
