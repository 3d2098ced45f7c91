"""One version of one object as it is cited, in the formats of those who keep references.

Every format names the version first of all: its number, its address or DOI, and when it was
recorded. Pure functions of `Cited`; the layers above say where this server is.
"""
