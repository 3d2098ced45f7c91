"""Scientific names against a checklist: a Darwin Core Taxon table, held in memory.

A name is compared without its author first; the author then tells homonyms apart. Near names are
looked for only under the same genus, or the same epithet under a genus that is nearly the same:
names that share neither are not misspellings of each other.
"""

from __future__ import annotations

import csv
import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from fdo.errors import CollectomeError
from handlers.services.runtime import sha256_of

Kind = Literal["exact", "author differs", "ending differs", "spelling differs"]

MOST_TAXA = 1_000_000
LONGEST_NAME = 300
SHORT = 6
"""Letters below which words that differ are different words."""
_ACCEPTED = ("", "accepted", "valid")
_RANKS = frozenset({
    "agg", "cv", "f", "fo", "form", "forma", "nothosubsp", "nothovar", "sect", "ssp", "subf",
    "subg", "subgen", "subsp", "subspecies", "subvar", "var", "variety", "x",
})  # fmt: skip
_ENDING = re.compile(r"(us|a|um|is|e|er|ra|rum|ii|i|ae|iae)$")
"""What an epithet ends with changes with the gender of its genus, and -i with -ii (ICZN 58)."""


class ChecklistRefused(CollectomeError):
    """The file is no checklist that can be read; the message says what it lacks."""


@dataclass(frozen=True, slots=True)
class Taxon:
    """One row of a checklist."""

    id: str
    name: str
    authorship: str
    rank: str
    status: str
    accepted_id: str

    @property
    def full(self) -> str:
        """The name with its author."""
        return f"{self.name} {self.authorship}".strip()


@dataclass(frozen=True, slots=True)
class Match:
    """What a name is in a checklist: the row that it meets, and the accepted one."""

    taxon: Taxon
    accepted: Taxon
    kind: Kind
    score: float


class Checklist:
    """The names of one file."""

    def __init__(self, file: Path) -> None:
        self.file, self.sha256 = file, sha256_of(file)
        self._taxa: dict[str, Taxon] = {}
        self._names: dict[str, list[Taxon]] = defaultdict(list)
        self._genera: dict[str, dict[str, str]] = defaultdict(dict)
        """Genus → what follows it → the name."""
        self._epithets: dict[str, set[str]] = defaultdict(set)
        for taxon in _rows(file):
            key = plain(taxon.name)
            if not key:
                continue
            self._taxa[taxon.id] = taxon
            self._names[key].append(taxon)
            genus, _, rest = key.partition(" ")
            self._genera[genus][rest] = key
            if rest:
                self._epithets[rest].add(genus)
        if not self._taxa:
            raise ChecklistRefused(f"{file} holds no names.")

    def __len__(self) -> int:
        return len(self._taxa)

    def match(self, name: str, authorship: str = "") -> Match | None:
        """What this name, given without and with its author, is here; None for nothing, or for
        several things between which nothing decides."""
        key = plain(name)
        if not key or len(key) > LONGEST_NAME:
            return None
        if key in self._names:
            return self._chosen(self._names[key], authorship, "exact", 0.9)
        for kind, score, near in self._near(key):
            found = [taxon for one in near for taxon in self._names[one]]
            return self._chosen(found, authorship, kind, score)
        return None

    def _chosen(
        self, found: list[Taxon], authorship: str, kind: Kind, score: float
    ) -> Match | None:
        """The one that is meant: by the author where one is given, else the one that stands."""
        signed = [one for one in found if same_author(authorship, one.authorship)]
        pool = signed or found
        if len({self.accepted(one).id for one in pool}) > 1:
            pool, score = [one for one in pool if self.accepted(one).id == one.id], score - 0.2
            if len(pool) != 1:
                return None
        taxon = next((one for one in pool if one.status in _ACCEPTED), pool[0])
        if signed:
            score += 0.08
        elif authorship and taxon.authorship:
            kind, score = ("author differs" if kind == "exact" else kind), score - 0.1
        return Match(taxon, self.accepted(taxon), kind, round(score, 2))

    @property
    def taxa(self) -> Iterable[Taxon]:
        """All rows that have a name."""
        return self._taxa.values()

    def accepted(self, taxon: Taxon) -> Taxon:
        """The taxon of which this one is a synonym, or itself."""
        for _ in range(5):  # synonyms of synonyms; a ring of them ends here
            if taxon.accepted_id in ("", taxon.id) or taxon.accepted_id not in self._taxa:
                break
            taxon = self._taxa[taxon.accepted_id]
        return taxon

    def _near(self, key: str) -> Iterator[tuple[Kind, float, list[str]]]:
        """Names that differ by an ending, then by one letter, then by two."""
        genus, _, rest = key.partition(" ")
        siblings = self._genera.get(genus, {})
        if rest:
            stems = [siblings[one] for one in siblings if stem(one) == stem(rest)]
            if stems:
                yield "ending differs", 0.85, stems
        for most, score in ((1, 0.75), (2, 0.6)):
            near = [
                siblings[one] for one in siblings
                if rest and one and _within(rest, one, most)
            ]  # fmt: skip
            near += [
                f"{other} {rest}" for other in self._epithets.get(rest, ())
                if _within(genus, other, most)
            ]  # fmt: skip
            if not rest and most == 1:
                near += [self._genera[one][""] for one in self._genera
                         if "" in self._genera[one] and _within(genus, one, 1)]  # fmt: skip
            if near:
                yield "spelling differs", score, near


def _rows(file: Path) -> Iterator[Taxon]:
    """The rows of a table with a header of Darwin Core terms, comma, tab or semicolon between."""
    try:
        with file.open(encoding="utf-8-sig", newline="") as opened:
            header = opened.readline()
            mark = max(",\t;", key=header.count)
            names = [_term(one) for one in next(csv.reader([header], delimiter=mark), [])]
            if "scientificName" not in names:
                raise ChecklistRefused(
                    f"{file} has no column scientificName; its first line names the columns, in "
                    "terms of Darwin Core."
                )
            for number, row in enumerate(csv.reader(opened, delimiter=mark), 2):
                if number > MOST_TAXA + 1:
                    raise ChecklistRefused(f"{file} has more than {MOST_TAXA:,} rows.")
                yield _taxon(dict(zip(names, row, strict=False)), number)
    except (OSError, ValueError, csv.Error) as wrong:
        raise ChecklistRefused(f"{file} cannot be read as a table: {wrong}.") from wrong


def _term(column: str) -> str:
    """The name of a term without its namespace (`dwc:taxonID`, or as an IRI)."""
    return re.split(r"[:/#]", column.strip())[-1]


def _taxon(row: Mapping[str, str], number: int) -> Taxon:
    said = {key: value.strip() for key, value in row.items()}
    name, by = said.get("scientificName", ""), said.get("scientificNameAuthorship", "")
    if not by and "scientificNameAuthorship" not in said:
        name, by = parted(name) or (name, "")
    elif by and name.endswith(by):
        name = name[: -len(by)].rstrip(" ,")
    return Taxon(
        said.get("taxonID") or f"row {number}",
        name,
        by,
        said.get("taxonRank", ""),
        said.get("taxonomicStatus", "").casefold(),
        said.get("acceptedNameUsageID", ""),
    )


def parted(text: str) -> tuple[str, str] | None:
    """(name, author) of a text that is a scientific name by its form; None for any other, and
    for one that is not sure of itself (cf., aff., sp.)."""
    import nameparser

    if not 3 <= len(text) <= LONGEST_NAME:
        return None
    try:
        found = nameparser.parse(text)
    except nameparser.UnparsableNameError:
        return None
    if not isinstance(found, nameparser.ParsedName) or found.epithet_qualifier or found.unparsed:
        return None
    name = found.canonical_name_minimal()
    return (name, found.authorship_complete() or "") if name else None


def plain(name: str) -> str:
    """A name as it is compared: small letters without accents; no subgenus, ranks and signs."""
    bare = re.sub(r"\([^)]*\)", " ", name)
    folded = unicodedata.normalize("NFKD", bare.casefold().replace("×", " "))
    words = re.findall(r"[a-z-]+", "".join(one for one in folded if not unicodedata.combining(one)))
    return " ".join(word for word in words if word not in _RANKS)


def same_author(one: str, other: str) -> bool:
    """Whether two citations may be of the same author: each name begins like its counterpart,
    so that L. is Linnaeus; years are equal where both have one."""
    (names, year), (others, other_year) = _cited(one), _cited(other)
    return (
        bool(names)
        and len(names) == len(others)
        and all(a.startswith(b) or b.startswith(a) for a, b in zip(names, others, strict=True))
        and (not year or not other_year or year == other_year)
    )


def _cited(said: str) -> tuple[list[str], str]:
    """(names, year) of a citation; initials of given names and joining words left out."""
    folded = unicodedata.normalize("NFKD", said.casefold())
    letters = "".join(one for one in folded if not unicodedata.combining(one))
    words = re.findall(r"[a-z]+", letters)
    names = [word for word in words if word not in ("and", "de", "et", "ex", "in", "von")]
    long = [word for word in names if len(word) > 1]
    years = re.findall(r"\d{4}", letters)
    return long or names, years[0] if years else ""


def stem(epithet: str) -> str:
    """An epithet without the ending that changes with the gender of its genus."""
    return " ".join(_ENDING.sub("", word) for word in epithet.split())


def _within(one: str, other: str, most: int) -> bool:
    """Whether so many letters at most have to be changed, in words that are not too short."""
    if min(len(one), len(other)) < SHORT - 2 + most or abs(len(one) - len(other)) > most:
        return False
    if one[0] != other[0] and most > 1:
        return False
    return 0 < distance(one, other) <= most


def distance(one: str, other: str) -> int:
    """Letters to be put in, left out, changed or exchanged with their neighbour (optimal string
    alignment)."""
    before: list[int] = []
    last = list(range(len(other) + 1))
    for i, left in enumerate(one, 1):
        row = [i]
        for j, right in enumerate(other, 1):
            cost = min(last[j] + 1, row[j - 1] + 1, last[j - 1] + (left != right))
            if i > 1 and j > 1 and left == other[j - 2] and one[i - 2] == right:
                cost = min(cost, before[j - 2] + 1)
            row.append(cost)
        before, last = last, row
    return last[-1]
