"""Pixels a millimetre, from the ruler in an image; no model, only that its lines come regularly.

Strips of the image, along and across, are cut into windows. Where one shows the lines of a ruler,
its lightness repeats with their distance, and the autocorrelation (by FFT, Wiener–Khinchin) has a
peak there. A strip nearer to the end of the lines crosses the long ones only, every fifth and
tenth: that tells a ruler from other things that repeat, and its finest lines from the others.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from handlers.services.images import Picture, shrunk

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Profile = NDArray[np.float64]

LONGEST_SIDE = 4_000
STRIPS = 160
"""Strips along each direction: a ruler takes a hundredth of a sheet."""
WINDOW = 512
LEAST, MOST = 3.0, 80.0
"""Pixels between two lines that are looked for, in the shrunk image."""
LEAST_PEAK = 0.45
CONFIDENT = 0.5
"""What is given less than this is not told."""


@dataclass(frozen=True, slots=True)
class Scale:
    """What the lines of a ruler tell, taken for millimetres."""

    pixels_per_mm: float
    confidence: float
    upright: bool
    """Whether the ruler stands on end."""


def scale_of(picture: Picture) -> Scale | None:
    """The scale of an image; None where no ruler is to be made out."""
    small, factor = shrunk(picture, LONGEST_SIDE)
    grey = small.grey.astype(np.float64)
    best: Scale | None = None
    for upright in (False, True):
        found = _along(grey.T if upright else grey)
        if found and (best is None or found[1] > best.confidence):
            best = Scale(round(found[0] * factor, 4), round(found[1], 3), upright)
    return best if best and best.confidence >= CONFIDENT else None


def _along(grey: Profile) -> tuple[float, float] | None:
    """(period, confidence) of the best ruler whose lines stand side by side from left to right."""
    height, width = grey.shape
    window = min(WINDOW, width)
    if window < 12 * LEAST:
        return None
    thick = max(2, height // STRIPS)
    rows = grey[: height // thick * thick].reshape(-1, thick, width).mean(axis=1)
    best = None
    for left in range(0, max(1, width - window + 1), window // 2):
        periods = [_period(row) for row in rows[:, left : left + window]]
        for at, (period, peak) in _peaks(periods):
            near = [found for found, _ in periods[max(0, at - 6) : at + 7] if found]
            sure = peak * _ruled(period, near)
            if best is None or sure > best[1]:
                best = period, sure
    return best


def _peaks(periods: list[tuple[float, float]]) -> Iterator[tuple[int, tuple[float, float]]]:
    for at, (period, peak) in enumerate(periods):
        if LEAST <= period <= MOST and peak >= LEAST_PEAK:
            yield at, (period, peak)


def _ruled(period: float, near: list[float]) -> float:
    """How much the strips around one speak for a ruler: long lines every fifth or tenth."""
    alike = sum(abs(one / period - 1) < 0.03 for one in near)
    longer = sum(abs(one / period - times) < 0.06 * times for one in near for times in (5, 10))
    return 1.0 if longer and alike >= 2 else 0.45


def _period(row: Profile) -> tuple[float, float]:
    """(distance at which a profile repeats, how well from 0 to 1); 0 where it does not."""
    size = len(row)
    smooth = np.convolve(row, np.ones(31) / 31, mode="same")
    flat = row - smooth
    flat -= flat.mean()
    if float(flat.std()) < 2.0:
        return 0.0, 0.0
    spectrum = np.fft.rfft(flat, 2 * size)
    correlation = np.fft.irfft(spectrum * np.conj(spectrum))[:size]
    correlation /= np.arange(size, 0, -1) * (correlation[0] / size)  # each lag by its own overlap
    longest = min(int(MOST * 10), size // 2)
    seen = correlation[:longest]
    rises = np.flatnonzero((seen[1:-1] > seen[:-2]) & (seen[1:-1] >= seen[2:])) + 1
    rises = rises[rises >= LEAST]
    if not len(rises):
        return 0.0, 0.0
    top = float(seen[rises].max())
    if top < LEAST_PEAK:
        return 0.0, 0.0
    lag = int(rises[seen[rises] >= 0.7 * top][0])  # the first that is about as high
    return _refined(correlation, lag, size), min(top, 1.0)


def _refined(correlation: Profile, lag: int, size: int) -> float:
    """The period to a part of a pixel: the farthest of its multiples that is a peak, divided."""
    period = _summit(correlation, lag)
    for times in range(2, int(size * 0.6 / lag)):
        middle = round(period * times)
        if middle + 2 >= size:
            break
        found = middle - 1 + int(np.argmax(correlation[middle - 1 : middle + 2]))
        if correlation[found] < 0.2:
            break
        period = _summit(correlation, found) / times
    return period


def _summit(correlation: Profile, at: int) -> float:
    """Where a parabola through a peak and its neighbours is highest: beside it at most."""
    before, here, after = correlation[at - 1 : at + 2]
    bend = before - 2 * here + after
    aside = 0.5 * (before - after) / bend if bend < 0 else 0.0
    return at + float(np.clip(aside, -1, 1))
