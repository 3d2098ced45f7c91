"""DOIP 2.0, the Digital Object Interface Protocol: one set of operations, two transports."""
