"""Processes: they follow the log, act on the world, and report by command.

A process is no projection. What it did in the world stays done, so its store is never simply
thrown away: whatever it needs to know of its own past is in the log.
"""
