"""Serialised forms of a document: pure functions of the document alone."""
