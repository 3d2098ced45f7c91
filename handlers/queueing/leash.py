"""Start a program that ends when whoever started it does.

    python leash.py PARENT PROGRAM ARGUMENT…

Linux tells the child by a signal (prctl PR_SET_PDEATHSIG), which stays set across exec. Elsewhere
the child outlives a killed parent, and the next start ends it. Only the standard library.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1


def main() -> None:
    """Ask for the signal, then become the program."""
    parent, program = int(sys.argv[1]), sys.argv[2:]
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != parent:  # it died before the signal was asked for
        sys.exit(1)
    os.execv(program[0], program)  # noqa: S606 - a program of our own choosing, and no shell


if __name__ == "__main__":
    main()
