"""Exports: what is asked for, by the command or over HTTP, and the door of the latter."""
