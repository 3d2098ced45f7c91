"""Exports: all of the repository at an instant in one stream of lines.

`contents` says which lines, for the command and for the server alike; `writing` is the process
that writes them for the server, and `running` starts it and hands its bytes on.
"""

from handlers.exports.contents import PAST, SELECTED, Export, Form, lines

__all__ = ["PAST", "SELECTED", "Export", "Form", "lines"]
