"""Annotations over HTTP: by the W3C protocol, by agents, in batches, in review."""
