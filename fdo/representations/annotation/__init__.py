"""Faces of an annotation: the Web Annotation Data Model (W3C) and openDS 0.4; and the way back.

What is stored is the Web Annotation model in the keys of documents here (`oa:hasTarget`); the
W3C face says the same in the keys of the W3C, the openDS face as much of it as openDS can hold.
"""
