"""Turns facts into something else, later; turns archives into facts."""
