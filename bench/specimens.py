"""Synthetic specimens: record *n* of a plan is a pure function of the plan's seed and of *n*.

The draws of a record come from one hash, so a later harvest can be written without the earlier
one: it makes the same record again and then applies what that harvest changed.
"""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate
from typing import NamedTuple, TypeVar

from bench import words

COLUMNS = words.COLUMNS.split()
"""Darwin Core terms of the core file, `id` first."""

MEDIA_COLUMNS = words.MEDIA_COLUMNS.split()
"""Dublin Core terms of the multimedia file, after the core id."""

CC0 = "http://creativecommons.org/publicdomain/zero/1.0/legalcode"
INSTITUTION = "https://ror.org/0566bfb96"

Cells = list[str]
_Item = TypeVar("_Item")


@dataclass(frozen=True)
class Plan:
    """What to generate. `harvest` 1 is the first; each later one changes, adds and drops."""

    records: int
    seed: int = 1
    media_share: float = 0.4
    change_share: float = 0.1
    """Share of records that each later harvest changes; a tenth of it is added and dropped."""
    harvest: int = 1
    catalog_prefix: str = "SYN"

    @cached_property
    def grown_by(self) -> int:
        """How many records each later harvest adds."""
        return round(self.records * self.change_share / 10)

    @property
    def numbers(self) -> range:
        """All record numbers up to this harvest, dropped ones included."""
        return range(self.records + self.grown_by * (self.harvest - 1))


class Taxon(NamedTuple):
    """The cells of a name, from `scientificName` to `nomenclaturalCode`, and its kingdom."""

    cells: tuple[str, ...]
    kingdom: str


class Country(NamedTuple):
    """A country with the box its coordinates are drawn from."""

    cells: tuple[str, str, str]
    south: float
    height: float
    west: float
    width: float
    provinces: tuple[str, ...]


class State(NamedTuple):
    """What became of a record by this harvest: dropped, or which change came last."""

    dropped: bool
    change: int
    """0: as first published; 1–4: see `Specimens.row`."""
    harvest: int
    draws: tuple[int, ...]


class Specimens:
    """Rows of the core and of the multimedia extension of a plan, in order of their number."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self._taxa = _spread(_taxa())
        self._countries = _spread(_countries())
        self._people = _spread(_people())
        self._habitats = _phrases(words.HABITATS)
        self._remarks = _phrases(words.REMARKS)
        self._heads = [word.replace("_", " ") for word in words.PLACE_HEADS.split()]
        self._tails = words.PLACE_TAILS.split()
        self._directions = words.DIRECTIONS.split()

    def rows(self) -> Iterator[Cells]:
        """The core rows of this harvest."""
        for number in self.plan.numbers:
            state = self.state(number)
            if not state.dropped:
                yield self.row(number, state)

    def media(self) -> Iterator[Cells]:
        """The multimedia rows of this harvest, in order of their records; core id first."""
        for number in self.plan.numbers:
            state = self.state(number)
            if not state.dropped:
                yield from self.media_of(number, state)

    def state(self, number: int) -> State:
        """What the harvests up to the plan's did to the record."""
        plan = self.plan
        last = State(False, 0, 1, ())
        born = 1
        if number >= plan.records:
            born = 2 + (number - plan.records) // plan.grown_by
        for harvest in range(max(born, 1) + 1, plan.harvest + 1):
            draws = _draws(plan.seed, number, harvest)
            if draws[1] < plan.change_share * 6553.6:
                return State(True, 0, harvest, draws)
            if draws[0] < plan.change_share * 65536:
                last = State(False, 1 + draws[2] % 4, harvest, draws)
        return last

    def row(self, number: int, state: State) -> Cells:
        """The core row: changes are 1 name, 2 coordinates, 3 remark, 4 one more image."""
        draws = _draws(self.plan.seed, number, 0)
        catalog = f"{self.plan.catalog_prefix}.{number:08d}"
        taxon = self._taxa[draws[0]]
        determiner = self._people[draws[1]]
        determined = f"{1950 + draws[2] % 76}"
        reason = ""
        remark = self._remarks[draws[3] % 64] if draws[3] % 64 < len(self._remarks) else ""
        modified = f"20{10 + draws[4] % 16:02d}-{1 + draws[4] % 12:02d}-{1 + draws[4] % 28:02d}"
        if state.change:
            modified = harvest_day(state.harvest)
        if state.change == 1:
            taxon, determiner = self._taxa[state.draws[3]], self._people[state.draws[4]]
            determined, reason = "2026", "revised"
        elif state.change == 3:
            remark = f"checked for harvest {state.harvest}"
        iri = f"https://example.org/specimen/{catalog}"
        collection = taxon.kingdom[:3].upper()
        rare_type = ("holotype", "isotype", "paratype", "syntype")[draws[5] % 4]
        return [
            iri,
            modified,
            CC0,
            INSTITUTION,
            "SYNTH",
            collection,
            "PreservedSpecimen",
            iri,
            catalog,
            f"{collection} {draws[6] % 9000 + 1000}/{number % 1000}" if draws[6] % 3 else "",
            *self._gathering(draws, number, taxon, remark),
            *self._place(draws, state),
            *determiner,
            determined,
            rare_type if draws[5] < 1300 else "",
            reason,
            *taxon.cells,
        ]

    def _gathering(self, draws: tuple[int, ...], number: int, taxon: Taxon, remark: str) -> Cells:
        """From `recordNumber` to `habitat`."""
        kept = words.PREPARATIONS.get(taxon.kingdom, words.PREPARATIONS["Plantae"])
        animal = taxon.kingdom == "Animalia"
        year = 2025 - (draws[7] * draws[8] * 230 >> 32)
        month, day = 1 + draws[9] % 12, 1 + draws[10] % 28
        date = f"{year}-{month:02d}-{day:02d}" if draws[9] > 6000 else str(year)
        return [
            str(number % 9973 + 1) if draws[10] > 12000 else "",
            *self._people[draws[11]],
            str(1 + draws[12] % 7) if animal else "1",
            ("female", "male", "")[draws[13] % 3] if animal else "",
            ("adult", "adult", "juvenile", "")[draws[14] % 4] if animal else "",
            kept[draws[15] % len(kept)],
            remark,
            date,
            str(year),
            self._habitats[draws[16] % len(self._habitats)],
        ]

    def _place(self, draws: tuple[int, ...], state: State) -> Cells:
        """From `continent` to `georeferencedBy`; one record in eight has no coordinates."""
        country = self._countries[draws[17]]
        head, tail = self._heads[draws[18] % len(self._heads)], self._tails[draws[19] % 12]
        way = self._directions[draws[20] & 7]
        locality = f"{head} {tail}, {1 + draws[21] % 40} km {way} of {self._heads[draws[22] % 13]}"
        town = f"{locality}ton, plot {draws[23] % 900}"
        province = country.provinces[draws[24] % len(country.provinces)]
        refined = state.change == 2
        if draws[25] < 8192 and not refined:
            return [*country.cells, province, town, str(draws[26] % 2400), *[""] * 6]
        latitude = country.south + country.height * draws[27] / 65536
        longitude = country.west + country.width * draws[28] / 65536
        if refined:
            latitude += state.draws[5] / 65536e3
        return [
            *country.cells,
            province,
            town,
            str(draws[26] % 2400),
            f"{latitude:.5f}",
            f"{longitude:.5f}",
            "WGS84",
            "25" if refined else str((30, 100, 250, 1000, 5000)[draws[29] % 5]),
            "0.00001",
            self._people[draws[30]][0],
        ]

    def media_of(self, number: int, state: State) -> list[Cells]:
        """The multimedia rows of one record."""
        draws = _draws(self.plan.seed, number, 0)
        count = (1 + (draws[31] % 5 == 0)) if draws[31] < self.plan.media_share * 65536 else 0
        count += state.change == 4
        if not count:
            return []
        catalog = f"{self.plan.catalog_prefix}.{number:08d}"
        core, file = f"https://example.org/specimen/{catalog}", f"{number:08d}"
        creator = self._people[draws[31] ^ 0x5555][0]
        year = 2008 + draws[31] % 17
        return [
            [
                core,
                f"https://example.org/media/synthetic/{file}_{view}.jpg",
                "StillImage",
                "image/jpeg",
                f"{catalog}, view {view}",
                f"{year}-{1 + view:02d}-15",
                creator,
                CC0,
            ]
            for view in range(1, count + 1)
        ]


def _draws(seed: int, number: int, harvest: int) -> tuple[int, ...]:
    """32 numbers below 65,536 that nothing but the three arguments decides."""
    key = struct.pack("<qqq", seed, number, harvest)
    return struct.unpack("<32H", hashlib.blake2b(key).digest())


def harvest_day(harvest: int) -> str:
    """The date of a harvest: the first is of January 2026, each later one of the next month."""
    month = harvest - 1
    return f"{2026 + month // 12}-{1 + month % 12:02d}-01"


def _spread(items: list[_Item]) -> list[_Item]:
    """65,536 places filled by Zipf's law: the n-th item comes up in proportion to 1/n."""
    weights = list(accumulate(1 / rank for rank in range(1, len(items) + 1)))
    scale = 65536 / weights[-1]
    places: list[_Item] = []
    for item, weight in zip(items, weights, strict=True):
        places += [item] * (round(weight * scale) - len(places))
    return places


def _taxa() -> list[Taxon]:
    """Species of all genera: first each genus with one epithet, then with the next."""
    authors = {"ICN": _phrases(words.BOTANISTS), "ICZN": _phrases(words.ZOOLOGISTS)}
    epithets = words.EPITHETS.split()
    genera = []
    for line in words.FAMILIES.strip().splitlines():
        lineage, names = line.split(":")
        genera += [(lineage.split(), genus) for genus in names.split()]
    taxa = []
    for turn in range(12):
        for place, (ranks, genus) in enumerate(genera):
            step = place * 7 + turn
            code = "ICZN" if ranks[0] in ("Animalia", "Protozoa") else "ICN"
            epithet = epithets[step % len(epithets)]
            author = authors[code][step % len(authors[code])]
            name_id = f"https://example.org/names/{genus.lower()}-{epithet}"
            cells = (f"{genus} {epithet} {author}", author, name_id, "species", *ranks)
            taxa.append(Taxon((*cells, genus, epithet, code), ranks[0]))
    return taxa


def _countries() -> list[Country]:
    found = []
    for line in words.COUNTRIES.strip().splitlines():
        code, *rest = line.split()
        continent, name, *provinces = (word.replace("_", " ") for word in rest[:2] + rest[6:])
        south, north, west, east = map(float, rest[2:6])
        cells = (continent, name, code)
        found.append(Country(cells, south, north - south, west, east - west, tuple(provinces)))
    return found


def _people() -> list[tuple[str, str]]:
    """Name and id; two of three have one, outside the blocks that ORCID hands out."""
    given, heads = words.GIVEN.split(), words.SURNAME_HEADS.split()
    tails = words.SURNAME_TAILS.split()
    found = []
    for number in range(336):
        surname = heads[number % len(heads)] + tails[number // len(heads) % len(tails)]
        name = f"{given[number * 5 % len(given)]} {surname}"
        found.append((name, _orcid(2_000_000 + number) if number % 3 else ""))
    return found


def _orcid(number: int) -> str:
    """An ORCID iD with its check character (ISO 7064, 11-2)."""
    digits = f"{number:015d}"
    total = 0
    for digit in digits:
        total = (total + int(digit)) * 2 % 11
    full = digits + "0123456789X"[(12 - total) % 11]
    return "https://orcid.org/" + "-".join(full[at : at + 4] for at in range(0, 16, 4))


def _phrases(text: str) -> list[str]:
    return [part for line in text.strip().splitlines() for part in line.split("|")]
