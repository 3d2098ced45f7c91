"""`language`: in which language the verbatim label, locality and field notes are written.

Said of each text long enough to tell, as a remark on the very term: the languages of a record's
metadata (`ods:metadataLanguages`) are another thing, and are left alone. Where it is not sure it
says nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from fdo.documents import Document
from handlers.queueing.kit import Answer, Work, assessment, term
from handlers.services.about import About
from handlers.services.runtime import inside, sha256_of

SURE = 0.9
LETTERS = 25
"""Letters below which place names outweigh words."""
LONGEST = 10_000
LANGUAGES = (
    "af", "ca", "cs", "da", "de", "el", "en", "es", "et", "eu", "fi", "fr", "gl", "hr", "hu",
    "is", "it", "ja", "ko", "la", "lb", "lt", "lv", "no", "nl", "nn", "pl", "pt", "ro", "ru",
    "sk", "sl", "sq", "sr", "sv", "tr", "uk", "vi", "zh",
)  # fmt: skip
"""Between which it chooses: those in which labels are written. Fewer languages, fewer errors."""
_TERMS = ("dwc:verbatimLabel",)
_OF_EVENT = ("dwc:fieldNotes", "dwc:eventRemarks", "dwc:habitat")
_OF_LOCATION = ("dwc:verbatimLocality", "dwc:locality")
ABOUT = About(
    name="language",
    does="Tells in which language the label, the locality and the notes of a specimen are written.",
    cannot=f"It says nothing of texts of fewer than {LETTERS} letters, or when it is less sure "
    f"than {SURE:g}. It knows {len(LANGUAGES)} languages and takes others for one of them; a text "
    "in two languages it takes for one. Scientific names make it think of Latin.",
    works_on=("specimen",),
    motivations=("oa:assessing",),
    packages=("py3langid",),
    micro_batch=64,
    lease_s=60,
)


def weights() -> Path:
    """The file of the model, as installed."""
    return inside("py3langid", "data", "model.npz.xz")


class Language:
    """Languages of texts."""

    name = ABOUT.name

    def __init__(self) -> None:
        self._model: Any = None

    def describe(self) -> Document:
        """The registration."""
        return ABOUT.document()

    def load(self) -> str:
        """Load the model, once; it runs on the CPU."""
        if self._model is None:
            from py3langid.langid import LanguageIdentifier

            self._model = LanguageIdentifier.from_model_file(str(weights()), norm_probs=True)
            known = set(self._model.labels)
            self._model.set_languages([one for one in LANGUAGES if one in known])
        return "CPU"

    def annotate(self, works: Sequence[Work]) -> list[Answer]:
        """The languages of the texts of every work."""
        self.load()
        meta = {
            "modelSha256": sha256_of(weights()),
            "softwareVersion": ABOUT.release,
            "executionProvider": "CPU",
        }
        return [Answer(list(self._said(work)), meta=meta) for work in works]

    def language(self, text: str) -> tuple[str, float] | None:
        """(ISO 639-1 code, how sure) of a text; None where it is not sure."""
        if sum(one.isalpha() for one in text) < LETTERS:
            return None
        code, sure = self._model.classify(text[:LONGEST])
        return (str(code), round(float(sure), 4)) if sure >= SURE else None

    def _said(self, work: Work) -> Iterator[dict[str, Any]]:
        for path, text in _texts(work.object):
            if found := self.language(text):
                code, sure = found
                yield assessment(work, {"dcterms:language": code}, about=term(path), score=sure)


def _texts(document: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """(path, text) of each text that people wrote."""
    yield from _held(document, _TERMS, "$")
    for at, event in enumerate(document.get("ods:hasEvents") or ()):
        path = f"$['ods:hasEvents'][{at}]"
        yield from _held(event, _OF_EVENT, path)
        yield from _held(event.get("ods:hasLocation") or {}, _OF_LOCATION,
                         f"{path}['ods:hasLocation']")  # fmt: skip


def _held(node: Mapping[str, Any], terms: Sequence[str], path: str) -> Iterator[tuple[str, str]]:
    for key in terms:
        if isinstance(text := node.get(key), str):
            yield f"{path}['{key}']", text
