"""Rebuildable readings of the log. They never call out, write facts or know one another."""
