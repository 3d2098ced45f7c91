"""How many examples a property is shown with: enough for every landing, more when asked for.

    THOROUGH=10 python -m pytest tests/handlers/instants/test_oracle.py

Properties whose examples take a tenth of a second or more each, as they build stores or start
processes, ask here; the others say their number themselves.
"""

from __future__ import annotations

import os


def examples(number: int) -> int:
    """So many, times what the environment variable THOROUGH says."""
    return number * int(os.environ.get("THOROUGH", "1"))
