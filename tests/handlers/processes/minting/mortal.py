"""A process that mints and is killed, as by `kill -9`, when it passes a step."""

from __future__ import annotations

import os
import signal
import threading
import time
from pathlib import Path

from eventstore.application import DigitalObjects
from handlers.processes.minting.client import DataCite
from handlers.processes.minting.minter import Minter, Plan, Step

FASTER = 200
"""How many seconds pass for it in one."""


def mint(
    folder: Path, url: str, account: tuple[str, str], base: str, per_window: int,
    began: float, step: str,
) -> None:  # fmt: skip
    """Mint until the step is passed (none: never), or until nothing is left to do, which alone ends
    with code 0."""

    def passing(now: Step) -> None:
        if now == step:
            os.kill(os.getpid(), signal.SIGKILL)

    objects = DigitalObjects(folder)
    process = Minter(
        folder,
        objects,
        DataCite(url, *account, prefix="10.5072"),
        Plan("10.5072", base, per_window),
        clock=lambda: began + (time.time() - began) * FASTER,
        passing=passing,
    )
    process.run_until_idle(threading.Event())
