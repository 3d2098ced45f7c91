"""The command that shows the settings."""

from __future__ import annotations

from api.console import DataOption, JsonOption, emit, settings_for, tell
from api.settings import sources


def show(data: DataOption = None, json: JsonOption = False) -> None:
    """Each setting, its value and where it came from."""
    rows = sources(settings_for(data), {"data": data})
    if json:
        emit(
            [
                {"name": r.name, "value": r.value, "source": r.source, "description": r.description}
                for r in rows
            ]
        )
    else:
        tell(
            "Settings",
            ["name", "value", "source", "what it means"],
            [[r.name, r.value, r.source, r.description] for r in rows],
        )
