"""Start a program that ends when whoever started it does, and that can do less than that.

    python leash.py PARENT PROGRAM ARGUMENT…

Linux tells the child by a signal (prctl PR_SET_PDEATHSIG), which stays set across exec. Elsewhere
the child outlives a killed parent, and the next start ends it. Nothing that it starts gains rights
by a program with the set-user-id bit (PR_SET_NO_NEW_PRIVS), a crash leaves no image of its memory,
and what it writes is its account's alone. Only the standard library.
"""

from __future__ import annotations

import ctypes
import os
import resource
import signal
import sys

PR_SET_PDEATHSIG, PR_SET_NO_NEW_PRIVS = 1, 38


def main() -> None:
    """Ask for the signal, give up what is not needed, then become the program."""
    parent, program = int(sys.argv[1]), sys.argv[2:]
    if sys.platform == "linux":
        prctl = ctypes.CDLL(None).prctl
        prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
        prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    os.umask(0o077)
    if os.getppid() != parent:  # it died before the signal was asked for
        sys.exit(1)
    os.execv(program[0], program)  # noqa: S606 - a program of our own choosing, and no shell


if __name__ == "__main__":
    main()
