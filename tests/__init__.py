"""Mirrors the rooms of the house; `python -m tests` runs everything."""
