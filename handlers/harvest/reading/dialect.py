"""How a table is written: separator, quote, line end, encoding, number of columns.

Without a metafile the header line says it, and the rows agree.
What the metafile declares is tried on the first rows; when it does not fit and something
else does, the file is believed and the contradiction named.
"""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import TypeVar

from handlers.harvest.reading.diagnostics import Findings, refusal
from handlers.harvest.reading.lines import LONGEST, Lines, as_utf8, known_encoding, wide_encoding
from handlers.harvest.reading.metafile import TableSpec
from handlers.harvest.reading.rows import Row, parse, parsed_rows, quoted_rows, split_rows

HEAD = 1 << 18
SAMPLE = 300
SAMPLE_SIZE = 4 << 20
"""Lines that are looked at beforehand, and characters after which fewer must do."""
HEADER_LINES = 20
"""Lines over which a header may run; behind a quote that is open for longer nobody closed it."""
DELIMITERS = ("\t", ",", ";", "|")
_NAMES = {"\t": "tab", ",": "comma", ";": "semicolon", "|": "bar"}
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Dialect:
    """How one file is read; `path` is the file itself or its copy in UTF-8."""

    path: Path
    name: str
    encoding: str
    delimiter: str
    quote: str
    carriage_return: bool
    sample: tuple[tuple[str, ...], ...] = ()
    """The first rows (header lines included, blank ones not), for the checks at opening."""
    starts: tuple[int, ...] = ()
    """The lines at which they begin."""
    header_lines: int = 0
    """Lines down to the end of the header of a table without a metafile."""

    @property
    def header(self) -> tuple[str, ...]:
        """The header of a table without a metafile."""
        above, _ = self.parted(self.header_lines)
        return above[-1] if above else ()

    def parted(self, lines: int) -> tuple[tuple[tuple[str, ...], ...], tuple[tuple[str, ...], ...]]:
        """The first rows: those that begin in so many lines, and those that begin below."""
        above = sum(start <= lines for start in self.starts)
        return self.sample[:above], self.sample[above:]

    def lines(self, findings: Findings) -> Lines:
        """The lines of the file from its beginning."""
        return Lines(
            self.path,
            self.name,
            self.encoding,
            carriage_return=self.carriage_return,
            findings=findings,
        )

    def rows(self, lines: Lines, width: int, findings: Findings) -> Iterator[Row]:
        """The rows of these lines; `width` is how many cells a row should have."""
        if not self.quote:
            return split_rows(lines, self.delimiter)
        if len(self.delimiter) != 1:
            return parsed_rows(lines, self.delimiter, self.quote)
        return quoted_rows(lines, self.delimiter, self.quote, width, self.name, findings)


def find_dialect(
    path: Path, name: str, spec: TableSpec, findings: Findings, workspace: Path
) -> Dialect:
    """The dialect of a file, declared or sniffed; notes where the two differ."""
    with path.open("rb") as file:
        head = file.read(HEAD)
    encoding = known_encoding(spec.encoding)
    if encoding is None:
        findings.note("encoding-unknown", file=name, declared=spec.encoding)
    if wide := wide_encoding(head):
        if spec.encoding and not (encoding or "").startswith(wide[:6]):
            findings.note("encoding-false", file=name, line=1, declared=spec.encoding, found=wide)
        path = as_utf8(path, wide, workspace / f"utf8-{abs(hash(name))}")
        encoding = "utf-8"
        with path.open("rb") as file:
            head = file.read(HEAD)
    carriage_return = b"\r" in head and b"\n" not in head
    texts = _first_lines(path, name, encoding or "utf-8", carriage_return, spec.skip != 0)
    delimiter, quote = _separators(texts, spec, name, findings)
    dialect = Dialect(
        path=path,
        name=name,
        encoding=encoding or "utf-8",
        delimiter=delimiter,
        quote=quote,
        carriage_return=carriage_return,
    )
    if spec.skip is None:
        width, header_lines = _header(texts, delimiter, quote)
    else:
        first = texts[min(len(texts) - 1, max(0, spec.skip - 1))] if texts else ""
        width, header_lines = len(_alone(first, delimiter, quote)), 0
    rows = dialect.rows(dialect.lines(Findings()), width, Findings())
    sample = [row for row in _first(rows, lambda row: sum(map(len, row.cells))) if any(row.cells)]
    return replace(
        dialect,
        sample=tuple(tuple(row.cells) for row in sample),
        starts=tuple(row.line for row in sample),
        header_lines=header_lines,
    )


def _first_lines(
    path: Path, name: str, encoding: str, carriage_return: bool, has_header: bool
) -> list[str]:
    lines = Lines(path, name, encoding, carriage_return=carriage_return, findings=Findings())
    found = _first(iter(lines), lambda line: len(line.text))
    if has_header and lines.left_out and (not found or found[0].number > 1):
        told = f"a file whose first line has {LONGEST} bytes or more"
        raise refusal("not-a-table", name=name, found=told)
    return [line.text for line in found]


def _first(items: Iterator[T], size: Callable[[T], int]) -> list[T]:
    """The first items, fewer of them where they are large."""
    found: list[T] = []
    room = SAMPLE_SIZE
    for item in islice(items, SAMPLE):
        found.append(item)
        room -= size(item)
        if room < 0:
            break
    return found


def _separators(
    texts: list[str], spec: TableSpec, name: str, findings: Findings
) -> tuple[str, str]:
    body = texts[min(spec.skip or 0, max(0, len(texts) - 1)) :]
    needed = 1 + max([c.index for c in spec.columns if c.index is not None] + [0])
    if spec.delimiter is None:
        delimiter = max(DELIMITERS, key=lambda each: _agreement(body, each))
        return delimiter, _quote(body, delimiter)
    delimiter, quote = spec.delimiter, spec.quote or ""
    declared_fit = _fit(body, delimiter, quote)
    best = max(DELIMITERS, key=lambda each: _fit(body, each, '"'))
    if body and declared_fit < min(needed, 2) and _fit(body, best, '"') > declared_fit:
        findings.note(
            "dialect-contradiction",
            file=name,
            declared=f"separator {_NAMES.get(delimiter, repr(delimiter))}",
            found=f"separator {_NAMES[best]}",
        )
        return best, _quote(body, best)
    if not quote and _cells_are_quoted(body, delimiter):
        findings.note(
            "dialect-contradiction", file=name, declared="no quotes", found="quoted cells"
        )
        quote = '"'
    return delimiter, quote


def _header(texts: list[str], delimiter: str, quote: str) -> tuple[int, int]:
    """How many cells the header of a table without a metafile has, and the line at which it ends:
    blank lines may stand above it, and its cells may hold line breaks where those are quoted."""
    blank = f"{delimiter}{quote} \t\r\n"
    above = next((place for place, text in enumerate(texts) if text.strip(blank)), 0)
    alone = len(_alone(texts[above], delimiter, quote)) if texts else 0
    for end in range(above + 1, min(above + HEADER_LINES, len(texts)) + 1):
        text = _bare("".join(texts[above:end]))
        cells, is_open = parse(text, delimiter, quote)
        if is_open or (end > above + 1 and text.count(quote) % 2):
            continue
        rows = [len(_alone(text, delimiter, quote)) for text in texts[end:]]
        if len(cells) >= alone and rows.count(len(cells)) >= rows.count(alone):
            return len(cells), end
        break  # what the quote swallowed are rows
    return alone, above + 1


def _alone(text: str, delimiter: str, quote: str) -> list[str]:
    """The cells of a line that is a row by itself."""
    return parse(_bare(text), delimiter, quote, literal_open=True)[0]


def _agreement(texts: list[str], delimiter: str) -> float:
    """Columns of the header line, weighted by how many rows have as many. What does not part the
    header is no separator, however often it stands in the rows: lists of values are written
    with bars (dwc:associatedMedia)."""
    filled = [row for row in _split(texts, delimiter, '"') if any(cell.strip() for cell in row)]
    header, *rows = filled or [[]]
    if len(header) < 2:
        return 0.0
    alike = sum(len(row) == len(header) for row in rows)
    return len(header) * (1 + alike) / (1 + len(rows))


def _fit(texts: list[str], delimiter: str, quote: str) -> float:
    """Columns of the most frequent row width, weighted by how many rows have it."""
    widths = Counter(len(row) for row in _split(texts, delimiter, quote) if row)
    if not widths:
        return 0.0
    width, times = max(widths.items(), key=lambda item: (item[1], item[0]))
    return width * times / widths.total()


def _quote(texts: list[str], delimiter: str) -> str:
    begins = any(text.startswith('"') or f'{delimiter}"' in text for text in texts)
    return '"' if delimiter != "\t" or begins else ""


def _cells_are_quoted(texts: list[str], delimiter: str) -> bool:
    cells = [cell for row in _split(texts, delimiter, "") for cell in row if cell]
    quoted = sum(len(cell) > 1 and cell[0] == '"' == cell[-1] for cell in cells)
    return bool(cells) and quoted >= len(cells) * 0.5


def _split(texts: list[str], delimiter: str, quote: str) -> list[list[str]]:
    bare = [_bare(text) for text in texts]
    if not quote or len(delimiter) != 1:
        return [text.split(delimiter) if text else [] for text in bare]
    rows = []
    try:
        for row in csv.reader(texts, delimiter=delimiter, quotechar=quote):
            rows.append(row)
    except csv.Error:
        return [text.split(delimiter) if text else [] for text in bare]
    return rows


def _bare(text: str) -> str:
    return text.removesuffix("\n").removesuffix("\r")
