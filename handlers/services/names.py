"""`names` and `label-names`: scientific names parsed and matched against a checklist.

`names` reads the identifications of specimens, and the verbatim label of one that has none;
`label-names` reads texts that programs found in images. What the checklist knows by another name,
or under another spelling, is proposed as one more identification, unverified, which says what was
written. Nothing that stands in the record is changed.

Whether a text is a name is not for its form to say ("Switzerland, Valais" has the form of one):
only what the checklist knows is a name.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from fdo.catalogue import OBJECT_TYPES
from fdo.documents import Document
from handlers.queueing.kit import Answer, Work, addition, target
from handlers.services.about import About
from handlers.services.checklist import Checklist, ChecklistRefused, Match, parted, plain
from handlers.services.context import annotated, specimens, texts

IDENTIFICATIONS = "ods:hasIdentifications"
MOST_LINES = 200
_CANNOT = (
    "It knows no names but those of the checklist that it was given, and its spelling of authors "
    "decides between homonyms; of homonyms between which nothing decides it says nothing. It "
    "proposes no identification for names that are not sure of themselves (cf., aff., sp.), and "
    "does not look at what is shown."
)
NAMES = About(
    name="names",
    does="Matches names of identifications against a checklist: the accepted name of a synonym, "
    "the right spelling of a misspelt one.",
    cannot=_CANNOT,
    works_on=("specimen",),
    motivations=("ods:adding",),
    packages=("gbif-name-parser",),
    micro_batch=64,
    lease_s=120,
)
LABEL_NAMES = replace(
    NAMES,
    name="label-names",
    does="Finds names of a checklist in texts that programs read from images, and proposes them "
    "as identifications of the specimen shown.",
    works_on=("annotation",),
    triggers=("annotated", "request"),
    filter={
        "$['oa:motivatedBy']": ["oa:commenting"],
        "$['oa:hasBody'][*]['dcterms:format']": ["text/plain"],
        "$['oa:hasTarget'][*]['ods:fdoType']": [OBJECT_TYPES["media"].fdo_type],
        "$['dcterms:creator'][*]['@type']": ["schema:SoftwareApplication"],
    },
)


class Names:
    """Names of identifications."""

    about = NAMES
    name = NAMES.name

    def __init__(self, checklist: Path | None) -> None:
        self._file = checklist
        self._checklist: Checklist | None = None

    def describe(self) -> Document:
        """The registration."""
        return self.about.document()

    def load(self) -> str:
        """Read the checklist, once; it runs on the CPU."""
        if self._file is None:
            raise ChecklistRefused(
                f"The service {self.name} needs a checklist: name a Darwin Core Taxon table in "
                "services.toml, as checklist under [names]."
            )
        self._checklist = self._checklist or Checklist(self._file)
        return "CPU"

    def annotate(self, works: Sequence[Work]) -> list[Answer]:
        """What the checklist says of the names of every work."""
        self.load()
        assert self._checklist is not None and self._file is not None  # load made it
        meta = {
            "softwareVersion": f"{self.about.release}, checklist {self._file.name} "
            f"(SHA-256 {self._checklist.sha256})",
            "executionProvider": "CPU",
        }
        return [Answer(list(self._said(work, self._checklist)), meta=meta) for work in works]

    def _said(self, work: Work, known: Checklist) -> Iterator[dict[str, Any]]:
        identifications = work.object.get(IDENTIFICATIONS) or []
        written = [
            taxon["dwc:scientificName"]
            for one in identifications
            for taxon in one.get("ods:hasTaxonIdentifications", ())
            if isinstance(taxon.get("dwc:scientificName"), str)
        ]
        if not identifications:
            written = str(work.object.get("dwc:verbatimLabel", "")).splitlines()
        yield from _proposed(work, written, known)


class LabelNames(Names):
    """Names in texts that were read from images."""

    about = LABEL_NAMES
    name = LABEL_NAMES.name

    def _said(self, work: Work, known: Checklist) -> Iterator[dict[str, Any]]:
        lines = [line for text in texts(work.object) for line in text.splitlines()]
        if not any(_matched(line, known) for line in lines[:MOST_LINES]):
            return  # nobody need be asked for the specimen
        medium = annotated(work)
        for shown in specimens(medium) if medium is not None else ():
            yield from _proposed(shown, lines, known)


def _proposed(work: Work, written: Iterable[str], known: Checklist) -> Iterator[dict[str, Any]]:
    """One more identification for each name that the checklist knows otherwise."""
    given = work.object.get(IDENTIFICATIONS) or []
    there = {
        plain(name)
        for one in given
        for taxon in one.get("ods:hasTaxonIdentifications", ())
        if (name := (parted(str(taxon.get("dwc:scientificName"))) or ("",))[0])
    }
    for text in list(dict.fromkeys(written))[:MOST_LINES]:
        found = _matched(text, known)
        if found is None or plain(found.accepted.name) in there:
            continue
        there.add(plain(found.accepted.name))
        path = f"$['{IDENTIFICATIONS}'][{len(given)}]"
        made = addition(work, path, _identification(text, found, known), score=found.score)
        yield {**made, "target": target(work, {"type": "ods:ClassSelector", "ods:class": path})}


def _matched(text: str, known: Checklist) -> Match | None:
    name = parted(text.strip())
    return known.match(*name) if name else None


def _identification(text: str, found: Match, known: Checklist) -> dict[str, Any]:
    accepted, taxon = found.accepted, found.taxon
    same = accepted.id == taxon.id
    named = "" if same else f", {taxon.status or 'synonym'} of {accepted.full}"
    return {
        "@type": "ods:Identification",
        "ods:identificationType": "TaxonIdentification",
        "ods:isVerifiedIdentification": False,
        "dwc:verbatimIdentification": text.strip(),
        "dwc:identificationRemarks": f"{taxon.full} in the checklist {known.file.name}{named}; "
        f"match: {found.kind}.",
        "ods:hasTaxonIdentifications": [_filled({
            "@type": "ods:TaxonIdentification",
            "dwc:scientificName": accepted.full,
            "dwc:scientificNameAuthorship": accepted.authorship,
            "dwc:taxonID": accepted.id,
            "dwc:taxonRank": accepted.rank,
            "dwc:taxonomicStatus": accepted.status,
        })],
    }  # fmt: skip


def _filled(node: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in node.items() if value}
