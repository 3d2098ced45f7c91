"""Keeps a copy in step with another repository: its whole log, or its graph in any SPARQL store."""
