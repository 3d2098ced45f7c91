"""Line charts as SVG, drawn on the server: readable without colour, by screen readers and in the
dark.

Each line has its own dashes and its name at its end; the title and a sentence about the chart
are in the picture (SVG 2, `title` and `desc`), the numbers in a table beside it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape

from fdo.representations.lexical import xml_text

WIDTH, HEIGHT = 860, 420
_LEFT, _RIGHT, _TOP, _BOTTOM = 76, 210, 44, 48
_LINE = 15
"""Height of a line of text."""
_NAME = 26
"""Characters of a line's name."""
_MARKED = 60
"""Up to so many points each is marked by a dot."""

_DASHES = ("", "7 3", "2 3", "10 3 2 3", "4 4", "1 4")
COLOURS = (
    ("#00527a", "#7cc7f2"), ("#9c3d00", "#ffb07a"), ("#00664a", "#6fd6b0"),
    ("#7a2a68", "#f0a3dc"), ("#6b5a00", "#e8d45c"), ("#3d3d3d", "#d6d6d6"),
)  # fmt: skip
"""(on light, on dark) of each line; all have a contrast of 4.5 or more."""

_STYLE = (
    "text{font:13px system-ui,sans-serif;fill:#1b1f1d}.g{stroke:#cfd6d1;stroke-width:1}"
    ".b{fill:#fbfcfa}.l{fill:none;stroke-width:2.2}.t{font-weight:600;font-size:15px}"
    + "".join(
        f".c{n}{{stroke:{light}}}.d{n}{{fill:{light}}}" for n, (light, _) in enumerate(COLOURS)
    )
    + "@media (prefers-color-scheme:dark){text{fill:#e8ece9}.b{fill:#131715}.g{stroke:#37403b}"
    + "".join(f".c{n}{{stroke:{dark}}}.d{n}{{fill:{dark}}}" for n, (_, dark) in enumerate(COLOURS))
    + "}"
)


@dataclass(frozen=True, slots=True)
class Line:
    """One line: its name, and a value for each place of the axis."""

    name: str
    values: Sequence[int]


@dataclass(frozen=True, slots=True)
class Chart:
    """What is to be drawn."""

    title: str
    places: Sequence[str]
    """The labels of the axis of time."""
    lines: Sequence[Line]

    @property
    def description(self) -> str:
        """The chart in a sentence or two, for those who do not see it."""
        if not self.lines or not self.places:
            return "There is nothing to show."
        first, last = self.places[0], self.places[-1]
        ends = "; ".join(f"{line.name} {line.values[-1]:,}" for line in self.lines)
        many = len(self.places)
        return f"A line chart with {many} points from {first} to {last}. At {last}: {ends}."


@dataclass(frozen=True, slots=True)
class _Frame:
    """The height of the picture, and the value at its top."""

    height: int
    top: int

    def y(self, value: int) -> float:
        """Where a value stands."""
        return self.height - _BOTTOM - (self.height - _TOP - _BOTTOM) * value / self.top


def svg(chart: Chart) -> str:
    """The chart as an SVG document."""
    height = max(HEIGHT, _TOP + _BOTTOM + _LINE * len(chart.lines))
    frame = _Frame(
        height, _ceiling(max((value for line in chart.lines for value in line.values), default=0))
    )
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" '
        f'width="{WIDTH}" height="{height}" role="img" aria-labelledby="t d">',
        f'<title id="t">{_plain(chart.title)}</title>',
        f'<desc id="d">{_plain(chart.description)}</desc>',
        f"<style>{_STYLE}</style>",
        f'<rect class="b" width="{WIDTH}" height="{height}"/>',
        f'<text class="t" x="{_LEFT}" y="24">{_plain(_short(chart.title, 90))}</text>',
        *_grid(frame),
        *_axis(chart.places, frame),
    ]
    labels = _spread([frame.y(line.values[-1]) for line in chart.lines], frame.height)
    for number, (line, label) in enumerate(zip(chart.lines, labels, strict=True)):
        parts += _drawn(number, line, label, frame)
    return "\n".join([*parts, "</svg>"]) + "\n"


def _grid(frame: _Frame) -> list[str]:
    right = WIDTH - _RIGHT
    found = []
    for step in range(5):
        value = frame.top * step // 4
        y = frame.y(value)
        found += [
            f'<line class="g" x1="{_LEFT}" x2="{right}" y1="{y:.1f}" y2="{y:.1f}"/>',
            f'<text x="{_LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{value:,}</text>',
        ]
    return found


def _axis(places: Sequence[str], frame: _Frame) -> list[str]:
    every = max(1, math.ceil(len(places) / 7))
    return [
        f'<text x="{_x(at, len(places)):.1f}" y="{frame.height - _BOTTOM + 22}" '
        f'text-anchor="middle">{_plain(places[at])}</text>'
        for at in range(0, len(places), every)
    ]


def _drawn(number: int, line: Line, label: float, frame: _Frame) -> list[str]:
    colour, dashes = number % len(COLOURS), _DASHES[(number // 2 + number) % len(_DASHES)]
    points = [(_x(at, len(line.values)), frame.y(value)) for at, value in enumerate(line.values)]
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    dashed = f' stroke-dasharray="{dashes}"' if dashes else ""
    parts = [f'<polyline class="l c{colour}"{dashed} points="{path}"/>']
    if len(points) <= _MARKED:
        parts += [
            f'<circle class="d{colour}" cx="{x:.1f}" cy="{y:.1f}" r="2.6"/>' for x, y in points
        ]
    x, y = points[-1]
    name = f"{_short(line.name, _NAME)} {line.values[-1]:,}"
    return [
        *parts,
        f'<line class="c{colour}" x1="{x + 4:.1f}" y1="{y:.1f}" x2="{WIDTH - _RIGHT + 14}" '
        f'y2="{label:.1f}"/>',
        f'<text x="{WIDTH - _RIGHT + 18}" y="{label + 4:.1f}">{_plain(name)}</text>',
    ]


def _x(at: int, many: int) -> float:
    wide = WIDTH - _LEFT - _RIGHT
    return _LEFT + (wide * at / (many - 1) if many > 1 else wide / 2)


def _ceiling(most: int) -> int:
    """The next number that divides well."""
    if most <= 4:
        return 4
    unit = 10 ** (len(str(most)) - 1)
    steps = (1, 2, 4, 5, 6, 8, 10)
    return int(next(step * unit for step in steps if step * unit >= most))


def _spread(wanted: Sequence[float], height: int) -> list[float]:
    """The same heights, moved apart so that no two lines of text overlap."""
    order = sorted(range(len(wanted)), key=lambda n: wanted[n])
    placed, low = [0.0] * len(wanted), float(_TOP)
    for number in order:
        low = max(low, wanted[number])
        placed[number] = low
        low += _LINE
    high = float(height - _BOTTOM + 10)
    for number in reversed(order):
        placed[number] = min(placed[number], high)
        high = placed[number] - _LINE
    return placed


def _short(text: str, most: int) -> str:
    return text if len(text) <= most else text[: most - 1] + "…"


def _plain(text: str) -> str:
    return escape(xml_text(text))
