"""The files behind digital media over HTTP."""
