"""The feeds of every change: one log, several views, the same set of objects in all of them."""
