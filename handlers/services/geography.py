"""Where countries and the sea are, from the tables of two packages; nothing is asked of anybody.

Outlines of countries come from geo-intel-offline (generalised from Natural Earth, so a point
within some kilometres of a border may fall on the wrong side), land and sea from global-land-mask
(a grid of 30 seconds, about a kilometre, of the GLOBE terrain model; lakes count as land). Both
are read from their files here: the first package asks cells before polygons and misses places,
the second would hold 933 MB in memory where the ends of its runs of land take a few.
"""

from __future__ import annotations

import gzip
import json
import math
import unicodedata
import zipfile
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from handlers.services.runtime import inside

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from shapely import Geometry

KM = 111.32
"""Kilometres of a degree of latitude."""

_CODES = {"France": "FR", "Norway": "NO", "Kosovo": "XK", "Taiwan": "TW", "N. Cyprus": "CY",
          "Somaliland": "SO"}  # fmt: skip
"""Countries to which the table gives no code of ISO 3166, or that others call by another."""
_NAMES = {
    "bolivia plurinational state of": "BO", "bosnia and herzegovina": "BA", "burma": "MM",
    "central african republic": "CF", "cote d ivoire": "CI", "czech republic": "CZ",
    "democratic republic of the congo": "CD", "dominican republic": "DO",
    "equatorial guinea": "GQ", "eswatini": "SZ", "falkland islands": "FK",
    "faroe islands": "FO", "french polynesia": "PF", "great britain": "GB", "holland": "NL",
    "iran islamic republic of": "IR", "ivory coast": "CI", "korea republic of": "KR",
    "lao peoples democratic republic": "LA", "macedonia": "MK", "moldova republic of": "MD",
    "north macedonia": "MK", "republic of the congo": "CG", "russian federation": "RU",
    "solomon islands": "SB", "south sudan": "SS", "swaziland": "SZ",
    "syrian arab republic": "SY", "tanzania united republic of": "TZ", "the netherlands": "NL",
    "turkiye": "TR", "u s a": "US", "united states": "US", "usa": "US", "uk": "GB",
    "venezuela bolivarian republic of": "VE", "viet nam": "VN", "western sahara": "EH",
}  # fmt: skip
"""Names under which collections know countries, beside those of the table."""


class Countries:
    """Outlines by code, and codes by name."""

    def __init__(self) -> None:
        import shapely

        self._shapely = shapely
        outlines = _json("polygons.json.gz")
        self.names: dict[str, str] = {}
        self._codes = dict(_NAMES)
        land: dict[str, list[Geometry]] = {}
        gaps: dict[str, list[Geometry]] = {}
        for key, about in _json("metadata.json.gz").items():
            code = _CODES.get(about["name"], about["iso2"])
            if len(code) != 2:
                continue  # buffer zones and bases, which are in no gazetteer
            self.names.setdefault(code, about["name"])
            self._codes[_plain(about["name"])] = code
            self._codes[about["iso3"].casefold()] = code
            said = outlines[key]
            land.setdefault(code, []).extend(
                self._areas(said.get("exteriors") or [said["exterior"]])
            )
            gaps.setdefault(code, []).extend(self._areas(said.get("holes") or []))
        self._land = {code: np.array(areas) for code, areas in land.items()}
        self._gaps = {code: np.array(areas) for code, areas in gaps.items()}
        for areas in self._land.values():
            shapely.prepare(areas)

    def code(self, code: str | None, name: str | None) -> str | None:
        """The country that a record names, by its code or its name; None when neither is known."""
        for said in (code, name):
            text = _plain(said or "")
            if text.upper() in self._land:
                return text.upper()
            if text in self._codes:
                return self._codes[text]
        return None

    def km_outside(self, code: str, latitude: float, longitude: float) -> float:
        """About how far a point lies outside a country; 0 inside."""
        point = self._shapely.Point(longitude, latitude)
        if self._inside(code, point):
            return 0.0
        edges = self._shapely.boundary([*self._land[code], *self._gaps[code]])
        nearest = edges[int(np.argmin(self._shapely.distance(edges, point)))]
        at = self._shapely.shortest_line(nearest, point).coords[0]
        across = (at[0] - longitude) * math.cos(math.radians(latitude))
        return math.hypot(across, at[1] - latitude) * KM

    def at(self, latitude: float, longitude: float) -> str | None:
        """The name of the country in which a point lies."""
        point = self._shapely.Point(longitude, latitude)
        return next((self.names[code] for code in self._land if self._inside(code, point)), None)

    def _inside(self, code: str, point: Geometry) -> bool:
        within = self._shapely.contains(self._land[code], point).any()
        return bool(within) and not self._shapely.contains(self._gaps[code], point).any()

    def _areas(self, rings: list[list[tuple[float, float]]]) -> Iterator[Geometry]:
        """Rings of the table, whose points are (latitude, longitude). A ring that crosses itself
        falls into parts, of which lines and points are left out."""
        for ring in rings:
            if len(ring) < 4:
                continue
            whole = self._shapely.Polygon(np.asarray(ring, np.float64)[:, ::-1])
            parts = self._shapely.get_parts(self._shapely.make_valid(whole))
            for part in self._shapely.get_parts(parts):
                if part.geom_type == "Polygon":
                    yield part


class LandMask:
    """Land and sea as the columns of each row where one turns into the other."""

    def __init__(self) -> None:
        file = inside("global_land_mask", "globe_combined_mask_compressed.npz")
        with zipfile.ZipFile(file) as archive, archive.open("mask.npy") as grid:
            np.lib.format.read_magic(grid)
            shape, _, _ = np.lib.format.read_array_header_1_0(grid)
            self._height, self._width = shape
            self._rows: list[tuple[bool, NDArray[np.int32]]] = []
            for _ in range(self._height):
                row = np.frombuffer(grid.read(self._width), np.uint8)
                turns = np.flatnonzero(row[1:] != row[:-1]) + 1
                self._rows.append((bool(row[0]), turns.astype(np.int32)))

    def is_sea(self, latitude: float, longitude: float) -> bool:
        """Whether the cell of a point is sea."""
        row = min(max(int((90 - latitude) / 180 * self._height), 0), self._height - 1)
        column = int((longitude + 180) / 360 * self._width) % self._width
        first, turns = self._rows[row]
        return first ^ bool(np.searchsorted(turns, column, side="right") % 2)

    def at_sea(self, latitude: float, longitude: float, km: float) -> bool:
        """Whether there is no land within so many kilometres, as far as eight directions tell."""
        if not self.is_sea(latitude, longitude):
            return False
        narrow = max(math.cos(math.radians(latitude)), 0.01)
        for reach in (km, km / 2):
            for turn in range(8):
                up = latitude + reach / KM * math.sin(turn * math.pi / 4)
                along = longitude + reach / KM / narrow * math.cos(turn * math.pi / 4)
                if abs(up) <= 90 and not self.is_sea(up, along):
                    return False
        return True


def _json(name: str) -> dict[str, Any]:
    with gzip.open(inside("geo_intel_offline", "data", name), "rt", encoding="utf-8") as opened:
        found: dict[str, Any] = json.load(opened)
    return found


def _plain(name: str) -> str:
    """A name without accents, case and signs."""
    bare = unicodedata.normalize("NFKD", name.casefold())
    letters = "".join(one if one.isalnum() else " " for one in bare if not _mark(one))
    return " ".join(letters.split())


def _mark(one: str) -> bool:
    return unicodedata.combining(one) != 0
