"""Keeps facts, in order, for ever."""
