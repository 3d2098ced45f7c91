"""The process that dispatches jobs to machine-annotation services.

    python -m handlers.mas FOLDER < plan

Its plan is one line of JSON on standard input, which then stays open: it ends when its parent
does. The folder stands in the plan too; as an argument it is for those who list processes. There
is one on a data folder, whoever started it; a second one waits for its turn.
"""

from __future__ import annotations

import os
import signal
import sys
import threading

from eventstore.application import DigitalObjects
from handlers.mas.carriers import opened
from handlers.mas.concealing import conceal
from handlers.mas.dispatch import Dispatcher
from handlers.mas.plan import Plan


def main() -> int:
    """Dispatch until the parent ends or asks to."""
    conceal()
    plan = Plan.heard(_line())
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    signal.signal(signal.SIGINT, signal.SIG_IGN)

    def outlived() -> None:
        while os.read(0, 4096):
            continue
        stop.set()

    threading.Thread(target=outlived, name="parent", daemon=True).start()
    objects = DigitalObjects(plan.folder, durability=plan.durability, prefixes=plan.prefixes)
    try:
        Dispatcher(plan, objects, opened).run(stop)
    finally:
        objects.close()
    return 0


def _line() -> bytes:
    """The first line of standard input, without any buffer that would have to be closed later."""
    line = b""
    while not line.endswith(b"\n") and (more := os.read(0, 1 << 16)):
        line += more
    return line


if __name__ == "__main__":
    sys.exit(main())
