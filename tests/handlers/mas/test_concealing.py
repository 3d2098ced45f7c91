"""Who knows secrets closes itself to others of its account."""

from __future__ import annotations

import ctypes
import sys

import pytest

from handlers.mas.concealing import PR_SET_DUMPABLE, conceal

PR_GET_DUMPABLE = 3


@pytest.mark.skipif(sys.platform != "linux", reason="PR_SET_DUMPABLE is of Linux alone")
def test_nobody_of_the_same_account_looks_into_a_concealed_process() -> None:
    prctl = ctypes.CDLL(None).prctl
    before = prctl(PR_GET_DUMPABLE, 0, 0, 0, 0)
    try:
        prctl(PR_SET_DUMPABLE, 1, 0, 0, 0)
        conceal()
        assert prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) == 0
    finally:
        prctl(PR_SET_DUMPABLE, before, 0, 0, 0)
