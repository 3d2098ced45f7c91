"""Which object a name leads to: a dataset has a DOI beside the Handle that is its PID (0008).

    named(objects, Pid.parse("10.5072/ABC-DEF-123"))  gives  20.5000.5072/ABC-DEF-123

The log says it, not the settings: a mirror holds objects of other prefixes, and the prefixes of an
own log may have been others before.
"""

from __future__ import annotations

from eventstore.application import DigitalObjects
from eventstore.recorder import Recorder
from fdo.identifiers import Pid

_PREFIXES = """
WITH RECURSIVE found(object) AS (
    SELECT min(object) FROM heads
    UNION
    SELECT (SELECT min(object) FROM heads
            WHERE object >= substr(found.object, 1, instr(found.object, '/') - 1) || '0')
    FROM found WHERE found.object IS NOT NULL)
SELECT substr(object, 1, instr(object, '/') - 1) FROM found WHERE object IS NOT NULL
"""
"""The first object of each prefix is looked up behind all of the one before: `0` follows `/`."""


def named(objects: DigitalObjects, pid: Pid) -> Pid:
    """The PID of the object that a name leads to: the name itself, or the Handle of the dataset
    that has this DOI beside it. Also itself where it leads nowhere."""
    if pid.scheme != "doi" or objects.log.heads_of([str(pid)]):
        return pid
    handles = (Pid(prefix, pid.suffix) for prefix in prefixes(objects.recorder))
    return next((one for one in handles if one != pid and objects.log.doi(one) == pid), pid)


def prefixes(recorder: Recorder) -> list[str]:
    """The prefixes of the objects in a log, in order; one look-up each, however many objects."""
    return [str(row[0]) for row in recorder.rows(_PREFIXES)]
