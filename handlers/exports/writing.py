"""The process that writes one export for the server.

    python -m handlers.exports.writing DATA JSON

A process of its own, since to write a million lines takes the interpreter, which the server needs
for everybody else. It writes to its output as fast as that is taken, packed by gzip on request,
and can be killed at any byte. Only an exit code of 0 says that the export is whole.
"""

from __future__ import annotations

import os
import signal
import sys
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO

import orjson

from eventstore.application import LOG_FILE, system_clock
from eventstore.instant import Instant
from eventstore.log import Log
from eventstore.recorder import Datastore, Recorder
from handlers.exports.contents import Export, Form, lines
from handlers.pieces import gathered

_LEVEL = 4
"""Of gzip: an export is taken once, so speed goes before size."""
_GZIP = 16 + zlib.MAX_WBITS
"""How zlib is asked for the format of gzip."""
_BEHIND = 10
"""How far the process stands back behind those who ask small questions."""


def asked(export: Export, store: Path | None, *, packed: bool) -> str:
    """What to write, as the argument of this process."""
    instant = export.instant
    where = None if store is None else str(store)
    said = [export.form, instant.position, instant.observed, export.kind, export.source]
    return orjson.dumps([*said, where, packed]).decode()


def understood(text: str) -> tuple[Export, Path | None, bool]:
    """What an argument of `asked` asks for."""
    form, position, observed, kind, source, store, packed = orjson.loads(text)
    export = Export(Form(form), Instant(position, observed), kind, source)
    return export, None if store is None else Path(store), packed


def write(parts: Iterable[bytes], target: IO[bytes], *, packed: bool) -> None:
    """Write the parts to the target, packed or plain; the same parts make the same bytes."""
    whole = gathered(parts)
    target.writelines(_squeezed(whole) if packed else whole)


def _squeezed(parts: Iterable[bytes]) -> Iterator[bytes]:
    """The parts as one member of gzip (RFC 1952), without a time; its end is written only behind
    the last part, so that what breaks off cannot be taken for whole."""
    squeezing = zlib.compressobj(_LEVEL, wbits=_GZIP)
    for part in parts:
        yield squeezing.compress(part)
    yield squeezing.flush()


def main(arguments: list[str]) -> int:
    """Write the export that the arguments name."""
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)  # nobody reads any more: no fault to tell of
    os.nice(_BEHIND)
    data, (export, store, packed) = Path(arguments[0]), understood(arguments[1])
    log = Log(Recorder(Datastore(str(data / LOG_FILE)), system_clock))
    write(lines(log, export, store), sys.stdout.buffer, packed=packed)
    sys.stdout.buffer.flush()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
