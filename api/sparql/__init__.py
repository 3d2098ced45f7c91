"""SPARQL over HTTP: the protocol, states of other times, its page and its description."""
