"""Speaks HTTP, HTML and the command line."""
