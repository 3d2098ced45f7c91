"""A process that knows secrets closes itself to others of its account.

Linux lets a process read the environment and the memory of each other process of the same account.
Workers run models and libraries of others under the account of the server: what was kept out of
their environment they could read there. Source: prctl(2), PR_SET_DUMPABLE; proc(5). Elsewhere this
does nothing. Programs that the process starts are open as ever.
"""

from __future__ import annotations

import ctypes
import sys

PR_SET_DUMPABLE = 4


def conceal() -> None:
    """From now on only the superuser looks into this process: by /proc, by a debugger, or into a
    core file."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_DUMPABLE, 0, 0, 0, 0)
