"""Measures speed and survival; nothing here is imported by the program."""
