"""Memory of the C library, set for the query engine.

The engine takes and gives back hundreds of small pieces of memory for each look-up. glibc keeps
seven freed ones of each size at hand for a thread; all others go through what threads share, which
is a seventh of a look-up's time. Between two requests others use the processor, and each look-up
begins by finding its memory again, page by page; in large pages there is less to find. Both can
only be said to a program that begins.
"""

from __future__ import annotations

import os
import sys

TUNABLES = "glibc.malloc.tcache_count=127:glibc.malloc.hugetlb=1"
"""Some megabytes a thread, at the most; 127 is what every version of glibc takes. Large pages
(madvise; glibc 2.35, an older one passes over it) are asked for and used where there are some."""


def begin_again() -> None:
    """Start this program once more, as the same process, with memory set for the engine.

    Returns where that is done already, where somebody has set GLIBC_TUNABLES otherwise, and
    where the C library is another one.
    """
    environment = dict(os.environ)  # noqa: TID251 - the C library's settings are none of ours
    if "GLIBC_TUNABLES" in environment or not _is_glibc():
        return
    program = [sys.executable, *sys.orig_argv[1:]]
    os.execve(program[0], program, {**environment, "GLIBC_TUNABLES": TUNABLES})  # noqa: S606 - ourselves


def _is_glibc() -> bool:
    try:
        return (os.confstr("CS_GNU_LIBC_VERSION") or "").startswith("glibc")
    except (AttributeError, ValueError):  # another system, or another C library
        return False
