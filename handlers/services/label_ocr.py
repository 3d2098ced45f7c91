"""`label-ocr`: what stands on labels, line by line with its place, and as a whole.

For an image it answers with one annotation a line and one of the whole transcription; for the
specimen that the image shows, where it has no verbatim label yet, with the proposal of one. Where
somebody drew a region, that region is read.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from fdo.documents import Document
from handlers.queueing.kit import Answer, Work, addition, comment, region_text
from handlers.services.about import IMAGES, About
from handlers.services.context import area_of, cause, specimens, texts
from handlers.services.images import Picture
from handlers.services.runtime import sha256_of
from handlers.services.sight import WHOLE, Seen, look
from handlers.services.text_lines import Line, reader, weights

LABEL = "dwc:verbatimLabel"
ABOUT = About(
    name="label-ocr",
    does="Reads printed text in images: a text with its place for each line, the transcription "
    "as a whole, and a verbatim label for a specimen that has none.",
    cannot="It does not read handwriting reliably, and misses some of it altogether; its scores "
    "do not tell wrong readings from right ones (wrong words were seen at 0.98). Whole sheets of "
    "more than 2,000 pixels a side lose their smallest print: draw a region, and it is read at "
    "full size. It knows Latin and Chinese letters, Japanese and no others.",
    works_on=("media",),
    triggers=("registered", "changed", "annotated", "request"),
    motivations=("oa:commenting", "ods:adding"),
    packages=("rapidocr", "onnxruntime"),
    filter=IMAGES,
    micro_batch=8,
    wait_ms=500,
    lease_s=600,
    gpu="optional",
)


class LabelOcr:
    """Text of images, read in micro-batches."""

    name = ABOUT.name

    def describe(self) -> Document:
        """The registration."""
        return ABOUT.document()

    def load(self) -> str:
        """Load the models, once in a process; what they run on."""
        return reader().provider

    def annotate(self, works: Sequence[Work]) -> list[Answer]:
        """The lines of every image; those of all images are read together."""
        answers: list[Answer | Seen] = []

        def pictures() -> Iterator[Picture]:
            for work in works:
                looked = Answer() if _read_before(work) else look(work)
                if isinstance(looked, Answer):
                    answers.append(looked)
                else:
                    answers.append(looked[0])
                    yield looked[1]

        read = iter(reader().lines(pictures()))
        meta = {
            "modelSha256": sha256_of(weights()[0]),
            "softwareVersion": ABOUT.release,
            "executionProvider": reader().provider,  # now that it ran
        }
        return [one if isinstance(one, Answer) else _said(one, next(read), meta) for one in answers]


def _read_before(work: Work) -> bool:
    """Whether the region that asks was named by a program that says already what stands there."""
    asked = cause(work)
    if asked is None or area_of(asked, work.iri) is None or not texts(asked):
        return False
    creators = asked.get("dcterms:creator", asked.get("creator", ()))
    listed = creators if isinstance(creators, list) else [creators]
    kinds = [one.get("@type", one.get("type", "")) for one in listed if isinstance(one, Mapping)]
    return bool(kinds) and not any("Person" in str(kind) for kind in kinds)


def _said(seen: Seen, lines: Sequence[Line], meta: Mapping[str, Any]) -> Answer:
    found = [
        region_text(seen.work, seen.xywh(*line.box), line.text, score=line.score) for line in lines
    ]
    if seen.area == WHOLE and lines:
        whole = "\n".join(line.text for line in lines)
        score = _mean(lines)
        found.append(comment(seen.work, whole, score=score))
        found += [
            addition(specimen, f"$['{LABEL}']", whole, score=score)
            for specimen in specimens(seen.work)
            if not specimen.object.get(LABEL)
        ]
    return Answer(found, meta=meta)


def _mean(lines: Sequence[Line]) -> float:
    """How sure the reading is as a whole: its lines count by their letters."""
    letters = sum(len(line.text) for line in lines)
    return round(sum(line.score * len(line.text) for line in lines) / letters, 4)
