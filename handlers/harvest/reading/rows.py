"""Rows from lines: fast where the file is sound, patient where it is not.

Without quotes a row is a line, split. With quotes the csv module reads in strict mode; where
it objects, or where a row runs over lines in a way that looks like a quote nobody closed, the
lines of that row alone are read again with every tolerance, and the finding is named.

A quote opens a cell only at its beginning and closes it only before a separator or the end
of the line (RFC 4180, 2.5 to 2.7); any other quote is a character.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from typing import NamedTuple

from handlers.harvest.reading.diagnostics import Findings
from handlers.harvest.reading.lines import LONGEST, Line, Lines

MAX_LINES = 2000
"""A row over more lines than this, or longer than a line may be, is taken for a quote that nobody
closed."""
MAX_REREAD = 200
csv.field_size_limit(1 << 26)


class Row(NamedTuple):
    """The cells of one row and where it begins."""

    cells: list[str]
    line: int
    offset: int


class _RunsAway(Exception):
    """A quoted cell that does not end."""


def split_rows(lines: Lines, delimiter: str) -> Iterator[Row]:
    """Rows of a file without quotes; blank lines come as empty rows."""
    for text, number, offset in lines:
        bare = text.removesuffix("\n").removesuffix("\r")
        yield Row(bare.split(delimiter) if bare else [], number, offset)


def parsed_rows(lines: Lines, delimiter: str, quote: str) -> Iterator[Row]:
    """Rows of a file with quotes and a separator of several characters; one line, one row."""
    for text, number, offset in lines:
        bare = _bare(text)
        cells = parse(bare, delimiter, quote, literal_open=True)[0] if bare else []
        yield Row(cells, number, offset)


def quoted_rows(
    lines: Lines, delimiter: str, quote: str, width: int, name: str, findings: Findings
) -> Iterator[Row]:
    """Rows of a file with quotes; blank lines come as empty rows."""
    taken: list[Line] = []
    while True:
        reader = csv.reader(_feed(lines, taken), delimiter=delimiter, quotechar=quote, strict=True)
        try:
            for cells in reader:
                if len(taken) > 1 and _looks_swallowed(cells, taken, width, delimiter, quote):
                    break
                yield Row(cells, taken[0].number, taken[0].offset)
                taken.clear()
            else:
                return
        except (csv.Error, _RunsAway):
            cells = []
        first = taken[0]
        cells, used, code = reread([line.text for line in taken], width, delimiter, quote, cells)
        if code:
            findings.note(code, file=name, line=first.number, offset=first.offset)
        lines.push_back(taken[used:])
        taken.clear()
        yield Row(cells, first.number, first.offset)


def _feed(lines: Lines, taken: list[Line]) -> Iterator[str]:
    size = 0
    for line in lines:
        if not taken:
            size = 0
        elif line.number != taken[-1].number + 1:  # one between was too long: no row goes across
            lines.push_back([line])
            raise _RunsAway
        taken.append(line)
        size += len(line.text)
        if len(taken) > MAX_LINES or (size > LONGEST and len(taken) > 1):
            raise _RunsAway
        yield line.text


def _looks_swallowed(
    cells: list[str], taken: list[Line], width: int, delimiter: str, quote: str
) -> bool:
    """Whether a row over several lines is rather several rows and a quote too many."""
    if len(cells) != width:
        return True
    if width < 4:
        return False
    return all(
        len(parse(_bare(line.text), delimiter, quote, literal_open=True)[0]) == width
        for line in taken
    )


def reread(
    texts: list[str], width: int, delimiter: str, quote: str, strict: list[str]
) -> tuple[list[str], int, str | None]:
    """Read the first row of these lines with every tolerance: cells, lines used, finding."""
    first = _bare(texts[0])
    tolerances = _TOLERANCES[::-1] if f"\\{quote}" in "".join(texts[:2]) else _TOLERANCES
    for variant, code in tolerances:
        cells, is_open = parse(first, delimiter, quote, **variant)
        if not is_open and len(cells) == width:
            return cells, 1, code
    alone = parse(first, delimiter, quote, literal_open=True)[0]
    if len(alone) == width and _next_is_whole(texts, width, delimiter, quote):
        return alone, 1, "runaway-quote"
    for variant, code in tolerances:
        for used in range(2, min(len(texts), MAX_REREAD) + 1):
            cells, is_open = parse(_bare("".join(texts[:used])), delimiter, quote, **variant)
            if not is_open:
                if len(cells) == width:
                    return cells, used, code
                break
    if len(alone) == width or not strict or _any_is_whole(texts[1:], width, delimiter, quote):
        return alone, 1, "runaway-quote" if '"' in first or quote in first else None
    return strict, len(texts), None


_TOLERANCES: tuple[tuple[dict[str, bool], str], ...] = (
    ({}, "unescaped-quote"),
    ({"double_closes": True}, "unescaped-quote"),
    ({"backslash": True}, "backslash-escaped-quote"),
)
"""What may be wrong with quotes, likeliest first; backwards where a backslash precedes one."""


def _next_is_whole(texts: list[str], width: int, delimiter: str, quote: str) -> bool:
    return len(texts) < 2 or _any_is_whole(texts[1:2], width, delimiter, quote)


def _any_is_whole(texts: list[str], width: int, delimiter: str, quote: str) -> bool:
    """Whether one of these lines is a row by itself, so that no cell may swallow it."""
    return any(
        len(parse(_bare(text), delimiter, quote, literal_open=True)[0]) == width for text in texts
    )


def _bare(text: str) -> str:
    return text.removesuffix("\n").removesuffix("\r")


def parse(
    text: str,
    delimiter: str,
    quote: str,
    *,
    backslash: bool = False,
    double_closes: bool = False,
    literal_open: bool = False,
) -> tuple[list[str], bool]:
    """The cells of a text, and whether its last quote is still open.

    `backslash`: a backslash escapes a quote. `double_closes`: two quotes before a separator
    are a character and the end. `literal_open`: a quote that nothing closes is a character.
    """
    cells: list[str] = []
    at, end = 0, len(text)
    while True:
        cell, after = "", -1
        if quote and text.startswith(quote, at):
            cell, after = _quoted(text, at + 1, delimiter, quote, backslash, double_closes)
            if after < 0 and not literal_open:
                return [*cells, cell], True
        if after < 0:
            after = text.find(delimiter, at)
            after = end if after < 0 else after
            cell = text[at:after]
        cells.append(cell)
        if after >= end:
            return cells, False
        at = after + len(delimiter)


def _quoted(
    text: str, at: int, delimiter: str, quote: str, backslash: bool, double_closes: bool
) -> tuple[str, int]:
    """The quoted cell whose content begins at `at`, and where it ends; -1 if it does not."""
    parts: list[str] = []
    while (found := text.find(quote, at)) >= 0:
        after = found + 1
        if backslash and _is_escaped(text, found, at):
            parts.append(text[at : found - 1] + quote)
            at = after
        elif after == len(text) or text.startswith(delimiter, after):
            return "".join((*parts, text[at:found])), after
        elif text.startswith(quote, after):
            parts.append(text[at:after])
            at = after + 1
            if double_closes and (at == len(text) or text.startswith(delimiter, at)):
                return "".join(parts), at
        else:
            parts.append(text[at:after])
            at = after
    return "".join((*parts, text[at:])), -1


def _is_escaped(text: str, quote_at: int, begin: int) -> bool:
    slashes = 0
    while quote_at - slashes - 1 >= begin and text[quote_at - slashes - 1] == "\\":
        slashes += 1
    return slashes % 2 == 1
